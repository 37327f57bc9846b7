// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/forwarding.h"

namespace sluice::sim {

std::string Forwarding::apply(const control::snooping::FibChange& change) {
  const FibKey& key = change.key;
  const std::string name = "vlan " + std::to_string(key.vlan.value) + " (" + to_string(key.source) +
                           "," + to_string(key.group) + ")";
  const Key here{key.vlan, key.group, key.source};
  if (key.group.is_link_local_multicast() || !key.group.is_multicast()) {
    return name + ": no entry may exist for this group";
  }
  if (change.members) {
    if (!key.any_source() && !registered(key.vlan, key.group)) {
      return name + ": set while its any-source entry does not exist";
    }
    entries_[here] = {*change.members};
    return {};
  }
  const auto at = entries_.find(here);
  if (at == entries_.end()) return name + ": erased but does not exist";
  const auto next = std::next(at);
  if (key.any_source() && next != entries_.end() && std::get<0>(next->first) == key.vlan &&
      std::get<1>(next->first) == key.group) {
    return name + ": erased before its source entries";
  }
  entries_.erase(at);
  return {};
}

bool Forwarding::registered(VlanId vlan, Ipv4 group) const {
  return entries_.contains(Key{vlan, group, Ipv4{}});
}

std::size_t Forwarding::size(VlanId vlan) const {
  std::size_t n = 0;
  for (const auto& [key, ports] : entries_) n += std::get<0>(key) == vlan;
  return n;
}

PortSet Forwarding::egress(VlanId vlan, Ipv4 source, Ipv4 group, PortId ingress) const {
  const VlanPolicy* policy = vlans_.find(vlan);
  if (policy == nullptr) return {};
  const PortSet everywhere = (policy->ports() & policy->up) - PortSet::of(ingress);
  if (!policy->snooping || !policy->restricted || group.is_link_local_multicast()) {
    return everywhere;
  }
  const EgressSet* const entry = find(vlan, group, source);
  if (entry != nullptr) return (entry->members | policy->router_ports) & everywhere;
  switch (policy->unregistered) {
    case UnregisteredPolicy::kFlood:
      return everywhere;
    case UnregisteredPolicy::kRouterPortsOnly:
      return policy->router_ports & everywhere;
    case UnregisteredPolicy::kDrop:
      break;
  }
  return {};
}

const EgressSet* Forwarding::find(VlanId vlan, Ipv4 group, Ipv4 source) const {
  const auto any = entries_.find(Key{vlan, group, Ipv4{}});
  if (any == entries_.end()) return nullptr;
  const auto exact = entries_.find(Key{vlan, group, source});
  return &(exact == entries_.end() ? any : exact)->second;
}

}  // namespace sluice::sim
