// SPDX-License-Identifier: BSD-3-Clause
// What TAB offers, with a daemon of three ports and two groups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/cli/complete.h"

namespace sluice::control::cli::complete_test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using Words = std::vector<std::string>;

class Completion : public testing::Test {
 protected:
  Words offered(const Words& before, const std::string& typed) {
    asked_.clear();
    Words words;
    for (const Candidate& one :
         complete(before, typed, [this](Kind kind, const std::string&) { return answer(kind); })) {
      words.push_back(one.word);
    }
    return words;
  }
  Words answer(Kind kind) {
    asked_.push_back(kind);
    if (kind == Kind::kPort) return {"p1", "p2", "uplink"};
    if (kind == Kind::kGroup) return {"239.1.1.1", "239.1.1.2"};
    return {};
  }
  std::vector<Kind> asked_;
};

TEST_F(Completion, OffersCommands) {
  EXPECT_THAT(offered({}, "s"), ElementsAre("show", "static", "status"));
  EXPECT_THAT(offered({"show"}, "m"), ElementsAre("macs", "mrouters"));
  EXPECT_THAT(offered({"sh"}, "gr"), ElementsAre("groups"));
  EXPECT_THAT(offered({"help"}, "ex"), ElementsAre("explain"));
  EXPECT_THAT(offered({"help", "show"}, "f"), ElementsAre("fib"));
  EXPECT_THAT(offered({}, "x"), IsEmpty());
  EXPECT_THAT(offered({"show", "nothing"}, ""), IsEmpty());
  EXPECT_THAT(offered({"s"}, ""), IsEmpty());
  EXPECT_THAT(asked_, IsEmpty());  // the daemon has nothing to do with it
}

TEST_F(Completion, OffersOptionsThatAreStillOpen) {
  EXPECT_THAT(offered({"show", "groups"}, ""),
              ElementsAre("--vlan", "--group", "--port", "--json", "--socket", "--help"));
  EXPECT_THAT(offered({"show", "groups", "--vlan", "10"}, "--"), Not(Contains("--vlan")));
  EXPECT_THAT(offered({"explain"}, "--i"), ElementsAre("--igmp"));
  EXPECT_THAT(offered({}, "--j"), ElementsAre("--json"));
  EXPECT_THAT(offered({}, ""), Not(Contains("--json")));
}

TEST_F(Completion, OffersValuesOfTheDaemon) {
  EXPECT_THAT(offered({"show", "ports", "--port"}, "p"), ElementsAre("p1", "p2"));
  EXPECT_THAT(offered({"sh", "gr", "--gr"}, ""), ElementsAre("239.1.1.1", "239.1.1.2"));
  EXPECT_THAT(asked_, ElementsAre(Kind::kGroup));
  EXPECT_THAT(offered({"explain", "--source"}, ""), ElementsAre("*"));
}

TEST_F(Completion, OffersArgumentsByPlace) {
  EXPECT_THAT(offered({"log-level"}, "e"), ElementsAre("eal", "error"));
  EXPECT_THAT(offered({"log-level", "igmp"}, "e"), ElementsAre("error"));
  EXPECT_THAT(offered({"log-level", "warn"}, ""), Not(Contains("igmp")));
}

TEST_F(Completion, OffersEachCommandOfTheTable) {
  for (const Command& command : all_commands()) {
    Words before;
    std::string last(command.name);
    if (const std::size_t blank = last.find(' '); blank != last.npos) {
      before.push_back(last.substr(0, blank));
      last.erase(0, blank + 1);
    }
    EXPECT_THAT(offered(before, last), Contains(last)) << command.name;
    before.push_back(last);
    for (const Argument& argument : command.arguments) {
      if (!argument.is_option()) continue;
      EXPECT_THAT(offered(before, ""), Contains(std::string(argument.name))) << command.name;
    }
  }
}

TEST(CommonPrefix, IsHowFarAllAgree) {
  EXPECT_EQ(common_prefix({}), "");
  EXPECT_EQ(common_prefix({{"static", ""}, {"status", ""}}), "stat");
  EXPECT_EQ(common_prefix({{"static", ""}}), "static");
  EXPECT_EQ(common_prefix({{"ab", ""}, {"a", ""}, {"abc", ""}}), "a");
}

}  // namespace
}  // namespace sluice::control::cli::complete_test
