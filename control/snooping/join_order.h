// SPDX-License-Identifier: BSD-3-Clause
// Which membership of a port is the oldest, for max-groups-action = "replace". Leaves are not told:
// what is no longer there is skipped, and thrown away when it would outweigh what is. Control
// thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "control/snooping/membership.h"

namespace sluice::control::snooping {

class JoinOrder {
 public:
  void joined(PortGroupSlab::Index index, const PortGroupSlab& slab) {
    if (order_.size() > 2 * live_at_last_sweep_ + kSlack) {
      std::erase_if(order_, [&](const Join& join) { return !holds(join, slab); });
      live_at_last_sweep_ = order_.size();
    }
    order_.push_back(join_of(index, slab));
  }
  // The one that has been here longest; none: nothing is known of any.
  std::optional<PortGroupSlab::Index> take_oldest(const PortGroupSlab& slab) {
    while (!order_.empty()) {
      const Join join = order_.front();
      order_.pop_front();
      if (holds(join, slab)) return join.index;
    }
    return std::nullopt;
  }
  // From what there is already, in any order.
  void rebuild(std::vector<PortGroupSlab::Index> members, const PortGroupSlab& slab) {
    std::ranges::sort(members, {}, [&](auto index) { return TimePoint(slab[index].since); });
    order_.clear();
    for (const PortGroupSlab::Index index : members) {
      order_.push_back(join_of(index, slab));
    }
    live_at_last_sweep_ = order_.size();
  }
  void clear() { order_.clear(); }
  std::size_t size() const { return order_.size(); }  // with those that are gone

 private:
  static constexpr std::size_t kSlack = 64;
  struct Join {
    PortGroupSlab::Index index;
    VlanId vlan;
    PortId port;
    Ipv4 group;
    PackedTime since;
  };
  static Join join_of(PortGroupSlab::Index index, const PortGroupSlab& slab) {
    const PortGroup& member = slab[index];
    return {index, member.vlan, member.port, member.group, member.since};
  }
  // A place may have got another tenant since.
  static bool holds(const Join& join, const PortGroupSlab& slab) {
    const PortGroup& member = slab[join.index];
    return member.group == join.group && member.vlan == join.vlan && member.port == join.port &&
           member.since == TimePoint(join.since);
  }

  std::deque<Join> order_;
  std::size_t live_at_last_sweep_ = 0;
};

}  // namespace sluice::control::snooping
