// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/sample.h"

#include <gtest/gtest.h>

namespace sluice::control::web::sample_test {
namespace {

using std::chrono::milliseconds;

constexpr VlanId kVlan{10};
const Ipv4 kGroup = ipv4(239, 1, 1, 1);
const Ipv4 kSource = ipv4(10, 9, 9, 9);

TimePoint at(int ms) {
  return TimePoint(milliseconds(ms));
}

struct Counted {
  FibKey key;
  std::uint64_t packets;
  PortSet members = PortSet(1);
};

Sample look(const Sample* before, int ms, std::vector<Counted> entries) {
  Sample sample;
  sample.number = before == nullptr ? 1 : before->number + 1;
  sample.time = at(ms);
  sample.ports.resize(2);
  sample.vlans.resize(1);
  sample.vlans[0].id = kVlan;
  for (const Counted& entry : entries) {
    Flow flow;
    flow.key = entry.key;
    flow.members = entry.members;
    flow.packets = entry.packets;
    flow.bytes = entry.packets * 100;
    flow.meter.since = at(ms);
    sample.flows.push_back(flow);
  }
  finish(sample, before);
  return sample;
}

const FibKey kAny{kVlan, kGroup, {}};
const FibKey kOne{kVlan, kGroup, kSource};

TEST(Rates, AreOfTheLastSecond) {
  const Sample first = look(nullptr, 0, {{kAny, 1000}});
  EXPECT_FALSE(first.groups[0].rate.known);  // a total says nothing about now
  const Sample half = look(&first, 500, {{kAny, 1500}});
  EXPECT_FALSE(half.groups[0].rate.known);
  const Sample second = look(&half, 1000, {{kAny, 2000}});
  EXPECT_DOUBLE_EQ(second.groups[0].rate.packets_per_s, 1000);
  EXPECT_DOUBLE_EQ(second.groups[0].rate.bytes_per_s, 100'000);
  // In between the last figure stands; then the stream stops.
  const Sample third = look(&second, 1500, {{kAny, 2000}});
  EXPECT_DOUBLE_EQ(third.groups[0].rate.packets_per_s, 1000);
  const Sample fourth = look(&third, 2000, {{kAny, 2000}});
  EXPECT_TRUE(fourth.groups[0].rate.known);
  EXPECT_DOUBLE_EQ(fourth.groups[0].rate.packets_per_s, 0);
}

TEST(Rates, OfNewEntriesCountFromZero) {
  const Sample first = look(nullptr, 0, {});
  const Sample second = look(&first, 1000, {{kAny, 50}});
  ASSERT_TRUE(second.groups[0].rate.known);
  EXPECT_DOUBLE_EQ(second.groups[0].rate.packets_per_s, 50);
}

TEST(Rates, SurviveEntriesThatComeAndGo) {
  const Sample first = look(nullptr, 0, {{kAny, 100}, {kOne, 1'000'000}});
  // The (S,G) entry is gone: the group's sum falls, its rate is that of what is left.
  const Sample second = look(&first, 1000, {{kAny, 200}});
  EXPECT_DOUBLE_EQ(second.groups[0].rate.packets_per_s, 100);
  // It comes back and counts from zero.
  const Sample third = look(&second, 2000, {{kAny, 200}, {kOne, 30}});
  EXPECT_DOUBLE_EQ(third.groups[0].rate.packets_per_s, 30);
  // Gone and back between two looks, or cleared: fewer than before.
  const Sample fourth = look(&third, 3000, {{kAny, 40}, {kOne, 5}});
  EXPECT_DOUBLE_EQ(fourth.groups[0].rate.packets_per_s, 45);
  const Sample fifth = look(&fourth, 4000, {{kAny, 50}, {kOne, 5}});
  EXPECT_DOUBLE_EQ(fifth.groups[0].rate.packets_per_s, 10);
}

TEST(Sample, SumsUp) {
  const VlanId other{20};
  const Sample first = look(nullptr, 0, {});
  const Sample sample = look(&first, 1000,
                             {{{other, kGroup, {}}, 7, PortSet(2)},
                              {kOne, 20, PortSet(2)},
                              {kAny, 10, PortSet(1)},
                              {{kVlan, ipv4(239, 1, 1, 0), {}}, 5, PortSet(3)}});
  ASSERT_EQ(sample.groups.size(), 3u);
  const GroupLine* const line = sample.find(kVlan, kGroup);
  ASSERT_NE(line, nullptr);
  EXPECT_EQ(line->flows, 2u);
  EXPECT_EQ(line->members, PortSet(3));
  EXPECT_EQ(line->packets, 30u);
  EXPECT_EQ(sample.flows_of(*line)[0].key, kAny);
  EXPECT_EQ(sample.find(kVlan, kSource), nullptr);
  EXPECT_EQ(sample.ports[0].groups, 2u);
  EXPECT_EQ(sample.ports[1].groups, 3u);
  EXPECT_EQ(sample.vlans[0].groups, 2u);
  EXPECT_DOUBLE_EQ(sample.vlans[0].rate.packets_per_s, 35);
  EXPECT_DOUBLE_EQ(sample.peak_packets_per_s, 30);
}

}  // namespace
}  // namespace sluice::control::web::sample_test
