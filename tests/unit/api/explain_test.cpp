// SPDX-License-Identifier: BSD-3-Clause
// Verdict, ports and reasons of `explain`, over a switch driven with real frames.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig.h"

namespace sluice::control::api::explain_test {
namespace {

using testing::HasSubstr;

constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1);
constexpr Ipv4 kSource = ipv4(10, 9, 9, 9);
constexpr Ipv4 kHost = ipv4(10, 77, 0, 1);

std::string ask(const std::string& group, const std::string& port = "p3",
                const std::string& more = "") {
  return R"({"command":"explain","vlan":10,"port":")" + port + R"(","group":")" + group + "\"" +
         more + "}";
}

config::Config lab_with(UnregisteredPolicy policy) {
  config::Config config = lab();
  config.vlans[0].igmp_snooping.unregistered = policy;
  return config;
}

#define EXPECT_EXPLAINED(json, what, where, why_text)          \
  do {                                                         \
    const Json explained = (json);                             \
    EXPECT_EQ(explained["verdict"], what) << explained;        \
    EXPECT_EQ(explained["ports"].dump(), where) << explained;  \
    EXPECT_THAT(explained["why"].dump(), HasSubstr(why_text)); \
  } while (false)

TEST(Explain, APortThatDoesNotCarryTheVlan) {
  Rig box;
  const Json json = box.result(ask("239.1.1.1", "p5"));
  EXPECT_EXPLAINED(json, "drop", "[]", "p5 does not carry VLAN 10");
  EXPECT_TRUE(json["entry"].is_null());
}

TEST(Explain, BeforeTheQuerierIsSettledEverythingFloods) {
  Rig box;
  box.join(0, kGroup, kHost);
  EXPECT_EXPLAINED(box.result(ask("239.1.1.1")), "flood", R"(["p1","p2","p4"])", "not settled");
}

TEST(Explain, LinkLocalGroupsAlwaysFlood) {
  Rig box(lab_with(UnregisteredPolicy::kDrop));
  box.settle();
  EXPECT_EXPLAINED(box.result(ask("224.0.0.5")), "flood", R"(["p1","p2","p4"])", "224.0.0.0/24");
}

TEST(Explain, RegisteredGroupNamesMemberRouterAndReporter) {
  Rig box;
  box.settle();
  box.join(0, kGroup, kHost);
  box.hear_querier(3, ipv4(10, 77, 0, 9));
  const Json json = box.result(ask("239.1.1.1"));
  EXPECT_EXPLAINED(json, "forward", R"(["p1","p4"])", "last report from 10.77.0.1");
  EXPECT_THAT(json["why"].dump(),
              HasSubstr("p4 is a router port: learned from query of 10.77.0.9"));
  EXPECT_EQ(json["entry"]["group"], "239.1.1.1");
  EXPECT_EQ(json["entry"]["source"], "*");
}

TEST(Explain, NothingGoesBackToTheIngressPort) {
  Rig box;
  box.settle();
  box.join(0, kGroup, kHost);
  EXPECT_EXPLAINED(box.result(ask("239.1.1.1", "p1")), "drop", "[]",
                   "p1 is where the frame came in");
}

TEST(Explain, SourceFilters) {
  Rig box;
  box.settle();
  box.hear(0, Rig::record(igmp::RecordType::kAllowNewSources, kGroup, {kSource}), kHost);
  box.hear(1, Rig::record(igmp::RecordType::kChangeToExcludeMode, kGroup, {kSource}),
           ipv4(10, 77, 0, 2));
  box.pass(std::chrono::seconds(5));  // p2 has been asked whether somebody wants the source
  EXPECT_EXPLAINED(box.result(ask("239.1.1.1", "p3", R"(,"source":"10.9.9.9")")), "forward",
                   R"(["p1"])", "p2 has joined 239.1.1.1 but wants nothing of source 10.9.9.9");
  EXPECT_EXPLAINED(box.result(ask("239.1.1.1", "p3", R"(,"source":"10.9.9.8")")), "forward",
                   R"(["p2"])", "10.9.9.8 has no entry of its own");
  EXPECT_EXPLAINED(box.result(ask("239.1.1.1")), "forward", R"(["p2"])",
                   "p1 has joined 239.1.1.1 for other sources only");
}

TEST(Explain, UnregisteredPolicies) {
  Rig flood(lab_with(UnregisteredPolicy::kFlood));
  flood.settle();
  EXPECT_EXPLAINED(flood.result(ask("239.7.7.7")), "flood", R"(["p1","p2","p4"])", "unregistered");
  Rig routers(lab_with(UnregisteredPolicy::kRouterPortsOnly));
  routers.settle();
  routers.hear_querier(3, ipv4(10, 77, 0, 9));
  EXPECT_EXPLAINED(routers.result(ask("239.7.7.7")), "mrouter-only", R"(["p4"])", "mrouter-only");
  Rig drop(lab_with(UnregisteredPolicy::kDrop));
  drop.settle();
  drop.hear_querier(3, ipv4(10, 77, 0, 9));
  EXPECT_EXPLAINED(drop.result(ask("239.7.7.7")), "drop", "[]", "unregistered = \\\"drop\\\"");
}

TEST(Explain, IgmpIsPunted) {
  Rig box;
  box.hear_querier(3, ipv4(10, 77, 0, 9));
  EXPECT_EXPLAINED(box.result(ask("224.0.0.22", "p1")), "punt", R"(["p4"])", "IGMP reports");
  EXPECT_EXPLAINED(box.result(ask("239.1.1.1", "p1", R"(,"igmp":true)")), "punt", R"(["p4"])",
                   "router ports only: p4");
}

TEST(Explain, ALinkThatIsDownIsLeftOut) {
  Rig box;
  box.settle();
  box.link_changes.emplace_back(PortId{1}, false);
  box.pass(Loop::kLinkInterval);
  EXPECT_EXPLAINED(box.result(ask("239.7.7.7")), "flood", R"(["p1","p4"])",
                   "no link, left out: p2");
}

TEST(Explain, AStaticMember) {
  Rig box;
  box.settle();
  box.ask(R"({"command":"static add","vlan":10,"group":"239.1.1.1","port":"p2"})");
  EXPECT_EXPLAINED(box.result(ask("239.1.1.1")), "forward", R"(["p2"])",
                   "p2 is a member: static group");
}

}  // namespace
}  // namespace sluice::control::api::explain_test
