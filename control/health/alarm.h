// SPDX-License-Identifier: BSD-3-Clause
// An alarm: something about the multicast of this network is not as it should be, where, since
// when, why, and what to do about it. Plain values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/address.h"
#include "shared/ids.h"
#include "shared/time.h"

namespace sluice::control::health {

enum class Severity : std::uint8_t { kWarning, kCritical };

inline std::string_view to_string(Severity severity) {
  return severity == Severity::kCritical ? "critical" : "warning";
}

struct Alarm {
  std::string_view name;  // "no-querier"; of static storage
  Severity severity = Severity::kWarning;
  std::optional<VlanId> vlan;
  std::optional<PortId> port;
  std::optional<Ipv4> group, source;
  std::optional<unsigned> worker;
  TimePoint since;
  std::string cause, remedy;  // a sentence each
};

}  // namespace sluice::control::health
