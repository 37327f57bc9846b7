// SPDX-License-Identifier: BSD-3-Clause
// What a good file becomes, and how several errors are told together.
#include "config/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>

#include "tests/unit/config/files.h"

namespace sluice::config::loader_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::StartsWith;

// Every key, and none at its default.
constexpr std::string_view kEveryKey = R"(
[system]
socket = "/tmp/s.sock"
log-level = "debug"

[system.log-levels]
eal = "warn"
health = "trace"

[dataplane]
main-core = 3
worker-cores = [5, 4]
huge-pages = "off"
mbufs = 8192
group-entries = 1048576
mac-entries = 2048
mac-ageing-time = 10.5
idle-sleep-us = 50
eal-args = ["-n", "4", "--iova-mode=va"]

[punt-limit]
queries = { port-rate = 1, port-burst = 2, vlan-rate = 3, vlan-burst = 4 }
reports = { port-rate = 0, port-burst = 6, vlan-rate = 0, vlan-burst = 8 }
[punt-limit.pim-mrd]
port-rate = 9
[punt-limit.local]
vlan-burst = 10

[[port]]
name = "up.link-1"
device = "0000:3b:00.0,representor=0"
trunk-vlans = [30, 20, 40]
mtu = 9000

[[port]]
name = "p_2"
device = "net_af_packet0,iface=p1"
access-vlan = 20

[[vlan]]
id = 20
[vlan.igmp-snooping]
enabled = true
igmp-version = 2
send-query = false
querier-source = "10.77.0.254"
query-interval = 60
query-max-response-time = 25.5
last-member-query-interval = 0.1
robustness-variable = 7
fast-leave = true
explicit-tracking = false
report-policy = "suppress"
unregistered = "drop"
flood-without-querier = false
bridge-mrouter-interface = ["up.link-1"]
max-groups = 100

[[vlan.igmp-snooping.static-l2-multicast-group]]
group-address = "239.1.1.1"
source-addr = "10.9.9.9"
ports = ["p_2", "up.link-1"]

[[vlan.igmp-snooping.static-l2-multicast-group]]
group-address = "239.1.1.1"
ports = ["p_2"]

[[vlan]]
id = 30
[vlan.igmp-snooping]
enabled = false
unregistered = "mrouter-only"
report-policy = "forward"

[[interface]]
name = "vlan20"
vlan = 20
address = "10.77.0.254/31"

[[interface]]
name = "vlan40"
vlan = 40
address = "10.77.40.1/24"
source-networks = ["10.9.0.0/16"]

[[proxy]]
name = "edge"
upstream = ["vlan20"]
downstream = ["vlan40"]
igmp-version = 2
sender-source-address = "10.0.0.2"
upstream-leave-delay = 2.5
querier-only = false
max-groups = 1000
ssm-range = ["232.0.0.0/8", "239.232.0.0/16"]

[[proxy.ssm-map]]
group = "232.1.7.0/24"
source = ["10.9.9.10", "10.9.9.9"]

[[proxy.allow]]
group = "232.0.0.0/8"
source = "10.9.0.0/16"

[[proxy.deny]]
source = "10.9.9.1"
)";

constexpr PortId kUplink{0};
constexpr PortId kPort2{1};

