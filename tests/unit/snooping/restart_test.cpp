// SPDX-License-Identifier: BSD-3-Clause
// What of the switch outlives a restart, and for how long, in virtual time.
#include <gtest/gtest.h>

#include <set>

#include "world.h"

namespace sluice::control::snooping::restart_test {
namespace {

using igmp::FilterMode;
using igmp::Query;

constexpr Duration kResponse = seconds(10);
constexpr Duration kMembershipInterval = 2 * seconds(125) + 2 * kResponse;

std::optional<GroupRow> row(const World& world, std::uint16_t port = 0, Ipv4 group = kGroup) {
  const auto rows = world.sw.groups({kVlan, group, PortId{port}}, world.now);
  return rows.empty() ? std::nullopt : std::optional(rows.front());
}

// Settled, with an any-source member on port 0 and one of two sources on port 1.
struct Before : World {
  Before() {
    wait(kResponse);
    hear(0, record(RecordType::kChangeToExcludeMode));
    hear(1, record(RecordType::kAllowNewSources, {kA, kB}), kOtherHost);
  }
};

TEST(RestartTest, ForwardsAsBeforeAtOnce) {
  const Before old;
  const World now(old, seconds(2));
  EXPECT_EQ(now.restored.members, 2u);
  EXPECT_EQ(now.fib, old.fib);
  EXPECT_TRUE(now.restricted());
  // It was so before the first link was looked at, that is, before the workers poll.
  EXPECT_EQ(now.before_links.fib.size(), old.fib.size());
  EXPECT_EQ(now.events(EventType::kGroupJoined), 0);
}

TEST(RestartTest, TimersHaveAgedByTheTimeAway) {
  const Before old;
  const World now(old, seconds(40));
  EXPECT_EQ(row(now)->expire, kMembershipInterval - seconds(40));
  EXPECT_EQ(row(now)->up_time, seconds(40));
  EXPECT_EQ(row(now)->last_reporter, kHost);
  EXPECT_EQ(row(now)->hosts.size(), 1u);
  const GroupRow sources = *row(now, 1);
  ASSERT_EQ(sources.sources.size(), 2u);
  EXPECT_EQ(sources.sources[1].expire, kMembershipInterval - seconds(40));
  EXPECT_EQ(sources.filter_mode, FilterMode::kInclude);
}

TEST(RestartTest, AsksEveryHostAndForgetsWhoDoesNotAnswer) {
  Before old;
  old.wait(kMembershipInterval - seconds(5));  // of its 270 seconds five are left
  old.hear(1, record(RecordType::kAllowNewSources, {kA, kB}), kOtherHost);
  World now(old, seconds(2));
  PortSet asked;
  for (const auto& [to, query] : now.sent<Query<Ipv4>>()) asked = asked | to;
  EXPECT_EQ(asked, ports({0, 1, 2, 3}));
  // Not sooner than an answer can be there, although its own timer ends before.
  now.wait(kResponse);
  EXPECT_TRUE(row(now).has_value());
  now.wait(seconds(2));
  EXPECT_FALSE(row(now).has_value());
  EXPECT_EQ(now.entry(), ports({}));
  EXPECT_TRUE(row(now, 1).has_value());
  now.wait(kMembershipInterval);
  EXPECT_TRUE(now.fib.empty());
}

TEST(RestartTest, WhatIsOlderThanTheMembershipIntervalIsForgotten) {
  const Before old;
  EXPECT_EQ(World(old, kMembershipInterval).restored.members, 2u);
  const World late(old, kMembershipInterval + seconds(1));
  EXPECT_EQ(late.restored.members, 0u);
  EXPECT_EQ(late.restored.outdated, 2u);
  EXPECT_TRUE(late.fib.empty());
  EXPECT_FALSE(late.restricted());
}

TEST(RestartTest, AfterALongAbsenceItFloodsUntilItsQuerierWasAnswered) {
  const Before old;
  EXPECT_TRUE(World(old, seconds(30)).restricted());
  World late(old, seconds(31));
  EXPECT_FALSE(late.restricted());
  EXPECT_EQ(late.restored.members, 2u);
  late.wait(kResponse);
  EXPECT_TRUE(late.restricted());
  // Nor was it settled when nobody had answered yet.
  World young;
  young.hear(0, record(RecordType::kChangeToExcludeMode));
  EXPECT_FALSE(World(young, seconds(1)).restricted());
}

TEST(RestartTest, AnotherQuerierStaysElectedAndIsAskedForInItsName) {
  Before old;
  old.hear(kRouter, general_query(), kLowRouter);
  World now(old, seconds(3));
  const QuerierRow querier = now.sw.queriers({}, now.now).front();
  EXPECT_EQ(querier.state, QuerierState::kNonQuerier);
  EXPECT_EQ(querier.address, kLowRouter);
  EXPECT_EQ(querier.expire, seconds(255 - 3));
  EXPECT_TRUE(now.restricted());
  EXPECT_EQ(now.router_ports(), ports({kRouter}));
  EXPECT_EQ(now.sw.mrouters({}, now.now).front().expire, seconds(255 - 3));
  PortSet asked;
  for (const OutFrame& frame : now.out.frames) {
    const auto decoded = igmp::decode(frame.bytes);
    const auto& packet = std::get<igmp::Packet>(decoded);
    if (!std::holds_alternative<Query<Ipv4>>(packet.message)) continue;
    EXPECT_EQ(packet.source, Ipv4{});
    asked = asked | frame.ports;
  }
  EXPECT_EQ(asked, ports({0, 1, 2}));  // RFC 4541 §2.1.1: not toward routers
  // It has fallen silent: its time runs out as it would have.
  now.wait(seconds(252));
  EXPECT_EQ(now.sw.queriers({}, now.now).front().state, QuerierState::kQuerier);
  // Too long away: as at the first start.
  const World late(old, seconds(256));
  EXPECT_EQ(late.sw.queriers({}, late.now).front().state, QuerierState::kQuerier);
  EXPECT_EQ(late.router_ports(), ports({}));
}

TEST(RestartTest, AnOlderQuerierAndOlderHostsAreRemembered) {
  World old;
  old.hear(kRouter, general_query(Version::kV2), kLowRouter);
  old.hear(0, igmp::V2Report<Ipv4>{kGroup});
  const World now(old, seconds(5));
  EXPECT_EQ(now.sw.queriers({}, now.now).front().version, Version::kV2);
  EXPECT_EQ(now.sw.network(kVlan, now.now).host_version, Version::kV2);
  EXPECT_EQ(row(now)->version, Version::kV2);
}

TEST(RestartTest, ALinkThatIsNotUpYetKeepsItsMembers) {
  World now(Before(), seconds(2), World::Set(), {1, 2, 3});
  EXPECT_EQ(now.entry(), ports({0}));
  now.link(0, true);
  EXPECT_EQ(now.sent<Query<Ipv4>>().size(), 1u);
  now.link(0, false);  // but now it has gone
  EXPECT_EQ(now.entry(), ports({}));
}

TEST(RestartTest, TodaysConfigurationCounts) {
  const Before old;
  World::Set none = [](config::IgmpSnooping& s) { s.enabled = false; };
  EXPECT_EQ(World(old, seconds(1), none).restored.refused, 2u);
  Before two;
  two.hear(0, record(RecordType::kChangeToExcludeMode, {}, ipv4(239, 1, 1, 2)));
  World::Set one = [](config::IgmpSnooping& s) { s.max_groups = 1; };
  const World limited(two, seconds(1), one);
  EXPECT_EQ(limited.restored.members, 2u);
  EXPECT_EQ(limited.restored.refused, 1u);
}

TEST(RestartTest, TodaysLimitsCount) {
  Before old;  // one group of the VLAN, and with this two
  old.hear(2, record(RecordType::kChangeToExcludeMode, {}, ipv4(239, 1, 1, 2)));
  const World groups(old, seconds(1), [](config::IgmpSnooping& s) { s.max_vlan_groups = 1; });
  EXPECT_EQ(groups.restored.refused, 1u);
  EXPECT_EQ(groups.entry({}, ipv4(239, 1, 1, 2)), std::nullopt);
  const World sources(old, seconds(1), [](config::IgmpSnooping& s) { s.max_sources = 1; });
  EXPECT_EQ(sources.restored.refused, 1u);
  EXPECT_FALSE(row(sources, 1));
  old.hear(0, record(RecordType::kChangeToExcludeMode), kOtherHost);
  EXPECT_EQ(row(old)->hosts.size(), 2u);
  const World hosts(old, seconds(1), [](config::IgmpSnooping& s) { s.max_hosts = 1; });
  EXPECT_EQ(hosts.restored.refused, 0u);
  EXPECT_EQ(row(hosts)->hosts.size(), 1u);
}

TEST(RestartTest, TodaysProfilesCount) {
  const Before old;
  config::Config c = World::configure({});
  c.group_profiles.push_back({"no-b", {}, {{{kGroup, 32}, {kB, 32}}}});
  c.group_profiles.push_back({"none", {}, {{{kGroup, 32}, {}}}});
  c.ports[0].group_profile = 1;
  c.ports[1].group_profile = 0;
  const World now(old, seconds(1), c);
  EXPECT_EQ(now.restored.members, 1u);
  EXPECT_EQ(now.restored.refused, 1u);
  EXPECT_EQ(now.entry(), ports({}));
  EXPECT_EQ(now.entry(kA), ports({1}));
  EXPECT_EQ(now.entry(kB), std::nullopt);
}

TEST(RestartTest, ARouterWhoseTimeRanOutMeanwhileIsNone) {
  World old;
  old.hear(kRouter, general_query(), kLowRouter);  // for 255 seconds
  EXPECT_EQ(World(old, seconds(254)).router_ports(), ports({kRouter}));
  const World late(old, seconds(255));
  EXPECT_EQ(late.router_ports(), ports({}));
  for (const Event& event : late.before_links.events) {
    EXPECT_NE(event.type, EventType::kMrouterUp) << "not for a moment";
  }
}

TEST(RestartTest, TodaysGuardsCount) {
  World old;
  old.hear(2, general_query(), kLowRouter);
  old.hear(kRouter, general_query(), kLowRouter);
  ASSERT_EQ(old.sw.mrouters(kVlan, old.now).size(), 2u);
  config::Config c = World::configure({});
  c.ports[2].querier_guard = true;
  const World now(old, seconds(1), c);
  ASSERT_EQ(now.sw.mrouters(kVlan, now.now).size(), 1u);
  EXPECT_EQ(now.sw.mrouters(kVlan, now.now)[0].port, PortId{kRouter});
}

TEST(RestartTest, StaticMembersByCommandStayHoweverLong) {
  Before old;
  ASSERT_TRUE(old.sw.add_static(kVlan, kGroup, kA, PortId{2}, old.now, old.out));
  const World late(old, std::chrono::hours(48));
  EXPECT_EQ(late.restored.statics, 1u);
  EXPECT_EQ(late.entry(kA), ports({2}));
  ASSERT_TRUE(old.sw.remove_static(kVlan, kGroup, kA, PortId{2}, old.now, old.out));
  EXPECT_EQ(World(old, seconds(1)).restored.statics, 0u);
}

TEST(RestartTest, FastLeaveTrustsNobodyUntilAllWereAsked) {
  const World::Set fast = [](config::IgmpSnooping& s) { s.fast_leave = true; };
  World old(fast);
  old.wait(kResponse);
  old.hear(0, record(RecordType::kChangeToExcludeMode));
  World now(old, seconds(1), fast);
  now.hear(0, record(RecordType::kChangeToIncludeMode));
  EXPECT_EQ(now.entry(), ports({0}));  // a host that joined in the last moment may be there: asked
  World later(old, seconds(1), fast);
  later.wait(kResponse + seconds(1));
  later.hear(0, record(RecordType::kChangeToIncludeMode));
  EXPECT_EQ(later.entry(), std::nullopt);
}

TEST(RestartTest, ChangesAreWrittenDownAndRefreshingIsNone) {
  World world;
  world.sw.changes().enable();
  const auto keys = [&] {
    const auto taken = world.sw.changes().take_members(100);
    return std::set<MemberKey>(taken.begin(), taken.end());
  };
  world.hear(0, record(RecordType::kChangeToExcludeMode));
  EXPECT_EQ(keys(), (std::set<MemberKey>{{kVlan, PortId{0}, kGroup}}));
  world.hear(0, record(RecordType::kModeIsExclude));
  EXPECT_TRUE(world.sw.changes().empty());
  world.hear(1, record(RecordType::kAllowNewSources, {kA}));
  EXPECT_EQ(keys().size(), 1u);
  world.hear(1, record(RecordType::kModeIsInclude, {kA}));
  EXPECT_TRUE(keys().empty());
  world.hear(1, record(RecordType::kChangeToExcludeMode, {kA}));  // the same sources, another mode
  EXPECT_EQ(world.sw.save_member(*keys().begin())->state.mode, FilterMode::kExclude);
  EXPECT_TRUE(keys().empty());
  world.link(1, false);
  const std::set<MemberKey> gone = keys();
  ASSERT_EQ(gone.size(), 1u);
  EXPECT_FALSE(world.sw.save_member(*gone.begin()).has_value());
  EXPECT_FALSE(world.sw.changes().others());
  world.hear(kRouter, general_query(), kLowRouter);
  EXPECT_TRUE(world.sw.changes().others());
}

}  // namespace
}  // namespace sluice::control::snooping::restart_test
