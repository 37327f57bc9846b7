// SPDX-License-Identifier: BSD-3-Clause
// Memberships per port and the forwarding entries they come to: RFC 4541 §2.1.1 (6), §2.1.2;
// RFC 9776 §6 as one switch runs it per (VLAN, port, group).
#include <gtest/gtest.h>

#include "tests/unit/snooping/world.h"

namespace sluice::control::snooping::membership_test {
namespace {

using Query = igmp::Query<Ipv4>;
using V2 = igmp::V2Report<Ipv4>;
using Leave = igmp::Leave<Ipv4>;
using Report = igmp::V3Report<Ipv4>;

const Sources kNone;
const Sources kOnlyA{kA};

// --- Joining
// --------------------------------------------------------------------------------------

TEST(Join, EveryFormCounts) {
  RecordProperty("req", "snooping/VP-04 snooping/MS-02 snooping/MS-03 igmp-router/T9-14");
  struct Row {
    RecordType type;
    Sources sources;
    bool joins;
  };
  const std::vector<Row> rows = {{RecordType::kModeIsExclude, kNone, true},
                                 {RecordType::kChangeToExcludeMode, kNone, true},
                                 {RecordType::kAllowNewSources, kOnlyA, true},
                                 {RecordType::kModeIsInclude, kOnlyA, true},
                                 {RecordType::kChangeToIncludeMode, kOnlyA, true},
                                 {RecordType::kModeIsInclude, kNone, false},
                                 {RecordType::kChangeToIncludeMode, kNone, false},
                                 {RecordType::kAllowNewSources, kNone, false},
                                 {RecordType::kBlockOldSources, kOnlyA, false}};
  for (const Row& row : rows) {
    World w;
    w.hear(0, record(row.type, row.sources));
    EXPECT_EQ(w.entry().has_value(), row.joins) << static_cast<int>(row.type);
    EXPECT_EQ(w.events(EventType::kGroupJoined), row.joins ? 1 : 0);
  }
}

TEST(Join, LinkLocalGroupsMakeNoEntry) {
  RecordProperty("req", "snooping/MS-07 snooping/SA-02 igmp-messages/GA-03");
  World w;
  w.hear(0, V2{ipv4(224, 0, 0, 5)});
  w.hear(0, Leave{ipv4(224, 0, 0, 5)});
  EXPECT_TRUE(w.fib.empty());
}

TEST(Join, HostsAreFoundInPieces) {
  World w;
  for (std::uint32_t i = 0; i < 100; ++i) {
    const Ipv4 group{kGroup.value + i};
    w.hear(0, record(RecordType::kChangeToExcludeMode, {}, group), kHost);
    w.hear(1, record(RecordType::kChangeToExcludeMode, {}, group), kOtherHost);
    if (i % 10 == 0) w.hear(0, record(RecordType::kChangeToExcludeMode, {}, group), kOtherHost);
  }
  std::vector<HostMembership> rows;
  unsigned pieces = 0;
  std::uint32_t from = 0;
  do {
    from = w.sw.memberships_of([](Ipv4 host) { return host == kOtherHost; }, from, 50, rows);
    ++pieces;
  } while (from != 0);
  EXPECT_GE(pieces, 4u);
  EXPECT_EQ(rows.size(), 110u);  // each once, though it is host and last reporter
  EXPECT_EQ(w.sw.member_ports(kVlan, kGroup).dynamic, ports({0, 1}));
  EXPECT_EQ(w.sw.member_ports(kVlan, kGroup).from_static, PortSet{});
  EXPECT_EQ(w.sw.member_ports(VlanId{11}, kGroup).dynamic, PortSet{});
}

TEST(Join, OnRouterPortMakesMember) {
  RecordProperty("req", "snooping/MS-08");
  World w;
  w.hear(kRouter, general_query(), kHighRouter);
  w.hear(kRouter, V2{kGroup});
  EXPECT_EQ(w.entry(), ports({kRouter}));
}

TEST(Join, SourcesDecidePortByPort) {
  RecordProperty("req", "snooping/SA-07 snooping/DP-10 snooping/DP-11");
  World w;
  w.hear(0, record(RecordType::kModeIsInclude, kOnlyA));
  w.hear(1, record(RecordType::kModeIsExclude, kOnlyA));
  EXPECT_EQ(w.entry(kA), ports({0}));
  EXPECT_EQ(w.entry(), ports({1}));
  EXPECT_EQ(w.sw.members(kVlan, kGroup, kB), ports({1}));
}

TEST(Join, GroupsOfOneMacAreApart) {
  RecordProperty("req", "snooping/SA-03 snooping/DP-12 snooping/YS-02");
  World w;
  w.hear(0, V2{ipv4(224, 1, 2, 3)});
  w.hear(1, V2{ipv4(239, 129, 2, 3)});
  EXPECT_EQ(w.entry({}, ipv4(224, 1, 2, 3)), ports({0}));
  EXPECT_EQ(w.entry({}, ipv4(239, 129, 2, 3)), ports({1}));
}

TEST(Join, OldHostMakesSourcesVoid) {
  RecordProperty("req", "snooping/VP-05");
  World w;
  w.hear(0, record(RecordType::kModeIsExclude, kOnlyA));
  w.hear(0, V2{kGroup}, kOtherHost);
  w.hear(0, record(RecordType::kBlockOldSources, kOnlyA));
  EXPECT_EQ(w.sw.members(kVlan, kGroup, kA), ports({0}));
}

// --- Leaving
// --------------------------------------------------------------------------------------

TEST(Leaving, SilenceEndsAfterTheMembershipInterval) {
  RecordProperty("req", "snooping/MS-01 snooping/SA-04 igmp-router/RA-05 igmp-router/TM-04");
  World w;
  w.hear(0, record(RecordType::kModeIsExclude));
  w.wait(seconds(270) - milliseconds(1));
  EXPECT_EQ(w.entry(), ports({0}));
  w.wait(milliseconds(1));
  EXPECT_EQ(w.entry(), std::nullopt);
  EXPECT_EQ(w.events(EventType::kGroupExpired), 1);
}

TEST(Leaving, LastMemberIsAskedOnItsPort) {
  RecordProperty("req",
                 "snooping/MS-04 snooping/SA-04 snooping/VP-03 snooping/EX-05 igmp-router/R2-30");
  for (const bool v2 : {true, false}) {
    World w;
    w.hear(0, V2{ipv4(239, 2, 2, 2)});
    if (v2) {
      w.hear(0, V2{kGroup});
      w.hear(0, Leave{kGroup});
    } else {
      w.hear(0, record(RecordType::kChangeToExcludeMode));
      w.hear(0, record(RecordType::kChangeToIncludeMode));
    }
    const auto asked = w.sent<Query>();
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].first, ports({0}));
    EXPECT_EQ(asked[0].second.group, kGroup);
    w.wait(seconds(2) - milliseconds(1));
    EXPECT_EQ(w.entry(), ports({0}));
    w.wait(milliseconds(1));
    EXPECT_EQ(w.entry(), std::nullopt);
    EXPECT_EQ(w.events(EventType::kGroupLeft), 1);
  }
}

