// SPDX-License-Identifier: BSD-3-Clause
// The writer's side of the group table. The order of the stores is the point of this file; each is
// explained where it stands.
#include "shared/fib.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <random>
#include <string>
#include <unordered_map>

namespace sluice {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kRelease = std::memory_order_release;

constexpr std::uint32_t kNowhere = FibTable<AnySourceLine>::kNowhere;

std::uint64_t random_word() {
  std::random_device entropy;
  return (std::uint64_t{entropy()} << 32) | entropy();
}

std::string full_text(std::uint32_t capacity) {
  return "the group table is full: it holds " + std::to_string(capacity) +
         " entries (dataplane.group-entries); the entry was not added, the others are untouched";
}

}  // namespace

const std::uint64_t Fib::hash_seed_[2] = {random_word(), random_word()};

struct Fib::Writer {
  GracePeriod& grace;
  std::uint32_t capacity;
  std::uint32_t live = 0;

  ZeroedArray<std::uint16_t> sources;  // of a (*,G) entry: how many (S,G) entries there are

  // Egress sets, one per distinct value. A set that nobody uses stays in `by_value` until its grace
  // period is over, and may come back to use meanwhile; `retirement` tells a stale wait from the
  // last one.
  struct SetUse {
    std::uint32_t entries = 0;
    std::uint32_t retirement = 0;
  };
  std::unordered_map<std::uint64_t, std::uint32_t> by_value;
  std::vector<SetUse> uses = {SetUse{}};  // 0 is no set
  std::vector<std::uint32_t> free_sets;
  std::size_t sets_in_use = 0;

  struct Retired {
    std::uint64_t token;
    std::uint32_t place;       // of a slot, or of an egress set
    std::uint32_t retirement;  // of a set: which one; 0: it is a slot
  };
  std::deque<Retired> retired;  // tokens ascend

  Writer(GracePeriod& g, std::uint32_t entries, std::uint32_t places)
      : grace(g), capacity(entries), sources(places) {}
};

Fib::Fib(std::uint32_t entries, unsigned workers, GracePeriod& grace)
    : workers_(std::max(workers, 1u)),
      any_(entries),
      by_source_(entries),
      totals_(places()),
      carry_overs_(workers_),
      // As many as could be in use, twice over for those in their grace period, and no set.
      egress_(std::min<std::size_t>(std::size_t{2} * entries + 2, FibWord::kEgressSets)),
      writer_(std::make_unique<Writer>(grace, entries, any_.places())) {
  for (unsigned i = 0; i < workers_; ++i) counts_.emplace_back(totals_.size());
}

Fib::~Fib() = default;

// --- Egress sets --------------------------------------------------------------------------------

std::uint32_t Fib::acquire_set(EgressSet egress) {
  Writer& w = *writer_;
  const auto [at, added] = w.by_value.try_emplace(egress.members.bits(), 0);
  if (added) {
    if (!w.free_sets.empty()) {
      at->second = w.free_sets.back();
      w.free_sets.pop_back();
    } else if (w.uses.size() < egress_.size()) {
      at->second = static_cast<std::uint32_t>(w.uses.size());
      w.uses.emplace_back();
    } else {
      w.by_value.erase(at);
      return 0;
    }
    egress_[at->second] = egress;  // published with the first slot that names it
  }
  if (w.uses[at->second].entries++ == 0) ++w.sets_in_use;
  return at->second;
}

void Fib::release_set(std::uint32_t set) {
  Writer& w = *writer_;
  Writer::SetUse& use = w.uses[set];
  assert(use.entries > 0);
  if (--use.entries != 0) return;
  --w.sets_in_use;
  if (++use.retirement == 0) use.retirement = 1;
  w.retired.push_back({w.grace.start(), set, use.retirement});
}

// --- Entries ------------------------------------------------------------------------------------

std::uint32_t Fib::place_of(const FibKey& key) const {
  const std::uint64_t word = FibWord::key(key.vlan, key.group);
  const std::uint32_t hashed = hash(word, key.source);
  if (key.any_source()) return any_.find(hashed, word, Ipv4{});
  const std::uint32_t place = by_source_.find(hashed, word, key.source);
  return place == kNowhere ? kNowhere : any_.places() + place;
}

