// SPDX-License-Identifier: BSD-3-Clause
// Time for code that is told the time. This clock has no now(): the event loop (production) or the
// simulator passes a TimePoint in, and nothing in the protocol core can read a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace sluice {

using Duration = std::chrono::duration<std::int64_t, std::milli>;

struct ProtocolClock {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  using time_point = std::chrono::time_point<ProtocolClock, Duration>;
  static constexpr bool is_steady = true;
};

// Milliseconds since the daemon (or the simulation) started.
using TimePoint = ProtocolClock::time_point;

// Later than any deadline; also "this timer does not run".
inline constexpr TimePoint kNever = TimePoint::max();

constexpr double to_seconds(Duration d) {
  return static_cast<double>(d.count()) / 1000.0;
}

}  // namespace sluice