TEST(Leaving, AnswerKeepsThePort) {
  RecordProperty("req", "snooping/SA-04 igmp-router/R2-30 igmp-router/RA-06");
  World w;
  w.hear(0, V2{kGroup});
  w.hear(0, Leave{kGroup});
  w.wait(milliseconds(1500));
  w.hear(0, V2{kGroup}, kOtherHost);
  w.wait(seconds(269));
  EXPECT_EQ(w.entry(), ports({0}));
}

TEST(Leaving, NonQuerierGoesByTheQueriersQuery) {
  RecordProperty("req", "snooping/MS-04 snooping/MS-05 snooping/MS-06 igmp-router/QS-10");
  World w([](auto& s) { s.report_policy = config::ReportPolicy::kForward; });
  w.hear(kRouter, general_query(), kLowRouter);
  w.hear(0, V2{kGroup});
  w.hear(1, V2{kGroup});
  w.hear(0, Leave{kGroup});
  EXPECT_TRUE(w.sent<Query>().empty());
  EXPECT_EQ(w.sent<Leave>().size(), 1u) << "forwarded";
  w.wait(seconds(20));
  EXPECT_EQ(w.entry(), ports({0, 1})) << "no query follows: state stays";
  w.hear(kRouter, specific_query(kGroup), kLowRouter);
  w.hear(1, V2{kGroup});
  w.wait(seconds(2));
  EXPECT_EQ(w.entry(), ports({1}));
}

