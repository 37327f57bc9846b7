// SPDX-License-Identifier: BSD-3-Clause
// An entry of the group table as workers read it: a word that says whose it is and where its frames
// go, and where it stands in its cache line. And a worker's count of one entry, which stands apart:
// four bytes each, so that those of 65,536 entries stay in a core's own cache, where counting
// streams in random order would else write a line back to memory for every frame.
#pragma once

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "shared/address.h"
#include "shared/ids.h"

namespace sluice {

// What one worker counted for one entry: bytes in the lower 22 bits, packets in the next 10.
// Written by that worker alone, which carries it over into a FibTotal when either is half full.
class FibCount {
 public:
  // Of one addition, both are less than this.
  static constexpr std::uint32_t kMostPackets = 1u << 9;
  static constexpr std::uint32_t kMostBytes = 1u << 21;

  static constexpr std::uint32_t word(std::uint32_t packets, std::uint32_t bytes) {
    return (packets << kPacketsAt) + bytes;
  }
  static constexpr std::uint32_t packets(std::uint32_t word) { return word >> kPacketsAt; }
  static constexpr std::uint32_t bytes(std::uint32_t word) {
    return word & ((1u << kPacketsAt) - 1);
  }
  static constexpr bool is_full(std::uint32_t word) {
    return (word & (FibCount::word(kMostPackets, 0) | kMostBytes)) != 0;
  }

  // The worker's own, whose order matters to nobody else until it carries over.
  std::uint32_t load() const { return word_.load(std::memory_order_relaxed); }
  void store(std::uint32_t word) { word_.store(word, std::memory_order_relaxed); }
  void clear() { word_.store(0, std::memory_order_release); }
  std::uint32_t read() const { return word_.load(std::memory_order_acquire); }

 private:
  static constexpr unsigned kPacketsAt = 22;

  std::atomic<std::uint32_t> word_;
};

// Of all workers, what they carried over, less what there was when counting last began.
struct FibTotal {
  std::atomic<std::uint64_t> packets;
  std::atomic<std::uint64_t> bytes;
};

// The word: the group's 28 bits, 13 of the VLAN or proxy, whether there are (S,G) entries besides,
// and the place of the egress set. A VLAN of 0 is nobody's: 0 is a free place, kRetired one that a
// reader may still be looking at.
class FibWord {
 public:
  static constexpr std::uint64_t kRetired = 1;
  static constexpr std::uint32_t kEgressSets = 1u << 22;

  static constexpr std::uint64_t key(VlanId vlan, Ipv4 group) {
    return (std::uint64_t{group.value & 0x0FFFFFFF} << 36) | (std::uint64_t{vlan.value} << 23);
  }
  static constexpr bool has_key(std::uint64_t word, std::uint64_t key) {
    return (word ^ key) < kLeastKey;
  }
  static constexpr bool in_use(std::uint64_t word) { return word >= kLeastKey; }
  static constexpr std::uint32_t egress(std::uint64_t word) {
    return static_cast<std::uint32_t>(word) & (kEgressSets - 1);
  }
  static constexpr std::uint64_t with_egress(std::uint64_t word, std::uint32_t egress) {
    return (word & ~std::uint64_t{kEgressSets - 1}) | egress;
  }
  static constexpr bool has_sources(std::uint64_t word) { return (word & kHasSources) != 0; }
  static constexpr std::uint64_t with_sources(std::uint64_t word, bool has) {
    return has ? word | kHasSources : word & ~kHasSources;
  }
  static constexpr VlanId vlan(std::uint64_t word) {
    return VlanId{static_cast<std::uint16_t>((word >> 23) & 0x1FFF)};
  }
  static constexpr Ipv4 group(std::uint64_t word) {
    return Ipv4{0xE0000000 | static_cast<std::uint32_t>(word >> 36)};
  }

 private:
  static constexpr std::uint64_t kHasSources = kEgressSets;
  static constexpr std::uint64_t kLeastKey = std::uint64_t{1} << 23;
};

// Eight (*,G) entries.
struct alignas(64) AnySourceLine {
  static constexpr std::uint32_t kSlots = 8;

  std::atomic<std::uint64_t> words[kSlots];

  // The slots that may have the key, two bits each: those whose upper half is right.
  std::uint32_t candidates(std::uint64_t key, Ipv4 /*any*/) const;
  bool is_of(std::uint32_t /*slot*/, Ipv4 /*any*/) const { return true; }
  void name(std::uint32_t /*slot*/, Ipv4 /*any*/) {}
  Ipv4 source(std::uint32_t /*slot*/) const { return {}; }
};

// Five (S,G) entries. What is beside the word is written while the word is free, and published by
// it.
struct alignas(64) SourceLine {
  static constexpr std::uint32_t kSlots = 5;

  std::atomic<std::uint64_t> words[kSlots];
  std::atomic<std::uint32_t> addresses[kSlots];

  std::uint32_t candidates(std::uint64_t /*key*/, Ipv4 from) const {
    std::uint32_t found = 0;
    for (std::uint32_t i = 0; i < kSlots; ++i) found |= std::uint32_t{is_of(i, from)} << 2 * i;
    return found;
  }
  bool is_of(std::uint32_t slot, Ipv4 from) const { return source(slot) == from; }
  void name(std::uint32_t slot, Ipv4 from) {
    addresses[slot].store(from.value, std::memory_order_relaxed);
  }
  Ipv4 source(std::uint32_t slot) const {
    return Ipv4{addresses[slot].load(std::memory_order_relaxed)};
  }
};

static_assert(sizeof(AnySourceLine) == 64 && sizeof(SourceLine) == 64);

inline std::uint32_t AnySourceLine::candidates(std::uint64_t key, Ipv4 /*any*/) const {
#if defined(__SSE2__) && !defined(SLUICE_THREAD_SANITIZER)
  // It is a hint: who goes by it reads the word again, as an atomic.
  const auto* const values = reinterpret_cast<const float*>(words);
  const __m128i upper = _mm_set1_epi32(static_cast<int>(key >> 32));
  const auto four = [&](std::uint32_t first) {
    const __m128 two = _mm_load_ps(values + std::size_t{2} * first);
    const __m128 others = _mm_load_ps(values + std::size_t{2} * first + 4);
    return _mm_cmpeq_epi32(_mm_castps_si128(_mm_shuffle_ps(two, others, 0b11'01'11'01)), upper);
  };
  return static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_packs_epi32(four(0), four(4))));
#else
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < kSlots; ++i) {
    const std::uint64_t word = words[i].load(std::memory_order_relaxed);
    found |= std::uint32_t{word >> 32 == key >> 32} << 2 * i;
  }
  return found;
#endif
}

}  // namespace sluice
