// SPDX-License-Identifier: BSD-3-Clause
// Whether every worker gets anywhere, and when systemd's watchdog (WATCHDOG=1) is due: only while
// they do. A worker that sleeps for want of frames holds nothing, and so gets somewhere; one that
// hangs in a burst does not. Control thread only, which thereby vouches for itself as well.
#pragma once

#include <optional>

#include "shared/grace_period.h"
#include "shared/time.h"

namespace sluice::control {

class Watchdog {
 public:
  // A worker that holds what it looks at for this long is stuck: a burst takes microseconds.
  static constexpr Duration kStuck = std::chrono::seconds(1);

  struct Due {
    bool feed = false;     // tell systemd that all is well
    bool stuck = false;    // a worker has just been found stuck
    bool resumed = false;  // and got on again
    friend bool operator==(const Due&, const Due&) = default;
  };

  // `interval` between two feeds: half of what systemd waits for at most; 0: nobody is to be fed.
  Watchdog(GracePeriod& workers, Duration interval) : workers_(workers), interval_(interval) {}

  // Call it every 100 ms at least, once the workers run. `now` does not go backwards.
  Due advance(TimePoint now);

 private:
  GracePeriod& workers_;
  Duration interval_;
  std::optional<std::uint64_t> token_;  // to be passed by every worker
  TimePoint progressed_{};
  TimePoint next_feed_{};
  bool stuck_ = false;
};

}  // namespace sluice::control
