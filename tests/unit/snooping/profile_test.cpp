// SPDX-License-Identifier: BSD-3-Clause
// Group access profiles and guards: what is refused, what passes, what a reload does.
#include <gtest/gtest.h>

#include "control/snooping/group_profile.h"
#include "world.h"

namespace sluice::control::snooping::profile_test {
namespace {

using config::GroupProfile;
using config::GroupRule;

using igmp::frames::ethernet;
using igmp::frames::hex;
using igmp::frames::packet;
using igmp::frames::summed;

Bytes pim_hello() {
  return ethernet(packet(
      summed(hex("20000000000100020069")),
      {.source = kLowRouter, .destination = kAllPimRouters, .protocol = 103, .options = {}}));
}
Bytes mrd_advertisement() {
  return ethernet(
      packet(summed(hex("3014000000000000")), {.source = kLowRouter, .destination = kAllSnoopers}));
}

constexpr Prefix kTv{ipv4(239, 1, 0, 0), 16};
constexpr Prefix kStudio{ipv4(10, 9, 9, 0), 24};
constexpr Ipv4 kOther = ipv4(239, 7, 7, 7);
constexpr Ipv4 kStranger = ipv4(10, 66, 6, 6);

GroupProfile profile(std::vector<GroupRule> allow, std::vector<GroupRule> deny = {}) {
  return {"tv", std::move(allow), std::move(deny)};
}
// Port 0 has the profile.
config::Config with(GroupProfile p, const World::Set& set = {}) {
  config::Config c = World::configure(set);
  c.group_profiles.push_back(std::move(p));
  c.ports[0].group_profile = 0;
  return c;
}
std::uint64_t denied(const World& w) {
  return w.count("snooping_profile_denied_total{vlan=\"10\"}");
}

TEST(GroupProfile, RefusesWhatItDoesNotAllow) {
  RecordProperty("req", "snooping/EX-06");
  World w(with(profile({{kTv, {}}})));
  w.hear(0, igmp::V2Report<Ipv4>{kOther});
  EXPECT_EQ(w.entry({}, kOther), std::nullopt);
  EXPECT_EQ(w.events(EventType::kJoinDenied), 1);
  EXPECT_EQ(denied(w), 1u);
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  EXPECT_EQ(w.entry(), ports({0}));
  w.hear(1, igmp::V2Report<Ipv4>{kOther});
  EXPECT_EQ(w.entry({}, kOther), ports({1})) << "the other ports are free";
  EXPECT_EQ(w.sw.refusing_profile(kVlan, PortId{0}, kOther, std::nullopt), "tv");
  EXPECT_EQ(w.sw.refusing_profile(kVlan, PortId{1}, kOther, std::nullopt), std::nullopt);
}

TEST(GroupProfile, DenyOutweighsAllow) {
  World w(with(profile({{kTv, {}}}, {{{kGroup, 32}, {}}})));
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  EXPECT_EQ(w.entry(), std::nullopt);
  w.hear(0, record(RecordType::kChangeToExcludeMode, {}, ipv4(239, 1, 2, 3)));
  EXPECT_EQ(w.entry({}, ipv4(239, 1, 2, 3)), ports({0}));
}

TEST(GroupProfile, TakesRefusedSourcesOutOfARecord) {
  RecordProperty("req", "snooping/EX-06");
  World w(with(profile({{kTv, kStudio}})));
  w.hear(0, record(RecordType::kAllowNewSources, {kA, kStranger}));
  EXPECT_EQ(w.entry(kA), ports({0}));
  EXPECT_EQ(w.entry(kStranger), std::nullopt);
  EXPECT_EQ(denied(w), 1u);
  w.hear(0, record(RecordType::kAllowNewSources, {kStranger}));
  EXPECT_EQ(w.sw.groups({}, w.now).at(0).sources.size(), 1u);
}

TEST(GroupProfile, AJoinForAnySourceNeedsAllSources) {
  World w(with(profile({{kTv, kStudio}})));
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  EXPECT_EQ(w.entry(), std::nullopt) << "only some sources are allowed";
  World other(with(profile({}, {{kTv, {kStranger, 32}}})));
  other.hear(0, record(RecordType::kModeIsExclude));
  EXPECT_EQ(other.entry(), std::nullopt) << "some source is denied";
  other.hear(0, record(RecordType::kModeIsInclude, {kA}));
  EXPECT_EQ(other.entry(kA), ports({0}));
}

TEST(GroupProfile, ALeaveAlwaysPasses) {
  World w(with(profile({{kTv, kStudio}})));
  w.hear(0, record(RecordType::kAllowNewSources, {kA}));
  w.hear(0, record(RecordType::kChangeToIncludeMode, {kStranger}));
  w.wait(seconds(5));
  EXPECT_EQ(w.sw.groups({}, w.now).size(), 0u) << "it has left what it had";
}

TEST(GroupProfile, PortAndVlanHaveToAllow) {
  config::Config c = with(profile({{kTv, {}}}));
  c.group_profiles.push_back({"evening", {}, {{{ipv4(239, 1, 9, 0), 24}, {}}}});
  c.vlans[0].igmp_snooping.group_profile = 1;
  World w(c);
  const Ipv4 late = ipv4(239, 1, 9, 9);
  w.hear(0, igmp::V2Report<Ipv4>{late});
  w.hear(1, igmp::V2Report<Ipv4>{late});
  EXPECT_EQ(w.entry({}, late), std::nullopt);
  EXPECT_EQ(w.sw.refusing_profile(kVlan, PortId{1}, late, std::nullopt), "evening");
  w.hear(1, igmp::V2Report<Ipv4>{kOther});
  EXPECT_EQ(w.entry({}, kOther), ports({1}));
}

TEST(GroupProfile, RoutersHearOnlyWhatIsAllowed) {
  config::Config c = with(profile({{kTv, {}}}), [](config::IgmpSnooping& s) {
    s.report_policy = config::ReportPolicy::kForward;
    s.router_ports = {PortId{kRouter}};
  });
  World w(c);
  const igmp::V3Report<Ipv4> two{{{RecordType::kChangeToExcludeMode, kOther, {}},
                                  {RecordType::kChangeToExcludeMode, kGroup, {}}}};
  w.hear(0, two);
  const auto sent = w.sent<igmp::V3Report<Ipv4>>();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].first, ports({kRouter}));
  ASSERT_EQ(sent[0].second.records.size(), 1u);
  EXPECT_EQ(sent[0].second.records[0].group, kGroup);
  w.hear(0, igmp::V2Report<Ipv4>{kOther});
  EXPECT_TRUE(w.sent<igmp::V2Report<Ipv4>>().empty());
}

