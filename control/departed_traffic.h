// SPDX-License-Identifier: BSD-3-Clause
// What entries of the forwarding table carried that are gone from it, by VLAN. With the entries
// that are there it makes a sum that never goes down. Control thread.
#pragma once

#include <cstdint>
#include <map>

#include "shared/fib.h"

namespace sluice::control {

struct Traffic {
  std::uint64_t packets = 0, bytes = 0;
};

class DepartedTraffic {
 public:
  void add(const Fib::Row& row) {
    if (row.packets == 0) return;
    Traffic& sum = by_vlan_[row.key.vlan];
    sum.packets += row.packets;
    sum.bytes += row.bytes;
  }
  // All counters count from zero again.
  void reset() {
    by_vlan_.clear();
    ++resets_;
  }
  const std::map<VlanId, Traffic>& by_vlan() const { return by_vlan_; }
  std::uint64_t resets() const { return resets_; }

 private:
  std::map<VlanId, Traffic> by_vlan_;  // at most one for each VLAN and proxy there is
  std::uint64_t resets_ = 0;
};

}  // namespace sluice::control
