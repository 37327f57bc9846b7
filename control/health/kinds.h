// SPDX-License-Identifier: BSD-3-Clause
// The alarms there are. docs/alarms.md has the same list for operators. Constant data; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "control/health/alarm.h"

namespace sluice::control::health {

enum class Kind : std::uint8_t {
  kNoQuerier,
  kQuerierVersions,
  kUpstreamSilent,
  kReportsOnRouterPort,
  kLimitReached,
  kGroupsNearLimit,
  kUnregisteredDropped,
  kViewersWithoutStream,
  kMembershipExpiring,
  kRxMissed,
  kPuntRingFull,
  kWorkerBehind,
  kFibNearLimit,
  kMacTableNearLimit,
  kMbufsNearLimit,
};

struct KindText {
  std::string_view name;
  Severity severity;
};

inline constexpr std::array kKinds = {
    KindText{"no-querier", Severity::kCritical},
    KindText{"querier-versions", Severity::kWarning},
    KindText{"upstream-silent", Severity::kCritical},
    KindText{"reports-on-router-port", Severity::kWarning},
    KindText{"limit-reached", Severity::kCritical},
    KindText{"groups-near-limit", Severity::kWarning},
    KindText{"unregistered-dropped", Severity::kWarning},
    KindText{"viewers-without-stream", Severity::kWarning},
    KindText{"membership-expiring", Severity::kWarning},
    KindText{"rx-missed", Severity::kCritical},
    KindText{"punt-ring-full", Severity::kCritical},
    KindText{"worker-behind", Severity::kWarning},
    KindText{"fib-near-limit", Severity::kWarning},
    KindText{"mac-table-near-limit", Severity::kWarning},
    KindText{"mbufs-near-limit", Severity::kWarning},
};

constexpr const KindText& text_of(Kind kind) {
  return kKinds[static_cast<std::size_t>(kind)];
}

}  // namespace sluice::control::health
