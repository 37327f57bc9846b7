// SPDX-License-Identifier: BSD-3-Clause
#include "control/log/limiter.h"

#include <algorithm>
#include <utility>

namespace sluice::control::log {

std::optional<std::uint64_t> Limiter::admit(LogEvent event, TimePoint now) {
  Bucket& bucket = buckets_[static_cast<std::size_t>(event)];
  const Rate rate = rate_of(text_of(event).level);
  const TimePoint full_at = std::max(bucket.full_at, now);
  if (full_at - now > rate.interval * (rate.burst - 1)) {
    if (bucket.suppressed++ == 0) bucket.since = now;
    return std::nullopt;
  }
  bucket.full_at = full_at + rate.interval;
  return std::exchange(bucket.suppressed, 0);
}

void Limiter::tell(TimePoint now, bool all,
                   const std::function<void(LogEvent, std::uint64_t suppressed)>& visit) {
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    Bucket& bucket = buckets_[i];
    if (bucket.suppressed == 0 || (!all && now - bucket.since < kTellAfter)) continue;
    visit(static_cast<LogEvent>(i), std::exchange(bucket.suppressed, 0));
  }
}

}  // namespace sluice::control::log
