// SPDX-License-Identifier: BSD-3-Clause
// One of the group table's two parts, (*,G) or (S,G): an open-addressed table of cache lines, at
// most half full. A key that does not fit its own line goes to a following one and leaves a count
// at every line that it passed, so that a miss ends at the first line that nobody overflowed and a
// removal leaves no tombstone. One writer, any number of readers.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "shared/fib_slot.h"
#include "shared/zeroed_array.h"

namespace sluice {

template <class Line>
class FibTable {
 public:
  static constexpr std::uint32_t kSlots = Line::kSlots;
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  // How far from its own line an entry may be. With half of the places empty nobody gets near it by
  // chance; it bounds what a worker spends on a look-up whatever the control plane was told.
  static constexpr std::uint32_t kMaxDistance = 64;

  struct Found {
    std::uint64_t word = 0;  // as it was when the key matched: good until the next quiescence
    std::uint32_t place = kNowhere;
    bool there = false;

    explicit operator bool() const { return there; }
  };

  // The readers' side. Lives no longer than the table.
  class View {
   public:
    explicit View(const FibTable& table)
        : lines_(&table.lines_[0]), passed_(&table.passed_[0]), mask_(table.mask_) {}

    std::uint32_t line(std::uint32_t hash) const { return hash & mask_; }
    const Line* address(std::uint32_t line) const { return lines_ + line; }
    // In the line where it should be; else look further.
    Found find(std::uint32_t line, std::uint64_t key, Ipv4 source) const;
    Found find_further(std::uint32_t hash, std::uint64_t key, Ipv4 source) const;

   private:
    const Line* lines_;
    const std::atomic<std::uint32_t>* passed_;
    std::uint32_t mask_;
  };

  explicit FibTable(std::uint32_t entries)
      : mask_(std::bit_ceil(2 * std::max<std::uint32_t>(entries, 32) / kSlots) - 1),
        lines_(std::size_t{mask_} + 1),
        passed_(std::size_t{mask_} + 1) {}

  // Entries have places, 0 .. places() - 1, which they keep.
  std::uint32_t places() const { return (mask_ + 1) * kSlots; }
  std::uint64_t word(std::uint32_t place) const {
    return lines_[place / kSlots].words[place % kSlots].load(std::memory_order_relaxed);
  }
  Ipv4 source(std::uint32_t place) const { return lines_[place / kSlots].source(place % kSlots); }

  // --- Writer ----------------------------------------------------------------------------------

  std::uint32_t find(std::uint32_t hash, std::uint64_t key, Ipv4 source) const {
    return View(*this).find_further(hash, key, source).place;
  }
  std::uint32_t find_free(std::uint32_t hash) const;
  // To a free place that find_free() gave for this hash.
  void add(std::uint32_t hash, std::uint32_t place, std::uint64_t word, Ipv4 source);
  // Leaves the place retired: set its word to 0 after a grace period.
  void remove(std::uint32_t hash, std::uint32_t place);
  void publish(std::uint32_t place, std::uint64_t word) {
    lines_[place / kSlots].words[place % kSlots].store(word, std::memory_order_release);
  }

 private:
  // Adds to the counts of all lines from a key's own to the one before `place`.
  void pass(std::uint32_t hash, std::uint32_t place, std::uint32_t one) {
    for (std::uint32_t at = hash & mask_; at != place / kSlots; at = (at + 1) & mask_) {
      passed_[at].store(passed_[at].load(std::memory_order_relaxed) + one,
                        std::memory_order_release);
    }
  }

  std::uint32_t mask_;  // number of lines less one
  ZeroedArray<Line> lines_;
  // How many entries passed each line because it was full.
  ZeroedArray<std::atomic<std::uint32_t>> passed_;
};

template <class Line>
[[gnu::always_inline]] inline typename FibTable<Line>::Found FibTable<Line>::View::find(
    std::uint32_t line, std::uint64_t key, Ipv4 source) const {
  const Line& at = lines_[line];
  std::uint32_t slot = 0;
  for (std::uint32_t left = at.candidates(key, source); left != 0; left &= ~0u << 2 << 2 * slot) {
    slot = static_cast<std::uint32_t>(std::countr_zero(left)) / 2;
    const std::uint64_t word = at.words[slot].load(std::memory_order_acquire);
    if (FibWord::has_key(word, key) && at.is_of(slot, source)) [[likely]]
      return {word, line * kSlots + slot, true};
  }
  return {};
}

template <class Line>
[[gnu::noinline]] typename FibTable<Line>::Found FibTable<Line>::View::find_further(
    std::uint32_t hash, std::uint64_t key, Ipv4 source) const {
  std::uint32_t at = hash & mask_;
  for (std::uint32_t distance = 0; distance < kMaxDistance; ++distance) {
    if (const Found found = find(at, key, source)) return found;
    if (passed_[at].load(std::memory_order_acquire) == 0) break;
    at = (at + 1) & mask_;
  }
  return {};
}

template <class Line>
std::uint32_t FibTable<Line>::find_free(std::uint32_t hash) const {
  for (std::uint32_t distance = 0; distance < kMaxDistance; ++distance) {
    const std::uint32_t first = ((hash + distance) & mask_) * kSlots;
    for (std::uint32_t place = first; place < first + kSlots; ++place) {
      if (word(place) == 0) return place;
    }
  }
  return kNowhere;
}

template <class Line>
void FibTable<Line>::add(std::uint32_t hash, std::uint32_t place, std::uint64_t word, Ipv4 source) {
  pass(hash, place, 1);  // first, so that whoever can see the entry is led to it
  lines_[place / kSlots].name(place % kSlots, source);
  publish(place, word);
}

template <class Line>
void FibTable<Line>::remove(std::uint32_t hash, std::uint32_t place) {
  publish(place, FibWord::kRetired);
  // After the entry is gone; a reader that still sees the counts looks one line further in vain.
  pass(hash, place, ~std::uint32_t{0});
}

}  // namespace sluice
