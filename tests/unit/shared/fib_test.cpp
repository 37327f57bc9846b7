// SPDX-License-Identifier: BSD-3-Clause
#include "shared/fib.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <tuple>

#include "tests/unit/shared/grace_by_hand.h"

namespace sluice::fib_test {
namespace {

constexpr VlanId kVlan{10};
const Ipv4 kGroup = ipv4(239, 1, 1, 1);
const Ipv4 kSource = ipv4(10, 9, 9, 9);
const Ipv4 kOther = ipv4(10, 9, 9, 8);

EgressSet ports(std::uint64_t bits) {
  return EgressSet{PortSet(bits)};
}

struct FibTest : testing::Test {
  GraceByHand grace;
  Fib fib{1024, 2, grace};

  Fib::Hit lookup(VlanId vlan, Ipv4 group, Ipv4 source) {
    const Fib::Reader reader(fib, 0);
    return reader.lookup(reader.where(vlan, group), source);
  }
  // As a worker does for frames of (kGroup, kSource).
  void count(unsigned worker, std::uint32_t packets, std::uint32_t bytes) {
    const Fib::Reader reader(fib, worker);
    reader.count(reader.lookup(reader.where(kVlan, kGroup), kSource), packets, bytes);
  }
  // The ports that a worker would find; nothing: not registered.
  std::optional<std::uint64_t> found(VlanId vlan, Ipv4 group, Ipv4 source) {
    const Fib::Hit hit = lookup(vlan, group, source);
    if (hit.egress == nullptr) return std::nullopt;
    return hit.egress->members.bits();
  }
};

TEST_F(FibTest, SourceEntryWinsAndOthersFallBack) {
  RecordProperty("req", "snooping/DP-13");
  EXPECT_EQ(found(kVlan, kGroup, kSource), std::nullopt);
  ASSERT_TRUE(fib.set({kVlan, kGroup, {}}, ports(0b0110)));
  ASSERT_TRUE(fib.set({kVlan, kGroup, kSource}, ports(0b1000)));
  EXPECT_EQ(found(kVlan, kGroup, kSource), 0b1000u);
  EXPECT_EQ(found(kVlan, kGroup, kOther), 0b0110u);
  EXPECT_EQ(found(VlanId{11}, kGroup, kSource), std::nullopt);
  ASSERT_TRUE(fib.erase({kVlan, kGroup, kSource}));
  EXPECT_EQ(found(kVlan, kGroup, kSource), 0b0110u);
}

TEST_F(FibTest, EmptySetStillRegistersTheGroup) {
  RecordProperty("req", "snooping/DP-11");
  ASSERT_TRUE(fib.set({kVlan, kGroup, {}}, ports(0)));
  EXPECT_EQ(found(kVlan, kGroup, kSource), 0u);
}

TEST_F(FibTest, AWalkInPiecesMissesNothing) {
  std::set<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < 500; ++i) {
    ASSERT_TRUE(fib.set({kVlan, Ipv4{kGroup.value + i}, {}}, ports(1)));
    expected.insert(kGroup.value + i);
  }
  std::multiset<std::uint32_t> seen;
  unsigned pieces = 0;
  std::uint32_t from = 0;
  do {
    from = fib.for_each_from(from, 300, [&](const Fib::Row& row) {
      if (row.key.vlan == kVlan) seen.insert(row.key.group.value);
    });
    ++pieces;
    // What comes and goes meanwhile moves nobody.
    fib.erase({VlanId{11}, kGroup, {}});
    ASSERT_TRUE(fib.set({VlanId{12}, Ipv4{kGroup.value + pieces}, {}}, ports(1)));
    grace.pass();
  } while (from != 0);
  EXPECT_GT(pieces, 3u);
  EXPECT_EQ(seen.size(), 500u);
  EXPECT_EQ(std::set(seen.begin(), seen.end()), expected);
}

TEST_F(FibTest, GroupsOfOneMacAreApart) {
  RecordProperty("req", "snooping/DP-12 snooping/SA-03");
  // All 32 groups that map to 01:00:5e:01:02:03, each with a set of its own.
  std::vector<Ipv4> groups;
  for (unsigned high = 224; high < 240; ++high) {
    groups.push_back(ipv4(high, 1, 2, 3));
    groups.push_back(ipv4(high, 129, 2, 3));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    ASSERT_EQ(multicast_mac(groups[i]), multicast_mac(groups[0]));
    ASSERT_TRUE(fib.set({kVlan, groups[i], {}}, ports(std::uint64_t{1} << i)));
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    EXPECT_EQ(found(kVlan, groups[i], kSource), std::uint64_t{1} << i);
  }
}

TEST_F(FibTest, SourceEntryNeedsItsGroup) {
  EXPECT_FALSE(fib.set({kVlan, kGroup, kSource}, ports(1)));
  EXPECT_EQ(fib.size(), 0u);
  ASSERT_TRUE(fib.set({kVlan, kGroup, {}}, ports(1)));
  ASSERT_TRUE(fib.set({kVlan, kGroup, kSource}, ports(1)));
  EXPECT_FALSE(fib.erase({kVlan, kGroup, {}})) << "it still has a source entry";
  EXPECT_TRUE(fib.erase({kVlan, kGroup, kSource}));
  EXPECT_TRUE(fib.erase({kVlan, kGroup, {}}));
  EXPECT_FALSE(fib.erase({kVlan, kGroup, {}}));
  EXPECT_EQ(fib.size(), 0u);
}

TEST_F(FibTest, WhatAReaderHoldsStaysUntilTheGracePeriodIsOver) {
  ASSERT_TRUE(fib.set({kVlan, kGroup, {}}, ports(0b01)));
  const Fib::Hit held = lookup(kVlan, kGroup, kSource);
  ASSERT_TRUE(fib.set({kVlan, kGroup, {}}, ports(0b10)));
  // The writer goes on with many new sets; the old one must not be given to any of them.
  for (unsigned i = 0; i < 500; ++i) {
    ASSERT_TRUE(fib.set({VlanId{20}, Ipv4{kGroup.value + i}, {}}, ports(0x100 + i)));
    ASSERT_EQ(held.egress->members.bits(), 0b01u);
  }
  EXPECT_EQ(fib.retired(), 1u);
  grace.pass();
  fib.reclaim();
  EXPECT_EQ(fib.retired(), 0u);
}

TEST_F(FibTest, ASetThatComesBackToUseIsNotGivenAway) {
  const FibKey one{kVlan, kGroup, {}};
  ASSERT_TRUE(fib.set(one, ports(0b01)));
  ASSERT_TRUE(fib.set(one, ports(0b10)));  // 01 retires,
  ASSERT_TRUE(fib.set(one, ports(0b01)));  // and is wanted again while it waits; 10 retires
  grace.pass();
  fib.reclaim();
  for (unsigned i = 1; i < 100; ++i) {
    ASSERT_TRUE(fib.set({kVlan, Ipv4{kGroup.value + i}, {}}, ports(0x100 + i)));
    ASSERT_EQ(found(kVlan, kGroup, kSource), 0b01u);
  }
  EXPECT_EQ(fib.egress_sets(), 100u);
}

TEST_F(FibTest, AFullTableRefusesAndKeepsWhatItHas) {
  for (std::uint32_t i = 0; i < fib.capacity(); ++i) {
    ASSERT_TRUE(fib.set({kVlan, Ipv4{kGroup.value + i}, {}}, ports(1 + i % 7)));
  }
  const Status refused = fib.set({kVlan, ipv4(232, 0, 1, 1), {}}, ports(1));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("1024"), std::string::npos) << refused.error().what;
  EXPECT_TRUE(fib.set({kVlan, kGroup, {}}, ports(0xF0))) << "a replacement needs no place";
  for (std::uint32_t i = 1; i < fib.capacity(); ++i) {
    ASSERT_EQ(found(kVlan, Ipv4{kGroup.value + i}, kSource), 1 + i % 7);
  }
  ASSERT_TRUE(fib.erase({kVlan, kGroup, {}}));
  EXPECT_TRUE(fib.set({kVlan, ipv4(232, 0, 1, 1), {}}, ports(1)));
}

