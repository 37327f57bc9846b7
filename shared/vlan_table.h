// SPDX-License-Identifier: BSD-3-Clause
// What the workers know of VLANs: who carries them, how, and how multicast is restricted there.
// Built whole by the control thread, immutable once published, read by every worker for a burst at
// a time. Small and rarely changed (link, router ports, querier, reload), so replaced as a whole;
// the group table (fib.h) is not part of it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shared/ids.h"

namespace sluice {

// What a group that nobody joined gets (contract: `unregistered`).
enum class UnregisteredPolicy : std::uint8_t { kFlood, kRouterPortsOnly, kDrop };

struct VlanPolicy {
  VlanId id;
  PortSet untagged;         // ports whose access VLAN this is
  PortSet tagged;           // ports that carry it in a trunk; disjoint from `untagged`
  PortSet up;               // of both, those whose link is up: nothing is sent to the others
  PortSet router_ports;     // joined to the egress of every registered group (RFC 4541 §2.1.2)
  bool snooping = false;    // IGMP, PIM hellos and MRD are punted
  bool restricted = false;  // false: multicast floods, the group table is not consulted (QI-04)
  UnregisteredPolicy unregistered = UnregisteredPolicy::kFlood;

  PortSet ports() const { return untagged | tagged; }
};

class VlanTable {
 public:
  // nullptr when no port carries the VLAN.
  const VlanPolicy* find(VlanId vlan) const {
    const std::uint16_t at = index_[vlan.value & (kVlanIds - 1)];
    return at == 0 ? nullptr : &policies_[at - 1u];
  }
  // 0 when the port takes no untagged frames.
  VlanId access_vlan(PortId port) const { return access_[port.value]; }
  const std::vector<VlanPolicy>& policies() const { return policies_; }

  // Building; before publication only. Adding an id a second time replaces its policy.
  void add(const VlanPolicy& policy);
  void set_access_vlan(PortId port, VlanId vlan) { access_[port.value] = vlan; }

 private:
  std::array<std::uint16_t, kVlanIds> index_{};
  std::array<VlanId, kMaxPorts> access_{};
  std::vector<VlanPolicy> policies_;
};

}  // namespace sluice
