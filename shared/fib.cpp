// SPDX-License-Identifier: BSD-3-Clause
// The writer's side of the group table. The order of the stores is the point of this file; each is
// explained where it stands.
#include "shared/fib.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <deque>
#include <random>
#include <string>
#include <unordered_map>

namespace sluice {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;
constexpr auto kRelease = std::memory_order_release;

// Half of the places stay empty, so that buckets seldom overflow.
std::uint32_t bucket_count(std::uint32_t entries, std::size_t bucket_slots) {
  const std::uint64_t slots = std::uint64_t{2} * std::max<std::uint32_t>(entries, 32);
  return static_cast<std::uint32_t>(std::bit_ceil(slots / bucket_slots));
}

std::string full_text(std::uint32_t capacity) {
  return "the group table is full: it holds " + std::to_string(capacity) +
         " entries (dataplane.group-entries); the entry was not added, the others are untouched";
}

}  // namespace

const std::uint64_t Fib::hash_seed_ = [] {
  std::random_device entropy;
  return (std::uint64_t{entropy()} << 32) | entropy();
}();

struct Fib::Writer {
  Reader reader;
  GracePeriod& grace;
  std::uint32_t capacity;
  std::uint32_t live = 0;

  // What a place's counters showed when its entry was new or when counters were cleared.
  ZeroedArray<Totals> baselines;

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

  Writer(Fib& fib, GracePeriod& g, std::uint32_t entries, std::size_t slots)
      : reader(fib, 0), grace(g), capacity(entries), baselines(slots) {}

  Reader::Found find(const FibKey& key) const {
    return reader.find(hash(key.vlan, key.group, key.source), key.vlan, key.group, key.source);
  }
  Reader::Found find_parent(const FibKey& key) const { return find({key.vlan, key.group, Ipv4{}}); }
};

Fib::Fib(std::uint32_t entries, unsigned workers, GracePeriod& grace)
    : mask_(bucket_count(entries, kBucketSlots) - 1),
      stride_(1 + workers),
      lines_((std::size_t{mask_} + 1) * stride_),
      overflows_(std::size_t{mask_} + 1),
      // As many as could be in use, twice over for those in their grace period, and no set.
      egress_(std::size_t{2} * entries + 2),
      writer_(std::make_unique<Writer>(*this, grace, entries,
                                       (std::size_t{mask_} + 1) * kBucketSlots)) {
  static_assert(sizeof(Slot) * kBucketSlots == sizeof(Line));
  static_assert(sizeof(Count) * kBucketSlots == sizeof(Line));
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    if (i % stride_ == 0) {
      lines_[i].hold_slots();
    } else {
      lines_[i].hold_counts();
    }
  }
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

Fib::Slot& Fib::slot(std::uint32_t entry) const {
  return const_cast<Line&>(lines_[entry / kBucketSlots * stride_]).slots()[entry % kBucketSlots];
}

std::uint32_t Fib::find_free(std::uint32_t hash) const {
  for (std::uint32_t distance = 0; distance < kMaxDistance; ++distance) {
    const std::uint32_t at = (hash + distance) & mask_;
    for (std::uint32_t i = 0; i < kBucketSlots; ++i) {
      const std::uint32_t entry = at * kBucketSlots + i;
      if (slot(entry).egress.load(kRelaxed) == 0 && slot(entry).vlan == 0) return entry;
    }
  }
  return kNowhere;
}

Status Fib::set(const FibKey& key, EgressSet egress) {
  Writer& w = *writer_;
  reclaim();
  const std::uint32_t key_hash = hash(key.vlan, key.group, key.source);
  if (const Reader::Found found = w.find(key); found.slot != nullptr) {
    if (egress_[found.egress].members == egress.members) return Ok{};
    const std::uint32_t set = acquire_set(egress);
    if (set == 0) return Error{full_text(w.capacity)};
    slot(found.entry).egress.store(set, kRelease);
    release_set(found.egress);  // after the store: nobody can find the old set any more
    return Ok{};
  }

  Slot* any_source = nullptr;
  if (!key.any_source()) {
    const Reader::Found parent = w.find_parent(key);
    if (parent.slot == nullptr) {
      return Error{"an entry for one source of " + to_string(key.group) +
                   " needs the group's entry for any source, which does not exist"};
    }
    any_source = &slot(parent.entry);
    if (any_source->sources.load(kRelaxed) == 0xFFFF) {
      return Error{to_string(key.group) +
                   " has 65535 entries for single sources, the most there can be"};
    }
  }
  if (w.live >= w.capacity) return Error{full_text(w.capacity)};
  const std::uint32_t entry = find_free(key_hash);
  if (entry == kNowhere) return Error{full_text(w.capacity)};
  const std::uint32_t set = acquire_set(egress);
  if (set == 0) return Error{full_text(w.capacity)};

  // First the counts in the passed buckets, so that whoever can see the entry is led to it.
  for (std::uint32_t at = key_hash & mask_; at != entry / kBucketSlots; at = (at + 1) & mask_) {
    overflows_[at].store(overflows_[at].load(kRelaxed) + 1, kRelease);
  }
  Slot& place = slot(entry);
  place.group.store(key.group.value, kRelaxed);
  place.source = key.source.value;
  place.vlan = key.vlan.value;
  place.sources.store(0, kRelaxed);
  w.baselines[entry] = sum_counts(entry);  // nobody counts here now: the place was out of use
  place.egress.store(set, kRelease);
  ++w.live;
  // Last, so that a reader who goes looking for (S,G) entries finds this one.
  if (any_source != nullptr) {
    any_source->sources.store(static_cast<std::uint16_t>(any_source->sources.load(kRelaxed) + 1),
                              kRelease);
  }
  return Ok{};
}