std::uint64_t Fib::word(std::uint32_t place) const {
  return place < any_.places() ? any_.word(place) : by_source_.word(place - any_.places());
}

void Fib::publish(std::uint32_t place, std::uint64_t word) {
  if (place < any_.places()) {
    any_.publish(place, word);
  } else {
    by_source_.publish(place - any_.places(), word);
  }
}

Status Fib::set(const FibKey& key, EgressSet egress) {
  Writer& w = *writer_;
  reclaim();
  if (!key.group.is_multicast()) return Error{to_string(key.group) + " is no group"};
  if (const std::uint32_t place = place_of(key); place != kNowhere) {
    const std::uint32_t former = FibWord::egress(word(place));
    if (egress_[former].members == egress.members) return Ok{};
    const std::uint32_t set = acquire_set(egress);
    if (set == 0) return Error{full_text(w.capacity)};
    publish(place, FibWord::with_egress(word(place), set));
    release_set(former);  // after the store: nobody can find the old set any more
    return Ok{};
  }

  std::uint32_t parent = kNowhere;
  if (!key.any_source()) {
    parent = place_of({key.vlan, key.group, Ipv4{}});
    if (parent == kNowhere) {
      return Error{"an entry for one source of " + to_string(key.group) +
                   " needs the group's entry for any source, which does not exist"};
    }
    if (w.sources[parent] == 0xFFFF) {
      return Error{to_string(key.group) +
                   " has 65535 entries for single sources, the most there can be"};
    }
  }
  if (w.live >= w.capacity) return Error{full_text(w.capacity)};
  const std::uint32_t hashed = hash(FibWord::key(key.vlan, key.group), key.source);
  const std::uint32_t free =
      key.any_source() ? any_.find_free(hashed) : by_source_.find_free(hashed);
  if (free == kNowhere) return Error{full_text(w.capacity)};
  const std::uint32_t set = acquire_set(egress);
  if (set == 0) return Error{full_text(w.capacity)};

  const std::uint64_t word = FibWord::with_egress(FibWord::key(key.vlan, key.group), set);
  begin_count(key.any_source() ? free : any_.places() + free);
  ++w.live;
  if (key.any_source()) {
    any_.add(hashed, free, word, Ipv4{});
    return Ok{};
  }
  by_source_.add(hashed, free, word, key.source);
  // Last, so that a reader who goes looking for (S,G) entries finds this one.
  if (w.sources[parent]++ == 0)
    any_.publish(parent, FibWord::with_sources(any_.word(parent), true));
  return Ok{};
}

bool Fib::erase(const FibKey& key) {
  Writer& w = *writer_;
  const std::uint32_t place = place_of(key);
  if (place == kNowhere) return false;
  const std::uint32_t hashed = hash(FibWord::key(key.vlan, key.group), key.source);
  const std::uint32_t set = FibWord::egress(word(place));
  if (key.any_source()) {
    if (w.sources[place] != 0) return false;
    any_.remove(hashed, place);
  } else {
    by_source_.remove(hashed, place - any_.places());
    const std::uint32_t parent = place_of({key.vlan, key.group, Ipv4{}});
    assert(parent != kNowhere);
    if (--w.sources[parent] == 0) {
      any_.publish(parent, FibWord::with_sources(any_.word(parent), false));
    }
  }
  --w.live;
  w.retired.push_back({w.grace.start(), place, 0});
  release_set(set);
  return true;
}

void Fib::reclaim() {
  Writer& w = *writer_;
  constexpr int kAtOnce = 64;
  for (int i = 0; i < kAtOnce && !w.retired.empty(); ++i) {
    const Writer::Retired front = w.retired.front();
    if (!w.grace.passed(front.token)) return;
    w.retired.pop_front();
    if (front.retirement == 0) {
      publish(front.place, 0);
      continue;
    }
    const Writer::SetUse& use = w.uses[front.place];
    if (use.entries != 0 || use.retirement != front.retirement) continue;  // came back to use
    w.by_value.erase(egress_[front.place].members.bits());
    w.free_sets.push_back(front.place);
  }
}

