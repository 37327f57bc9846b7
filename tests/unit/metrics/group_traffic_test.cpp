// SPDX-License-Identifier: BSD-3-Clause
// The busiest groups one by one and the rest together: no figure goes down, and together they grow
// by just what was forwarded.
#include "control/metrics/group_traffic.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::control::metrics {
namespace {

constexpr VlanId kTen{10};

Ipv4 group(std::uint32_t n) {
  return Ipv4{ipv4(239, 1, 0, 0).value + n};
}

class GroupTrafficTest : public testing::Test {
 protected:
  // Reads `table`, a second after the reading before.
  void read() {
    now_ += std::chrono::seconds(1);
    traffic_.begin();
    for (const auto& [key, row] : table)
      traffic_.add({row.key, row.egress, row.packets, row.bytes});
    traffic_.finish(departed.by_vlan(), now_);
  }
  void count(std::uint32_t n, std::uint64_t packets, Ipv4 source = {}) {
    Fib::Row& row = table[{n, source.value}];
    row.key = {kTen, group(n), source};
    row.egress.members = PortSet::of(PortId{1});
    row.packets += packets;
    row.bytes += packets * 100;
    forwarded += packets;
  }
  void erase(std::uint32_t n, Ipv4 source = {}) {
    departed.add(table[{n, source.value}]);
    table.erase({n, source.value});
  }
  std::uint64_t own(std::uint32_t n) const {
    for (const GroupFigures& figures : traffic_.groups()) {
      if (figures.key.group == group(n)) return figures.own.packets;
    }
    return kNotShown;
  }
  std::uint64_t rest() const { return traffic_.vlans().at(0).rest.packets; }

