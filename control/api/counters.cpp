// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/counters.h"

#include <spdlog/fmt/fmt.h>

namespace sluice::control::api {
namespace {

void add_port(const Core& core, PortId port, const std::string& name,
              std::vector<NamedCount>& out) {
  const PortCounters counts = core.view.port_counters(port);
  const auto add = [&](const char* counter, std::uint64_t value) {
    out.push_back({fmt::format("{}{{port=\"{}\"}}", counter, name), value});
  };
  add("port_rx_packets_total", counts.rx_packets);
  add("port_rx_bytes_total", counts.rx_bytes);
  add("port_tx_packets_total", counts.tx_packets);
  add("port_tx_bytes_total", counts.tx_bytes);
  const auto add_drops = [&](const char* direction, const std::vector<NamedCount>& drops) {
    for (const NamedCount& drop : drops) {
      out.push_back(
          {fmt::format("frames_dropped_total{{port=\"{}\",direction=\"{}\",reason=\"{}\"}}", name,
                       direction, drop.name),
           drop.value});
    }
  };
  add_drops("rx", counts.rx_drops);
  add_drops("tx", counts.tx_drops);
}

}  // namespace

std::vector<NamedCount> collect_counters(const Core& core, const PortNames& ports) {
  std::vector<NamedCount> counts;
  for (std::uint16_t i = 0; i < ports.size(); ++i) {
    add_port(core, PortId{i}, ports[PortId{i}], counts);
  }
  const auto append = [&](std::vector<NamedCount> more) {
    counts.insert(counts.end(), more.begin(), more.end());
  };
  append(core.view.counters());
  append(core.snooper().counters());
  append(core.appliance.counters());
  append(core.health.counters());
  if (core.more_counters) append(core.more_counters());
  counts.push_back({"fib_entries", core.fib.size()});
  counts.push_back({"fib_capacity", core.fib.capacity()});
  counts.push_back({"fib_egress_sets", core.fib.egress_sets()});
  counts.push_back({"fib_retired", core.fib.retired()});
  for (NamedCount& count : counts) core.zero.apply(count);
  return counts;
}

}  // namespace sluice::control::api
