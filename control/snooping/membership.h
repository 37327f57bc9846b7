// SPDX-License-Identifier: BSD-3-Clause
// Where memberships are kept: one PortGroup per (VLAN, port, group), in a slab so that its place is
// its timer's id, and one Group per (VLAN, group) that knows its PortGroups, its static members and
// what of it is in the forwarding table. Kept small: a (port, group) without sources takes about
// 128 bytes, all told. Control thread only.
#pragma once

#include <algorithm>
#include <bit>
#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "control/igmp/group_state.h"
#include "control/snooping/host_table.h"
#include "shared/address.h"
#include "shared/address_index.h"
#include "shared/ids.h"
#include "shared/slab.h"
#include "shared/time.h"

namespace sluice::control::snooping {

// One cache line, since every report of every host looks at one; the members stand where they
// leave no gaps.
struct alignas(64) PortGroup {
  [[no_unique_address]] igmp::GroupState<Ipv4> state;
  bool leaving = false;  // a leave was the last that was heard: tells group-left from group-expired
  [[no_unique_address]] HostTable hosts;  // empty without explicit-tracking
  Ipv4 group;
  Ipv4 last_reporter;
  VlanId vlan;
  PortId port;
  PackedTime since = TimePoint{};
};
static_assert(sizeof(PortGroup) == 64);

using PortGroupSlab = Slab<PortGroup>;

struct StaticMember {
  std::optional<Ipv4> source;  // none: any
  PortSet from_file, from_command;

  PortSet ports() const { return from_file | from_command; }
};

// What the forwarding table holds of a group's sources, ascending.
using CompiledSources = std::vector<std::pair<Ipv4, PortSet>>;

struct Group {
  Ipv4 address;
  bool compiled = false;  // the (*,G) entry is in the table
  bool refused = false;   // an entry did not fit in: every report tries again
  bool own = false;       // the appliance itself wants it: this is a proxy's upstream
  PortSet compiled_any;
  // Of the memberships on these ports: their places, in the order of the ports.
  PortSet ports;
  boost::container::small_vector<PortGroupSlab::Index, 2> members;
  // What the memberships come to, so that an event on one port need not look at the others: the
  // ports in EXCLUDE mode, and those that name any sources. See note().
  PortSet excluding, with_sources;
  std::unique_ptr<std::vector<StaticMember>> statics;
  std::unique_ptr<CompiledSources> compiled_sources;

  bool registered() const { return !members.empty() || statics != nullptr || own; }
  const PortGroupSlab::Index* member(PortId port) const {
    return ports.contains(port) ? &members[place(port)] : nullptr;
  }
  void add(PortId port, PortGroupSlab::Index index) {
    members.insert(members.begin() + static_cast<std::ptrdiff_t>(place(port)), index);
    ports.insert(port);
  }
  void remove(PortId port) {
    members.erase(members.begin() + static_cast<std::ptrdiff_t>(place(port)));
    ports.erase(port);
    excluding.erase(port);
    with_sources.erase(port);
  }
  // To be called when a membership's filter mode or sources may have changed.
  void note(PortId port, const igmp::GroupState<Ipv4>& state) {
    const PortSet here = PortSet::of(port);
    const bool excludes = state.filter_mode() == igmp::FilterMode::kExclude;
    excluding = excludes ? excluding | here : excluding - here;
    with_sources = state.sources().empty() ? with_sources - here : with_sources | here;
  }

 private:
  std::size_t place(PortId port) const {
    return static_cast<std::size_t>(std::popcount(ports.bits() & (PortSet::of(port).bits() - 1)));
  }
};

// The groups of one VLAN. A reference is good until its group is erased.
class Groups {
 public:
  Group* find(Ipv4 address) {
    const std::uint32_t place = index_.find(address);
    return place == AddressIndex::kNone ? nullptr : &slab_[place];
  }
  const Group* find(Ipv4 address) const { return const_cast<Groups*>(this)->find(address); }
  Group& find_or_add(Ipv4 address) {
    if (Group* const known = find(address)) return *known;
    const std::uint32_t place = slab_.allocate();
    index_.insert(address, place);
    slab_[place].address = address;
    return slab_[place];
  }
  void erase(Ipv4 address) {
    const std::uint32_t place = index_.find(address);
    if (place == AddressIndex::kNone) return;
    index_.erase(address);
    slab_.release(place);
  }
  void prefetch(Ipv4 address) const { index_.prefetch(address); }
  std::size_t size() const { return index_.size(); }

  // In pieces: visits the groups in the places from `from` on, each with its place, until `work` is
  // spent; a place costs 1, and what `visit` returns besides. Where to go on, 0 after the last.
  template <class Visit>
  std::uint32_t visit_from(std::uint32_t from, std::size_t& work, Visit visit) const {
    std::uint32_t i = from;
    for (; i < slab_.end() && work > 0; ++i) {
      --work;
      if (!slab_[i].address.is_unspecified())
        work -= std::min<std::size_t>(work, visit(slab_[i], i));
    }
    return i < slab_.end() ? i : 0;
  }

  // `visit` neither adds nor erases groups.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < slab_.end(); ++i) {
      if (!slab_[i].address.is_unspecified()) visit(slab_[i]);
    }
  }
  template <class Visit>
  void for_each(Visit visit) const {
    const_cast<Groups*>(this)->for_each([&](const Group& group) { visit(group); });
  }

 private:
  AddressIndex index_;
  Slab<Group> slab_;
};

}  // namespace sluice::control::snooping
