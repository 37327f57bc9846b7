// SPDX-License-Identifier: BSD-3-Clause
// systemd's watchdog is fed while the workers get anywhere, and only then.
#include "control/watchdog.h"

#include <gtest/gtest.h>

#include "tests/unit/shared/grace_by_hand.h"

namespace sluice::control::watchdog_test {
namespace {

using namespace std::chrono_literals;
using Due = Watchdog::Due;

constexpr TimePoint kStart{100s};
constexpr Due kFeed{.feed = true};

TEST(Watchdog, IsFedAtItsInterval) {
  GraceByHand workers;
  Watchdog watchdog(workers, 1000ms);
  EXPECT_EQ(watchdog.advance(kStart), Due{}) << "nobody has shown progress yet";
  int feeds = 0;
  for (Duration after = 50ms; after <= 10000ms; after += 50ms) {
    workers.pass();
    feeds += watchdog.advance(kStart + after).feed;
  }
  EXPECT_EQ(feeds, 10);
}

TEST(Watchdog, IsNotFedByAWorkerThatIsStuck) {
  GraceByHand workers;
  Watchdog watchdog(workers, 1000ms);
  watchdog.advance(kStart);
  workers.pass();
  EXPECT_EQ(watchdog.advance(kStart + 50ms), kFeed);
  // From here on nobody passes.
  EXPECT_EQ(watchdog.advance(kStart + 50ms + Watchdog::kStuck - 1ms), Due{});
  EXPECT_EQ(watchdog.advance(kStart + 50ms + Watchdog::kStuck), Due{.stuck = true});
  EXPECT_EQ(watchdog.advance(kStart + 60s), Due{}) << "said once";
  workers.pass();
  EXPECT_EQ(watchdog.advance(kStart + 61s), (Due{.feed = true, .resumed = true}));
}

// What the worker passed is of no use for the next time: it has to do it again.
TEST(Watchdog, WantsProgressBetweenTwoFeeds) {
  GraceByHand workers;
  Watchdog watchdog(workers, 1000ms);
  watchdog.advance(kStart);
  workers.pass();
  EXPECT_TRUE(watchdog.advance(kStart + 50ms).feed);
  EXPECT_FALSE(watchdog.advance(kStart + 5000ms).feed);
}

TEST(Watchdog, FindsAStuckWorkerWithNobodyToFeed) {
  GraceByHand workers;
  Watchdog watchdog(workers, 0ms);
  watchdog.advance(kStart);
  workers.pass();
  EXPECT_EQ(watchdog.advance(kStart + 50ms), Due{});
  EXPECT_EQ(watchdog.advance(kStart + 5000ms), Due{.stuck = true});
}

}  // namespace
}  // namespace sluice::control::watchdog_test
