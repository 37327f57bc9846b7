// SPDX-License-Identifier: BSD-3-Clause
// The control loop over fake planes: what goes in, what is carried out, in which order.
#include <gtest/gtest.h>

#include "rig.h"

namespace sluice::control::api::loop_test {
namespace {

constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1);
constexpr Ipv4 kHost = ipv4(10, 77, 0, 1);

std::optional<PortSet> members(const Fib& fib, Ipv4 group) {
  const auto row = fib.find({kTen, group, Ipv4{}});
  if (!row) return std::nullopt;
  return row->egress.members;
}

TEST(Loop, StartPublishesAndQueries) {
  Rig box;
  EXPECT_GT(box.vlans.published, 0);
  ASSERT_NE(box.vlans.current().find(kTen), nullptr);
  EXPECT_EQ(box.vlans.current().find(kTen)->up, PortSet(0b1111));
  box.pass(std::chrono::seconds(1));
  EXPECT_FALSE(box.sink.sent.empty());
}

TEST(Loop, AJoinIsAnEntryInTheSameTurn) {
  Rig box;
  box.settle();
  const igmp::Origin origin{MacAddress{{2, 0, 0, 0, 1, 1}}, kHost};
  box.punts.frames.push_back({PortId{0}, kTen, igmp::encode(igmp::V2Report<Ipv4>{kGroup}, origin)});
  EXPECT_EQ(members(box.fib, kGroup), std::nullopt);
  EXPECT_TRUE(box.loop.turn());
  EXPECT_EQ(members(box.fib, kGroup), PortSet::of(PortId{0}));
}

TEST(Loop, OneTurnTakesABoundedBatch) {
  Rig box;
  const igmp::Origin origin{MacAddress{{2, 0, 0, 0, 1, 1}}, kHost};
  for (unsigned i = 0; i < Loop::kPuntBatch + 10; ++i) {
    box.punts.frames.push_back(
        {PortId{0}, kTen, igmp::encode(igmp::V2Report<Ipv4>{ipv4(239, 2, 0, i)}, origin)});
  }
  box.loop.turn();
  EXPECT_EQ(box.punts.frames.size(), 10u);
}

TEST(Loop, AnIdleTurnSaysSo) {
  Rig box;
  while (box.loop.turn()) {
  }
  EXPECT_FALSE(box.loop.turn());
}

TEST(Loop, ARefusedEntryIsTold) {
  Rig box(lab(), 16);
  box.settle();
  box.feed.watchers(1);
  for (unsigned i = 0; i < 64; ++i) box.join(0, ipv4(239, 3, 0, i), kHost);
  EXPECT_LE(box.fib.size(), box.fib.capacity());
  EXPECT_EQ(box.result(R"({"command":"show groups"})")["groups"].size(), 64u);
  int limits = 0;
  box.feed.drain([&](const StampedEvent& stamped) {
    limits += stamped.event.type == snooping::EventType::kLimitReached;
  });
  EXPECT_GT(limits, 0);
  // Those who are in stay in.
  EXPECT_EQ(members(box.fib, ipv4(239, 3, 0, 0)), PortSet::of(PortId{0}));
}

// One report asks for an entry, makes room and asks again.
TEST(Loop, WhatIsRefusedAndThenFindsRoomGoesWhenItsMembersGo) {
  config::Config config = lab();
  config.vlans[0].igmp_snooping.fast_leave = true;
  Rig box(config, 16);
  box.settle();
  using enum igmp::RecordType;
  const Ipv4 first = ipv4(239, 3, 0, 0), late = ipv4(239, 4, 0, 0);
  const auto say = [&](const std::vector<igmp::GroupRecord<Ipv4>>& records) {
    igmp::V3Report<Ipv4> report;
    for (const auto& record : records) report.records.push_back(record);
    const igmp::Origin origin{MacAddress{{2, 0, 0, 0, 1, 1}}, kHost};
    box.punts.frames.push_back({PortId{0}, kTen, igmp::encode(report, origin)});
    while (box.loop.turn()) {
    }
  };
  for (unsigned i = 0; i < box.fib.capacity(); ++i) {
    say({{kChangeToExcludeMode, ipv4(239, 3, 0, i), {}}});
  }
  ASSERT_EQ(box.fib.size(), box.fib.capacity());
  say({{kAllowNewSources, late, {ipv4(10, 1, 1, 1)}},
       {kChangeToIncludeMode, first, {}},
       {kChangeToExcludeMode, late, {}}});
  ASSERT_EQ(members(box.fib, first), std::nullopt);
  ASSERT_EQ(members(box.fib, late), PortSet::of(PortId{0}));
  say({{kChangeToIncludeMode, late, {}}});
  EXPECT_EQ(members(box.fib, late), std::nullopt);
  for (unsigned i = 1; i < box.fib.capacity(); ++i) {
    say({{kChangeToIncludeMode, ipv4(239, 3, 0, i), {}}});
  }
  EXPECT_EQ(box.fib.size(), 0u);
}

TEST(Loop, AFullRingLosesTheFrameAndNothingElse) {
  Rig box;
  box.sink.sent.clear();
  box.sink.full = true;
  box.settle();  // start-up queries are due
  box.join(0, kGroup, kHost);
  EXPECT_TRUE(box.sink.sent.empty());
  EXPECT_EQ(members(box.fib, kGroup), PortSet::of(PortId{0}));
}

TEST(Loop, LinkDownTakesMembershipsAndAddresses) {
  Rig box;
  box.settle();
  box.join(0, kGroup, kHost);
  box.link_changes.emplace_back(PortId{0}, false);
  box.pass(Loop::kLinkInterval);
  EXPECT_EQ(members(box.fib, kGroup), std::nullopt);
  EXPECT_FALSE(box.vlans.current().find(kTen)->up.contains(PortId{0}));
  ASSERT_EQ(box.view.flushed.size(), 1u);
  EXPECT_EQ(box.view.flushed[0], std::pair(kTen, PortSet::of(PortId{0})));
}

TEST(Loop, HousekeepingRuns) {
  Rig box;
  const int before = box.maintained;
  box.pass(std::chrono::seconds(1));
  EXPECT_GE(box.maintained - before, 10);
}

TEST(Loop, EventsReachTheFeedOnlyWhenWatched) {
  Rig box;
  box.settle();
  const auto joined = [&] {
    int count = 0;
    box.feed.drain([&](const StampedEvent& stamped) {
      count += stamped.event.type == snooping::EventType::kGroupJoined;
    });
    return count;
  };
  box.join(0, kGroup, kHost);
  EXPECT_EQ(joined(), 0);
  box.feed.watchers(1);
  box.join(0, ipv4(239, 1, 1, 2), kHost);
  EXPECT_EQ(joined(), 1);
}

TEST(Feed, AFullRingCountsWhatItLoses) {
  EventFeed feed;
  feed.watchers(1);
  const snooping::Event event{snooping::EventType::kGroupLeft, kTen, {}, {}, {}, {}};
  for (int i = 0; i < 20000; ++i) feed.publish(event, {});
  std::uint64_t seen = 0;
  const std::uint64_t lost = feed.drain([&](const StampedEvent&) { ++seen; });
  EXPECT_GT(lost, 0u);
  EXPECT_EQ(seen + lost, 20000u);
  EXPECT_EQ(feed.drain([](const StampedEvent&) {}), 0u);
}

}  // namespace
}  // namespace sluice::control::api::loop_test
