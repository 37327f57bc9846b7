// SPDX-License-Identifier: BSD-3-Clause
// What the core shows of its state: plain rows, copied out on the control thread, formatted
// elsewhere. Times are relative to the moment of asking.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "control/igmp/messages.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/time.h"

namespace sluice::control::snooping {

struct SourceRow {
  Ipv4 address;
  std::optional<Duration> expire;  // none: static. Zero: blocked
  bool forwarding = false;
};

struct HostRow {
  Ipv4 address;
  Duration expire{0};
};

// One per (VLAN, port, group); a static and a dynamic membership of the same are two rows.
struct GroupRow {
  VlanId vlan;
  PortId port;
  Ipv4 group;
  igmp::FilterMode filter_mode = igmp::FilterMode::kInclude;
  igmp::Version version = igmp::Version::kV3;  // compatibility mode
  bool is_static = false;
  Duration up_time{0};
  std::optional<Duration> expire;  // none: static
  std::optional<Ipv4> last_reporter;
  std::vector<SourceRow> sources;
  std::vector<HostRow> hosts;
};

enum class LearnedFrom : std::uint8_t { kQuery, kPim, kMrd, kStatic };

// A port may be a router port for several reasons: one row each.
struct MrouterRow {
  VlanId vlan;
  PortId port;
  LearnedFrom learned_from = LearnedFrom::kQuery;
  std::optional<Ipv4> address;     // none: static
  std::optional<Duration> expire;  // none: static
};

enum class QuerierState : std::uint8_t { kNone, kQuerier, kNonQuerier };

struct QuerierRow {
  VlanId vlan;
  QuerierState state = QuerierState::kNone;
  std::optional<Ipv4> address;
  igmp::Version version = igmp::Version::kV3;
  std::optional<Duration> expire;      // of the other querier
  std::optional<Duration> next_query;  // ours
  bool settled = false;
};

// Why ports are members of a group.
struct MemberPorts {
  PortSet dynamic, from_static;
};

// A host that asked for a group.
struct HostMembership {
  VlanId vlan;
  PortId port;
  Ipv4 group;
};

// What a VLAN notes between two looks at its health.
struct VlanNotes {
  struct HeardQuery {
    TimePoint at = TimePoint::min();
    Ipv4 querier;
    PortId port;
  };
  std::array<HeardQuery, 3> queries;  // of each version, the latest
  TimePoint silent_since{};           // the latest query from elsewhere, or the start
  PortSet reports_on_router_ports;
  PortSet refused_groups, refused_sources, refused_hosts;  // ports at a limit
  bool refused_vlan_group = false;
};

// What the health of a VLAN is judged by.
struct VlanHealth {
  VlanId vlan;
  bool any_link = false;
  bool floods = false;                        // no restriction for want of a querier
  bool upstream = false, downstream = false;  // of a proxy
  QuerierRow querier;
  Duration other_querier_present_interval{0};
  Duration query_interval{0};
  VlanNotes notes;
  std::uint32_t groups = 0, max_groups = 0, max_vlan_groups = 0;
  PortSet ports_near_limit;  // of max-groups
  bool near_limit = false;   // of max-vlan-groups
};

// A group that somebody watches, for who looks whether its stream is there.
struct WatchedGroup {
  VlanId vlan;
  Ipv4 group;
  std::uint32_t place = 0;    // among its VLAN's groups; small numbers that are used again
  bool forwards = false;      // the VLAN restricts, so that its entry counts
  unsigned ports = 0;         // with viewers
  std::vector<Ipv4> sources;  // that have an entry of their own
};
// Where to go on among the groups of all VLANs.
struct GroupCursor {
  VlanId vlan{};
  std::uint32_t place = 0;
};

// A membership that will end soon, because nobody has answered the querier.
struct ExpiringMembership {
  VlanId vlan;
  PortId port;
  Ipv4 group;
  Ipv4 last_reporter;
  Duration expire{0};
};

// What a view is restricted to; absent: everything.
struct GroupFilter {
  std::optional<VlanId> vlan;
  std::optional<Ipv4> group;
  std::optional<PortId> port;
};

}  // namespace sluice::control::snooping
