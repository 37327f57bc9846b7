// SPDX-License-Identifier: BSD-3-Clause
// The group forwarding table: (VLAN, group, source or any) -> egress set.
//
// One writer (the control thread), any number of lock-free readers (the workers). It is changed in
// place, an entry at a time, never rebuilt: a join among a million groups costs what it costs among
// ten. A reader sees an entry entirely old or entirely new. Egress sets are immutable and shared by
// all entries with the same ports; entries' places and egress sets are used again only after a
// grace period.
//
// Layout: an open-addressed table of 64-byte buckets, four entries each, at most half full. A key
// that does not fit its bucket goes to a following one and leaves a count in every bucket that it
// passed, so that a miss ends at the first bucket that nobody overflowed and a removal leaves no
// tombstone.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "shared/address.h"
#include "shared/grace_period.h"
#include "shared/ids.h"
#include "shared/result.h"
#include "shared/zeroed_array.h"

namespace sluice {

struct FibKey {
  VlanId vlan;
  Ipv4 group;
  Ipv4 source;  // 0.0.0.0: any source

  bool operator==(const FibKey&) const = default;
  bool any_source() const { return source.is_unspecified(); }
};

// Where frames of an entry go, besides the VLAN's router ports, which the worker adds itself
// (VlanPolicy::router_ports), so that a router port that comes or goes touches no entry.
struct EgressSet {
  PortSet members;
};

class Fib {
 public:
  // `entries`: 1 .. 16M, the most (VLAN, group, source) entries it will hold.
  // `workers`: how many per-worker counter columns to keep.
  // `grace` must outlive the table.
  Fib(std::uint32_t entries, unsigned workers, GracePeriod& grace);
  ~Fib();
  Fib(const Fib&) = delete;
  Fib& operator=(const Fib&) = delete;

  // --- Workers, between two quiescent states -------------------------------------------------

  struct Hit {
    const EgressSet* egress = nullptr;  // nullptr: the group is not registered
    std::uint32_t entry = 0;            // for count()
  };

  static std::uint32_t hash(VlanId vlan, Ipv4 group, Ipv4 source) {
    std::uint64_t x = ((std::uint64_t{group.value} << 32) | source.value) ^ hash_seed_;
    x = (x ^ (x >> 32)) * 0x9E3779B97F4A7C15ull;
    x = ((x ^ (x >> 29)) + vlan.value) * 0xBF58476D1CE4E5B9ull;
    return static_cast<std::uint32_t>(x >> 32);
  }
  // Asks for what lookup() and count() will touch. `hash` is that of (vlan, group, any source).
  void prefetch(unsigned worker, std::uint32_t hash) const;
  // (S,G) before (*,G). An (S,G) entry is found only if its (*,G) entry exists.
  Hit lookup(std::uint32_t hash, VlanId vlan, Ipv4 group, Ipv4 source) const;
  // Adds to one entry's counters; each worker has its own column, single writer.
  void count(unsigned worker, std::uint32_t entry, std::uint32_t packets, std::uint64_t bytes);

  // --- Control thread ------------------------------------------------------------------------

  // Adds the entry or replaces its egress. An (S,G) entry needs its (*,G) entry to exist. Errors:
  // table full, no (*,G) entry, 65,535 sources of one group. An error changes nothing. A new entry
  // counts from zero; a replaced one keeps its counters.
  Status set(const FibKey& key, EgressSet egress);
  // False when there is no such entry, or when it is a (*,G) entry that still has (S,G) entries.
  bool erase(const FibKey& key);
  // Returns to use what has been through its grace period. Bounded work; call it often.
  void reclaim();

  struct Row {
    FibKey key;
    EgressSet egress;
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };
  std::optional<Row> find(const FibKey& key) const;
  // Visits every entry, read from the structure the workers read. Order is unspecified.
  void for_each(const std::function<void(const Row&)>& visit) const;
  void clear_counters();

  std::uint32_t size() const;
  std::uint32_t capacity() const;
  // Distinct egress sets in use, and retired places and sets still in their grace period.
  std::size_t egress_sets() const;
  std::size_t retired() const;

