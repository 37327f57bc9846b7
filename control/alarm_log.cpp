// SPDX-License-Identifier: BSD-3-Clause
#include "control/alarm_log.h"

#include <vector>

#include "control/log/log.h"

namespace sluice::control {
namespace {

LogEvent log_event_of(bool raised) {
  return raised ? LogEvent::kAlarmRaised : LogEvent::kAlarmCleared;
}

}  // namespace

LogLevel log_level_of(const health::Alarm& alarm, bool raised) {
  const bool critical = alarm.severity == health::Severity::kCritical;
  return raised && critical ? LogLevel::kError : text_of(log_event_of(raised)).level;
}

void log_alarm(const health::Alarm& alarm, bool raised, const api::PortNames& ports) {
  std::vector<LogField> fields;
  fields.emplace_back("alarm", alarm.name);
  fields.emplace_back("severity", to_string(alarm.severity));
  if (alarm.vlan) fields.emplace_back("vlan", alarm.vlan->value);
  if (alarm.port) fields.emplace_back("port", ports[*alarm.port]);
  if (alarm.group) fields.emplace_back("group", to_string(*alarm.group));
  if (alarm.source) fields.emplace_back("source", to_string(*alarm.source));
  if (alarm.worker) fields.emplace_back("worker", *alarm.worker);
  if (raised) {
    fields.emplace_back("cause", alarm.cause);
    fields.emplace_back("remedy", alarm.remedy);
  }
  log::write_at(log_level_of(alarm, raised), log_event_of(raised), fields);
}

}  // namespace sluice::control
