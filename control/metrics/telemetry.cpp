// SPDX-License-Identifier: BSD-3-Clause
#include "control/metrics/telemetry.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <numeric>
#include <string>

#include "control/metrics/sample.h"

namespace sluice::control::metrics {
namespace {

using Rows = std::optional<std::vector<TelemetryRow>>;

constexpr std::size_t kGroupsByDefault = 20;

std::uint64_t sum(const std::vector<NamedCount>& counts) {
  return std::accumulate(
      counts.begin(), counts.end(), std::uint64_t{0},
      [](std::uint64_t all, const NamedCount& count) { return all + count.value; });
}

// One port with its drops by reason, or all of them with their sums.
Rows ports(Collector& collector, const std::string& wanted) {
  const auto ports = collector.ports();
  if (!ports) return std::nullopt;
  std::vector<TelemetryRow> rows;
  for (const PortFigures& port : *ports) {
    if (!wanted.empty() && port.name != wanted) continue;
    const PortCounters& counts = port.counters;
    TelemetryRow& row = rows.emplace_back();
    row.key = port.name;
    row.fields = {{"link", port.status.up ? "up" : "down"},
                  {"speed_mbps", std::uint64_t{port.status.speed_mbps}},
                  {"rx_packets", counts.rx_packets},
                  {"rx_bytes", counts.rx_bytes},
                  {"tx_packets", counts.tx_packets},
                  {"tx_bytes", counts.tx_bytes},
                  {"rx_dropped", sum(counts.rx_drops)},
                  {"tx_dropped", sum(counts.tx_drops)},
                  {"control_dropped", sum(port.control_drops)}};
    if (wanted.empty()) continue;
    const auto add = [&](const std::string& direction, const std::vector<NamedCount>& drops) {
      for (const NamedCount& drop : drops) {
        row.fields.emplace_back(direction + "_dropped_" + drop.name, drop.value);
      }
    };
    add("rx", counts.rx_drops);
    add("tx", counts.tx_drops);
    add("control", port.control_drops);
  }
  if (rows.empty()) return std::nullopt;
  return rows;
}

Rows workers(Collector& collector, const std::string&) {
  const auto counts = collector.counters();
  if (!counts) return std::nullopt;
  std::map<std::string, TelemetryRow> by_worker;
  for (const NamedCount& count : *counts) {
    const auto sample = parse_sample(count.name);
    if (!sample || sample->labels.size() != 1 || sample->labels[0].first != "worker") continue;
    TelemetryRow& row = by_worker[sample->labels[0].second];
    row.key = sample->labels[0].second;
    row.fields.emplace_back(sample->family, count.value);
  }
  std::vector<TelemetryRow> rows;
  for (auto& [worker, row] : by_worker) rows.push_back(std::move(row));
  return rows;
}

Rows groups(Collector& collector, const std::string& wanted) {
  std::size_t most = kGroupsByDefault;
  if (!wanted.empty()) {
    const char* const end = wanted.data() + wanted.size();
    const auto [rest, error] = std::from_chars(wanted.data(), end, most);
    if (error != std::errc{} || rest != end || most == 0) return std::nullopt;
  }
  const GroupTraffic* const traffic = collector.groups();
  if (traffic == nullptr) return std::nullopt;
  std::vector<TelemetryRow> rows;
  for (const GroupFigures& group : traffic->groups()) {
    if (rows.size() == std::min(most, kTelemetryGroups)) break;
    rows.push_back({std::to_string(rows.size() + 1),
                    {{"vlan", std::uint64_t{group.key.vlan.value}},
                     {"group", to_string(group.key.group)},
                     {"packets", group.own.packets},
                     {"bytes", group.own.bytes},
                     {"packets_per_second", static_cast<std::uint64_t>(group.packets_per_second)},
                     {"member_ports", static_cast<std::uint64_t>(group.members.size())},
                     {"hosts", std::uint64_t{group.hosts}}}});
  }
  return rows;
}

// The sum of each family, or one family by its labels.
Rows counters(Collector& collector, const std::string& wanted) {
  const auto counts = collector.counters();
  if (!counts) return std::nullopt;
  std::map<std::string, std::uint64_t> sums;
  std::vector<TelemetryRow> rows;
  for (const NamedCount& count : *counts) {
    const auto sample = parse_sample(count.name);
    if (!sample) continue;
    sums[sample->family] += count.value;
    if (sample->family != wanted) continue;
    TelemetryRow& row = rows.emplace_back();
    row.key = std::to_string(rows.size());
    for (const auto& [label, value] : sample->labels) row.fields.emplace_back(label, value);
    row.fields.emplace_back("value", count.value);
  }
  if (!wanted.empty()) return rows.empty() ? Rows{} : rows;
  TelemetryRow& row = rows.emplace_back();
  for (const auto& [family, value] : sums) row.fields.emplace_back(family, value);
  return rows;
}

}  // namespace

std::vector<TelemetryCommand> telemetry_commands(Collector& collector) {
  const auto command = [&](std::string path, std::string help,
                           Rows (*rows)(Collector&, const std::string&)) {
    return TelemetryCommand{
        std::move(path), std::move(help),
        [&collector, rows](const auto& wanted) { return rows(collector, wanted); }};
  };
  return {
      command("/sluice/ports",
              "Ports and what they carry. Parameter: a port's name, for its drops by reason",
              ports),
      command("/sluice/workers", "What each worker does. No parameters", workers),
      command("/sluice/groups", "The busiest groups. Parameter: how many, 1 to 100 (20)", groups),
      command("/sluice/counters",
              "The sum of each counter. Parameter: a counter's name, for its parts by label",
              counters),
  };
}

}  // namespace sluice::control::metrics
