// SPDX-License-Identifier: BSD-3-Clause
// Looks after the health of the network and of the appliance, a small piece at a time: each turn
// looks at some VLANs, some groups, some memberships and one port, and once a second at the data
// plane, so that no turn takes long however many there are. What it finds is in the AlarmTable.
// Told the time; control thread only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "control/health/alarm_table.h"
#include "control/snooping/switch.h"
#include "shared/planes.h"

namespace sluice::control::health {

class Monitor {
 public:
  // All of them outlive it.
  struct Parts {
    const config::Config& config;  // in force
    snooping::Switch& snooper;
    const Fib& fib;
    DataplaneView& view;
    std::function<std::string(PortId)> port_name;
  };
  // How much one turn looks at.
  static constexpr std::size_t kVlansPerTurn = 32;
  static constexpr std::size_t kGroupsPerTurn = 512;
  static constexpr std::size_t kMembershipsPerTurn = 1024;
  // Of a group with more sources it is not known whether its stream is there.
  static constexpr std::size_t kMostSources = 256;
  static constexpr Duration kRound = std::chrono::seconds(1);  // at the most often

  explicit Monitor(Parts parts) : parts_(std::move(parts)) {}

  // One turn; to be called some 20 times a second. Appends what was raised and cleared.
  void advance(TimePoint now, std::vector<Transition>& changes);

  const AlarmTable& alarms() const { return alarms_; }
  // `alarm_active{name="no-querier",vlan="10"}`: 1 for each that is listed.
  std::vector<NamedCount> counters() const;

 private:
  // A walk through something, again and again, at most once a second.
  struct Walk {
    TimePoint began{}, next{};
    Duration took{0};  // the last time
    bool under_way = false;

    bool due(TimePoint now);
    void end(TimePoint now);
  };
  // How long a group's counters have not moved.
  struct Standstill {
    Ipv4 group;
    std::uint32_t packets = 0;  // its low bits
    std::uint32_t since_s = 0;
    std::uint32_t round = 0;  // in which it was looked at last
  };
  struct PortSeen {
    PortLosses losses;
    bool known = false;
  };

  // monitor.cpp
  Hold lasting() const;  // as configured
  Hold at_once(Duration extra = {}) const;
  bool near_limit(std::uint64_t used, std::uint64_t capacity) const;
  void look_at_dataplane(TimePoint now);
  void look_at_workers(const DataplaneHealth& health, TimePoint now);
  void look_at_tables(const DataplaneHealth& health, TimePoint now);
  void look_at_unwanted(TimePoint now);
  void look_at_next_port(TimePoint now);

  // network.cpp
  void look_at_vlans(TimePoint now);
  void look_at(const snooping::VlanHealth& vlan, TimePoint now);
  void look_at_queriers(const snooping::VlanHealth& vlan, TimePoint now);
  void look_at_limits(const snooping::VlanHealth& vlan, TimePoint now);
  void look_at_groups(TimePoint now);
  void look_at(const snooping::WatchedGroup& group, TimePoint now);
  std::uint32_t packets_of(const snooping::WatchedGroup& group) const;
  void look_at_memberships(TimePoint now);

  Parts parts_;
  AlarmTable alarms_;
  Walk vlans_, groups_, memberships_, dataplane_;
  std::optional<VlanId> vlan_cursor_;  // the last one that was looked at
  snooping::GroupCursor group_cursor_;
  std::uint32_t group_round_ = 1;
  std::uint32_t membership_cursor_ = 0;
  std::map<VlanId, std::vector<Standstill>> standstills_;  // by the groups' places
  std::vector<DataplaneHealth::Worker> workers_;           // as they were a second ago
  std::vector<PortSeen> ports_;
  std::size_t next_port_ = 0;
  TimePoint next_settling_{};
};

}  // namespace sluice::control::health
