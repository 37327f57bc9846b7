// SPDX-License-Identifier: BSD-3-Clause
// What the workers know of VLANs: who carries them, how, and how multicast is restricted there.
// Built whole by the control thread, immutable once published, read by every worker for a burst at
// a time. Small and rarely changed (link, router ports, querier, reload), so replaced as a whole;
// the group table (fib.h) is not part of it.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "shared/fib.h"
#include "shared/ids.h"
#include "shared/punt_limits.h"
#include "shared/routing.h"

namespace sluice {

// What a group that nobody joined gets (contract: `unregistered`).
enum class UnregisteredPolicy : std::uint8_t { kFlood, kRouterPortsOnly, kDrop };

struct VlanPolicy {
  VlanId id;
  PortSet untagged;         // ports whose access VLAN this is
  PortSet tagged;           // ports that carry it in a trunk; disjoint from `untagged`
  PortSet up;               // of both, those whose link is up: nothing is sent to the others;
                            // a VlanTable keeps no more of it than ports()
  PortSet router_ports;     // joined to the egress of every registered group (RFC 4541 §2.1.2)
  PortSet router_guard;     // where PIM is not wanted
  bool snooping = false;    // IGMP, PIM hellos and MRD are punted
  bool restricted = false;  // false: multicast floods, the group table is not consulted (QI-04)
  UnregisteredPolicy unregistered = UnregisteredPolicy::kFlood;
  Ipv4 address;                  // ours; 0.0.0.0: none. ARP for it and frames to us are punted
  RouteRole route;               // in a proxy
  std::vector<Prefix> networks;  // a proxy's downstream: where its sources are (RPF)

  PortSet ports() const { return untagged | tagged; }
  bool routed() const { return route.role != RouteRole::kNone; }
};

// The ports that a frame of a group goes to inside a VLAN, links and ingress not yet looked at.
// `registered`: the group's entry, if any.
inline PortSet bridged_egress(const VlanPolicy& policy, const EgressSet* registered) {
  if (!policy.restricted) return policy.ports();
  if (registered != nullptr) return registered->members | policy.router_ports;
  switch (policy.unregistered) {
    case UnregisteredPolicy::kFlood:
      return policy.ports();
    case UnregisteredPolicy::kRouterPortsOnly:
      return policy.router_ports;
    case UnregisteredPolicy::kDrop:
      break;
  }
  return {};
}

class VlanTable {
 public:
  // nullptr when no port carries the VLAN, or it is none.
  const VlanPolicy* find(VlanId vlan) const {
    if (vlan.value >= kVlanIds) return nullptr;
    const std::uint16_t at = index_[vlan.value];
    return at == 0 ? nullptr : &policies_[at - 1u];
  }
  // 0 when the port takes no untagged frames.
  VlanId access_vlan(PortId port) const { return access_[port.value]; }
  const std::vector<VlanPolicy>& policies() const { return policies_; }
  // nullptr when no proxy routes this VLAN.
  const RouteDomain* domain(const VlanPolicy& policy) const {
    return policy.routed() ? &domains_[policy.route.domain] : nullptr;
  }
  const std::vector<RouteDomain>& domains() const { return domains_; }
  // The source of every frame that is routed, and the address that hosts send to us by.
  const MacAddress& own_mac() const { return own_mac_; }
  const PuntShapes& punt_shapes() const { return punt_shapes_; }

  // Building; before publication only. Adding an id a second time replaces its policy.
  void add(const VlanPolicy& policy);
  void set_access_vlan(PortId port, VlanId vlan) { access_[port.value] = vlan; }
  void set_domains(std::vector<RouteDomain> domains) { domains_ = std::move(domains); }
  void set_own_mac(const MacAddress& mac) { own_mac_ = mac; }
  void set_punt_limits(const PuntLimits& limits) { punt_shapes_ = shapes_of(limits); }

 private:
  std::array<std::uint16_t, kVlanIds> index_{};
  std::array<VlanId, kMaxPorts> access_{};
  std::vector<VlanPolicy> policies_;
  std::vector<RouteDomain> domains_;
  MacAddress own_mac_;
  PuntShapes punt_shapes_ = shapes_of(kDefaultPuntLimits);
};

// The networks that a frame is routed to, after route_refusal() had nothing against it (PF-01..03).
// `lookup(vlan, group, source)` gives an entry's EgressSet, or nullptr. `visit(policy, ports)` is
// called for each network with at least one port to send to.
template <class Lookup, class Visit>
void for_each_routed(const VlanTable& vlans, const VlanPolicy& ingress, Ipv4 group, Ipv4 source,
                     Lookup lookup, Visit visit) {
  const RouteDomain& domain = *vlans.domain(ingress);
  if (ingress.route.role == RouteRole::kDownstream) {
    const std::optional<VlanId> upstream = domain.upstream_of(group);
    const VlanPolicy* const policy = upstream ? vlans.find(*upstream) : nullptr;
    if (policy != nullptr) {  // PF-02: whether or not anybody there asked
      const EgressSet* const registered =
          policy->restricted ? lookup(*upstream, group, source) : nullptr;
      PortSet ports = (bridged_egress(*policy, registered) | policy->router_ports) & policy->up;
      if (ports.empty()) ports = policy->up;
      if (!ports.empty()) visit(*policy, ports);
    }
  }
  const EgressSet* const entry = lookup(domain.key, group, Ipv4{});
  if (entry == nullptr) return;
  (entry->members & domain.forwarding).for_each([&](PortId place) {
    const VlanPolicy* const policy = vlans.find(domain.downstreams[place.value]);
    if (policy == nullptr || policy->id == ingress.id) return;
    const EgressSet* const members = lookup(policy->id, group, source);
    if (members == nullptr) return;
    const PortSet ports = members->members & policy->ports() & policy->up;
    if (!ports.empty()) visit(*policy, ports);
  });
}

}  // namespace sluice