 private:
  // 16 bytes. The key is written while `egress` is 0 and no reader can still be looking at an
  // earlier key of this place; the release store of `egress` publishes it.
  struct Slot {
    std::atomic<std::uint32_t> egress;  // place in egress_; 0: nothing here
    std::uint32_t group;
    std::uint32_t source;
    std::uint16_t vlan;                  // of an empty place: not 0 while in its grace period
    std::atomic<std::uint16_t> sources;  // of a (*,G) entry: how many (S,G) entries there are
  };
  static constexpr std::uint32_t kBucketSlots = 4;
  struct alignas(64) Bucket {
    Slot slots[kBucketSlots];
  };
  // How far from its own bucket an entry may be. With half of the places empty nobody gets near it
  // by chance; it bounds what a worker spends on a look-up whatever the control plane was told.
  static constexpr std::uint32_t kMaxDistance = 64;

  // One worker's counts of one entry: written by that worker alone.
  struct Count {
    std::atomic<std::uint64_t> packets;
    std::atomic<std::uint64_t> bytes;
  };
  struct Totals {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };

  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  struct Found {
    std::uint32_t entry = kNowhere;
    std::uint32_t egress = 0;  // as it was when the key matched: good until the next quiescence
  };
  Found find_slot(std::uint32_t hash, VlanId vlan, Ipv4 group, Ipv4 source) const;

  // The writer's side, fib.cpp.
  struct Writer;
  std::uint32_t acquire_set(EgressSet egress);  // 0: no place left
  void release_set(std::uint32_t set);
  Slot& slot(std::uint32_t entry);
  const Slot& slot(std::uint32_t entry) const;
  std::uint32_t find_free(std::uint32_t hash) const;
  Totals sum_counts(std::uint32_t entry) const;
  Row row(std::uint32_t entry) const;

  // Differs from run to run, so that nobody can choose groups that meet in one bucket.
  static const std::uint64_t hash_seed_;

  std::uint32_t mask_;  // number of buckets less one
  unsigned workers_;
  ZeroedArray<Bucket> buckets_;
  // How many entries passed each bucket because it was full.
  ZeroedArray<std::atomic<std::uint32_t>> overflows_;
  ZeroedArray<EgressSet> egress_;
  ZeroedArray<Count> counts_;  // worker's column after worker's column
  std::unique_ptr<Writer> writer_;
};

// --- The readers' side, inline for the workers' loop --------------------------------------------

inline void Fib::prefetch(unsigned worker, std::uint32_t hash) const {
  const std::uint32_t at = hash & mask_;
  __builtin_prefetch(&buckets_[at]);
  __builtin_prefetch(&counts_[(std::size_t{worker} * (std::size_t{mask_} + 1) + at) * kBucketSlots],
                     1);
  asm volatile("");  // or GCC takes a caller that does no more for one without effect, and drops it
}

inline Fib::Found Fib::find_slot(std::uint32_t hash, VlanId vlan, Ipv4 group, Ipv4 source) const {
  std::uint32_t at = hash & mask_;
  for (std::uint32_t distance = 0; distance < kMaxDistance; ++distance) {
    const Bucket& bucket = buckets_[at];
    for (std::uint32_t i = 0; i < kBucketSlots; ++i) {
      const Slot& slot = bucket.slots[i];
      // Pairs with the release store that published the key.
      const std::uint32_t egress = slot.egress.load(std::memory_order_acquire);
      if (egress == 0) continue;
      if (slot.group == group.value && slot.source == source.value && slot.vlan == vlan.value) {
        return {at * kBucketSlots + i, egress};
      }
    }
    if (overflows_[at].load(std::memory_order_acquire) == 0) break;
    at = (at + 1) & mask_;
  }
  return {};
}

inline Fib::Hit Fib::lookup(std::uint32_t hash, VlanId vlan, Ipv4 group, Ipv4 source) const {
  Found found = find_slot(hash, vlan, group, Ipv4{});
  if (found.entry == kNowhere) return {};
  const Slot& any_source = buckets_[found.entry / kBucketSlots].slots[found.entry % kBucketSlots];
  if (any_source.sources.load(std::memory_order_acquire) != 0) {
    const Found exact = find_slot(Fib::hash(vlan, group, source), vlan, group, source);
    if (exact.entry != kNowhere) found = exact;
  }
  return {&egress_[found.egress], found.entry};
}

inline void Fib::count(unsigned worker, std::uint32_t entry, std::uint32_t packets,
                       std::uint64_t bytes) {
  Count& count = counts_[std::size_t{worker} * (std::size_t{mask_} + 1) * kBucketSlots + entry];
  constexpr auto kRelaxed = std::memory_order_relaxed;
  count.packets.store(count.packets.load(kRelaxed) + packets, kRelaxed);
  count.bytes.store(count.bytes.load(kRelaxed) + bytes, kRelaxed);
}

}  // namespace sluice