TEST(Loader, EveryKeyReachesItsField) {
  RecordProperty("req",
                 "snooping/QI-01 snooping/YS-01 snooping/YS-03 snooping/YS-04 snooping/YS-05 "
                 "snooping/YS-06 snooping/YS-07 snooping/YS-09 snooping/YS-10 snooping/YS-11 "
                 "igmp-router/YR-02 igmp-router/YR-03 igmp-router/YR-04 igmp-router/YR-05");
  const LoadResult result = load(kEveryKey, "every.toml");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  const Config& config = result.config;

  EXPECT_EQ(config.system.socket, "/tmp/s.sock");
  EXPECT_EQ(config.system.log_level, LogLevel::kDebug);
  const LogLevels levels = config.system.levels();
  EXPECT_EQ(levels[static_cast<std::size_t>(Subsystem::kEal)], LogLevel::kWarn);
  EXPECT_EQ(levels[static_cast<std::size_t>(Subsystem::kHealth)], LogLevel::kTrace);
  EXPECT_EQ(levels[static_cast<std::size_t>(Subsystem::kIgmp)], LogLevel::kDebug);

  EXPECT_EQ(config.dataplane.main_core, 3u);
  EXPECT_THAT(config.dataplane.worker_cores, ElementsAre(5u, 4u));
  EXPECT_EQ(config.dataplane.huge_pages, HugePages::kOff);
  EXPECT_EQ(config.dataplane.mbufs, 8192u);
  EXPECT_EQ(config.dataplane.group_entries, 1048576u);
  EXPECT_EQ(config.dataplane.mac_entries, 2048u);
  EXPECT_EQ(config.dataplane.mac_ageing_time, 10'500ms);
  EXPECT_EQ(config.dataplane.idle_sleep_us, 50u);
  PuntLimits limits = kDefaultPuntLimits;
  limits[0] = {{1, 2}, {3, 4}};
  limits[1] = {{0, 6}, {0, 8}};
  limits[2].port.rate = 9;
  limits[3].vlan.burst = 10;
  EXPECT_EQ(config.punt_limits, limits);
  EXPECT_THAT(config.dataplane.eal_args, ElementsAre("-n", "4", "--iova-mode=va"));

  ASSERT_EQ(config.ports.size(), 2u);
  EXPECT_EQ(config.ports[0].name, "up.link-1");
  EXPECT_EQ(config.ports[0].device, "0000:3b:00.0,representor=0");
  EXPECT_EQ(config.ports[0].access_vlan, std::nullopt);
  EXPECT_THAT(config.ports[0].trunk_vlans, ElementsAre(VlanId{30}, VlanId{20}, VlanId{40}));
  EXPECT_EQ(config.ports[0].mtu, 9000);
  EXPECT_EQ(config.ports[1].name, "p_2");
  EXPECT_EQ(config.ports[1].device, "net_af_packet0,iface=p1");
  EXPECT_EQ(config.ports[1].access_vlan, VlanId{20});
  EXPECT_TRUE(config.ports[1].trunk_vlans.empty());

  ASSERT_EQ(config.vlans.size(), 3u) << "the proxy's downstream snoops";
  EXPECT_EQ(config.vlans[0].id, VlanId{20});
  const IgmpSnooping expected{
      .enabled = true,
      .igmp_version = 2,
      .send_query = false,
      .querier_source = ipv4(10, 77, 0, 254),
      .query_interval = 60s,
      .query_max_response_time = 25'500ms,
      .last_member_query_interval = 100ms,
      .robustness_variable = 7,
      .fast_leave = true,
      .explicit_tracking = false,
      .report_policy = ReportPolicy::kSuppress,
      .unregistered = UnregisteredPolicy::kDrop,
      .flood_without_querier = false,
      .router_ports = {kUplink},
      .max_groups = 100,
      .static_groups = {{ipv4(239, 1, 1, 1), ipv4(10, 9, 9, 9), {kPort2, kUplink}},
                        {ipv4(239, 1, 1, 1), std::nullopt, {kPort2}}},
  };
  EXPECT_EQ(config.vlans[0].igmp_snooping, expected);
  IgmpSnooping off;
  off.enabled = false;
  off.unregistered = UnregisteredPolicy::kRouterPortsOnly;
  off.report_policy = ReportPolicy::kForward;
  EXPECT_EQ(config.vlans[1].igmp_snooping, off);

  ASSERT_EQ(config.interfaces.size(), 2u);
  EXPECT_EQ(config.interfaces[0].name, "vlan20");
  EXPECT_EQ(config.interfaces[0].vlan, VlanId{20});
  EXPECT_EQ(config.interfaces[0].address, ipv4(10, 77, 0, 254));
  EXPECT_EQ(config.interfaces[0].prefix_length, 31);
  ASSERT_EQ(config.proxies.size(), 1u) << "its keys: proxy_test.cpp";
}

TEST(Loader, WhatIsNotGivenIsDefault) {
  const LoadResult result = load_with_ports("[[vlan]]\nid = 10\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  const Config& config = result.config;
  EXPECT_EQ(config.system.socket, "/run/sluice/sluice.sock");
  EXPECT_EQ(config.dataplane.main_core, 0u);
  EXPECT_THAT(config.dataplane.worker_cores, ElementsAre(1u));
  EXPECT_EQ(config.ports[0].mtu, 1500);
  ASSERT_EQ(config.vlans.size(), 1u);
  EXPECT_EQ(config.vlans[0].igmp_snooping, IgmpSnooping{});
  EXPECT_TRUE(config.vlans[0].igmp_snooping.enabled);
  EXPECT_EQ(config.vlans[0].igmp_snooping.query_interval, 125s);
  EXPECT_EQ(config.vlans[0].igmp_snooping.querier_source, std::nullopt);
}

TEST(Loader, SectionsStandInAnyOrder) {
  // load_with_ports puts the ports after the VLAN that names them.
  const LoadResult result = load_with_ports(
      "[[vlan]]\nid = 20\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"p2\"]\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_THAT(result.config.vlans[0].igmp_snooping.router_ports, ElementsAre(PortId{1}));
}

TEST(Loader, InlineTablesAreTheSame) {
  const LoadResult result = load(
      R"(port = [{name = "a", device = "net_null0", access-vlan = 7}]
         vlan = [{id = 7, igmp-snooping = {fast-leave = true}}])",
      "inline.toml");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_TRUE(result.config.vlans[0].igmp_snooping.fast_leave);
}

TEST(Loader, TimesTakeTenths) {
  for (const auto& [text, expected] : {std::pair{"0.3", 300ms},
                                       {"1.1", 1100ms},
                                       {"4", 4000ms},
                                       {"1e1", 10000ms},
                                       {"0.10", 100ms},
                                       {"1023", 1023000ms}}) {
    const LoadResult result =
        load_with_ports("[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nlast-member-query-interval = " +
                        std::string(text));
    ASSERT_TRUE(result.ok()) << all_of(result.errors);
    EXPECT_EQ(result.config.vlans[0].igmp_snooping.last_member_query_interval, expected) << text;
  }
}

TEST(Loader, QuerierSourceMayBeUnspecified) {
  RecordProperty("req", "snooping/QI-01");
  const LoadResult result =
      load_with_ports("[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquerier-source = \"0.0.0.0\"\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_EQ(result.config.vlans[0].igmp_snooping.querier_source, Ipv4{});
}

TEST(Loader, NoPorts) {
  for (const char* text : {"", "# nothing\n", "[system]\n", "port = []\n"}) {
    const LoadResult result = load(text, "empty.toml");
    ASSERT_EQ(result.errors.size(), 1u) << all_of(result.errors);
    EXPECT_THAT(result.errors[0].to_string(),
                StartsWith("empty.toml:1:1: error: there is no [[port]]; add at least one"));
  }
}

std::string many_ports(unsigned count) {
  std::string text;
  for (unsigned i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    text += "[[port]]\nname = \"p" + n + "\"\ndevice = \"net_null" + n + "\"\naccess-vlan = 1\n";
  }
  return text;
}

TEST(Loader, SixtyFourPortsAndNotOneMore) {
  EXPECT_TRUE(load(many_ports(64), "f").ok());
  const LoadResult result = load(many_ports(65), "f");
  ASSERT_EQ(result.errors.size(), 1u) << all_of(result.errors);
  EXPECT_EQ(result.errors[0].to_string(),
            "f:257:1: error: there are 65 [[port]]; at most 64 are allowed");
}

TEST(Loader, AllErrorsInOneGoInFileOrder) {
  const LoadResult result = load(
      R"([[interface]]
name = "i"
vlan = 30
address = "10.0.0.0/24"

[[vlan]]
id = 10
[vlan.igmp-snooping]
enable = true
query-interval = 0
bridge-mrouter-interface = ["p9"]

[[port]]
name = "p1"
device = "net_null0"
access-vlan = 10

[dataplane]
mbufs = "many"
[[proxy]]
upstream = "wan"
)",
      "sluice.toml");
  EXPECT_EQ(
      all_of(result.errors),
      R"(sluice.toml:3:8: error: no port carries VLAN 30; add it to a port's access-vlan or trunk-vlans
sluice.toml:4:11: error: address = "10.0.0.0/24" is the address of the subnet itself; write the address of a host in its subnet
sluice.toml:9:1: error: unknown key "enable" in [vlan.igmp-snooping]; did you mean "enabled"?
sluice.toml:10:18: error: query-interval = 0 is out of range; allowed is 1 to 31744 seconds
sluice.toml:11:29: error: there is no port "p9"; did you mean "p1"?
sluice.toml:19:9: error: mbufs is a string; it must be an integer
sluice.toml:21:12: error: upstream is a string; it must be a list of strings or tables, such as ["wan"]
)");
}

TEST(Loader, FileThatCannotBeRead) {
  EXPECT_EQ(all_of(load_file("/nonexistent/sluice.toml").errors),
            "/nonexistent/sluice.toml:1:1: error: cannot be read: No such file or directory\n");
  EXPECT_EQ(all_of(load_file("/").errors), "/:1:1: error: cannot be read: Is a directory\n");
}

TEST(Loader, FileThatNeverEnds) {
  const LoadResult result = load_file("/dev/zero");
  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_THAT(result.errors[0].message, testing::HasSubstr("a configuration has at most"));
}

TEST(Loader, FileFromDisk) {
  const std::string path = testing::TempDir() + "sluice_loader_test.toml";
  std::ofstream(path) << kEveryKey << "[proxies]\n";
  const LoadResult result = load_file(path);
  std::remove(path.c_str());
  ASSERT_EQ(result.errors.size(), 1u);
  const auto line = 1 + std::ranges::count(kEveryKey, '\n');
  EXPECT_THAT(result.errors[0].to_string(),
              StartsWith(path + ":" + std::to_string(line) + ":2: error: unknown section"));
}

// Whatever the bytes: an answer, sorted, each message on one line.
void expect_an_answer(const std::string& text) {
  const LoadResult result = load(text, "f");
  for (std::size_t i = 0; i < result.errors.size(); ++i) {
    const Diagnostic& error = result.errors[i];
    ASSERT_GE(error.line, 1u) << error;
    ASSERT_GE(error.column, 1u) << error;
    ASSERT_FALSE(error.message.empty());
    ASSERT_EQ(error.message.find('\n'), std::string::npos) << error;
    if (i > 0) {
      const Diagnostic& before = result.errors[i - 1];
      ASSERT_LE(std::pair(before.line, before.column), std::pair(error.line, error.column));
    }
  }
}

TEST(LoaderRobustness, EveryTruncation) {
  for (std::size_t length = 0; length <= kEveryKey.size(); ++length) {
    ASSERT_NO_FATAL_FAILURE(expect_an_answer(std::string(kEveryKey.substr(0, length))))
        << "length " << length;
  }
}

TEST(LoaderRobustness, ChangedBytes) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    std::string text(kEveryKey);
    for (unsigned change = 0; change < 1 + seed % 8; ++change) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    ASSERT_NO_FATAL_FAILURE(expect_an_answer(text)) << "seed " << seed;
  }
}

