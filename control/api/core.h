// SPDX-License-Identifier: BSD-3-Clause
// What an operator's command may touch. Commands run on the control thread, between two events,
// copy plain rows out or change something, and return; parsing and formatting happen elsewhere.
#pragma once

#include <functional>
#include <vector>

#include "config/config.h"
#include "control/api/counter_zero.h"
#include "control/appliance.h"
#include "control/departed_traffic.h"
#include "control/health/monitor.h"
#include "control/loop_times.h"
#include "shared/planes.h"

namespace sluice::control::api {

struct Core {
  Appliance& appliance;
  Fib& fib;
  VlanPublisher& vlans;
  DataplaneView& view;
  config::Config& config;  // in force; reload replaces it
  CounterZero& zero;
  DepartedTraffic& departed;
  LoopTimes& times;
  const health::Monitor& health;
  TimePoint now;
  snooping::Effects& out;  // carried out when the command returns
  // Of what runs beside the control thread; may be empty.
  const std::function<std::vector<NamedCount>()>& more_counters;

  snooping::Switch& snooper() const { return appliance.snooper(); }
  // Those that are active, at most some hundreds; health.alarms().not_listed() counts the rest.
  std::vector<health::Alarm> alarms() const { return health.alarms().active(); }
  bool has_vlan(VlanId id) const {
    return vlans.current().find(id) != nullptr || config.find_vlan(id) != nullptr;
  }
};

}  // namespace sluice::control::api
