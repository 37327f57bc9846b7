// SPDX-License-Identifier: BSD-3-Clause
// Which timer of the host side's wheel is whose, and what both its files wait for. The version
// timers come first, so that at one moment the mode changes before anybody speaks in the old one.
// Private to Host.
#pragma once

#include <cstdint>

#include "control/timer_wheel.h"

namespace sluice::control::igmp::host_timers {

inline constexpr Duration kUnsolicitedReportIntervalV2 =
    std::chrono::seconds(10);  // RFC 2236 §8.10

inline constexpr TimerWheel::Id kV1Querier = 0;  // "IGMPv1 Querier Present", RFC 9776 §7.2.1
inline constexpr TimerWheel::Id kV2Querier = 1;
inline constexpr TimerWheel::Id kGeneralResponse = 2;  // v3
inline constexpr TimerWheel::Id kFirstGroup = 3;

// v3: response to a specific query. v1, v2: the group's one timer.
constexpr TimerWheel::Id response(std::uint32_t group) {
  return kFirstGroup + 2 * group;
}
// v3: the next repetition of a state-change report.
constexpr TimerWheel::Id change(std::uint32_t group) {
  return kFirstGroup + 2 * group + 1;
}
constexpr std::uint32_t index(TimerWheel::Id timer) {
  return (timer - kFirstGroup) / 2;
}

}  // namespace sluice::control::igmp::host_timers
