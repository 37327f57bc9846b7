// SPDX-License-Identifier: BSD-3-Clause
#include "shared/address_index.h"

#include <random>
#include <utility>

namespace sluice {

const std::uint64_t AddressIndex::seed_ = [] {
  std::random_device entropy;
  return (std::uint64_t{entropy()} << 32) | entropy();
}();

void AddressIndex::insert(Ipv4 address, std::uint32_t number) {
  if (2 * (size_ + 1) > places_.size()) grow();
  std::size_t at = home(address);
  while (places_[at].number != kNone) at = (at + 1) & mask();
  places_[at] = {address, number};
  ++size_;
}

// Those behind it that were pushed away from their home close the gap, so that no mark is left.
void AddressIndex::erase(Ipv4 address) {
  if (find(address) == kNone) return;
  std::size_t gap = home(address);
  while (places_[gap].address != address) gap = (gap + 1) & mask();
  for (std::size_t at = gap;;) {
    at = (at + 1) & mask();
    if (places_[at].number == kNone) break;
    // How far from its home it is, and how far the gap is from it.
    const std::size_t pushed = (at - home(places_[at].address)) & mask();
    if (pushed < ((at - gap) & mask())) continue;
    places_[gap] = places_[at];
    gap = at;
  }
  places_[gap] = Place{};
  --size_;
}

void AddressIndex::grow() {
  constexpr std::size_t kFirst = 16;
  const std::vector<Place> before =
      std::exchange(places_, std::vector<Place>(places_.empty() ? kFirst : 2 * places_.size()));
  size_ = 0;
  for (const Place& place : before) {
    if (place.number != kNone) insert(place.address, place.number);
  }
}

}  // namespace sluice
