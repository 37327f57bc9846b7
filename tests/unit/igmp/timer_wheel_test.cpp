// SPDX-License-Identifier: BSD-3-Clause
// The timing wheel against a plain ordered set.
#include "control/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace sluice::control::timer_wheel_test {
namespace {

using Id = TimerWheel::Id;
using Fired = std::vector<Id>;

constexpr TimePoint at(std::int64_t ms) {
  return TimePoint(Duration(ms));
}
constexpr std::int64_t kDay = 24 * 3600 * 1000;

Fired advance(TimerWheel& wheel, TimePoint now) {
  Fired fired;
  wheel.advance(now, [&](Id id) { fired.push_back(id); });
  return fired;
}

TEST(TimerWheel, FiresAtItsTickAndNotBefore) {
  const std::vector<std::int64_t> spans = {1, 63, 64, 65, 4095, 4096, 262'144, 50 * kDay + 7};
  for (const std::int64_t ms : spans) {
    TimerWheel wheel;
    wheel.set(5, at(ms));
    EXPECT_EQ(wheel.deadline(5), at(ms));
    EXPECT_LE(wheel.next_deadline(), at(ms));
    EXPECT_TRUE(advance(wheel, at(ms - 1)).empty()) << ms;
    EXPECT_EQ(wheel.next_deadline(), at(ms)) << "exact one tick before";
    EXPECT_EQ(advance(wheel, at(ms)), Fired{5}) << ms;
    EXPECT_EQ(wheel.deadline(5), kNever);
    EXPECT_EQ(wheel.next_deadline(), kNever);
    EXPECT_EQ(wheel.size(), 0u);
  }
}

TEST(TimerWheel, OrdersByDeadlineThenId) {
  TimerWheel wheel;
  wheel.set(9, at(100));
  wheel.set(3, at(100));
  wheel.set(7, at(5000));
  wheel.set(1, at(100'000));
  wheel.set(8, at(99));
  wheel.set(0, at(5000));
  EXPECT_EQ(advance(wheel, at(60 * kDay)), (Fired{8, 3, 9, 0, 7, 1}));
}

TEST(TimerWheel, MovesAndCancels) {
  TimerWheel wheel;
  wheel.set(1, at(10));
  wheel.set(2, at(10));
  wheel.set(3, at(10));
  wheel.set(2, at(20));
  wheel.cancel(1);
  wheel.cancel(77);  // never set
  EXPECT_EQ(wheel.size(), 2u);
  EXPECT_EQ(advance(wheel, at(15)), Fired{3});
  EXPECT_EQ(advance(wheel, at(25)), Fired{2});
}

TEST(TimerWheel, PastDeadlinesAreDueAtOnce) {
  TimerWheel wheel(at(1000));
  wheel.set(2, at(900));
  wheel.set(1, at(1000));
  wheel.set(3, at(-5));
  EXPECT_EQ(wheel.next_deadline(), at(-5));
  wheel.cancel(3);
  EXPECT_EQ(advance(wheel, at(1000)), (Fired{2, 1}));
}

TEST(TimerWheel, TheCallMaySetAndCancel) {
  TimerWheel wheel;
  wheel.set(1, at(10));
  wheel.set(2, at(10));
  wheel.set(3, at(11));
  Fired fired;
  wheel.advance(at(12), [&](Id id) {
    fired.push_back(id);
    if (id == 1 && fired.size() == 1) {
      wheel.cancel(2);       // due at this same tick
      wheel.set(1, at(12));  // itself, for later in this advance
      wheel.set(4, at(10));  // this tick
      wheel.set(0, at(3));   // the past
      wheel.set(5, at(13));  // after
    }
  });
  EXPECT_EQ(fired, (Fired{1, 0, 4, 3, 1}));
  EXPECT_EQ(advance(wheel, at(13)), Fired{5});
}

TEST(TimerWheel, AnEarlierNowDoesNothing) {
  TimerWheel wheel;
  advance(wheel, at(100));
  wheel.set(1, at(90));
  EXPECT_TRUE(advance(wheel, at(80)).empty());
  EXPECT_EQ(advance(wheel, at(90)), Fired{1});
}

TEST(TimerWheel, AgreesWithAnOrderedSet) {
  std::mt19937_64 random(7);
  constexpr Id kIds = 3000;
  TimerWheel wheel;
  std::set<std::pair<TimePoint, Id>> model;
  std::map<Id, TimePoint> deadlines;
  TimePoint now{};
  const auto model_set = [&](Id id, TimePoint deadline) {
    if (const auto old = deadlines.find(id); old != deadlines.end()) {
      model.erase({old->second, id});
      deadlines.erase(old);
    }
    if (deadline == kNever) return;
    model.insert({deadline, id});
    deadlines[id] = deadline;
  };
  const auto delay = [&]() -> Duration {
    switch (random() % 6) {
      case 0:
        return Duration(static_cast<int>(random() % 4));
      case 1:
        return Duration(static_cast<int>(random() % 70));
      case 2:
        return Duration(static_cast<int>(random() % 5000));
      case 3:
        return Duration(static_cast<int>(random() % 300'000));
      case 4:
        return Duration(static_cast<std::int64_t>(random() % (60 * kDay)));
      default:
        return Duration(-static_cast<int>(random() % 100));
    }
  };
  std::size_t fired = 0;
  for (int round = 0; round < 1'000'000; ++round) {
    const auto what = random() % 16;
    if (what < 11) {
      const Id id = static_cast<Id>(random() % kIds);
      const TimePoint deadline = now + delay();
      wheel.set(id, deadline);
      model_set(id, deadline);
    } else if (what < 13) {
      const Id id = static_cast<Id>(random() % kIds);
      wheel.cancel(id);
      model_set(id, kNever);
    } else {
      const TimePoint earliest = model.empty() ? kNever : model.begin()->first;
      ASSERT_LE(wheel.next_deadline(), earliest);
      const auto step = random() % 1000;
      now += step == 0   ? Duration(static_cast<std::int64_t>(random() % (3 * kDay)))
             : step < 50 ? Duration(static_cast<int>(random() % 5000))
                         : Duration(static_cast<int>(random() % 8));
      wheel.advance(now, [&](Id id) {
        ++fired;
        ASSERT_FALSE(model.empty());
        ASSERT_EQ(model.begin()->second, id);
        ASSERT_LE(model.begin()->first, now);
        model_set(id, kNever);
        if (random() % 8 == 0) {  // set from inside, sometimes for this same advance
          const Id other = random() % 2 == 0 ? id : static_cast<Id>(random() % kIds);
          const TimePoint deadline =
              now + Duration(1) + (random() % 2 == 0 ? Duration(-1) : Duration(random() % 5000));
          wheel.set(other, deadline);
          model_set(other, deadline);
        }
      });
      ASSERT_TRUE(model.empty() || model.begin()->first > now);
    }
    ASSERT_EQ(wheel.size(), model.size());
  }
  EXPECT_GT(fired, 10'000u);
}

}  // namespace
}  // namespace sluice::control::timer_wheel_test
