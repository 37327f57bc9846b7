// SPDX-License-Identifier: BSD-3-Clause
// An entry of the group table as a worker reads it: a word that says whose it is and where its
// frames go, and beside it the worker's own count. Each worker has a copy of the words, so that a
// look-up and its count touch one cache line, which no other worker writes.
#pragma once

#include <atomic>
#include <cstdint>

#include "shared/address.h"
#include "shared/ids.h"

namespace sluice {

// What one worker counted for one entry, in one word: bytes in the lower 36 bits, packets in the
// next 27. Written by that worker alone, which carries it over into a FibTotal long before either
// runs over.
class FibCount {
 public:
  static constexpr std::uint64_t word(std::uint64_t packets, std::uint64_t bytes) {
    return (packets << kPacketsAt) + bytes;
  }
  static constexpr std::uint64_t packets(std::uint64_t word) { return word >> kPacketsAt; }
  static constexpr std::uint64_t bytes(std::uint64_t word) {
    return word & ((std::uint64_t{1} << kPacketsAt) - 1);
  }
  // From 2^35 bytes or 2^26 packets on.
  static constexpr bool is_full(std::uint64_t word) {
    return (word & (word_of_bit(kPacketsAt - 1) | word_of_bit(62))) != 0;
  }

  std::uint64_t load() const { return word_.load(std::memory_order_relaxed); }
  void store(std::uint64_t word) { word_.store(word, std::memory_order_relaxed); }

 private:
  static constexpr unsigned kPacketsAt = 36;
  static constexpr std::uint64_t word_of_bit(unsigned bit) { return std::uint64_t{1} << bit; }

  std::atomic<std::uint64_t> word_;
};

// Of all workers, what they carried over.
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

// (*,G): all that it is, is in its word.
struct AnySourceSlot {
  std::atomic<std::uint64_t> word;
  FibCount count;

  bool is_of(Ipv4 /*any*/) const { return true; }
  void name(Ipv4 /*any*/) {}
  Ipv4 source() const { return {}; }
};

// (S,G). The source is written while the word is free, and published by it.
struct SourceSlot {
  std::atomic<std::uint64_t> word;
  FibCount count;
  std::atomic<std::uint32_t> address;

  bool is_of(Ipv4 from) const { return address.load(std::memory_order_relaxed) == from.value; }
  void name(Ipv4 from) { address.store(from.value, std::memory_order_relaxed); }
  Ipv4 source() const { return Ipv4{address.load(std::memory_order_relaxed)}; }
};

}  // namespace sluice
