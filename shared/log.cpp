// SPDX-License-Identifier: BSD-3-Clause
#include "shared/log.h"

#include <algorithm>

namespace sluice {
namespace {

using enum LogEvent;
using enum LogLevel;
using enum Subsystem;

constexpr std::string_view kLevelNames[] = {"trace", "debug", "info", "warn", "error"};
static_assert(std::size(kLevelNames) == kLogLevels);

constexpr std::string_view kSubsystemNames[] = {"system", "dataplane", "eal",   "igmp",  "proxy",
                                                "api",    "web",       "state", "health"};
static_assert(std::size(kSubsystemNames) == kSubsystems);

constexpr LogEventText kEvents[] = {
    {kReady, "ready", kSystem, kInfo, "ports workers socket",
     "Every port is started and every worker polls."},
    {kStopped, "stopped", kSystem, kInfo, "", "The end, after SIGTERM or SIGINT."},
    {kStartFailed, "start-failed", kSystem, kError, "reason",
     "A device or the control socket cannot be opened; sluiced exits with 1."},
    {kConfigError, "config-error", kSystem, kError, "error",
     "One error of the configuration file at a reload."},
    {kReloaded, "reloaded", kSystem, kInfo, "file", "The configuration file was read and applied."},
    {kReloadRefused, "reload-refused", kSystem, kError, "file errors",
     "The configuration stays as it was; a `config-error` for each reason comes before."},
    {kLogLevelChanged, "log-level-changed", kSystem, kInfo, "subsystem level",
     "By `sluicectl log-level`."},
    {kOrdinaryPages, "ordinary-pages", kDataplane, kInfo, "reason",
     "Too few huge pages are free; packet buffers lie in ordinary ones."},
    {kPortLink, "port-link", kDataplane, kInfo, "port state",
     "A port's link went up or down; at the start once for each port."},
    {kWorkerStuck, "worker-stuck", kDataplane, kError, "after-s",
     "A worker has not finished a burst for that long; systemd's watchdog is no longer fed."},
    {kWorkerResumed, "worker-resumed", kDataplane, kWarn, "", "The worker that was stuck goes on."},
    {kFibRefused, "fib-refused", kDataplane, kDebug, "reason",
     "The forwarding table took no entry; `limit-reached` tells whom it hit."},
    {kBuffersLost, "buffers-lost", kDataplane, kDebug, "count",
     "Packet buffers were still in use at the end."},
    {kEalLine, "eal", kEal, kDebug, "text", "A line of DPDK or of one of its drivers."},
    {kGroupJoined, "group-joined", kIgmp, kDebug, "vlan port group source address",
     "A port's first membership of a group."},
    {kGroupLeft, "group-left", kIgmp, kDebug, "vlan port group source address",
     "A membership ended for a known reason: a leave, a link down, `clear groups`."},
    {kGroupExpired, "group-expired", kIgmp, kDebug, "vlan port group source address",
     "A membership ended because nobody confirmed it."},
    {kSourceAdded, "source-added", kIgmp, kDebug, "vlan port group source address",
     "A member wants one more source."},
    {kSourceRemoved, "source-removed", kIgmp, kDebug, "vlan port group source address",
     "A member wants one source less."},
    {kMrouterUp, "mrouter-up", kIgmp, kInfo, "vlan port address",
     "A port leads to a multicast router."},
    {kMrouterDown, "mrouter-down", kIgmp, kInfo, "vlan port address", "A port does so no longer."},
    {kQuerierChanged, "querier-changed", kIgmp, kInfo, "vlan port address",
     "Who queries a VLAN; without an address nobody does."},
    {kOlderQuerier, "older-querier", kIgmp, kWarn, "vlan port address",
     "A querier speaks an older IGMP version than this VLAN is configured for."},
    {kLimitReached, "limit-reached", kIgmp, kInfo, "vlan port group address",
     "A join was refused because a table or a limit is full."},
    {kJoinDenied, "join-denied", kIgmp, kInfo, "vlan port group address",
     "A group profile refused a join, or some sources of it."},
    {kUpstreamChanged, "upstream-changed", kProxy, kWarn, "vlan port address",
     "A proxy uses another upstream."},
    {kAlarmRaised, "alarm-raised", kHealth, kWarn,
     "alarm severity vlan port group source worker cause remedy",
     "Something is not healthy; at `error` when its severity is critical."},
    {kAlarmCleared, "alarm-cleared", kHealth, kInfo, "alarm severity vlan port group source worker",
     "It is healthy again."},
    {kHttpFailed, "http-failed", kWeb, kError, "listener path reason",
     "A page could not be made; its reader got a 500."},
    {kStateRestored, "state-restored", kState, kInfo,
     "away memberships router-ports static refused unknown-ports",
     "What was kept over a restart is in force; `away` is in seconds."},
    {kStateIgnored, "state-ignored", kState, kWarn, "file reason",
     "The state file is of no use; the daemon starts with nothing."},
    {kStateOutdated, "state-outdated", kState, kWarn, "away memberships",
     "Memberships older than the membership interval are forgotten; hosts are asked."},
    {kStateUnwritten, "state-unwritten", kState, kError, "reason",
     "The state file cannot be written; it is tried again, and said once."},
    {kStateWritten, "state-written", kState, kInfo, "file", "It can be written again."},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(kEvents); ++i) {
    if (static_cast<std::size_t>(kEvents[i].event) != i) return false;
  }
  return true;
}
static_assert(in_order(), "one row for each LogEvent, in its order");

template <class Enum, std::size_t N>
std::optional<Enum> find(const std::string_view (&names)[N], std::string_view name) {
  const auto at = std::find(std::begin(names), std::end(names), name);
  if (at == std::end(names)) return std::nullopt;
  return static_cast<Enum>(at - std::begin(names));
}

}  // namespace

std::string_view to_string(LogLevel level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}
std::optional<LogLevel> parse_log_level(std::string_view name) {
  return find<LogLevel>(kLevelNames, name);
}

std::string_view to_string(Subsystem subsystem) {
  return kSubsystemNames[static_cast<std::size_t>(subsystem)];
}
std::optional<Subsystem> parse_subsystem(std::string_view name) {
  return find<Subsystem>(kSubsystemNames, name);
}

std::span<const LogEventText> all_log_events() {
  return kEvents;
}
const LogEventText& text_of(LogEvent event) {
  return kEvents[static_cast<std::size_t>(event)];
}

}  // namespace sluice
