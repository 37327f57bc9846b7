// SPDX-License-Identifier: BSD-3-Clause
// Time for code that is told the time. This clock has no now(): the event loop (production) or the
// simulator passes a TimePoint in, and nothing in the protocol core can read a clock.
#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
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

// A TimePoint in six bytes, for what there are many of. Exact within 4,000 years of the start; what
// lies beyond is TimePoint::min() or kNever.
class PackedTime {
 public:
  constexpr PackedTime(TimePoint t) {
    const std::int64_t ms = std::clamp(t.time_since_epoch().count(), kMin, kMax);
    low_ = static_cast<std::uint16_t>(ms);
    middle_ = static_cast<std::uint16_t>(ms >> 16);
    high_ = static_cast<std::int16_t>(ms >> 32);
  }
  constexpr operator TimePoint() const {
    const std::int64_t ms = (std::int64_t{high_} << 32) | (std::int64_t{middle_} << 16) | low_;
    if (ms == kMax) return kNever;
    return ms == kMin ? TimePoint::min() : TimePoint(Duration(ms));
  }

  friend constexpr bool operator==(PackedTime a, TimePoint b) { return TimePoint(a) == b; }
  friend constexpr auto operator<=>(PackedTime a, TimePoint b) { return TimePoint(a) <=> b; }

 private:
  static constexpr std::int64_t kMax = (std::int64_t{1} << 47) - 1, kMin = -kMax - 1;

  std::uint16_t low_, middle_;
  std::int16_t high_;
};
static_assert(sizeof(PackedTime) == 6);

constexpr double to_seconds(Duration d) {
  return static_cast<double>(d.count()) / 1000.0;
}

}  // namespace sluice
