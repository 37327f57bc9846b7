// SPDX-License-Identifier: BSD-3-Clause
// The rate of a pair of counters that is looked at now and then. Measured over at least a second,
// so that a look in between shows the last figure and not noise. Pure values.
#pragma once

#include <cstdint>
#include <optional>

#include "shared/time.h"

namespace sluice::control::web {

struct Rate {
  static constexpr Duration kWindow = std::chrono::seconds(1);

  bool known = false;
  double packets_per_s = 0, bytes_per_s = 0;

  Rate& operator+=(const Rate& other) {
    known = known || other.known;
    packets_per_s += other.packets_per_s;
    bytes_per_s += other.bytes_per_s;
    return *this;
  }
};

// What is kept of one pair of counters from look to look.
struct Meter {
  std::uint64_t packets = 0, bytes = 0;  // when the window began
  TimePoint since{};
  Rate rate;

  // The next look. `before`: the last one at these counters; none: they are new. `last_look`: when
  // everything was looked at before, none: never. New counters began at zero after it.
  static Meter next(const Meter* before, std::optional<TimePoint> last_look, std::uint64_t packets,
                    std::uint64_t bytes, TimePoint now) {
    Meter meter;
    if (before != nullptr) {
      meter = *before;
    } else if (last_look) {
      meter.since = *last_look;
    } else {
      return {packets, bytes, now, {}};
    }
    // Fewer than before: cleared, or another entry of the same key, and counted from zero since.
    if (packets < meter.packets || bytes < meter.bytes) {
      meter.packets = meter.bytes = 0;
      meter.since = last_look.value_or(now);
    }
    if (now - meter.since < Rate::kWindow) return meter;
    const double seconds = std::chrono::duration<double>(now - meter.since).count();
    return {packets,
            bytes,
            now,
            {true, static_cast<double>(packets - meter.packets) / seconds,
             static_cast<double>(bytes - meter.bytes) / seconds}};
  }
};

}  // namespace sluice::control::web
