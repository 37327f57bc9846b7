// SPDX-License-Identifier: BSD-3-Clause
// From an IPv4 address to a small number: the place where its entry is kept. Open-addressed, linear
// probing, at most half full, 8 bytes a place: a look-up is one cache line, an addition allocates
// only when the table doubles. Which addresses meet in one place differs from run to run, so that
// nobody can choose them. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "shared/address.h"

namespace sluice {

class AddressIndex {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  // kNone when the address is not there.
  std::uint32_t find(Ipv4 address) const {
    if (places_.empty()) return kNone;
    for (std::size_t at = home(address);; at = (at + 1) & mask()) {
      const Place& place = places_[at];
      if (place.number == kNone || place.address == address) return place.number;
    }
  }
  // Of no effect but on the time of a find() that follows.
  void prefetch(Ipv4 address) const {
    if (!places_.empty()) __builtin_prefetch(&places_[home(address)]);
  }
  // An address that is not there; `number` is not kNone.
  void insert(Ipv4 address, std::uint32_t number);
  // Nothing happens when it is not there.
  void erase(Ipv4 address);

  std::size_t size() const { return size_; }

 private:
  struct Place {
    Ipv4 address;
    std::uint32_t number = kNone;  // kNone: empty
  };

  std::size_t mask() const { return places_.size() - 1; }
  std::size_t home(Ipv4 address) const {
    std::uint64_t x = (address.value ^ seed_) * 0x9E3779B97F4A7C15ull;
    x = (x ^ (x >> 32)) * 0xBF58476D1CE4E5B9ull;
    return static_cast<std::size_t>(x >> 32) & mask();
  }
  void grow();

  static const std::uint64_t seed_;
  std::vector<Place> places_;  // a power of two, or none
  std::size_t size_ = 0;
};

}  // namespace sluice