TEST_F(FibTest, CountsPerEntryFromZero) {
  const FibKey key{kVlan, kGroup, {}};
  ASSERT_TRUE(fib.set(key, ports(1)));
  const std::uint32_t place = lookup(kVlan, kGroup, kSource).place;
  count(0, 2, 200);
  count(1, 3, 300);
  EXPECT_EQ(fib.find(key)->packets, 5u);
  EXPECT_EQ(fib.find(key)->bytes, 500u);
  ASSERT_TRUE(fib.set(key, ports(2)));
  EXPECT_EQ(fib.find(key)->packets, 5u) << "new ports, same entry";
  fib.clear_counters();
  EXPECT_EQ(fib.find(key)->packets, 0u);
  count(1, 1, 64);
  EXPECT_EQ(fib.find(key)->bytes, 64u);
  ASSERT_TRUE(fib.erase(key));
  grace.pass();
  ASSERT_TRUE(fib.set(key, ports(1)));
  EXPECT_EQ(lookup(kVlan, kGroup, kSource).place, place) << "used again";
  EXPECT_EQ(fib.find(key)->packets, 0u);
}

TEST_F(FibTest, CountsMoreThanAWordHolds) {
  const FibKey any{kVlan, kGroup, {}};
  const FibKey exact{kVlan, kGroup, kSource};
  ASSERT_TRUE(fib.set(any, ports(1)));
  for (const FibKey& key : {any, exact}) {
    ASSERT_TRUE(fib.set(key, ports(1)));
    std::uint64_t packets = 0, bytes = 0;
    for (unsigned i = 0; i < 3000; ++i) {
      const std::uint32_t n = i % 2 == 0 ? FibCount::kMostPackets - 1 : 1;
      const std::uint32_t size = i % 2 == 0 ? 64 : FibCount::kMostBytes - 1;
      count(i % 3 == 0 ? 0 : 1, n, size);
      packets += n;
      bytes += size;
      ASSERT_EQ(fib.find(key)->packets, packets) << i;
      ASSERT_EQ(fib.find(key)->bytes, bytes) << i;
    }
    EXPECT_GT(bytes, std::uint64_t{1} << 31);
    EXPECT_GT(packets, 1u << 19);
  }
}