// Any host can send a specific query, in nobody's name or its own: it must not end a stream.
TEST(Leaving, OnlyTheQueriersQueryLowersTimers) {
  RecordProperty("req", "igmp-router/QS-10 igmp-router/QS-11");
  Query at_once = specific_query(kGroup);
  at_once.max_response_time = Duration{0};
  {
    World w;  // we are the querier
    w.hear(0, V2{kGroup});
    w.hear(1, at_once, Ipv4{});
    w.hear(1, at_once, kHost);
    w.wait(seconds(10));
    EXPECT_EQ(w.entry(), ports({0}));
  }
  World w;
  w.hear(kRouter, general_query(), kLowRouter);
  w.hear(0, V2{kGroup});
  w.hear(1, at_once, Ipv4{});
  w.hear(1, at_once, kHost);
  w.wait(seconds(10));
  EXPECT_EQ(w.entry(), ports({0}));
  w.hear(kRouter, at_once, kLowRouter);  // leaves hosts the least time that a query can name
  EXPECT_EQ(w.entry(), ports({0}));
  w.wait(milliseconds(200) - Duration{1});
  EXPECT_EQ(w.entry(), ports({0}));
  w.wait(Duration{1});
  EXPECT_EQ(w.entry(), std::nullopt);
}

TEST(Leaving, NonQuerierProxyAsksForItselfButNotTheRouters) {
  RecordProperty("req", "snooping/PR-02 snooping/MS-04");
  World w;
  w.hear(kRouter, general_query(), kLowRouter);
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  w.hear(0, record(RecordType::kChangeToIncludeMode));
  const auto asked = w.sent<Query>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first, ports({0}));
  w.wait(seconds(2));
  EXPECT_EQ(w.entry(), std::nullopt);
}

TEST(Leaving, LinkDownTakesThePortOut) {
  RecordProperty("req", "snooping/MS-10");
  World w;
  w.hear(0, V2{kGroup});
  w.hear(1, V2{kGroup});
  w.link(0, false);
  EXPECT_EQ(w.entry(), ports({1}));
}

// --- Fast leave
// -----------------------------------------------------------------------------------

TEST(FastLeave, LastKnownHostCutsAtOnceAnotherPrevents) {
  RecordProperty("req", "snooping/EX-01 snooping/EX-02 igmp-router/TU-06");
  World w([](auto& s) { s.fast_leave = true; });
  w.hear(0, record(RecordType::kChangeToExcludeMode), kHost);
  w.hear(0, record(RecordType::kChangeToExcludeMode), kOtherHost);
  w.hear(0, record(RecordType::kChangeToIncludeMode), kHost);
  EXPECT_TRUE(w.sent<Query>().empty());
  EXPECT_EQ(w.entry(), ports({0}));
  w.hear(0, record(RecordType::kChangeToIncludeMode), kOtherHost);
  EXPECT_TRUE(w.sent<Query>().empty());
  EXPECT_EQ(w.entry(), std::nullopt);
}

TEST(FastLeave, OldHostsAreAskedBecauseOneMayBeSilent) {
  RecordProperty("req", "snooping/EX-02 igmp-router/TU-06");
  World w([](auto& s) { s.fast_leave = true; });
  w.hear(0, V2{kGroup});
  w.hear(0, Leave{kGroup});
  EXPECT_EQ(w.sent<Query>().size(), 1u);
  EXPECT_EQ(w.entry(), ports({0}));
}

TEST(FastLeave, WithoutTrackingCutsOnAnyLeave) {
  RecordProperty("req", "snooping/EX-01 snooping/YS-09 igmp-router/YR-07");
  World w([](auto& s) {
    s.fast_leave = true;
    s.explicit_tracking = false;
  });
  w.hear(0, V2{kGroup}, kHost);
  w.hear(0, V2{kGroup}, kOtherHost);
  w.hear(0, Leave{kGroup}, kHost);
  EXPECT_TRUE(w.sent<Query>().empty());
  EXPECT_EQ(w.entry(), std::nullopt);
}

