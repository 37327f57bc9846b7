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

template <class Slot>
class FibTable {
 public:
  static constexpr std::uint32_t kLineSlots = 64 / sizeof(Slot);
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  // How far from its own line an entry may be. With half of the places empty nobody gets near it by
  // chance; it bounds what a worker spends on a look-up whatever the control plane was told.
  static constexpr std::uint32_t kMaxDistance = 64;

  struct alignas(64) Line {
    Slot slots[kLineSlots];
  };
  struct Found {
    const Slot* slot = nullptr;
    std::uint64_t word = 0;  // as it was when the key matched: good until the next quiescence
  };

  // The readers' side. Lives no longer than the table.
  class View {
   public:
    explicit View(const FibTable& table)
        : lines_(&table.lines_[0]), passed_(&table.passed_[0]), mask_(table.mask_) {}

    const Line* line(std::uint32_t hash) const { return lines_ + (hash & mask_); }
    // In the line where it should be; else look further.
    static Found find(const Line* line, std::uint64_t key, Ipv4 source);
    Found find_further(std::uint32_t hash, std::uint64_t key, Ipv4 source) const;
    std::uint32_t place(const Slot* slot) const {
      const auto offset = static_cast<std::size_t>(reinterpret_cast<const std::byte*>(slot) -
                                                   reinterpret_cast<const std::byte*>(lines_));
      return static_cast<std::uint32_t>(offset / sizeof(Line) * kLineSlots +
                                        offset % sizeof(Line) / sizeof(Slot));
    }

   private:
    const Line* lines_;
    const std::atomic<std::uint32_t>* passed_;
    std::uint32_t mask_;
  };

  explicit FibTable(std::uint32_t entries)
      : mask_(std::bit_ceil(2 * std::max<std::uint32_t>(entries, 32) / kLineSlots) - 1),
        lines_(std::size_t{mask_} + 1),
        passed_(std::size_t{mask_} + 1) {}

  // Entries have places, 0 .. places() - 1, which they keep.
  std::uint32_t places() const { return (mask_ + 1) * kLineSlots; }
  Slot& at(std::uint32_t place) { return lines_[place / kLineSlots].slots[place % kLineSlots]; }
  const Slot& at(std::uint32_t place) const {
    return lines_[place / kLineSlots].slots[place % kLineSlots];
  }
  std::uint64_t word(std::uint32_t place) const {
    return at(place).word.load(std::memory_order_relaxed);
  }

  // --- Writer ----------------------------------------------------------------------------------

  std::uint32_t find(std::uint32_t hash, std::uint64_t key, Ipv4 source) const {
    const Slot* const slot = View(*this).find_further(hash, key, source).slot;
    return slot == nullptr ? kNowhere : View(*this).place(slot);
  }
  std::uint32_t find_free(std::uint32_t hash) const;
  // To a free place that find_free() gave for this hash.
  void add(std::uint32_t hash, std::uint32_t place, std::uint64_t word, Ipv4 source,
           std::uint32_t number);
  // Leaves the place retired: set its word to 0 after a grace period.
  void remove(std::uint32_t hash, std::uint32_t place);
  void publish(std::uint32_t place, std::uint64_t word) {
    at(place).word.store(word, std::memory_order_release);
  }

 private:
  // Adds to the counts of all lines from a key's own to the one before `place`.
  void pass(std::uint32_t hash, std::uint32_t place, std::uint32_t one) {
    for (std::uint32_t at = hash & mask_; at != place / kLineSlots; at = (at + 1) & mask_) {
      passed_[at].store(passed_[at].load(std::memory_order_relaxed) + one,
                        std::memory_order_release);
    }
  }

  std::uint32_t mask_;  // number of lines less one
  ZeroedArray<Line> lines_;
  // How many entries passed each line because it was full.
  ZeroedArray<std::atomic<std::uint32_t>> passed_;
};

template <class Slot>
[[gnu::always_inline]] inline typename FibTable<Slot>::Found FibTable<Slot>::View::find(
    const Line* line, std::uint64_t key, Ipv4 source) {
  // The slot that has the key, without a branch that could be predicted wrong; the first, if none.
  std::uint32_t at = 0;
#pragma GCC unroll 4
  for (std::uint32_t i = 1; i < kLineSlots; ++i) {
    const std::uint64_t word = line->slots[i].word.load(std::memory_order_relaxed);
    at |= i * std::uint32_t{FibWord::has_key(word, key)};  // of two (S,G), any will do for a guess
  }
  const Slot& slot = line->slots[at];
  const std::uint64_t word = slot.word.load(std::memory_order_acquire);
  if (FibWord::has_key(word, key) && slot.is_of(source)) [[likely]]
    return {&slot, word};
  return {};
}

template <class Slot>
[[gnu::noinline]] typename FibTable<Slot>::Found FibTable<Slot>::View::find_further(
    std::uint32_t hash, std::uint64_t key, Ipv4 source) const {
  std::uint32_t at = hash & mask_;
  for (std::uint32_t distance = 0; distance < kMaxDistance; ++distance) {
    for (const Slot& slot : lines_[at].slots) {
      const std::uint64_t word = slot.word.load(std::memory_order_acquire);
      if (FibWord::has_key(word, key) && slot.is_of(source)) return {&slot, word};
    }
    if (passed_[at].load(std::memory_order_acquire) == 0) break;
    at = (at + 1) & mask_;
  }
  return {};
}

template <class Slot>
std::uint32_t FibTable<Slot>::find_free(std::uint32_t hash) const {
  for (std::uint32_t distance = 0; distance < kMaxDistance; ++distance) {
    const std::uint32_t first = ((hash + distance) & mask_) * kLineSlots;
    for (std::uint32_t place = first; place < first + kLineSlots; ++place) {
      if (word(place) == 0) return place;
    }
  }
  return kNowhere;
}

template <class Slot>
void FibTable<Slot>::add(std::uint32_t hash, std::uint32_t place, std::uint64_t word, Ipv4 source,
                         std::uint32_t number) {
  pass(hash, place, 1);  // first, so that whoever can see the entry is led to it
  at(place).name(source);
  at(place).number.store(number, std::memory_order_relaxed);
  publish(place, word);
}

template <class Slot>
void FibTable<Slot>::remove(std::uint32_t hash, std::uint32_t place) {
  publish(place, FibWord::kRetired);
  // After the entry is gone; a reader that still sees the counts looks one line further in vain.
  pass(hash, place, ~std::uint32_t{0});
}

}  // namespace sluice
