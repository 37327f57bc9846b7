// SPDX-License-Identifier: BSD-3-Clause
// The zero of counters that were cleared for one VLAN only. The planes clear all or nothing; what
// is cleared for a VLAN is an offset that is taken off when its counters are shown. Control thread.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/fib.h"
#include "shared/planes.h"

namespace sluice::control::api {

class CounterZero {
 public:
  // Everything counts from its own zero again.
  void reset();
  // From now on the VLAN's entries, and those of `counters` that only count up, are shown from
  // zero. `counters`: as they are, none of them applied to.
  void clear_vlan(VlanId vlan, const Fib& fib, const std::vector<NamedCount>& counters);
  // An entry that is gone takes its offset with it: a new one of the same key counts from zero.
  void forget(const FibKey& key) {
    if (!entries_.empty()) entries_.erase(key);
  }

  void apply(Fib::Row& row) const;
  void apply(NamedCount& counter) const;

 private:
  struct Offset {
    std::uint64_t packets = 0, bytes = 0;
  };
  struct HashKey {
    std::size_t operator()(const FibKey& key) const noexcept;
  };
  std::unordered_map<FibKey, Offset, HashKey> entries_;
  std::unordered_map<std::string, std::uint64_t> counters_;
};

}  // namespace sluice::control::api
