// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/counters.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <iterator>

namespace sluice::control::api {
namespace {

// 36 counters each: about a tenth of a millisecond.
constexpr std::size_t kVlansAtOnce = 32;

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

// One command; its counts are moved to the others by the caller's thread.
template <class Fill>
bool add_piece(CommandQueue& commands, std::vector<NamedCount>& all, const Fill& fill) {
  std::vector<NamedCount> some;
  const bool ran = commands.call([&](Core& core) {
    fill(core, some);
    for (NamedCount& count : some) core.zero.apply(count);
  });
  std::move(some.begin(), some.end(), std::back_inserter(all));
  return ran;
}

void add_dataplane(const Core& core, const PortNames& ports, std::vector<NamedCount>& out) {
  for (std::uint16_t i = 0; i < ports.size(); ++i) {
    add_port(core, PortId{i}, ports[PortId{i}], out);
  }
  std::ranges::move(core.view.counters(), std::back_inserter(out));
  out.push_back({"fib_entries", core.fib.size()});
  out.push_back({"fib_capacity", core.fib.capacity()});
  out.push_back({"fib_egress_sets", core.fib.egress_sets()});
  out.push_back({"fib_retired", core.fib.retired()});
}

void add_others(const Core& core, std::vector<NamedCount>& out) {
  std::ranges::move(core.appliance.counters(), std::back_inserter(out));
  std::ranges::move(core.health.counters(), std::back_inserter(out));
  if (core.more_counters) std::ranges::move(core.more_counters(), std::back_inserter(out));
}

}  // namespace

std::optional<std::vector<NamedCount>> collect_counters(CommandQueue& commands,
                                                        const PortNames& ports) {
  std::vector<NamedCount> all;
  bool ran =
      add_piece(commands, all, [&](Core& core, auto& out) { add_dataplane(core, ports, out); }) &&
      add_piece(commands, all, [](Core& core, auto& out) { add_others(core, out); });
  std::optional<VlanId> vlan;
  do {
    ran = ran && add_piece(commands, all, [&](Core& core, auto& out) {
            vlan = core.snooper().counters(vlan, kVlansAtOnce, out);
          });
  } while (ran && vlan);
  if (!ran) return std::nullopt;
  return all;
}

}  // namespace sluice::control::api
