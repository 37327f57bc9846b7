// SPDX-License-Identifier: BSD-3-Clause
// The way up from one worker to the control thread, shared fairly among the ports. A place is taken
// from the push until the control thread is done with the frame. A port may hold as many places as
// are free (dynamic thresholds, after Choudhury and Hahne): a single one half of them, two a third
// each; so there is room for a port that has sent nothing yet, however much the others send. It may
// hold as many again of what is not reports, and the last sixteenth is not for reports either, so
// that they never keep out queries and router discovery. Frames for the appliance itself never take
// from the second half.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/rings.h"
#include "shared/ids.h"
#include "shared/punt_limits.h"

namespace sluice::dataplane {

class PuntRing {
 public:
  // Worker. False: no room for it; the frame is still the caller's.
  bool push(const Punt& punt) {
    if (!has_room(punt) || !ring_.push(punt)) return false;
    ++pushed_;
    ++pushed_by_[line_of(punt)];
    return true;
  }
  // Worker: asks for what push() is going to touch, which the control thread has had since: the
  // writer's index, the reader's, and the next place. That Boost's queue begins with the former and
  // ends with its places is of no effect but on time.
  void prefetch() const {
    constexpr std::size_t kCacheLine = 64, kRingPlaces = kPlaces + 1;
    const auto* const at = reinterpret_cast<const std::byte*>(&ring_);
    const auto* const places = at + sizeof ring_ - kRingPlaces * sizeof(Punt);
    __builtin_prefetch(at, 1);
    __builtin_prefetch(at + kCacheLine);
    __builtin_prefetch(places + pushed_ % kRingPlaces * sizeof(Punt), 1);
  }
  // Worker, or whoever knows that it does nothing meanwhile.
  std::uint32_t free_places() const {
    return kPlaces - (pushed_ - done_.load(std::memory_order_acquire));
  }

  // Control thread. The frame is the caller's; its place is free after done().
  bool pop(Punt& punt) {
    if (!ring_.pop(punt)) return false;
    ++popped_;
    return true;
  }
  void done(const Punt& punt) {
    add_one(done_by_[line_of(punt)]);
    add_one(done_);
  }
  // Pushed, and not done.
  std::size_t waiting() const {
    return ring_.read_available() + (popped_ - done_.load(std::memory_order_relaxed));
  }

 private:
  static constexpr std::uint32_t kPlaces = kRingFrames;
  static constexpr std::uint32_t kReserved = kPlaces / 16;  // not for reports

  static constexpr std::size_t line_of(const Punt& punt) {
    return 2 * punt.port.value + (punt.of == PuntClass::kReports ? 0 : 1);
  }

  bool has_room(const Punt& punt) {
    // What the control thread has done meanwhile is of interest only when it could matter: the line
    // that it writes is not asked for with every frame.
    if (pushed_ - known_done_ < kPlaces / 2) return true;
    known_done_ = done_.load(std::memory_order_acquire);
    const std::uint32_t free = kPlaces - (pushed_ - known_done_);
    if (free > kPlaces / 2) return true;
    if (punt.of == PuntClass::kLocal) return false;
    if (punt.of == PuntClass::kReports && free <= kReserved) return false;
    const std::size_t line = line_of(punt);
    return pushed_by_[line] - done_by_[line].load(std::memory_order_relaxed) < free;
  }

  static void add_one(std::atomic<std::uint32_t>& count) {  // one writer
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  Ring<Punt> ring_;
  // The worker's, by port: reports, and what is not.
  std::uint32_t pushed_ = 0, known_done_ = 0;
  std::array<std::uint32_t, 2 * kMaxPorts> pushed_by_{};
  // The control thread's.
  alignas(64) std::atomic<std::uint32_t> done_{0};
  std::array<std::atomic<std::uint32_t>, 2 * kMaxPorts> done_by_{};
  std::uint32_t popped_ = 0;
};

}  // namespace sluice::dataplane
