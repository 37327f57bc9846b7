// SPDX-License-Identifier: BSD-3-Clause
// What a worker would do, on ordinary maps: applies the core's effects as the data plane does and
// answers where a frame would go. Complains of effects that the real table refuses.
#pragma once

#include <map>
#include <string>
#include <tuple>

#include "control/snooping/effects.h"
#include "shared/fib.h"
#include "shared/vlan_table.h"

namespace sluice::sim {

class Forwarding {
 public:
  // Empty, or what was wrong with the change.
  std::string apply(const control::snooping::FibChange& change);
  void publish(const VlanTable& table) { vlans_ = table; }

  const VlanTable& vlans() const { return vlans_; }
  bool registered(VlanId vlan, Ipv4 group) const;
  PortSet egress(VlanId vlan, Ipv4 source, Ipv4 group, PortId ingress) const;
  // The entry that serves (source, group), nullptr: none.
  const EgressSet* find(VlanId vlan, Ipv4 group, Ipv4 source) const;
  std::size_t size() const { return entries_.size(); }
  std::size_t size(VlanId vlan) const;

 private:
  using Key = std::tuple<VlanId, Ipv4, Ipv4>;  // sources of a group follow its any-source entry
  std::map<Key, EgressSet> entries_;
  VlanTable vlans_;
};

}  // namespace sluice::sim