// Neighbours in number, and those far apart that differ by a power of two only.
TEST_F(FibTest, RegularGroupsFillTheTable) {
  for (const std::uint32_t step : {1u, 256u, 1u << 16}) {
    Fib table(4096, 1, grace);
    for (std::uint32_t i = 0; i < table.capacity(); ++i) {
      const Ipv4 group{0xE0000100 | (i * step & 0x0FFFFFFF)};
      ASSERT_TRUE(table.set({VlanId{static_cast<std::uint16_t>(1 + i % 3)}, group, {}}, ports(i)))
          << "step " << step << ", entry " << i;
    }
  }
}

// A million random changes against a std::map; look-ups all along, everything compared at the end
// of each stage. Few VLANs, groups and sources, so that every kind of collision happens; 2,000
// entries wanted where 1,024 fit.
TEST_F(FibTest, AgreesWithAModel) {
  using Key = std::tuple<std::uint16_t, std::uint32_t, std::uint32_t>;
  std::map<Key, std::uint64_t> model;
  std::map<Key, unsigned> sources;  // of a group
  std::mt19937 random(1);
  const auto below = [&random](std::uint32_t n) {
    return static_cast<std::uint32_t>(random() % n);
  };
  for (unsigned step = 0; step < 1'000'000; ++step) {
    const FibKey key{VlanId{static_cast<std::uint16_t>(1 + below(4))},
                     Ipv4{kGroup.value + below(250)},
                     below(2) == 0 ? Ipv4{} : Ipv4{kSource.value + below(3)}};
    const Key at{key.vlan.value, key.group.value, key.source.value};
    const Key group{key.vlan.value, key.group.value, 0};
    if (below(100) < 55) {
      const std::uint64_t bits = below(40);
      const bool known = model.contains(at);
      const bool fits =
          known || (model.size() < fib.capacity() && (key.any_source() || model.contains(group)));
      ASSERT_EQ(static_cast<bool>(fib.set(key, ports(bits))), fits) << "step " << step;
      if (fits) model[at] = bits;
      if (fits && !known && !key.any_source()) ++sources[group];
    } else {
      const bool goes = model.contains(at) && (!key.any_source() || sources[at] == 0);
      ASSERT_EQ(fib.erase(key), goes) << "step " << step;
      if (goes) model.erase(at);
      if (goes && !key.any_source()) --sources[group];
    }
    const Ipv4 source{kSource.value + below(3)};
    const auto exact = model.find({key.vlan.value, key.group.value, source.value});
    const auto any = model.find(group);
    const auto expected = any == model.end()     ? std::nullopt
                          : exact != model.end() ? std::optional(exact->second)
                                                 : std::optional(any->second);
    ASSERT_EQ(found(key.vlan, key.group, source), expected) << "step " << step;
    if (below(16) == 0) grace.pass();
    if (step % 100'000 != 0) continue;
    std::map<Key, std::uint64_t> rows;
    fib.for_each([&](const Fib::Row& row) {
      rows[{row.key.vlan.value, row.key.group.value, row.key.source.value}] =
          row.egress.members.bits();
    });
    ASSERT_EQ(rows, model) << "step " << step;
    ASSERT_EQ(fib.size(), model.size());
    std::set<std::uint64_t> distinct;
    for (const auto& entry : model) distinct.insert(entry.second);
    ASSERT_EQ(fib.egress_sets(), distinct.size());
  }
}

}  // namespace
}  // namespace sluice::fib_test
