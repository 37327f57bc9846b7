// SPDX-License-Identifier: BSD-3-Clause
// What of the switch outlives a restart: plain rows, copied out by the control thread a slice at a
// time and given to Switch::start() of the next run. Times are deadlines of the clock of whoever
// holds the rows; who reads them from a file has aged them by the time away. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "control/igmp/group_state.h"
#include "control/igmp/host.h"
#include "control/igmp/querier.h"
#include "control/snooping/host_table.h"
#include "control/snooping/router_ports.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/time.h"

namespace sluice::control::snooping {

// One dynamic membership.
struct SavedMember {
  VlanId vlan;
  PortId port;
  Ipv4 group;
  igmp::GroupState<Ipv4>::Saved state;
  bool leaving = false;
  Ipv4 last_reporter;
  TimePoint since{};
  std::vector<HostTable::Host> hosts;
  bool hosts_complete = true;
};

// A static member that was added by command.
struct SavedStatic {
  Ipv4 group;
  std::optional<Ipv4> source;
  PortSet ports;
};

struct SavedVlan {
  VlanId vlan;
  bool settled = false;
  bool tracked = false;  // explicit-tracking: the hosts of its members are known
  igmp::Querier<Ipv4>::Saved querier;
  std::optional<igmp::Host<Ipv4>::Saved> host;
  std::vector<RouterPorts::Router> routers;  // learned ones
  std::vector<SavedStatic> statics;
};

struct SavedSwitch {
  TimePoint saved_at{};  // the last moment of which the rows know
  std::vector<SavedVlan> vlans;
  std::vector<SavedMember> members;
};

// What became of them.
struct Restored {
  std::size_t members = 0;
  std::size_t refused = 0;   // by today's configuration: VLAN, port, limit or range
  std::size_t outdated = 0;  // older than the membership interval
  std::size_t routers = 0;
  std::size_t statics = 0;
};

}  // namespace sluice::control::snooping
