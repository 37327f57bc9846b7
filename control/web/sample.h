// SPDX-License-Identifier: BSD-3-Clause
// Everything that the dashboard shows of the switch at one moment, with rates: what a Sampler
// copied, sorted for look-up and paging. Immutable once taken; one thread.
#pragma once

#include <span>
#include <vector>

#include "control/health/alarm.h"
#include "control/snooping/view.h"
#include "control/web/rate.h"
#include "shared/fib.h"
#include "shared/planes.h"

namespace sluice::control::web {

// A forwarding entry.
struct Flow {
  FibKey key;
  PortSet members;
  std::uint64_t packets = 0, bytes = 0;
  Meter meter;
};

// A group in a VLAN: its (*,G) entry and its (S,G) entries together.
struct GroupLine {
  VlanId vlan;
  Ipv4 group;
  PortSet members;
  std::uint64_t packets = 0, bytes = 0;
  Rate rate;
  std::uint32_t first_flow = 0, flows = 0;  // places in Sample::flows; (*,G) first
};

struct PortLine {
  PortStatus status;
  PortCounters counters;
  std::vector<NamedCount> control_drops;
  Meter rx, tx, drops;  // drops: frames, no bytes
  std::uint32_t groups = 0;

  std::uint64_t dropped() const;
};

struct VlanLine {
  VlanId id;
  PortSet untagged, tagged, router_ports;
  bool snooping = false;
  bool restricted = false;
  snooping::QuerierRow querier;  // of one that snoops
  std::vector<snooping::MrouterRow> routers;
  std::uint32_t groups = 0;
  Rate rate;  // of its groups
};

struct Sample {
  std::uint64_t number = 0;
  TimePoint time{};
  unsigned workers = 0;
  std::uint32_t entries = 0, capacity = 0;
  std::vector<Flow> flows;        // by VLAN, group and source
  std::vector<GroupLine> groups;  // by VLAN and group
  std::vector<PortLine> ports;    // by PortId
  std::vector<health::Alarm> alarms;
  std::size_t alarms_not_listed = 0;
  std::vector<VlanLine> vlans;                          // by VlanId
  double peak_packets_per_s = 0, peak_bytes_per_s = 0;  // of the busiest group

  const GroupLine* find(VlanId vlan, Ipv4 group) const;
  const VlanLine* find(VlanId vlan) const;
  std::span<const Flow> flows_of(const GroupLine& line) const {
    return std::span(flows).subspan(line.first_flow, line.flows);
  }
};

// Sorts the flows, takes the rates over from `before` (nullptr: there is nothing before), and sums
// up. `flows` with keys, members and counters come in; everything else of `sample` is there.
void finish(Sample& sample, const Sample* before);

}  // namespace sluice::control::web
