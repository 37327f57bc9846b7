// SPDX-License-Identifier: BSD-3-Clause
// Packets and bytes of each (VLAN, group), of which the busiest are shown one by one and the rest
// of a VLAN together, in such a way that no figure ever goes down:
//
// - A group's own count grows only while it is shown. What it carries otherwise is in its VLAN's
//   rest. It goes on where it stood when it is shown again.
// - A VLAN's sum is that of its entries and of those that are gone (DepartedTraffic).
// - The rest is the VLAN's sum less all that was ever added to a group's own count, so that rest
// and
//   groups together always grow by just what was forwarded.
//
// A group that is shown gives its place only to one that carries more than twice as much: groups of
// about the same rate do not take turns. One reading at a time; one thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <unordered_map>
#include <vector>

#include "control/departed_traffic.h"
#include "shared/fib.h"

namespace sluice::control::metrics {

struct GroupKey {
  VlanId vlan;
  Ipv4 group;

  bool operator==(const GroupKey&) const = default;
};

struct GroupFigures {
  GroupKey key;
  Traffic own;
  double packets_per_second = 0;  // since the reading before
  PortSet members;                // of its entries
  std::size_t hosts = 0;          // filled in by who asks the switch
};

struct VlanFigures {
  VlanId vlan;
  Traffic all, rest;
  std::size_t groups = 0;          // with an entry
  std::size_t groups_in_rest = 0;  // of these, those not shown
};

class GroupTraffic {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit GroupTraffic(std::size_t top) : top_(top) {}

  // A reading: begin(), add() each entry once, finish(). `departed`: as it was before the first
  // entry was read.
  void begin() { ++reading_; }
  void add(const Fib::Row& row);
  void finish(const std::map<VlanId, Traffic>& departed, SteadyTime now);
  // The table's counters count from zero again, and so do these.
  void reset();

  // Of the last reading: the groups that are shown, the busiest first; the VLANs by number.
  const std::vector<GroupFigures>& groups() const { return groups_; }
  std::vector<GroupFigures>& groups() { return groups_; }
  const std::vector<VlanFigures>& vlans() const { return vlans_; }

 private:
  struct State {
    Traffic sum, last, own;  // of the entries now; at the reading before; shown
    PortSet members;
    std::uint64_t reading = 0, since = 0;  // the last one and the first that it was in
    bool shown = false;
  };
  struct Hash {
    std::size_t operator()(const GroupKey& key) const noexcept {
      const std::uint64_t both = std::uint64_t{key.vlan.value} << 32 | key.group.value;
      return static_cast<std::size_t>((both ^ seed) * 0x9E3779B97F4A7C15ull);
    }
    // Differs from run to run, so that nobody can choose groups that meet.
    inline static const std::uint64_t seed =
        std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  };
  struct Sums {
    Traffic own, rest;  // all that was ever added to groups' own counts; the rest as last shown
  };

  void choose(double seconds);
  void sum_up(const std::map<VlanId, Traffic>& departed);

  std::size_t top_;
  std::uint64_t reading_ = 0;
  SteadyTime last_time_{};
  std::unordered_map<GroupKey, State, Hash> states_;  // one for each group in the table
  std::map<VlanId, Sums> sums_;                       // one for each VLAN that ever had an entry
  std::vector<GroupFigures> groups_;
  std::vector<VlanFigures> vlans_;
};

}  // namespace sluice::control::metrics
