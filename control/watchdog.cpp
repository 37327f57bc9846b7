// SPDX-License-Identifier: BSD-3-Clause
#include "control/watchdog.h"

#include <utility>

namespace sluice::control {

Watchdog::Due Watchdog::advance(TimePoint now) {
  if (!token_) {
    token_ = workers_.start();
    progressed_ = now;
  }
  Due due;
  if (workers_.passed(*token_)) {
    token_ = workers_.start();
    progressed_ = now;
    due.resumed = std::exchange(stuck_, false);
    if (interval_ > Duration::zero() && now >= next_feed_) {
      due.feed = true;
      next_feed_ = now + interval_;
    }
  } else if (!stuck_ && now - progressed_ >= kStuck) {
    due.stuck = stuck_ = true;
  }
  return due;
}

}  // namespace sluice::control
