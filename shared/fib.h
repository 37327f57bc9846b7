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

  static std::uint32_t hash(VlanId vlan, Ipv4 group, Ipv4 source);
  // `hash` is that of (vlan, group, any source).
  void prefetch(std::uint32_t hash) const;
  // (S,G) before (*,G). An (S,G) entry is found only if its (*,G) entry exists.
  Hit lookup(std::uint32_t hash, VlanId vlan, Ipv4 group, Ipv4 source) const;
  // Adds to one entry's counters; each worker has its own column, single writer.
  void count(unsigned worker, std::uint32_t entry, std::uint32_t packets, std::uint64_t bytes);

  // --- Control thread ------------------------------------------------------------------------

  // Adds the entry or replaces its egress. An (S,G) entry needs its (*,G) entry to exist. Errors:
  // table full, no (*,G) entry. A new entry counts from zero; a replaced one keeps its counters.
  Status set(const FibKey& key, EgressSet egress);
  // False when there is no such entry. A (*,G) entry must lose its (S,G) entries first.
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
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice
