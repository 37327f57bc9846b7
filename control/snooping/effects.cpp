// SPDX-License-Identifier: BSD-3-Clause
#include "control/snooping/effects.h"

namespace sluice::control::snooping {

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::kGroupJoined:
      return "group-joined";
    case EventType::kGroupLeft:
      return "group-left";
    case EventType::kGroupExpired:
      return "group-expired";
    case EventType::kSourceAdded:
      return "source-added";
    case EventType::kSourceRemoved:
      return "source-removed";
    case EventType::kMrouterUp:
      return "mrouter-up";
    case EventType::kMrouterDown:
      return "mrouter-down";
    case EventType::kQuerierChanged:
      return "querier-changed";
    case EventType::kLimitReached:
      return "limit-reached";
    case EventType::kUpstreamChanged:
      return "upstream-changed";
    case EventType::kOlderQuerier:
      return "older-querier";
    case EventType::kJoinDenied:
      return "join-denied";
    case EventType::kAlarmRaised:
      return "alarm-raised";
    case EventType::kAlarmCleared:
      return "alarm-cleared";
  }
  return "";
}

}  // namespace sluice::control::snooping
