// SPDX-License-Identifier: BSD-3-Clause
// Looks after the health of the network and of the appliance, a small piece at a time: each turn
// looks at some VLANs, some groups and some memberships, and once a second at the data plane, so
// that no turn takes long however many there are. What it finds is in the AlarmTable. Told the
// time; control thread only.
#pragma once

#include <functional>
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
  static constexpr Duration kRound = std::chrono::seconds(1);  // at the most often

  explicit Monitor(Parts parts) : parts_(std::move(parts)) {}

  // One turn; to be called some 20 times a second. Appends what was raised and cleared.
  void advance(TimePoint now, std::vector<Transition>& changes);

  const AlarmTable& alarms() const { return alarms_; }
  // `alarm_active{name="no-querier",vlan="10"}`: 1 for each that is listed.
  std::vector<NamedCount> counters() const;

 private:
  void look_at_vlans(TimePoint now);
  void look_at(const snooping::VlanHealth& vlan, TimePoint now);

  Parts parts_;
  AlarmTable alarms_;
  std::optional<VlanId> vlan_cursor_;  // the last one that was looked at
  TimePoint next_vlan_round_{};
  TimePoint next_settling_{};
};

}  // namespace sluice::control::health
