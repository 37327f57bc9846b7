// SPDX-License-Identifier: BSD-3-Clause
// The forwarding compiler: what one group's memberships come to, as forwarding entries and as one
// merged reception state. Looks at the group that changed, at those of its memberships that name
// sources, and at nothing else.
#pragma once

#include <optional>
#include <vector>

#include "control/igmp/host.h"
#include "control/snooping/effects.h"
#include "control/snooping/membership.h"

namespace sluice::control::snooping {

// The ports with a member that admits `source`; none: a source that nobody named (DP-10, FW-1..6).
PortSet members_of(const Group& group, const PortGroupSlab& slab, std::optional<Ipv4> source);

// Appends what must change in the forwarding table and remembers that it was asked for. A
// registered group has a (*,G) entry, even without ports; every named source has an (S,G) entry.
// The (*,G) entry comes first and goes last.
void compile(VlanId vlan, Group& group, const PortGroupSlab& slab, std::vector<FibChange>& out);

// What all members together want (RFC 9776 §3.2, RFC 4605 §4.1; PX-06..PX-09).
igmp::Reception<Ipv4> merged_reception(const Group& group, const PortGroupSlab& slab,
                                       TimePoint now);

}  // namespace sluice::control::snooping
