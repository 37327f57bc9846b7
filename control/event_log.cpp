// SPDX-License-Identifier: BSD-3-Clause
#include "control/event_log.h"

#include <vector>

#include "control/log/log.h"

namespace sluice::control {

using snooping::EventType;

LogEvent log_event_of(EventType type) {
  switch (type) {
    case EventType::kGroupJoined:
      return LogEvent::kGroupJoined;
    case EventType::kGroupLeft:
      return LogEvent::kGroupLeft;
    case EventType::kGroupExpired:
      return LogEvent::kGroupExpired;
    case EventType::kSourceAdded:
      return LogEvent::kSourceAdded;
    case EventType::kSourceRemoved:
      return LogEvent::kSourceRemoved;
    case EventType::kMrouterUp:
      return LogEvent::kMrouterUp;
    case EventType::kMrouterDown:
      return LogEvent::kMrouterDown;
    case EventType::kQuerierChanged:
      return LogEvent::kQuerierChanged;
    case EventType::kLimitReached:
      return LogEvent::kLimitReached;
    case EventType::kJoinDenied:
      return LogEvent::kJoinDenied;
    case EventType::kUpstreamChanged:
      return LogEvent::kUpstreamChanged;
    case EventType::kOlderQuerier:
      return LogEvent::kOlderQuerier;
    case EventType::kAlarmRaised:
      return LogEvent::kAlarmRaised;
    case EventType::kAlarmCleared:
      return LogEvent::kAlarmCleared;
  }
  return LogEvent::kGroupJoined;
}

void log_event(const snooping::Event& event, const api::PortNames& ports) {
  const LogEvent name = log_event_of(event.type);
  if (!log::wants(name)) return;
  std::vector<LogField> fields;
  fields.emplace_back("vlan", event.vlan.value);
  if (event.port) fields.emplace_back("port", ports[*event.port]);
  if (event.group) fields.emplace_back("group", to_string(*event.group));
  if (event.source) fields.emplace_back("source", to_string(*event.source));
  if (event.address) fields.emplace_back("address", to_string(*event.address));
  log::write(name, fields);
}

}  // namespace sluice::control