  static constexpr std::uint64_t kNotShown = ~std::uint64_t{0};
  GroupTraffic traffic_{2};
  DepartedTraffic departed;
  std::map<std::pair<std::uint32_t, std::uint32_t>, Fib::Row> table;
  std::uint64_t forwarded = 0;
  GroupTraffic::SteadyTime now_{};
};

TEST_F(GroupTrafficTest, CountsFromTheFirstPacketOn) {
  count(1, 1000);
  count(1, 7, ipv4(10, 9, 9, 9));  // a source's entry is the group's too
  read();
  EXPECT_EQ(own(1), 1007u);
  EXPECT_EQ(traffic_.groups()[0].own.bytes, 100700u);
  EXPECT_EQ(traffic_.groups()[0].members.size(), 1);
  EXPECT_EQ(rest(), 0u);
  EXPECT_EQ(traffic_.vlans()[0].all.packets, 1007u);
  EXPECT_EQ(traffic_.vlans()[0].groups, 1u);
}

TEST_F(GroupTrafficTest, ShowsTheBusiestAndSumsUpTheRest) {
  for (std::uint32_t n = 1; n <= 4; ++n) count(n, n);
  read();
  EXPECT_EQ(own(4), 4u);
  EXPECT_EQ(own(3), 3u);
  EXPECT_EQ(own(2), kNotShown);
  EXPECT_EQ(rest(), 3u);
  EXPECT_EQ(traffic_.vlans()[0].groups_in_rest, 2u);
}

// What group 1 carried while it was in the rest stays there.
TEST_F(GroupTrafficTest, BeginsAtNothingWhenItLeavesTheRest) {
  count(1, 10), count(2, 20), count(3, 30);
  read();
  count(1, 1000);
  read();
  EXPECT_EQ(own(1), 0u);
  EXPECT_EQ(own(2), 20u);
  EXPECT_EQ(own(3), kNotShown);  // 2 and 3 stood still, and 2 comes first
  EXPECT_EQ(rest(), 1010u);
  count(1, 5);
  read();
  EXPECT_EQ(own(1), 5u);
  EXPECT_EQ(rest(), 1010u);
}

TEST_F(GroupTrafficTest, AboutTheSameRateIsNoReasonToChange) {
  count(1, 10), count(2, 20), count(3, 30);
  read();
  count(1, 19), count(2, 10), count(3, 30);
  read();
  EXPECT_EQ(own(1), kNotShown);
  count(1, 21), count(2, 10), count(3, 30);
  read();
  EXPECT_EQ(own(1), 0u);
  EXPECT_EQ(own(2), kNotShown);
}

TEST_F(GroupTrafficTest, LosesNothingWithAnEntryThatGoes) {
  count(1, 100);
  count(1, 50, ipv4(10, 9, 9, 9));
  read();
  count(1, 5, ipv4(10, 9, 9, 9));
  erase(1, ipv4(10, 9, 9, 9));
  read();
  EXPECT_EQ(own(1), 150u);
  EXPECT_EQ(rest(), 5u);
  count(1, 1);
  read();
  EXPECT_EQ(own(1), 151u);
  erase(1);
  read();
  EXPECT_EQ(own(1), kNotShown);
  EXPECT_EQ(traffic_.vlans()[0].all.packets, 156u);
  EXPECT_EQ(rest(), 5u);
}

// Neither in the table when its place was read, nor among the departed as they were before.
TEST_F(GroupTrafficTest, AnEntryThatGoesWhileTheTableIsReadIsNotMissed) {
  count(1, 500);
  count(2, 500);
  count(3, 100);
  count(3, 40, ipv4(10, 9, 9, 9));
  read();
  ASSERT_EQ(rest(), 140u);
  const Fib::Row going = table[{3, ipv4(10, 9, 9, 9).value}];
  table.erase({3, ipv4(10, 9, 9, 9).value});
  read();
  EXPECT_EQ(rest(), 140u) << "for Prometheus less would be a restart";
  departed.add(going);
  read();
  EXPECT_EQ(rest(), 140u);
}

TEST_F(GroupTrafficTest, NothingGoesDownWhateverHappens) {
  std::mt19937 random(7);
  std::map<std::uint32_t, std::uint64_t> shown;
  std::uint64_t last_rest = 0, grown = 0;
  for (int round = 0; round < 2000; ++round) {
    for (int i = 0; i < 4; ++i) count(random() % 8, random() % 1000);
    const std::uint32_t victim = random() % 8;
    if (random() % 3 == 0 && table.contains({victim, 0})) erase(victim);
    read();
    std::map<std::uint32_t, std::uint64_t> now;
    for (const GroupFigures& figures : traffic_.groups()) {
      now[figures.key.group.value - group(0).value] = figures.own.packets;
    }
    EXPECT_LE(now.size(), 2u);
    for (const auto& [n, packets] : now) {
      const auto before = shown.find(n);
      // A group that was gone in between begins anew: so does its entry.
      if (before == shown.end()) {
        grown += packets;
      } else {
        ASSERT_GE(packets, before->second) << "group " << n << " in round " << round;
        grown += packets - before->second;
      }
    }
    ASSERT_GE(rest(), last_rest);
    grown += rest() - last_rest;
    last_rest = rest();
    // Only of groups shown now do we know where they stand.
    for (const auto& [n, packets] : now) shown[n] = packets;
    std::erase_if(shown, [&](const auto& entry) { return !table.contains({entry.first, 0}); });
  }
  EXPECT_EQ(traffic_.vlans()[0].all.packets, forwarded);
  EXPECT_EQ(grown, forwarded);
}

TEST_F(GroupTrafficTest, CountsFromZeroWhenTheTableDoes) {
  count(1, 100);
  read();
  traffic_.reset();
  table.clear();
  count(1, 3);
  read();
  EXPECT_EQ(own(1), 3u);
  EXPECT_EQ(rest(), 0u);
}

TEST_F(GroupTrafficTest, ProxiesEntriesAreNoTraffic) {
  traffic_.begin();
  traffic_.add({{VlanId{kVlanIds}, group(1), {}}, {}, 5, 5});
  traffic_.finish({}, now_);
  EXPECT_TRUE(traffic_.groups().empty());
  EXPECT_TRUE(traffic_.vlans().empty());
}

}  // namespace
}  // namespace sluice::control::metrics
