// SPDX-License-Identifier: BSD-3-Clause
// Raising, clearing, hysteresis, and the bound.
#include "control/health/alarm_table.h"

#include <gtest/gtest.h>

namespace sluice::control::health::alarm_table_test {
namespace {

using std::chrono::seconds;

constexpr Hold kTen{seconds(10), seconds(5)};

class AlarmTableTest : public testing::Test {
 protected:
  void see(const Subject& subject, const Hold& hold = kTen) {
    table.sight(subject, hold, now, {"It is so.", "Do this."});
  }
  // One second later; what changed.
  std::vector<Transition> tick() {
    std::vector<Transition> changes;
    table.settle(now, changes);
    now += seconds(1);
    return changes;
  }

  AlarmTable table;
  TimePoint now{};
  const Subject subject{.kind = Kind::kNoQuerier, .vlan = VlanId{10}};
};

TEST_F(AlarmTableTest, RaisesWhatLastsAndClearsWhatHasGone) {
  for (int i = 0; i < 10; ++i) {
    see(subject);
    EXPECT_TRUE(tick().empty()) << i;
  }
  see(subject);
  const auto raised = tick();
  ASSERT_EQ(raised.size(), 1u);
  EXPECT_TRUE(raised[0].raised);
  EXPECT_EQ(raised[0].alarm.name, "no-querier");
  EXPECT_EQ(raised[0].alarm.severity, Severity::kCritical);
  EXPECT_EQ(raised[0].alarm.vlan, VlanId{10});
  EXPECT_EQ(raised[0].alarm.since, TimePoint{});
  EXPECT_EQ(table.active().size(), 1u);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(tick().empty()) << "seen " << i << " s ago";
  const auto cleared = tick();
  ASSERT_EQ(cleared.size(), 1u);
  EXPECT_FALSE(cleared[0].raised);
  EXPECT_TRUE(table.active().empty());
}

TEST_F(AlarmTableTest, WhatComesAndGoesQuicklyIsRaisedOnce) {
  int transitions = 0;
  for (int i = 0; i < 60; ++i) {
    if (i % 4 != 0) see(subject);
    transitions += static_cast<int>(tick().size());
  }
  EXPECT_EQ(transitions, 1);
}

TEST_F(AlarmTableTest, WhatIsShortIsNeverRaised) {
  int transitions = 0;
  for (int i = 0; i < 100; ++i) {
    if (i % 20 < 8) see(subject);
    transitions += static_cast<int>(tick().size());
  }
  EXPECT_EQ(transitions, 0);
}

TEST_F(AlarmTableTest, ListsABoundedNumberOfAKindAndCountsTheRest) {
  const auto see_many = [&] {
    for (std::uint32_t i = 0; i < 100; ++i) {
      see({.kind = Kind::kViewersWithoutStream, .group = Ipv4{i}}, {Duration{0}, seconds(5)});
    }
    table.end_round(Kind::kViewersWithoutStream);
  };
  see_many();
  see(subject, {Duration{0}, seconds(5)});
  EXPECT_EQ(tick().size(), AlarmTable::kMostOfAKind + 1) << "another kind has room of its own";
  EXPECT_EQ(table.not_listed(), 100 - AlarmTable::kMostOfAKind);
  EXPECT_EQ(table.active().front().name, "no-querier") << "the most severe first";
  for (int i = 0; i < 8; ++i) tick();
  table.end_round(Kind::kViewersWithoutStream);
  EXPECT_TRUE(table.active().empty());
  EXPECT_EQ(table.not_listed(), 0u);
  see_many();
  EXPECT_EQ(tick().size(), AlarmTable::kMostOfAKind) << "there is room again";
}

}  // namespace
}  // namespace sluice::control::health::alarm_table_test
