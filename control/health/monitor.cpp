// SPDX-License-Identifier: BSD-3-Clause
#include "control/health/monitor.h"

namespace sluice::control::health {
namespace {

constexpr Hold kLasting{std::chrono::seconds(10), std::chrono::seconds(10)};

}  // namespace

void Monitor::advance(TimePoint now, std::vector<Transition>& changes) {
  look_at_vlans(now);
  if (now < next_settling_) return;
  next_settling_ = now + kRound;
  alarms_.settle(now, changes);
}

void Monitor::look_at_vlans(TimePoint now) {
  if (!vlan_cursor_) {
    if (now < next_vlan_round_) return;
    next_vlan_round_ = now + kRound;
  }
  const auto some = parts_.snooper.take_health(vlan_cursor_, kVlansPerTurn, now);
  for (const snooping::VlanHealth& vlan : some) look_at(vlan, now);
  if (some.size() == kVlansPerTurn) {
    vlan_cursor_ = some.back().vlan;
    return;
  }
  vlan_cursor_.reset();
  alarms_.end_round(Kind::kNoQuerier);
}

void Monitor::look_at(const snooping::VlanHealth& vlan, TimePoint now) {
  const std::string id = std::to_string(vlan.vlan.value);
  if (vlan.any_link && vlan.querier.state == snooping::QuerierState::kNone && !vlan.upstream) {
    const char* const meanwhile =
        vlan.floods ? "so nobody is asked who watches, and multicast floods"
                    : "so nobody is asked who watches, and memberships will expire";
    alarms_.sight({Kind::kNoQuerier, vlan.vlan}, kLasting, now,
                  {"Nobody queries VLAN " + id + ", " + meanwhile + ".",
                   "Set send-query = true for VLAN " + id +
                       ", or check the multicast router there and the link to it."});
  }
}

std::vector<NamedCount> Monitor::counters() const {
  std::vector<NamedCount> counts;
  for (const Alarm& alarm : alarms_.active()) {
    std::string label = "{name=\"" + std::string(alarm.name) + "\"";
    if (alarm.vlan) label += ",vlan=\"" + std::to_string(alarm.vlan->value) + "\"";
    if (alarm.port) label += ",port=\"" + parts_.port_name(*alarm.port) + "\"";
    if (alarm.group) label += ",group=\"" + to_string(*alarm.group) + "\"";
    if (alarm.worker) label += ",worker=\"" + std::to_string(*alarm.worker) + "\"";
    counts.push_back({"alarm_active" + label + "}", 1});
  }
  counts.push_back({"alarms_not_listed", alarms_.not_listed()});
  counts.push_back({"alarms_raised_total", alarms_.raised_total()});
  return counts;
}

}  // namespace sluice::control::health
