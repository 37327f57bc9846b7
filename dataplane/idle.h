// SPDX-License-Identifier: BSD-3-Clause
// When may a worker sleep, and for how long? After a while of rounds without work it naps, a little
// longer each time, up to the longest that the operator allows; any work begins the while anew. So
// a frame that follows close on another never waits, and one that comes out of silence waits for
// one nap at most. Pure: told the time, sleeps itself not. Worker.
#pragma once

#include <algorithm>
#include <cstdint>

#include "shared/punt_limits.h"

namespace sluice::dataplane {

class Naps {
 public:
  // Frames that follow each other within this time find the worker awake.
  static constexpr Nanoseconds kAwake = 50'000;
  static constexpr Nanoseconds kFirst = 8'000;

  // 0: never.
  explicit Naps(Nanoseconds longest) : longest_(longest) {}

  bool allowed() const { return longest_ != 0; }

  // After a round of the loop: how long to sleep now, 0 for not at all.
  Nanoseconds after(bool worked, Nanoseconds now) {
    if (worked) {
      quiet_since_ = now;
      next_ = kFirst;
      return 0;
    }
    if (now - quiet_since_ < kAwake) return 0;
    const Nanoseconds nap = std::min(next_, longest_);
    next_ = std::min(2 * next_, longest_);
    return nap;
  }

 private:
  Nanoseconds longest_;
  Nanoseconds next_ = kFirst;
  Nanoseconds quiet_since_ = 0;
};

}  // namespace sluice::dataplane