TEST(FastLeave, OffFollowsTheTables) {
  RecordProperty("req", "snooping/YS-10");
  World w;
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  EXPECT_EQ(w.sw.groups({}, w.now)[0].hosts.size(), 1u);
  w.hear(0, record(RecordType::kChangeToIncludeMode));
  EXPECT_EQ(w.sent<Query>().size(), 1u);
  EXPECT_EQ(w.entry(), ports({0}));
}

// --- Limits, static entries, operator
// -------------------------------------------------------------

TEST(Limits, NewGroupsAreRefusedNobodyIsThrownOut) {
  RecordProperty("req",
                 "snooping/MS-09 snooping/SA-11 snooping/SE-03 snooping/EX-06 igmp-router/YR-08");
  World w([](auto& s) {
    s.max_groups = 2;
    s.fast_leave = true;
  });
  const auto join = [&w](std::uint32_t i) {
    w.hear(0, record(RecordType::kChangeToExcludeMode, {}, Ipv4{kGroup.value + i}));
  };
  join(0);
  join(1);
  join(2);
  EXPECT_EQ(w.events(EventType::kLimitReached), 1);
  EXPECT_EQ(w.fib.size(), 2u);
  join(3);
  EXPECT_EQ(w.events(EventType::kLimitReached), 0) << "told once";
  w.hear(1, V2{Ipv4{kGroup.value + 2}});
  EXPECT_EQ(w.fib.size(), 3u) << "each port has its own limit";
  w.hear(0, record(RecordType::kChangeToIncludeMode));
  join(3);
  EXPECT_TRUE(w.entry({}, Ipv4{kGroup.value + 3}));
}

TEST(StaticGroups, StayAndAreShown) {
  RecordProperty("req", "snooping/MS-11 snooping/YS-11");
  World w([](auto& s) { s.static_groups = {{kGroup, std::nullopt, {PortId{2}}}}; });
  w.hear(0, V2{kGroup});
  EXPECT_EQ(w.entry(), ports({0, 2}));
  w.wait(seconds(1000));
  EXPECT_EQ(w.entry(), ports({2}));
  const auto rows = w.sw.groups({}, w.now);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_TRUE(rows[0].is_static);
  EXPECT_EQ(rows[0].expire, std::nullopt);
}

TEST(StaticGroups, AddAndRemove) {
  RecordProperty("req", "snooping/MS-11");
  World w;
  const auto add = [&w](VlanId vlan, Ipv4 group, std::optional<Ipv4> source) {
    return static_cast<bool>(w.sw.add_static(vlan, group, source, PortId{1}, w.now, w.out));
  };
  EXPECT_TRUE(add(kVlan, kGroup, kA));
  EXPECT_FALSE(add(kVlan, kGroup, kA)) << "already there";
  EXPECT_FALSE(add(VlanId{11}, kGroup, kA));
  EXPECT_FALSE(add(kVlan, ipv4(10, 1, 1, 1), std::nullopt));
  EXPECT_FALSE(add(kVlan, ipv4(224, 0, 0, 9), std::nullopt));
  EXPECT_FALSE(add(kVlan, kGroup, ipv4(239, 1, 1, 1)));
  EXPECT_EQ(w.sw.members(kVlan, kGroup, kA), ports({1}));
  EXPECT_EQ(w.sw.members(kVlan, kGroup, std::nullopt), PortSet{});
  EXPECT_TRUE(w.sw.remove_static(kVlan, kGroup, kA, PortId{1}, w.now, w.out));
  EXPECT_FALSE(w.sw.remove_static(kVlan, kGroup, kA, PortId{1}, w.now, w.out));
  EXPECT_EQ(w.sw.members(kVlan, kGroup, kA), std::nullopt);
}

