// SPDX-License-Identifier: BSD-3-Clause
// Limits: what is refused, what is replaced, and that no churn gets past them.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "control/snooping/join_order.h"
#include "world.h"

namespace sluice::control::snooping::limits_test {
namespace {

constexpr Ipv4 group(std::uint32_t n) {
  return Ipv4{ipv4(239, 2, 0, 0).value + n};
}
void join(World& w, std::uint16_t port, Ipv4 address, Ipv4 host = kHost) {
  w.hear(port, record(RecordType::kChangeToExcludeMode, {}, address), host);
}
void leave(World& w, std::uint16_t port, Ipv4 address) {
  w.hear(port, record(RecordType::kChangeToIncludeMode, {}, address));
}

TEST(GroupsPerPort, ReplaceLetsTheOldestGo) {
  RecordProperty("req", "snooping/EX-06 snooping/MS-09");
  World w([](config::IgmpSnooping& s) {
    s.max_groups = 2;
    s.max_groups_action = config::MaxGroupsAction::kReplace;
  });
  join(w, 0, group(1));
  w.wait(seconds(1));
  join(w, 0, group(2));
  join(w, 1, group(1));
  w.wait(seconds(1));
  join(w, 0, group(1));  // a refresh makes it no younger
  join(w, 0, group(3));
  EXPECT_EQ(w.events(EventType::kLimitReached), 1);
  EXPECT_EQ(w.events(EventType::kGroupLeft), 1);
  EXPECT_EQ(w.entry({}, group(1)), ports({1})) << "it goes from this port only";
  EXPECT_EQ(w.entry({}, group(2)), ports({0}));
  EXPECT_EQ(w.entry({}, group(3)), ports({0}));
  join(w, 0, group(4));
  EXPECT_EQ(w.entry({}, group(2)), std::nullopt) << "and with its last port its entry";
  EXPECT_EQ(w.count("snooping_groups_replaced_total{vlan=\"10\"}"), 2u);
  EXPECT_EQ(w.count("snooping_group_limit_refused_total{vlan=\"10\"}"), 0u);
  leave(w, 0, group(3));
  w.wait(seconds(3));
  join(w, 0, group(5));
  EXPECT_EQ(w.entry({}, group(4)), ports({0})) << "there was room";
}

TEST(GroupsPerPort, ReplaceSparesStaticGroups) {
  World w([](config::IgmpSnooping& s) {
    s.max_groups = 1;
    s.max_groups_action = config::MaxGroupsAction::kReplace;
    s.static_groups = {{group(9), std::nullopt, {PortId{0}}}};
  });
  join(w, 0, group(9));
  for (std::uint32_t i = 1; i < 5; ++i) join(w, 0, group(i));
  EXPECT_EQ(w.entry({}, group(9)), ports({0}));
  EXPECT_EQ(w.entry({}, group(4)), ports({0}));
  EXPECT_EQ(w.entry({}, group(3)), std::nullopt);
}

TEST(GroupsPerPort, ReplaceAfterReloadKnowsWhoWasFirst) {
  World w([](config::IgmpSnooping& s) { s.max_groups = 3; });
  for (const std::uint32_t i : {2u, 1u, 3u}) {
    join(w, 0, group(i));
    w.wait(seconds(1));
  }
  w.out.clear();
  const config::Config replacing = World::configure([](config::IgmpSnooping& s) {
    s.max_groups = 3;
    s.max_groups_action = config::MaxGroupsAction::kReplace;
  });
  w.sw.reload(replacing, w.now, w.out);
  join(w, 0, group(4));
  EXPECT_EQ(w.entry({}, group(2)), std::nullopt);
  EXPECT_EQ(w.entry({}, group(1)), ports({0}));
}

TEST(GroupsPerPort, ReplaceComesDownToALowerLimit) {
  const auto replacing = [](std::uint32_t most) {
    return [most](config::IgmpSnooping& s) {
      s.max_groups = most;
      s.max_groups_action = config::MaxGroupsAction::kReplace;
    };
  };
  World w(replacing(6));
  for (std::uint32_t i = 0; i < 6; ++i) join(w, 0, group(i));
  w.out.clear();
  w.sw.reload(World::configure(replacing(2)), w.now, w.out);
  std::vector<std::size_t> left;
  for (std::uint32_t i = 6; i < 10; ++i) {
    join(w, 0, group(i));
    left.push_back(w.sw.groups({}, w.now).size());
  }
  EXPECT_EQ(left, (std::vector<std::size_t>{4, 2, 2, 2})) << "two at a join, and no more";
  EXPECT_EQ(w.entry({}, group(9)), ports({0}));
}

TEST(GroupsPerPort, WhoLeftAndCameAgainIsTheYoungest) {
  World w([](config::IgmpSnooping& s) {
    s.max_groups = 2;
    s.max_groups_action = config::MaxGroupsAction::kReplace;
  });
  join(w, 0, group(1));
  join(w, 0, group(2));
  leave(w, 0, group(1));
  w.wait(seconds(3));
  join(w, 0, group(1));  // in the same place of the slab
  join(w, 0, group(3));
  EXPECT_EQ(w.entry({}, group(1)), ports({0}));
  EXPECT_EQ(w.entry({}, group(2)), std::nullopt);
}

TEST(GroupsPerPort, TheLimitIsToldAgainOnceThereWasRoom) {
  World w([](config::IgmpSnooping& s) { s.max_groups = 1; });
  join(w, 0, group(1));
  join(w, 0, group(2));
  EXPECT_EQ(w.events(EventType::kLimitReached), 1);
  leave(w, 0, group(1));
  w.wait(seconds(3));
  join(w, 0, group(2));
  join(w, 0, group(3));
  EXPECT_EQ(w.events(EventType::kLimitReached), 1);
}

// Hosts that zap below the limit: nobody ever asks who is the oldest.
TEST(JoinOrder, HoldsNoMoreThanTwiceWhatIsThere) {
  PortGroupSlab slab;
  JoinOrder order;
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    const PortGroupSlab::Index index = slab.allocate();
    slab[index].group = group(i);
    order.joined(index, slab);
    slab.release(index);
  }
  EXPECT_LE(order.size(), 200u);
}

TEST(GroupsPerVlan, NewcomersAreRefusedAndMembersStay) {
  RecordProperty("req", "snooping/MS-09 snooping/SE-03");
  World w([](config::IgmpSnooping& s) {
    s.max_vlan_groups = 2;
    s.max_groups = 10;
    s.max_groups_action = config::MaxGroupsAction::kReplace;
  });
  join(w, 0, group(1));
  join(w, 0, group(2));
  join(w, 1, group(3));
  EXPECT_EQ(w.events(EventType::kLimitReached), 1);
  EXPECT_EQ(w.entry({}, group(3)), std::nullopt);
  join(w, 1, group(4));
  EXPECT_EQ(w.events(EventType::kLimitReached), 0) << "said once";
  EXPECT_EQ(w.count("snooping_vlan_group_limit_refused_total{vlan=\"10\"}"), 2u);
  join(w, 1, group(1));
  EXPECT_EQ(w.entry({}, group(1)), ports({0, 1})) << "a group that is there has room for all";
  leave(w, 0, group(2));
  w.wait(seconds(3));
  join(w, 1, group(3));
  EXPECT_EQ(w.entry({}, group(3)), ports({1}));
}

TEST(SourcesPerGroup, AreAsManyAsConfigured) {
  RecordProperty("req", "snooping/MS-09");
  World w([](config::IgmpSnooping& s) { s.max_sources = 2; });
  const Ipv4 c = ipv4(10, 9, 9, 3);
  w.hear(0, record(RecordType::kAllowNewSources, {kA, kB, c}));
  EXPECT_EQ(w.events(EventType::kLimitReached), 1);
  EXPECT_EQ(w.entry(kB), ports({0}));
  EXPECT_EQ(w.entry(c), std::nullopt);
  EXPECT_EQ(w.count("snooping_source_limit_refused_total{vlan=\"10\"}"), 1u);
  w.hear(0, record(RecordType::kAllowNewSources, {kA, kB}));
  EXPECT_EQ(w.count("snooping_source_limit_refused_total{vlan=\"10\"}"), 1u)
      << "a refresh is never refused";
  w.hear(1, record(RecordType::kAllowNewSources, {c}));
  EXPECT_EQ(w.entry(c), ports({1}));
}

TEST(HostsPerGroup, AreAsManyAsConfigured) {
  World w([](config::IgmpSnooping& s) { s.max_hosts = 2; });
  for (std::uint32_t i = 0; i < 4; ++i) join(w, 0, kGroup, Ipv4{kHost.value + i});
  EXPECT_EQ(w.sw.groups({}, w.now).at(0).hosts.size(), 2u);
  EXPECT_EQ(w.count("snooping_host_limit_refused_total{vlan=\"10\"}"), 2u);
  EXPECT_EQ(w.entry(), ports({0}));
}

TEST(Limits, EventsOfOneVlanAreFew) {
  World w([](config::IgmpSnooping& s) { s.max_sources = 1; });
  Effects all;
  for (std::uint32_t i = 0; i < 100; ++i) {
    const Bytes bytes = frame(record(RecordType::kAllowNewSources, {kA, kB}, group(i)), kHost);
    // A look at the VLAN's health makes it tell again.
    w.sw.take_health(std::nullopt, 10, 90, w.now);
    w.sw.on_frame({PortId{0}, kVlan, 0, false, bytes}, w.now, all);
  }
  int told = 0;
  for (const Event& event : all.events) told += event.type == EventType::kLimitReached ? 1 : 0;
  EXPECT_EQ(told, 10);
}

// Reports at random, from hosts that mean harm: whatever they say, no limit is passed, who is in
// stays in with "deny", and the forwarding table is what the memberships come to.
class HostileChurn : public testing::TestWithParam<config::MaxGroupsAction> {};

TEST_P(HostileChurn, StaysWithinTheLimits) {
  RecordProperty("req", "snooping/SE-03 snooping/SA-11");
  constexpr std::uint32_t kPerPort = 5, kPerVlan = 9, kSources = 3, kHostsMost = 4;
  World w([](config::IgmpSnooping& s) {
    s.max_groups = kPerPort;
    s.max_groups_action = GetParam();
    s.max_vlan_groups = kPerVlan;
    s.max_sources = kSources;
    s.max_hosts = kHostsMost;
  });
  std::mt19937 random(7);
  const auto any = [&](std::uint32_t below) {
    return static_cast<std::uint32_t>(random() % below);
  };
  for (int step = 0; step < 6000; ++step) {
    if (any(50) == 0) w.wait(milliseconds(any(20000)));
    Sources sources;
    for (std::uint32_t i = any(6); i > 0; --i) sources.push_back(Ipv4{kA.value + any(8)});
    igmp::normalize(sources);
    const auto type = static_cast<RecordType>(1 + any(6));
    const auto port = static_cast<std::uint16_t>(any(3));
    const Ipv4 address = group(any(24));
    const bool was_in = w.sw.groups({kVlan, address, PortId{port}}, w.now).size() == 1;
    if (any(5) == 0) {
      w.hear(port, igmp::V2Report<Ipv4>{address}, Ipv4{kHost.value + any(9)});
      if (was_in) {
        ASSERT_EQ(w.sw.groups({kVlan, address, PortId{port}}, w.now).size(), 1u)
            << "a refresh is never refused";
      }
    } else {
      w.hear(port, record(type, sources, address), Ipv4{kHost.value + any(9)});
    }
    std::map<PortId, std::uint32_t> per_port;
    std::set<Ipv4> in_vlan;
    for (const GroupRow& row : w.sw.groups({}, w.now)) {
      ++per_port[row.port];
      in_vlan.insert(row.group);
      ASSERT_LE(row.sources.size(), kSources);
      ASSERT_LE(row.hosts.size(), kHostsMost);
      for (const SourceRow& source : row.sources) {
        ASSERT_EQ(w.entry(source.address, row.group),
                  w.sw.members(kVlan, row.group, source.address));
      }
      ASSERT_EQ(w.entry({}, row.group), w.sw.members(kVlan, row.group, std::nullopt));
    }
    for (const auto& [at, count] : per_port) ASSERT_LE(count, kPerPort) << at.value;
    ASSERT_LE(in_vlan.size(), kPerVlan);
    for (const auto& [key, members] : w.fib) ASSERT_TRUE(in_vlan.contains(std::get<0>(key)));
    ASSERT_EQ(w.count("snooping_groups{vlan=\"10\"}"), in_vlan.size());
  }
  w.wait(seconds(600));
  EXPECT_TRUE(w.fib.empty());
  for (std::uint32_t i = 0; i < kPerPort; ++i) join(w, 0, group(100 + i));
  EXPECT_EQ(w.sw.groups({}, w.now).size(), kPerPort) << "all the room is there again";
}
INSTANTIATE_TEST_SUITE_P(Actions, HostileChurn,
                         testing::Values(config::MaxGroupsAction::kDeny,
                                         config::MaxGroupsAction::kReplace));

}  // namespace
}  // namespace sluice::control::snooping::limits_test
