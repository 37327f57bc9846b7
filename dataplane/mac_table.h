// SPDX-License-Identifier: BSD-3-Clause
// Which port a MAC address was last seen on, per VLAN: learned and read by all workers without a
// lock, aged by the control thread. Bounded: a full bucket learns nothing new, which is counted,
// and frames to an address that is not in the table flood.
//
// A place is two words, key and value. A worker claims an empty place by exchanging its key; the
// value follows, and 0 means "not yet". A reader that finds a key reads the value and then the key
// once more, so that it never takes one station's port for another's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "dataplane/frame.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/zeroed_array.h"

namespace sluice::dataplane {

class MacTable {
 public:
  // `entries`: rounded up to a power of two, at least 8.
  explicit MacTable(std::uint32_t entries);

  // VLAN and address in one word, never 0.
  static std::uint64_t key(VlanId vlan, const std::uint8_t* mac) {
    return (std::uint64_t{vlan.value} << 48) | (std::uint64_t{be32(mac)} << 16) | be16(mac + 4);
  }

  // --- Workers. `now_s`: seconds of any clock, the same for all callers. -----------------------
  enum class Learned : std::uint8_t { kKnown, kNew, kMoved, kNoRoom };
  Learned learn(std::uint64_t key, PortId port, std::uint32_t now_s);
  std::optional<PortId> find(std::uint64_t key) const;

  // --- Control thread --------------------------------------------------------------------------
  // Forgets what has not been seen for `age_s`; looks at `places` places, then goes on from there.
  void age(std::uint32_t now_s, std::uint32_t age_s, std::uint32_t places);
  // Forgets what was learned on these ports in this VLAN.
  void flush(VlanId vlan, PortSet ports);
  struct Row {
    VlanId vlan;
    MacAddress mac;
    PortId port;
    std::uint32_t seen_s = 0;
  };
  void for_each(const std::function<void(const Row&)>& visit) const;
  std::uint32_t size() const { return size_.load(std::memory_order_relaxed); }
  std::uint32_t capacity() const { return static_cast<std::uint32_t>(places_.size()); }

 private:
  struct Place {
    std::atomic<std::uint64_t> key;
    std::atomic<std::uint64_t> value;  // 0: not yet; else seen_s << 16 | port + 1
  };
  static constexpr std::uint32_t kBucket = 8;

  Place* bucket(std::uint64_t key);
  const Place* bucket(std::uint64_t key) const;
  void forget(Place& place);

  ZeroedArray<Place> places_;
  std::uint32_t mask_;
  std::uint32_t next_to_age_ = 0;
  std::atomic<std::uint32_t> size_{0};
};

}  // namespace sluice::dataplane