TEST(GroupProfile, AReloadEndsWhatMayNoLongerBe) {
  World w(with(profile({})));
  w.hear(0, igmp::V2Report<Ipv4>{kOther});
  w.hear(1, igmp::V2Report<Ipv4>{kOther});
  w.hear(0, record(RecordType::kAllowNewSources, {kA, kStranger}));
  w.hear(1, record(RecordType::kAllowNewSources, {kStranger}));
  w.out.clear();
  w.sw.reload(with(profile({{kTv, kStudio}})), w.now, w.out);
  w.wait(milliseconds(0));
  EXPECT_EQ(w.sw.members(kVlan, kOther, std::nullopt), ports({1}));
  EXPECT_EQ(w.sw.members(kVlan, kGroup, kA), ports({0}));
  EXPECT_EQ(w.sw.members(kVlan, kGroup, kStranger), ports({1}));
}

TEST(GroupProfile, AnEqualProfileIsNoChange) {
  PortProfiles one, two;
  one.add(ports({0}), profile({{kTv, {}}}));
  two.add(ports({0}), profile({{kTv, {}}}));
  EXPECT_TRUE(one == two);
  two.add(ports({1}), profile({}));
  EXPECT_FALSE(one == two);
}

// --- Guards

World guarded(bool router, bool querier) {
  config::Config c = World::configure({});
  c.ports[kRouter].router_guard = router;
  c.ports[kRouter].querier_guard = querier;
  return World(c);
}
std::uint64_t drops(const World& w, const std::string& reason) {
  return w.count("igmp_dropped_total{port=\"p3\",reason=\"" + reason + "\"}");
}

TEST(RouterGuard, LetsNoRouterIn) {
  RecordProperty("req", "snooping/RP-11 snooping/RP-05 snooping/SE-02");
  World w = guarded(true, false);
  w.wait(seconds(20));
  const Bytes query = frame(general_query(), kLowRouter);
  w.receive(kRouter, query);
  EXPECT_TRUE(w.got(query).empty()) << "not flooded";
  EXPECT_EQ(w.sw.queriers({}, w.now)[0].state, QuerierState::kQuerier) << "no election";
  w.receive(kRouter, pim_hello());
  w.receive(kRouter, mrd_advertisement());
  EXPECT_TRUE(w.router_ports().empty());
  EXPECT_EQ(drops(w, "router_guard"), 3u);
  w.hear(kRouter, record(RecordType::kChangeToExcludeMode));
  EXPECT_EQ(w.entry(), ports({kRouter})) << "hosts are welcome";
}

TEST(QuerierGuard, StopsQueriesAndNothingElse) {
  RecordProperty("req", "snooping/RP-11 snooping/SE-02 snooping/SE-04");
  World w = guarded(false, true);
  w.wait(seconds(20));
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  const Bytes query = frame(general_query(), kLowRouter);
  w.receive(kRouter, query);
  EXPECT_TRUE(w.got(query).empty());
  EXPECT_TRUE(w.router_ports().empty());
  EXPECT_EQ(w.sw.queriers({}, w.now)[0].state, QuerierState::kQuerier);
  w.hear(kRouter, specific_query(kGroup), kLowRouter);
  EXPECT_EQ(drops(w, "querier_guard"), 2u);
  w.receive(kRouter, pim_hello());
  EXPECT_EQ(w.router_ports(), ports({kRouter})) << "a router may be there";
}

// Nine bytes: neither version 2 nor version 3.
const Bytes kUnusableQuery = ethernet(packet(summed(hex("11640000000000000200"))));

TEST(RouterGuard, AnUnusableQueryIsNotFlooded) {
  World w = guarded(true, false);
  w.receive(kRouter, kUnusableQuery);
  EXPECT_TRUE(w.out.frames.empty());
  EXPECT_EQ(drops(w, "router_guard"), 1u);
}

TEST(QuerierGuard, AnUnusableQueryIsNotFlooded) {
  World w = guarded(false, true);
  w.receive(kRouter, kUnusableQuery);
  EXPECT_TRUE(w.out.frames.empty());
  EXPECT_EQ(drops(w, "querier_guard"), 1u);
}

TEST(RouterGuard, ForgetsAtReloadWhatWasLearned) {
  World w;
  w.hear(kRouter, general_query(), kHighRouter);
  ASSERT_EQ(w.router_ports(), ports({kRouter}));
  config::Config c = World::configure({});
  c.ports[kRouter].router_guard = true;
  w.out.clear();
  w.sw.reload(c, w.now, w.out);
  EXPECT_TRUE(w.router_ports().empty());
  EXPECT_EQ(w.events(EventType::kMrouterDown), 1);
}

}  // namespace
}  // namespace sluice::control::snooping::profile_test
