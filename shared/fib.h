// SPDX-License-Identifier: BSD-3-Clause
// The group forwarding table: (VLAN, group, source or any) -> egress set.
//
// One writer (the control thread), any number of lock-free readers (the workers). It is changed in
// place, an entry at a time, never rebuilt: a join among a million groups costs what it costs among
// ten. A reader sees an entry entirely old or entirely new. Egress sets are immutable and shared by
// all entries with the same ports; entries' places and egress sets are used again only after a
// grace period.
//
// Layout: an open-addressed table of 64-byte buckets, four entries each, at most half full. Each is
// followed by a line for each worker with its counts of these entries: what one look-up touches
// lies together. A key that does not fit its bucket goes to a following one and leaves a count in
// every bucket that it passed, so that a miss ends at the first bucket that nobody overflowed and a
// removal leaves no tombstone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
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
    std::uint64_t x = ((std::uint64_t{source.value} << 32) | group.value) ^ hash_seed_;
    x *= 0x9E3779B97F4A7C15ull;
    x = ((x ^ (x >> 32)) + vlan.value) * 0xBF58476D1CE4E5B9ull;
    return static_cast<std::uint32_t>(x >> 32);
  }
  // One worker's way into the table, with all that it needs at hand. Lives no longer than it.
  class Reader;

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
  // The same in pieces, for who must not hold up the control thread: visits the entries in `places`
  // places from `from` on and returns where to go on, 0 after the last. An entry keeps its place,
  // so that one which is there all the while is visited once, whatever comes and goes between
  // pieces.
  std::uint32_t for_each_from(std::uint32_t from, std::uint32_t places,
                              const std::function<void(const Row&)>& visit) const;
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
    std::atomic<std::uint32_t> group;   // may be read before `egress`, and is then a guess
    std::uint32_t source;
    std::uint16_t vlan;                  // of an empty place: not 0 while in its grace period
    std::atomic<std::uint16_t> sources;  // of a (*,G) entry: how many (S,G) entries there are
  };
  static constexpr std::uint32_t kBucketSlots = 4;
  // How far from its own bucket an entry may be. With half of the places empty nobody gets near it
  // by chance; it bounds what a worker spends on a look-up whatever the control plane was told.
  static constexpr std::uint32_t kMaxDistance = 64;

  // One worker's counts of one entry: written by that worker alone.
  struct Count {
    std::atomic<std::uint64_t> packets;
    std::atomic<std::uint64_t> bytes;
  };
  // A cache line: a bucket's slots, or one worker's counts of them.
  class alignas(64) Line {
   public:
    Slot* slots() { return std::launder(reinterpret_cast<Slot*>(bytes_)); }
    const Slot* slots() const { return std::launder(reinterpret_cast<const Slot*>(bytes_)); }
    Count* counts() { return std::launder(reinterpret_cast<Count*>(bytes_)); }
    // Makes of its zeroes what it is used for.
    void hold_slots() { new (bytes_) Slot[kBucketSlots]{}; }
    void hold_counts() { new (bytes_) Count[kBucketSlots]{}; }

   private:
    std::byte bytes_[64];
  };
  struct Totals {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };

  // The writer's side, fib.cpp.
  static constexpr std::uint32_t kNowhere = ~std::uint32_t{0};
  struct Writer;
  std::uint32_t acquire_set(EgressSet egress);  // 0: no place left
  void release_set(std::uint32_t set);
  Slot& slot(std::uint32_t entry) const;
  std::uint32_t find_free(std::uint32_t hash) const;
  Totals sum_counts(std::uint32_t entry) const;
  Row row(std::uint32_t entry) const;

  // Differs from run to run, so that nobody can choose groups that meet in one bucket.
  static const std::uint64_t hash_seed_;

  std::uint32_t mask_;  // number of buckets less one
  std::size_t stride_;  // lines from bucket to bucket
  ZeroedArray<Line> lines_;
  // How many entries passed each bucket because it was full.
  ZeroedArray<std::atomic<std::uint32_t>> overflows_;
  ZeroedArray<EgressSet> egress_;
  std::unique_ptr<Writer> writer_;
};

class Fib::Reader {
 public:
  // `worker`: below the table's number of workers.
  Reader(Fib& fib, unsigned worker);

  // Asks for what lookup() and count() will touch. `hash`: of (vlan, group, any source).
  void prefetch(std::uint32_t hash) const;
  // (S,G) before (*,G). An (S,G) entry is found only if its (*,G) entry exists.
  Hit lookup(std::uint32_t hash, VlanId vlan, Ipv4 group, Ipv4 source) const;
  // Adds to one entry's counters; each worker has its own, single writer.
  void count(std::uint32_t entry, std::uint32_t packets, std::uint64_t bytes) const;

