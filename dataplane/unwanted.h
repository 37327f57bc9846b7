// SPDX-License-Identifier: BSD-3-Clause
// Which streams a worker has dropped because nobody joined their group: a sample, for an alarm that
// can name them. A few places, each for the stream that came last of those that fall on it. One
// worker writes, where it drops and nowhere else; the control thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "shared/address.h"
#include "shared/ids.h"

namespace sluice::dataplane {

class UnwantedStreams {
 public:
  static constexpr std::size_t kPlaces = 256;

  // The worker.
  void note(VlanId vlan, PortId port, Ipv4 group, Ipv4 source, std::uint64_t frames) {
    const std::uint64_t key = key_of(vlan, port, group);
    Place& place = places_[(key * 0x9E3779B97F4A7C15ull) >> kShift];
    constexpr auto kRelaxed = std::memory_order_relaxed;
    if (place.key.load(kRelaxed) != key) {
      place.key.store(0, kRelaxed);
      // Released, so that who sees it sees that the former key is gone.
      place.source.store(source.value, std::memory_order_release);
      place.key.store(key, std::memory_order_release);
    }
    place.frames.store(place.frames.load(kRelaxed) + frames, kRelaxed);
  }

  // The control thread: visits (vlan, port, group, source) of each place where frames were noted
  // since `seen`, which it brings up to date.
  using Seen = std::array<std::uint64_t, kPlaces>;
  template <class Visit>
  void visit_new(Seen& seen, Visit visit) const {
    for (std::size_t i = 0; i < kPlaces; ++i) {
      const Place& place = places_[i];
      const std::uint64_t frames = place.frames.load(std::memory_order_relaxed);
      if (frames == seen[i]) continue;
      seen[i] = frames;
      const std::uint64_t key = place.key.load(std::memory_order_acquire);
      const Ipv4 source{place.source.load(std::memory_order_acquire)};
      // Else it is being changed right now: it is seen the next time.
      if (key == 0 || key != place.key.load(std::memory_order_relaxed)) continue;
      visit(VlanId{static_cast<std::uint16_t>(key >> 40 & 0xFFF)},
            PortId{static_cast<std::uint16_t>(key >> 32 & 0xFF)},
            Ipv4{static_cast<std::uint32_t>(key)}, source);
    }
  }

 private:
  static constexpr unsigned kShift = 56;  // leaves 8 bits: kPlaces
  static_assert(kPlaces == std::size_t{1} << (64 - kShift));
  static_assert(kMaxPorts <= 256);

  struct Place {
    std::atomic<std::uint64_t> key{0};  // 0: nothing, or in the making
    std::atomic<std::uint32_t> source{0};
    std::atomic<std::uint64_t> frames{0};  // of all streams that were ever noted here
  };
  static std::uint64_t key_of(VlanId vlan, PortId port, Ipv4 group) {
    return std::uint64_t{vlan.value} << 40 | std::uint64_t{port.value} << 32 | group.value;
  }

  std::array<Place, kPlaces> places_;
};

}  // namespace sluice::dataplane
