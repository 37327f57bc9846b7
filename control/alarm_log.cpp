// SPDX-License-Identifier: BSD-3-Clause
#include "control/alarm_log.h"

#include <spdlog/spdlog.h>

namespace sluice::control {

void log_alarm(const health::Alarm& alarm, bool raised, const api::PortNames& ports) {
  const auto level = !raised                                         ? spdlog::level::info
                     : alarm.severity == health::Severity::kCritical ? spdlog::level::err
                                                                     : spdlog::level::warn;
  if (!spdlog::should_log(level)) return;
  std::string line =
      fmt::format("{} alarm={}", raised ? "alarm-raised" : "alarm-cleared", alarm.name);
  if (alarm.vlan) line += fmt::format(" vlan={}", alarm.vlan->value);
  if (alarm.port) line += " port=" + ports[*alarm.port];
  if (alarm.group) line += " group=" + to_string(*alarm.group);
  if (alarm.source) line += " source=" + to_string(*alarm.source);
  if (alarm.worker) line += fmt::format(" worker={}", *alarm.worker);
  if (raised) line += fmt::format(" cause=\"{}\" remedy=\"{}\"", alarm.cause, alarm.remedy);
  spdlog::log(level, "{}", line);
}

}  // namespace sluice::control
