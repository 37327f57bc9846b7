// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/mac_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace sluice::dataplane {
namespace {

std::uint64_t pack(PortId port, std::uint32_t seen_s) {
  return (std::uint64_t{seen_s} << 16) | (port.value + 1u);
}
PortId port_of(std::uint64_t value) {
  return PortId{static_cast<std::uint16_t>((value & 0xFFFF) - 1)};
}
std::uint32_t seen_of(std::uint64_t value) {
  return static_cast<std::uint32_t>(value >> 16);
}
VlanId vlan_of(std::uint64_t key) {
  return VlanId{static_cast<std::uint16_t>(key >> 48)};
}

}  // namespace

MacTable::MacTable(std::uint32_t entries)
    : places_(std::bit_ceil(std::max(entries, kBucket))), mask_(capacity() / kBucket - 1) {}

const MacTable::Place* MacTable::bucket(std::uint64_t key) const {
  const std::uint64_t mixed = (key ^ (key >> 29)) * 0x9E3779B97F4A7C15ull;
  return &places_[((mixed >> 32) & mask_) * kBucket];
}
MacTable::Place* MacTable::bucket(std::uint64_t key) {
  return const_cast<Place*>(std::as_const(*this).bucket(key));
}

MacTable::Learned MacTable::learn(std::uint64_t key, PortId port, std::uint32_t now_s) {
  Place* const places = bucket(key);
  const std::uint64_t fresh = pack(port, now_s);
  for (std::uint32_t i = 0; i < kBucket; ++i) {
    if (places[i].key.load(std::memory_order_acquire) != key) continue;
    const std::uint64_t value = places[i].value.load(std::memory_order_relaxed);
    if (value == fresh) return Learned::kKnown;
    places[i].value.store(fresh, std::memory_order_release);
    // Forgotten under our hands, perhaps given to another station: its next frame learns it again.
    if (places[i].key.load(std::memory_order_acquire) != key) {
      places[i].value.store(0, std::memory_order_release);
    }
    return value != 0 && port_of(value) != port ? Learned::kMoved : Learned::kKnown;
  }
  for (std::uint32_t i = 0; i < kBucket; ++i) {
    std::uint64_t empty = 0;
    if (places[i].key.load(std::memory_order_relaxed) == 0 &&
        places[i].key.compare_exchange_strong(empty, key, std::memory_order_acq_rel)) {
      places[i].value.store(fresh, std::memory_order_release);
      size_.fetch_add(1, std::memory_order_relaxed);
      return Learned::kNew;
    }
  }
  return Learned::kNoRoom;
}

std::optional<PortId> MacTable::find(std::uint64_t key) const {
  const Place* const places = bucket(key);
  for (std::uint32_t i = 0; i < kBucket; ++i) {
    if (places[i].key.load(std::memory_order_acquire) != key) continue;
    const std::uint64_t value = places[i].value.load(std::memory_order_acquire);
    if (value == 0 || places[i].key.load(std::memory_order_acquire) != key) continue;
    return port_of(value);
  }
  return std::nullopt;
}

void MacTable::forget(Place& place) {
  // Value first: whoever claims the place next must not inherit it.
  place.value.store(0, std::memory_order_release);
  if (place.key.exchange(0, std::memory_order_acq_rel) != 0) {
    size_.fetch_sub(1, std::memory_order_relaxed);
  }
}

void MacTable::age(std::uint32_t now_s, std::uint32_t age_s, std::uint32_t places) {
  for (std::uint32_t n = std::min(places, capacity()); n > 0; --n) {
    Place& place = places_[next_to_age_];
    next_to_age_ = (next_to_age_ + 1) & (capacity() - 1);
    const std::uint64_t value = place.value.load(std::memory_order_acquire);
    if (value != 0 && now_s - seen_of(value) > age_s && now_s > seen_of(value)) forget(place);
  }
}

void MacTable::flush(VlanId vlan, PortSet ports) {
  for (std::uint32_t i = 0; i < capacity(); ++i) {
    Place& place = places_[i];
    const std::uint64_t value = place.value.load(std::memory_order_acquire);
    if (value != 0 && vlan_of(place.key.load(std::memory_order_acquire)) == vlan &&
        ports.contains(port_of(value))) {
      forget(place);
    }
  }
}

void MacTable::for_each(const std::function<void(const Row&)>& visit) const {
  for (std::uint32_t i = 0; i < capacity(); ++i) {
    const std::uint64_t key = places_[i].key.load(std::memory_order_acquire);
    const std::uint64_t value = places_[i].value.load(std::memory_order_acquire);
    if (key == 0 || value == 0) continue;
    Row row{vlan_of(key), {}, port_of(value), seen_of(value)};
    for (unsigned b = 0; b < 6; ++b) {
      row.mac.bytes[b] = static_cast<std::uint8_t>(key >> (8 * (5 - b)));
    }
    visit(row);
  }
}

}  // namespace sluice::dataplane
