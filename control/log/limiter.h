// SPDX-License-Identifier: BSD-3-Clause
// How often an event may be logged: what a peer can cause must not fill the log. A token bucket for
// each event; what is withheld is counted, and told with the event's next line, or at the latest
// kTellAfter later on a line of its own. Pure: the caller says what time it is, and takes care that
// one thread at a time is in here.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "shared/log.h"
#include "shared/time.h"

namespace sluice::control::log {

struct Rate {
  std::uint32_t burst;
  Duration interval;  // one more line for each of these
};
// Every port and many VLANs may say something at the start. Who asks for debug lines wants many.
constexpr Rate rate_of(LogLevel level) {
  return level <= LogLevel::kDebug ? Rate{1000, std::chrono::milliseconds(10)}
                                   : Rate{100, std::chrono::seconds(1)};
}

class Limiter {
 public:
  static constexpr Duration kTellAfter = std::chrono::seconds(10);

  // None: withhold the line. Otherwise write it, and say that so many were withheld before it.
  std::optional<std::uint64_t> admit(LogEvent event, TimePoint now);
  // Visits each event of which lines have been withheld for kTellAfter and not told; `all`: each of
  // which any have.
  void tell(TimePoint now, bool all,
            const std::function<void(LogEvent, std::uint64_t suppressed)>& visit);

 private:
  struct Bucket {
    TimePoint full_at = TimePoint::min();  // when all of the burst may be taken again
    TimePoint since{};                     // of the first line withheld
    std::uint64_t suppressed = 0;
  };

  std::vector<Bucket> buckets_ = std::vector<Bucket>(all_log_events().size());
};

}  // namespace sluice::control::log
