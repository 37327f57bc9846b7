// SPDX-License-Identifier: BSD-3-Clause
#include "control/event_log.h"

#include <spdlog/spdlog.h>

#include <chrono>

namespace sluice::control {

using snooping::EventType;

namespace {

// What a peer can cause must not fill the log, nor hold up the loop that writes it.
class LineBudget {
 public:
  bool take() {
    const auto now = std::chrono::steady_clock::now();
    if (now - second_ >= std::chrono::seconds(1)) {
      if (withheld_ > 0) spdlog::info("{} more events in that second not logged", withheld_);
      second_ = now;
      lines_ = withheld_ = 0;
    }
    if (++lines_ <= kLinesPerSecond) return true;
    ++withheld_;
    return false;
  }

 private:
  static constexpr unsigned kLinesPerSecond = 20;
  std::chrono::steady_clock::time_point second_{};
  unsigned lines_ = 0, withheld_ = 0;
};

spdlog::level::level_enum level_of(EventType type) {
  switch (type) {
    case EventType::kUpstreamChanged:
    case EventType::kOlderQuerier:
      return spdlog::level::warn;
    case EventType::kQuerierChanged:
    case EventType::kMrouterUp:
    case EventType::kMrouterDown:
    case EventType::kLimitReached:
      return spdlog::level::info;
    default:
      return spdlog::level::debug;
  }
}

}  // namespace

void log_event(const snooping::Event& event, const api::PortNames& ports) {
  const auto level = level_of(event.type);
  const bool notable = level > spdlog::level::debug;
  if (!spdlog::should_log(level)) return;
  static LineBudget budget;  // of the control thread
  if (notable && !budget.take()) return;
  std::string line = fmt::format("{} vlan={}", snooping::to_string(event.type), event.vlan.value);
  if (event.port) line += " port=" + ports[*event.port];
  if (event.group) line += " group=" + to_string(*event.group);
  if (event.source) line += " source=" + to_string(*event.source);
  if (event.address) line += " address=" + to_string(*event.address);
  spdlog::log(level, "{}", line);
}

}  // namespace sluice::control