bool Fib::erase(const FibKey& key) {
  Writer& w = *writer_;
  const std::uint32_t key_hash = hash(key.vlan, key.group, key.source);
  const Reader::Found found = w.find(key);
  if (found.slot == nullptr) return false;
  Slot& place = slot(found.entry);
  if (place.sources.load(kRelaxed) != 0) return false;

  place.egress.store(0, kRelease);
  if (!key.any_source()) {
    const Reader::Found parent = w.find_parent(key);
    assert(parent.slot != nullptr);
    std::atomic<std::uint16_t>& sources = slot(parent.entry).sources;
    sources.store(static_cast<std::uint16_t>(sources.load(kRelaxed) - 1), kRelease);
  }
  // After the entry is gone; a reader that still sees the counts looks one bucket further in vain.
  for (std::uint32_t at = key_hash & mask_; at != found.entry / kBucketSlots;
       at = (at + 1) & mask_) {
    overflows_[at].store(overflows_[at].load(kRelaxed) - 1, kRelease);
  }
  --w.live;
  // The key stays where it is until no reader can be comparing it: a VLAN of 0 marks a free place.
  w.retired.push_back({w.grace.start(), found.entry, 0});
  release_set(found.egress);
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
      slot(front.place).vlan = 0;
      continue;
    }
    const Writer::SetUse& use = w.uses[front.place];
    if (use.entries != 0 || use.retirement != front.retirement) continue;  // came back to use
    w.by_value.erase(egress_[front.place].members.bits());
    w.free_sets.push_back(front.place);
  }
}

// --- What the operator sees ---------------------------------------------------------------------

Fib::Totals Fib::sum_counts(std::uint32_t entry) const {
  Totals sum;
  const std::size_t bucket = entry / kBucketSlots * stride_;
  for (std::size_t worker = 1; worker < stride_; ++worker) {
    const Count& count = const_cast<Line&>(lines_[bucket + worker]).counts()[entry % kBucketSlots];
    sum.packets += count.packets.load(kRelaxed);
    sum.bytes += count.bytes.load(kRelaxed);
  }
  return sum;
}

Fib::Row Fib::row(std::uint32_t entry) const {
  const Slot& place = slot(entry);
  const Totals since = writer_->baselines[entry];
  const Totals sum = sum_counts(entry);
  return {{VlanId{place.vlan}, Ipv4{place.group.load(kRelaxed)}, Ipv4{place.source}},
          egress_[place.egress.load(kRelaxed)],
          sum.packets - since.packets,
          sum.bytes - since.bytes};
}

std::optional<Fib::Row> Fib::find(const FibKey& key) const {
  const Reader::Found found = writer_->find(key);
  if (found.slot == nullptr) return std::nullopt;
  return row(found.entry);
}

void Fib::for_each(const std::function<void(const Row&)>& visit) const {
  for_each_from(0, ~std::uint32_t{0}, visit);
}

std::uint32_t Fib::for_each_from(std::uint32_t from, std::uint32_t places,
                                 const std::function<void(const Row&)>& visit) const {
  const auto slots = static_cast<std::uint32_t>((mask_ + 1) * kBucketSlots);
  const std::uint32_t end = from + std::min(places, slots - std::min(from, slots));
  for (std::uint32_t entry = from; entry < end; ++entry) {
    if (slot(entry).egress.load(kRelaxed) != 0) visit(row(entry));
  }
  return end < slots ? end : 0;
}

void Fib::clear_counters() {
  const auto slots = static_cast<std::uint32_t>((mask_ + 1) * kBucketSlots);
  for (std::uint32_t entry = 0; entry < slots; ++entry) {
    if (slot(entry).egress.load(kRelaxed) != 0) writer_->baselines[entry] = sum_counts(entry);
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