// --- What the operator sees ---------------------------------------------------------------------

Fib::Totals Fib::sum_counts(std::uint32_t place) const {
  const FibTotal& carried = totals_[place];
  // How often the workers have carried over, in all; odd: one is about it. Each does so once in
  // FibCount::kMostPackets frames of an entry, which takes less than a look here does.
  const auto carried_over = [this](std::memory_order order) {
    std::uint64_t times = 0, under_way = 0;
    for (unsigned i = 0; i < workers_; ++i) {
      const std::uint32_t of_worker = carry_overs_[i].times.load(order);
      times += of_worker;
      under_way |= of_worker & 1;
    }
    return times << 1 | under_way;
  };
  for (;;) {
    const std::uint64_t before = carried_over(std::memory_order_acquire);
    Totals sum{carried.packets.load(std::memory_order_acquire),
               carried.bytes.load(std::memory_order_acquire)};
    for (unsigned i = 0; i < workers_; ++i) {
      const std::uint32_t count = counts_[i][place].read();
      sum.packets += FibCount::packets(count);
      sum.bytes += FibCount::bytes(count);
    }
    if ((before & 1) == 0 && carried_over(kRelaxed) == before) return sum;
  }
}

// From zero. Workers may add meanwhile: what they add is not lost, and a total is only ever looked
// at together with their counts.
void Fib::begin_count(std::uint32_t place) {
  const Totals sum = sum_counts(place);
  totals_[place].packets.fetch_sub(sum.packets, kRelaxed);
  totals_[place].bytes.fetch_sub(sum.bytes, kRelaxed);
}

// Worker.
void Fib::Reader::carry_over(std::uint32_t place, std::uint32_t word) const {
  std::atomic<std::uint32_t>& times = fib_.carry_overs_[worker_].times;
  times.store(times.load(kRelaxed) + 1, kRelaxed);
  // Released each, so that who sees any of them sees that it is under way, or has been.
  fib_.totals_[place].packets.fetch_add(FibCount::packets(word), kRelease);
  fib_.totals_[place].bytes.fetch_add(FibCount::bytes(word), kRelease);
  counts_[place].clear();
  times.store(times.load(kRelaxed) + 1, kRelease);
}

Fib::Reader::Reader(Fib& fib, unsigned worker)
    : any_(fib.any_),
      by_source_(fib.by_source_),
      first_by_source_(fib.any_.places()),
      egress_(&fib.egress_[0]),
      counts_(&fib.counts_[worker][0]),
      fib_(fib),
      worker_(worker) {}

Fib::Row Fib::row(std::uint32_t place) const {
  const std::uint64_t at = word(place);
  const Ipv4 source = place < any_.places() ? Ipv4{} : by_source_.source(place - any_.places());
  const Totals sum = sum_counts(place);
  return {{FibWord::vlan(at), FibWord::group(at), source},
          egress_[FibWord::egress(at)],
          sum.packets,
          sum.bytes};
}

std::optional<Fib::Row> Fib::find(const FibKey& key) const {
  const std::uint32_t place = place_of(key);
  if (place == kNowhere) return std::nullopt;
  return row(place);
}

void Fib::for_each(const std::function<void(const Row&)>& visit) const {
  for_each_from(0, ~std::uint32_t{0}, visit);
}

std::uint32_t Fib::for_each_from(std::uint32_t from, std::uint32_t count,
                                 const std::function<void(const Row&)>& visit) const {
  const std::uint32_t end = from + std::min(count, places() - std::min(from, places()));
  for (std::uint32_t place = from; place < end; ++place) {
    if (FibWord::in_use(word(place))) visit(row(place));
  }
  return end < places() ? end : 0;
}

void Fib::clear_counters() {
  for (std::uint32_t place = 0; place < places(); ++place) {
    if (FibWord::in_use(word(place))) begin_count(place);
  }
}

std::uint32_t Fib::size() const {
  return writer_->live;
}
std::uint32_t Fib::capacity() const {
  return writer_->capacity;
}
std::size_t Fib::egress_sets() const {
  return writer_->sets_in_use;
}
std::size_t Fib::retired() const {
  return writer_->retired.size();
}

}  // namespace sluice
