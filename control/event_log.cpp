// SPDX-License-Identifier: BSD-3-Clause
#include "control/event_log.h"

#include <spdlog/spdlog.h>

namespace sluice::control {

using snooping::EventType;

void log_event(const snooping::Event& event, const api::PortNames& ports) {
  const bool notable =
      event.type == EventType::kQuerierChanged || event.type == EventType::kMrouterUp ||
      event.type == EventType::kMrouterDown || event.type == EventType::kLimitReached;
  const auto level = notable ? spdlog::level::info : spdlog::level::debug;
  if (!spdlog::should_log(level)) return;
  std::string line = fmt::format("{} vlan={}", snooping::to_string(event.type), event.vlan.value);
  if (event.port) line += " port=" + ports[*event.port];
  if (event.group) line += " group=" + to_string(*event.group);
  if (event.source) line += " source=" + to_string(*event.source);
  if (event.address) line += " address=" + to_string(*event.address);
  spdlog::log(level, "{}", line);
}

}  // namespace sluice::control
