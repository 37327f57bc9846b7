// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/view.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>

namespace sluice::dataplane {
namespace {

void subtract(std::vector<NamedCount>& counts, const std::vector<NamedCount>& zero) {
  for (std::size_t i = 0; i < counts.size() && i < zero.size(); ++i) {
    counts[i].value -= zero[i].value;
  }
}

}  // namespace

std::uint32_t coarse_seconds() {
  return static_cast<std::uint32_t>(rte_rdtsc() / rte_get_tsc_hz());
}

PortStatus View::port_status(PortId port) const {
  return parts_.ports[port.value]->status();
}

PortCounters View::sum_port(PortId port) const {
  PortCounters sum;
  for (const std::string_view label : kRxDropLabels)
    sum.rx_drops.push_back({std::string(label), 0});
  for (const std::string_view label : kTxDropLabels)
    sum.tx_drops.push_back({std::string(label), 0});
  for (const auto& worker : parts_.workers) {
    const PortCounts& counts = worker->counts().ports[port.value];
    sum.rx_packets += counts.rx_packets.read();
    sum.rx_bytes += counts.rx_bytes.read();
    sum.tx_packets += counts.tx_packets.read();
    sum.tx_bytes += counts.tx_bytes.read();
    for (std::size_t i = 0; i < kRxDrops; ++i) sum.rx_drops[i].value += counts.rx_drops[i].read();
    for (std::size_t i = 0; i < kTxDrops; ++i) sum.tx_drops[i].value += counts.tx_drops[i].read();
  }
  // Never received, so outside the sum of fates: what the device lost before a worker saw it.
  rte_eth_stats stats{};
  rte_eth_stats_get(port.value, &stats);
  sum.rx_drops.push_back({"device_missed", stats.imissed});
  sum.rx_drops.push_back({"no_mbuf", stats.rx_nombuf});
  return sum;
}

PortCounters View::port_counters(PortId port) const {
  PortCounters now = sum_port(port);
  const PortCounters& zero = zero_ports_[port.value];
  now.rx_packets -= zero.rx_packets;
  now.rx_bytes -= zero.rx_bytes;
  now.tx_packets -= zero.tx_packets;
  now.tx_bytes -= zero.tx_bytes;
  subtract(now.rx_drops, zero.rx_drops);
  subtract(now.tx_drops, zero.tx_drops);
  return now;
}

std::vector<NamedCount> View::sum_totals() const {
  std::vector<NamedCount> totals;
  const auto per_port = [&](const char* name, Counter PortCounts::*member) {
    for (const auto& port : parts_.ports) {
      std::uint64_t sum = 0;
      for (const auto& worker : parts_.workers) {
        sum += (worker->counts().ports[port->id()].*member).read();
      }
      totals.push_back({std::string(name) + "{port=\"" + port->name() + "\"}", sum});
    }
  };
  per_port("frames_forwarded_total", &PortCounts::forwarded);
  per_port("frames_flooded_total", &PortCounts::flooded);
  per_port("frames_punted_total", &PortCounts::punted);
  per_port("frames_shown_total", &PortCounts::punt_copies);
  per_port("frames_routed_total", &PortCounts::routed);
  per_port("frames_not_shown_total", &PortCounts::not_shown);
  for (std::size_t i = 0; i < kRouteRefusalLabels.size(); ++i) {
    std::uint64_t sum = 0;
    for (const auto& worker : parts_.workers) sum += worker->counts().route_refused[i].read();
    totals.push_back(
        {"route_refused_total{reason=\"" + std::string(kRouteRefusalLabels[i]) + "\"}", sum});
  }
  add_over_limit("port", &WorkerCounts::over_port_limit, totals);
  add_over_limit("vlan", &WorkerCounts::over_vlan_limit, totals);
  std::uint64_t moves = 0;
  std::uint64_t no_room = 0;
  for (std::size_t i = 0; i < parts_.workers.size(); ++i) {
    const Worker& worker = *parts_.workers[i];
    const std::string label = "{worker=\"" + std::to_string(i) + "\"}";
    totals.push_back({"worker_bursts_total" + label, worker.counts().bursts.read()});
    totals.push_back({"worker_idle_polls_total" + label, worker.counts().idle_polls.read()});
    totals.push_back({"worker_naps_total" + label, worker.counts().naps.read()});
    std::uint64_t packets = 0;
    for (const auto& port : parts_.ports) {
      packets += worker.counts().ports[port->id()].rx_packets.read();
    }
    totals.push_back({"worker_packets_total" + label, packets});
    totals.push_back({"worker_busy_cycles_total" + label, worker.counts().busy_cycles.read()});
    totals.push_back({"frames_injected_total" + label, worker.counts().injected.read()});
    totals.push_back(
        {"frames_injected_no_port_total" + label, worker.counts().injected_no_port.read()});
    moves += worker.mac_moves().read();
    no_room += worker.mac_no_room().read();
  }
  totals.push_back({"mac_moves_total", moves});
  totals.push_back({"mac_table_full_total", no_room});
  totals.push_back({"inject_ring_full_total", parts_.exchange.ring_full()});
  totals.push_back({"inject_no_mbuf_total", parts_.exchange.no_mbuf()});
  return totals;
}

void View::add_over_limit(const char* limit, OverLimit WorkerCounts::*member,
                          std::vector<NamedCount>& totals) const {
  for (std::size_t i = 0; i < kPuntClasses; ++i) {
    std::uint64_t sum = 0;
    for (const auto& worker : parts_.workers) sum += (worker->counts().*member)[i].read();
    totals.push_back({"punt_over_limit_total{class=\"" + std::string(kPuntClassNames[i]) +
                          "\",limit=\"" + limit + "\"}",
                      sum});
  }
}

std::vector<NamedCount> View::counters() const {
  std::vector<NamedCount> all = sum_totals();
  subtract(all, zero_totals_);
  all.push_back({"tsc_hertz", rte_get_tsc_hz()});
  for (std::size_t i = 0; i < parts_.workers.size(); ++i) {
    const std::string label = "{worker=\"" + std::to_string(i) + "\"}";
    all.push_back({"punt_ring_frames" + label, parts_.exchange.punts(i)});
    all.push_back({"punt_ring_most_frames" + label, parts_.exchange.most_punts(i)});
  }
  all.push_back({"punt_ring_capacity_frames", kRingFrames});
  all.push_back({"inject_ring_frames", parts_.exchange.injects()});
  all.push_back({"inject_ring_most_frames", parts_.exchange.most_injects()});
  all.push_back({"inject_ring_capacity_frames", kRingFrames});
  all.push_back({"mac_entries", parts_.macs.size()});
  all.push_back({"mac_capacity", parts_.macs.capacity()});
  all.push_back({"mbufs_in_use", rte_mempool_in_use_count(parts_.buffers)});
  all.push_back({"mbufs_available", rte_mempool_avail_count(parts_.buffers)});
  all.push_back({"header_mbufs_in_use", rte_mempool_in_use_count(parts_.headers)});
  return all;
}

std::vector<MacRow> View::macs() const {
  std::vector<MacRow> rows;
  const std::uint32_t now_s = coarse_seconds();
  parts_.macs.for_each([&](const MacTable::Row& row) {
    const double age = now_s > row.seen_s ? now_s - row.seen_s : 0;
    rows.push_back({row.vlan, row.mac, row.port, age});
  });
  return rows;
}

DataplaneHealth View::health() const {
  DataplaneHealth health;
  for (const auto& worker : parts_.workers) {
    const WorkerCounts& counts = worker->counts();
    health.workers.push_back(
        {counts.bursts.read() + counts.idle_polls.read(), counts.full_bursts.read()});
  }
  health.macs = parts_.macs.size();
  health.mac_capacity = parts_.macs.capacity();
  health.mbufs = rte_mempool_in_use_count(parts_.buffers);
  health.mbuf_capacity = parts_.buffers->size;
  return health;
}

PortLosses View::losses(PortId port) const {
  PortLosses losses;
  rte_eth_stats stats{};
  rte_eth_stats_get(port.value, &stats);
  losses.missed = stats.imissed;
  constexpr auto kFull = static_cast<std::size_t>(RxDrop::kPuntRingFull);
  for (const auto& worker : parts_.workers) {
    losses.punt_ring_full += worker->counts().ports[port.value].rx_drops[kFull].read();
  }
  return losses;
}

std::vector<UnwantedStream> View::take_unwanted() {
  std::vector<UnwantedStream> streams;
  for (std::size_t i = 0; i < parts_.workers.size(); ++i) {
    parts_.workers[i]->unwanted().visit_new(unwanted_seen_[i],
                                            [&](VlanId vlan, PortId port, Ipv4 group, Ipv4 source) {
                                              streams.push_back({vlan, port, group, source});
                                            });
  }
  return streams;
}

void View::clear_counters() {
  for (const auto& port : parts_.ports) zero_ports_[port->id()] = sum_port(PortId{port->id()});
  zero_totals_ = sum_totals();
}

}  // namespace sluice::dataplane
