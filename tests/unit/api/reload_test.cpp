// SPDX-License-Identifier: BSD-3-Clause
// Reload: all or nothing, and what only a restart can change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/loader.h"
#include "control/log/log.h"
#include "rig.h"

namespace sluice::control::api::reload_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kFile = R"([dataplane]
huge-pages = "off"
[[port]]
name = "p1"
device = "net_null0"
access-vlan = 10
[[port]]
name = "p2"
device = "net_null1"
access-vlan = 10
[[vlan]]
id = 10
[vlan.igmp-snooping]
querier-source = "10.77.0.254"
)";

std::string with(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

class ReloadTest : public testing::Test {
 protected:
  ReloadTest() : box_(config::load(kFile, "a.toml").config) {
    char name[] = "/tmp/sluice-reload-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/a.toml";
  }
  ~ReloadTest() override { std::filesystem::remove_all(directory_); }

  std::vector<std::string> reload_with(const std::string& text) {
    std::ofstream(path_) << text;
    auto outcome = std::async(std::launch::async, [&] { return reload(path_, box_.commands); });
    while (outcome.wait_for(std::chrono::microseconds(50)) != std::future_status::ready) {
      box_.loop.turn();
    }
    return outcome.get().errors;
  }

  std::string directory_, path_;
  Rig box_;
};

TEST_F(ReloadTest, AGoodFileIsInForce) {
  EXPECT_THAT(reload_with(std::string(kFile) + "unregistered = \"drop\"\n"), ElementsAre());
  EXPECT_EQ(box_.vlans.current().find(kTen)->unregistered, UnregisteredPolicy::kDrop);
  EXPECT_EQ(box_.config.find_vlan(kTen)->igmp_snooping.unregistered, UnregisteredPolicy::kDrop);
}

TEST_F(ReloadTest, PuntLimitsReachTheWorkersAtOnce) {
  EXPECT_THAT(reload_with("[punt-limit.reports]\nport-rate = 1000\n" + std::string(kFile)),
              ElementsAre());
  EXPECT_EQ(box_.vlans.current().punt_shapes()[1].port.token, 1'000'000u);
}

TEST_F(ReloadTest, EveryDiagnosticOfABadFileComesBackAndNothingChanges) {
  const auto errors = reload_with(std::string(kFile) +
                                  "unregistered = \"drop\"\nrobustness-variable = 99\nspeed = 1\n");
  ASSERT_EQ(errors.size(), 2u);
  EXPECT_THAT(errors[0], HasSubstr("a.toml:16:"));
  EXPECT_THAT(errors[1], HasSubstr("a.toml:17:"));
  EXPECT_EQ(box_.vlans.current().find(kTen)->unregistered, UnregisteredPolicy::kFlood);
}

TEST_F(ReloadTest, PortsCoresAndSocketNeedARestart) {
  EXPECT_THAT(
      reload_with(with(kFile, "net_null1", "net_null7")),
      ElementsAre(HasSubstr(
          "[[port]] p2: a change of device (\"net_null1\" to \"net_null7\") needs a restart")));
  const std::string cores = with(kFile, "huge-pages", "worker-cores = [2]\nhuge-pages");
  EXPECT_THAT(reload_with("[system]\nsocket = \"/tmp/other\"\n" + cores),
              ElementsAre(HasSubstr("socket"), HasSubstr("worker-cores")));
  const std::string more = std::string(kFile) + "[[port]]\nname = \"p3\"\ndevice = \"net_null3\"\n";
  EXPECT_THAT(needs_restart(config::compare(kFile, more)),
              ElementsAre("[[port]] p3: adding it needs a restart"));
  EXPECT_THAT(needs_restart(config::compare(more, kFile)),
              ElementsAre("[[port]] p3: removing it needs a restart"));
}

TEST_F(ReloadTest, TheLogLevelOfTheFileCountsWhenItChanges) {
  const auto level = [](Subsystem subsystem) {
    return log::levels()[static_cast<std::size_t>(subsystem)];
  };
  for (std::size_t i = 0; i < kSubsystems; ++i) {  // by command
    log::set_level(static_cast<Subsystem>(i), LogLevel::kTrace);
  }
  EXPECT_THAT(reload_with(kFile), ElementsAre());
  EXPECT_EQ(level(Subsystem::kIgmp), LogLevel::kTrace);
  const std::string igmp = "[system.log-levels]\nigmp = \"error\"\n";
  EXPECT_THAT(reload_with(igmp + kFile), ElementsAre());
  EXPECT_EQ(level(Subsystem::kIgmp), LogLevel::kError);
  EXPECT_EQ(level(Subsystem::kProxy), LogLevel::kTrace);
  EXPECT_THAT(reload_with("[system]\nlog-level = \"warn\"\n" + igmp + kFile), ElementsAre());
  EXPECT_EQ(level(Subsystem::kIgmp), LogLevel::kError);
  EXPECT_EQ(level(Subsystem::kProxy), LogLevel::kWarn);
}

}  // namespace
}  // namespace sluice::control::api::reload_test
