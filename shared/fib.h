// SPDX-License-Identifier: BSD-3-Clause
// The group forwarding table: (VLAN, group, source or any) -> egress set.
//
// One writer (the control thread), any number of lock-free readers (the workers). It is changed in
// place, an entry at a time, never rebuilt: a join among a million groups costs what it costs among
// ten. A reader sees an entry entirely old or entirely new. Egress sets are immutable and shared by
// all entries with the same ports; entries' places and egress sets are used again only after a
// grace period.
//
// Layout: two tables (fib_table.h), one of (*,G) and one of (S,G) entries, which is looked at only
// where the (*,G) entry says that there are any. Each worker counts by entries' places, in an array
// of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "shared/address.h"
#include "shared/fib_table.h"
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
  using AnySource = FibTable<AnySourceLine>;
  using BySource = FibTable<SourceLine>;

 public:
  // `entries`: 1 .. 1M, the most (VLAN, group, source) entries it will hold.
  // `workers`: how many count, at least 1.
  // `grace` must outlive the table.
  Fib(std::uint32_t entries, unsigned workers, GracePeriod& grace);
  ~Fib();
  Fib(const Fib&) = delete;
  Fib& operator=(const Fib&) = delete;

  // --- Workers, between two quiescent states -------------------------------------------------

  struct Hit {
    const EgressSet* egress = nullptr;  // nullptr: the group is not registered
    std::uint32_t place = 0;            // the entry's, for count()
  };
  // Where the (*,G) entry of a (VLAN, group) should be.
  struct Where {
    std::uint32_t line;
    std::uint64_t key;
  };
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
  // A worker that carries counts over says so, before and after, by adding one each time: who sums
  // them up meanwhile has to begin again.
  struct alignas(64) CarryOver {
    std::atomic<std::uint32_t> times;
  };
  struct Totals {
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };

  // `key`: FibWord's.
  static std::uint32_t hash(std::uint64_t key, Ipv4 source) {
    // Differs from run to run, so that nobody can choose groups that meet in one line.
    __extension__ using Product = unsigned __int128;
    const Product product = Product{key ^ hash_seed_[0]} * (source.value ^ hash_seed_[1]);
    return static_cast<std::uint32_t>(product) ^ static_cast<std::uint32_t>(product >> 64);
  }
  static const std::uint64_t hash_seed_[2];

  // The writer's side, fib.cpp. Places are those of any_, and behind them those of by_source_.
  struct Writer;
  std::uint32_t acquire_set(EgressSet egress);  // 0: no place left
  void release_set(std::uint32_t set);
  std::uint32_t place_of(const FibKey& key) const;  // AnySource::kNowhere: none
  std::uint32_t places() const { return any_.places() + by_source_.places(); }
  std::uint64_t word(std::uint32_t place) const;
  void publish(std::uint32_t place, std::uint64_t word);
  Totals sum_counts(std::uint32_t place) const;
  void begin_count(std::uint32_t place);
  Row row(std::uint32_t place) const;

  unsigned workers_;
  AnySource any_;
  BySource by_source_;
  std::deque<ZeroedArray<FibCount>> counts_;  // by worker, by place
  ZeroedArray<FibTotal> totals_;              // by place
  ZeroedArray<CarryOver> carry_overs_;        // by worker
  ZeroedArray<EgressSet> egress_;
  std::unique_ptr<Writer> writer_;
};

class Fib::Reader {
 public:
  // `worker`: below the table's number of workers.
  Reader(Fib& fib, unsigned worker);

  Where where(VlanId vlan, Ipv4 group) const {
    const std::uint64_t key = FibWord::key(vlan, group);
    return {any_.line(hash(key, Ipv4{})), key};
  }
  // Asks for what lookup() and count() will touch.
  void prefetch(Where where) const;
  // (S,G) before (*,G). An (S,G) entry is found only if its (*,G) entry exists.
  Hit lookup(Where where, Ipv4 source) const;
  // A burst's at most: less than FibCount::kMostPackets and kMostBytes.
  void count(const Hit& hit, std::uint32_t packets, std::uint32_t bytes) const;

 private:
  Hit lookup_source(Hit any, std::uint64_t key, Ipv4 source) const;
  void carry_over(std::uint32_t place, std::uint32_t word) const;

  AnySource::View any_;
  BySource::View by_source_;
  std::uint32_t first_by_source_;
  const EgressSet* egress_;
  FibCount* counts_;
  Fib& fib_;
  unsigned worker_;
};

// --- The readers' side, inline for the workers' loop --------------------------------------------

inline void Fib::Reader::prefetch(Where where) const {
  __builtin_prefetch(any_.address(where.line));
  __builtin_prefetch(counts_ + std::size_t{where.line} * AnySourceLine::kSlots, 1);
  asm volatile("");  // or GCC takes a caller that does no more for one without effect, and drops it
}

[[gnu::always_inline]] inline Fib::Hit Fib::Reader::lookup(Where where, Ipv4 source) const {
  AnySource::Found found = any_.find(where.line, where.key, Ipv4{});
  if (!found) [[unlikely]] {
    found = any_.find_further(hash(where.key, Ipv4{}), where.key, Ipv4{});
    if (!found) return {};
  }
  const Hit hit{&egress_[FibWord::egress(found.word)], found.place};
  return FibWord::has_sources(found.word) ? lookup_source(hit, where.key, source) : hit;
}

// Out of the way of the many groups that have no sources.
[[gnu::noinline]] inline Fib::Hit Fib::Reader::lookup_source(Hit any, std::uint64_t key,
                                                             Ipv4 source) const {
  const std::uint32_t hashed = hash(key, source);
  BySource::Found found = by_source_.find(by_source_.line(hashed), key, source);
  if (!found) found = by_source_.find_further(hashed, key, source);
  if (!found) return any;
  return {&egress_[FibWord::egress(found.word)], first_by_source_ + found.place};
}

inline void Fib::Reader::count(const Hit& hit, std::uint32_t packets, std::uint32_t bytes) const {
  FibCount& count = counts_[hit.place];
  const std::uint32_t word = count.load() + FibCount::word(packets, bytes);
  if (FibCount::is_full(word)) [[unlikely]]
    return carry_over(hit.place, word);
  count.store(word);
}

}  // namespace sluice
