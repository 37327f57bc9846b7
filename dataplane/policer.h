// SPDX-License-Identifier: BSD-3-Clause
// Token buckets for what is punted: how much of each class a port, and a VLAN, may hand up. All
// workers share them, so that a port whose frames are spread over several has one bucket. A bucket
// is one word, the time at which it will be full again (the generic cell rate algorithm of ITU-T
// I.371, which needs no refilling, and no division): a frame moves it on by its tokens' time and is
// refused when it would then be further off than a whole bucket. What is refused writes nothing.
// Workers, per punted frame.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "shared/ids.h"
#include "shared/punt_limits.h"
#include "shared/zeroed_array.h"

namespace sluice::dataplane {

class TokenBucket {
 public:
  // Takes `tokens` out at `now`; false: there are not so many, and none is taken. More than the
  // bucket ever holds counts as the whole bucket: what is large waits, but it does pass.
  bool take(const BucketShape& shape, unsigned tokens, Nanoseconds now) {
    if (shape.token == 0) return true;
    Nanoseconds full_at = full_at_.load(std::memory_order_relaxed);
    if (full_at > now + shape.full) {  // emptier than empty: the limit was another one before
      full_at_.compare_exchange_strong(full_at, now + shape.full, std::memory_order_relaxed);
      return false;
    }
    const Nanoseconds worth = std::min(shape.token * tokens, shape.full);
    Nanoseconds then = 0;
    do {
      then = std::max(full_at, now) + worth;
      if (then - now > shape.full) return false;
    } while (!full_at_.compare_exchange_weak(full_at, then, std::memory_order_relaxed));
    return true;
  }

 private:
  std::atomic<Nanoseconds> full_at_{0};
};

enum class Admission : std::uint8_t { kAdmitted, kPortLimit, kVlanLimit };

class Policer {
 public:
  Admission admit(const PuntShapes& shapes, PuntClass of, PortId port, VlanId vlan, unsigned tokens,
                  Nanoseconds now) {
    const auto at = static_cast<std::size_t>(of);
    if (!ports_[port.value].of[at].take(shapes[at].port, tokens, now)) return Admission::kPortLimit;
    if (!vlans_[vlan.value].of[at].take(shapes[at].vlan, tokens, now)) return Admission::kVlanLimit;
    return Admission::kAdmitted;
  }

 private:
  struct alignas(32) Buckets {
    std::array<TokenBucket, kPuntClasses> of;
  };
  std::array<Buckets, kMaxPorts> ports_;
  ZeroedArray<Buckets> vlans_{kVlanIds};
};

// Tokens for a frame of reports: its group records, by its length, so that nothing need be parsed
// here. 46 bytes are Ethernet, IPv4 with Router Alert, and the message's own header; a record is 8,
// two sources as much again. An IGMPv1 or v2 message is one.
constexpr unsigned report_tokens(std::uint32_t frame_bytes) {
  constexpr std::uint32_t kBefore = 14 + 24 + 8, kRecord = 8;
  return frame_bytes < kBefore + 2 * kRecord ? 1 : (frame_bytes - kBefore) / kRecord;
}

}  // namespace sluice::dataplane