TEST(ClearGroups, ForgetsAndAsksAgain) {
  RecordProperty("req", "snooping/YS-13 igmp-router/YR-12");
  World w;
  w.hear(0, V2{kGroup});
  w.out.clear();
  EXPECT_TRUE(w.sw.clear_groups(std::nullopt, w.now, w.out));
  EXPECT_EQ(w.sent<Query>().size(), 1u);
  EXPECT_EQ(w.sw.members(kVlan, kGroup, std::nullopt), std::nullopt);
}

TEST(Reload, KeepsMemberships) {
  RecordProperty("req", "snooping/EX-09");
  World w;
  w.hear(0, V2{kGroup});
  w.out.clear();
  w.sw.reload(World::configure([](auto& s) { s.max_groups = 7; }), w.now, w.out);
  EXPECT_TRUE(w.out.fib.empty());
  EXPECT_EQ(w.sw.members(kVlan, kGroup, std::nullopt), ports({0}));
  w.sw.reload(World::configure([](auto& s) { s.enabled = false; }), w.now, w.out);
  EXPECT_FALSE(w.out.fib.empty());
  EXPECT_FALSE(w.sw.vlan_table().find(kVlan)->snooping);
  EXPECT_TRUE(w.sw.groups({}, w.now).empty());
}

// --- What the routers are told
// --------------------------------------------------------------------

TEST(ProxyReporting, OneReportForAllAndOneLeave) {
  RecordProperty("req", "snooping/PR-01 snooping/PR-02 snooping/EX-04 igmp-host-proxy/HS-04");
  World w;
  w.hear(kRouter, general_query(), kHighRouter);
  w.wait(seconds(20));
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  ASSERT_EQ(w.sent<Report>().size(), 1u);
  EXPECT_EQ(w.sent<Report>()[0].first, ports({kRouter}));
  w.wait(seconds(20));
  w.hear(1, record(RecordType::kChangeToExcludeMode));
  EXPECT_TRUE(w.sent<Report>().empty()) << "the merged state is the same";
  w.hear(0, record(RecordType::kChangeToIncludeMode));
  w.wait(seconds(3));
  EXPECT_TRUE(w.sent<Report>().empty()) << "one member port is left";
  w.hear(1, record(RecordType::kChangeToIncludeMode));
  w.wait(seconds(2));
  const auto told = w.sent<Report>();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].second, record(RecordType::kChangeToIncludeMode));
}

TEST(Suppression, FirstV2ReportGoesUpEveryV3Does) {
  RecordProperty("req", "snooping/PR-03 snooping/EX-04");
  World w([](auto& s) { s.report_policy = config::ReportPolicy::kSuppress; });
  w.hear(kRouter, general_query(), kHighRouter);
  w.hear(0, V2{kGroup});
  EXPECT_EQ(w.sent<V2>().size(), 1u);
  w.hear(1, V2{kGroup});
  EXPECT_TRUE(w.sent<V2>().empty());
  w.wait(seconds(11));
  w.hear(1, V2{kGroup});
  EXPECT_EQ(w.sent<V2>().size(), 1u);
  for (int i = 0; i < 2; ++i) {
    w.hear(0, record(RecordType::kModeIsExclude));
    EXPECT_EQ(w.sent<Report>().size(), 1u);
  }
}

// --- Size
// -----------------------------------------------------------------------------------------

TEST(Scale, AJoinAmongManyGroupsTouchesOneEntry) {
  RecordProperty("req", "igmp-router/EX-5");
  World w([](auto& s) { s.explicit_tracking = false; });
  constexpr std::uint32_t kGroups = 100000;
  for (std::uint32_t i = 0; i < kGroups; ++i) {
    w.out.clear();
    w.sw.on_frame({PortId{0}, kVlan, 0, false, frame(V2{Ipv4{kGroup.value + i}}, kHost)}, w.now,
                  w.out);
  }
  EXPECT_EQ(w.out.fib.size(), 1u);
  EXPECT_EQ(w.sw.groups({}, w.now).size(), kGroups);
  w.hear(1, V2{kGroup});
  EXPECT_EQ(w.out.fib.size(), 1u);
  w.wait(seconds(270));
  EXPECT_TRUE(w.sw.groups({}, w.now).empty());
}

}  // namespace
}  // namespace sluice::control::snooping::membership_test
