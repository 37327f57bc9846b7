// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/commands.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "shared/log.h"

namespace sluice::control::cli {
namespace {

const Argument kVlan{"--vlan", Kind::kVlan, "VLAN, 1 to 4094"};
const Argument kPort{"--port", Kind::kPort, "port, by its name"};
const Argument kGroup{"--group", Kind::kGroup, "multicast group"};
const Argument kSource{"--source", Kind::kSource, "source, or * for any"};

Argument needed(Argument argument) {
  argument.required = true;
  return argument;
}

}  // namespace

const std::vector<Family>& all_families() {
  static const std::vector<Family> families = {
      {"show", "what the daemon knows"},
      {"static", "static members, until the daemon restarts"},
      {"clear", "forget groups, or count from zero"},
      {"config", "the configuration file"},
  };
  return families;
}

const std::vector<Command>& all_commands() {
  static const std::vector<Argument> one_member = {needed(kVlan), needed(kGroup), kSource,
                                                   needed(kPort)};
  static const std::vector<Command> commands = {
      {"status", "is the daemon up, and what is it running", {}},
      {"show groups",
       "memberships per (VLAN, port, group)",
       {kVlan, kGroup, kPort},
       "  sluicectl show groups --vlan 10\n"
       "  sluicectl show groups --group 239.1.1.1 --json"},
      {"show fib",
       "the forwarding entries that the workers use",
       {kVlan, kGroup},
       "  sluicectl show fib --vlan 10 --group 232.1.1.1"},
      {"show mrouters", "multicast-router ports, why, and until when", {kVlan, kPort}},
      {"show queriers", "who queries each VLAN", {kVlan}},
      {"show ports", "link, counters and drops of each port", {kPort}},
      {"show macs", "learned MAC addresses", {kVlan, kPort}},
      {"show counters", "every counter; the table leaves out the zeros", {}},
      {"show alarms", "what is not well, why, and what to do about it", {}},
      {"show proxy", "proxies and what they have joined upstream", {kGroup}},
      {"show log-levels", "how much each subsystem logs", {}},
      {"watch",
       "events as they happen, until interrupted",
       {},
       "  sluicectl watch\n"
       "  sluicectl watch --json | jq 'select(.event == \"group-joined\")'"},
      {"explain",
       "what would happen to such a frame now, and why",
       {needed(kVlan),
        needed(kPort),
        needed(kGroup),
        kSource,
        {"--igmp", Kind::kFlag, "the frame is an IGMP message"}},
       "  sluicectl explain --vlan 10 --port uplink --group 239.1.1.1\n"
       "  sluicectl explain --vlan 10 --port uplink --group 232.1.1.1 --source 10.9.9.9"},
      {"static add", "add one", one_member,
       "  sluicectl static add --vlan 10 --group 239.1.1.1 --port p3\n"
       "  sluicectl static add --vlan 10 --group 232.1.1.1 --source 10.9.9.9 --port p3"},
      {"static del", "remove one", one_member},
      {"clear groups", "forget what was joined; hosts are asked again", {kVlan}},
      {"clear counters", "count from zero", {kVlan}},
      {"reload", "read the configuration file again; a bad file changes nothing", {}},
      {"config diff",
       "what a reload of the file would change, and what needs a restart",
       {},
       "  sluicectl config diff\n"
       "  sluicectl config diff --json"},
      {"log-level",
       "how much the daemon logs, until it restarts",
       {{"subsystem", Kind::kSubsystem, "one of `show log-levels`; without it all of them"},
        {"level", Kind::kLevel, "trace, debug, info, warn or error", true}},
       "  sluicectl log-level warn\n"
       "  sluicectl log-level igmp debug"},
  };
  return commands;
}

const std::vector<Argument>& global_options() {
  static const std::vector<Argument> options = {
      {"--json", Kind::kFlag, "one JSON object, for machines"},
      {"--socket", Kind::kText, "control socket (or SLUICE_SOCKET)"},
      {"--help", Kind::kFlag, "print this help message and exit"},
  };
  return options;
}

std::string command_list() {
  std::size_t width = 0;
  for (const Command& command : all_commands()) width = std::max(width, command.name.size());
  std::string text;
  for (const Command& command : all_commands()) {
    text += fmt::format("  {:<{}}  {}\n", command.name, width, command.help);
  }
  return text;
}

std::vector<std::string> fixed_values(Kind kind) {
  std::vector<std::string> values;
  if (kind == Kind::kLevel) {
    for (std::size_t i = 0; i < kLogLevels; ++i) {
      values.emplace_back(to_string(static_cast<LogLevel>(i)));
    }
  } else if (kind == Kind::kSubsystem) {
    for (std::size_t i = 0; i < kSubsystems; ++i) {
      values.emplace_back(to_string(static_cast<Subsystem>(i)));
    }
  }
  return values;
}

}  // namespace sluice::control::cli