 private:
  friend class Fib;
  struct Found {
    const Slot* slot = nullptr;
    std::uint32_t entry = 0;
    std::uint32_t egress = 0;  // as it was when the key matched: good until the next quiescence
  };
  Found find(std::uint32_t hash, VlanId vlan, Ipv4 group, Ipv4 source) const;
  static std::uint32_t match(const Slot& slot, VlanId vlan, Ipv4 group, Ipv4 source);
  static std::uint32_t guess(const Slot* slots, Ipv4 group);
  // `at`: at most mask_.
  const Slot* slots(std::uint32_t at) const { return lines_[at * stride_].slots(); }

  Line* lines_;
  std::size_t stride_;
  std::size_t counts_;  // from a bucket to the worker's counts, in lines
  const EgressSet* egress_;
  const std::atomic<std::uint32_t>* overflows_;
  std::uint32_t mask_;
};

// --- The readers' side, inline for the workers' loop --------------------------------------------

inline Fib::Reader::Reader(Fib& fib, unsigned worker)
    : lines_(&fib.lines_[0]),
      stride_(fib.stride_),
      counts_(worker + 1),
      egress_(&fib.egress_[0]),
      overflows_(&fib.overflows_[0]),
      mask_(fib.mask_) {}

inline void Fib::Reader::prefetch(std::uint32_t hash) const {
  const Line* const bucket = lines_ + (hash & mask_) * stride_;
  __builtin_prefetch(bucket);
  __builtin_prefetch(bucket + counts_, 1);
  asm volatile("");  // or GCC takes a caller that does no more for one without effect, and drops it
}

// What the slot's entry forwards by; 0 when it is not this key's.
inline std::uint32_t Fib::Reader::match(const Slot& slot, VlanId vlan, Ipv4 group, Ipv4 source) {
  // Pairs with the release store that published the key.
  const std::uint32_t egress = slot.egress.load(std::memory_order_acquire);
  if (egress == 0) return 0;  // the key may be in the making
  const bool same = slot.group.load(std::memory_order_relaxed) == group.value &&
                    slot.source == source.value && slot.vlan == vlan.value;
  return same ? egress : 0;
}

// The slot that most likely has the group, without a branch that could be predicted wrong.
inline std::uint32_t Fib::Reader::guess(const Slot* slots, Ipv4 group) {
  const auto has = [&](std::uint32_t i) {
    return i * std::uint32_t{slots[i].group.load(std::memory_order_relaxed) == group.value};
  };
  static_assert(kBucketSlots == 4);
  return has(1) | has(2) | has(3);  // of two with this group, any will do for a guess
}

inline Fib::Reader::Found Fib::Reader::find(std::uint32_t hash, VlanId vlan, Ipv4 group,
                                            Ipv4 source) const {
  std::uint32_t at = hash & mask_;
  const std::uint32_t first = guess(slots(at), group);
  const Slot* slot = slots(at) + first;
  if (const std::uint32_t egress = match(*slot, vlan, group, source); egress != 0) [[likely]] {
    return {slot, at * kBucketSlots + first, egress};
  }
  for (std::uint32_t distance = 0; distance < kMaxDistance; ++distance) {
    for (std::uint32_t i = 0; i < kBucketSlots; ++i) {
      slot = slots(at) + i;
      const std::uint32_t egress = match(*slot, vlan, group, source);
      if (egress != 0) return {slot, at * kBucketSlots + i, egress};
    }
    if (overflows_[at].load(std::memory_order_acquire) == 0) break;
    at = (at + 1) & mask_;
  }
  return {};
}

[[gnu::always_inline]] inline Fib::Hit Fib::Reader::lookup(std::uint32_t hash, VlanId vlan,
                                                           Ipv4 group, Ipv4 source) const {
  Found found = find(hash, vlan, group, Ipv4{});
  if (found.slot == nullptr) return {};
  if (found.slot->sources.load(std::memory_order_acquire) != 0) {
    const Found exact = find(Fib::hash(vlan, group, source), vlan, group, source);
    if (exact.slot != nullptr) found = exact;
  }
  return {&egress_[found.egress], found.entry};
}

inline void Fib::Reader::count(std::uint32_t entry, std::uint32_t packets,
                               std::uint64_t bytes) const {
  Line* const bucket = lines_ + entry / kBucketSlots * stride_;
  Count& count = bucket[counts_].counts()[entry % kBucketSlots];
  constexpr auto kRelaxed = std::memory_order_relaxed;
  count.packets.store(count.packets.load(kRelaxed) + packets, kRelaxed);
  count.bytes.store(count.bytes.load(kRelaxed) + bytes, kRelaxed);
}

}  // namespace sluice
