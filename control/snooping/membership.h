// SPDX-License-Identifier: BSD-3-Clause
// Where memberships are kept: one PortGroup per (VLAN, port, group), in a slab so that its place is
// its timer's id, and one Group per (VLAN, group) that knows its PortGroups, its static members and
// what of it is in the forwarding table. Kept small: a (port, group) without sources takes at most
// 256 bytes, all told. Control thread only.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "control/igmp/group_state.h"
#include "control/snooping/host_table.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/time.h"

namespace sluice::control::snooping {

struct PortGroup {
  igmp::GroupState<Ipv4> state;
  std::unique_ptr<HostTable> hosts;  // none without explicit-tracking
  TimePoint since;
  Ipv4 group;
  Ipv4 last_reporter;
  VlanId vlan;
  PortId port;
  bool leaving = false;  // a leave was the last that was heard: tells group-left from group-expired
};

// Slots that are used again; a reference stays good until its slot is released.
class PortGroupSlab {
 public:
  using Index = std::uint32_t;

  Index allocate() {
    if (free_.empty()) {
      slots_.emplace_back();
      return static_cast<Index>(slots_.size() - 1);
    }
    const Index index = free_.back();
    free_.pop_back();
    return index;
  }
  void release(Index index) {
    slots_[index] = PortGroup{};
    free_.push_back(index);
  }
  PortGroup& operator[](Index index) { return slots_[index]; }
  const PortGroup& operator[](Index index) const { return slots_[index]; }
  std::size_t used() const { return slots_.size() - free_.size(); }

 private:
  std::deque<PortGroup> slots_;
  std::vector<Index> free_;
};

struct StaticMember {
  std::optional<Ipv4> source;  // none: any
  PortSet from_file, from_command;

  PortSet ports() const { return from_file | from_command; }
};

// What the forwarding table holds of a group's sources, ascending.
using CompiledSources = std::vector<std::pair<Ipv4, PortSet>>;

struct Group {
  boost::container::small_vector<PortGroupSlab::Index, 2> members;
  std::unique_ptr<std::vector<StaticMember>> statics;
  std::unique_ptr<CompiledSources> compiled_sources;
  PortSet compiled_any;
  bool compiled = false;  // the (*,G) entry is in the table
  bool own = false;       // the appliance itself wants it: this is a proxy's upstream

  bool registered() const { return !members.empty() || statics != nullptr || own; }
};

}  // namespace sluice::control::snooping