// Still TOML, but everything in the wrong place.
TEST(LoaderRobustness, SwappedLines) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < kEveryKey.size();) {
    const std::size_t end = kEveryKey.find('\n', at);
    lines.emplace_back(kEveryKey.substr(at, end - at));
    at = end + 1;
  }
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    std::vector<std::string> mixed = lines;
    for (unsigned swap = 0; swap < 1 + seed % 8; ++swap) {
      std::swap(mixed[random() % mixed.size()], mixed[random() % mixed.size()]);
    }
    std::string text;
    for (const std::string& line : mixed) text += line + '\n';
    ASSERT_NO_FATAL_FAILURE(expect_an_answer(text)) << "seed " << seed;
  }
}

TEST(LoaderRobustness, RandomBytes) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    std::mt19937 random(seed);
    std::string text(random() % 300, '\0');
    for (char& c : text) c = static_cast<char>(random() % (seed % 2 == 0 ? 128 : 256));
    ASSERT_NO_FATAL_FAILURE(expect_an_answer(text)) << "seed " << seed;
  }
}

TEST(LoaderRobustness, DeepNesting) {
  std::string dotted = "a";
  for (int i = 0; i < 500'000; ++i) dotted += ".a";
  expect_an_answer(dotted + " = 1\n");
  expect_an_answer('[' + dotted + "]\n");
  expect_an_answer("a = " + std::string(500'000, '['));
}

}  // namespace
}  // namespace sluice::config::loader_test
