// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/sample.h"

#include <algorithm>
#include <tuple>

namespace sluice::control::web {
namespace {

auto order(const FibKey& key) {
  return std::tie(key.vlan, key.group, key.source);
}

std::optional<TimePoint> time_of(const Sample* sample) {
  return sample == nullptr ? std::nullopt : std::optional(sample->time);
}

void measure_flows(Sample& sample, const Sample* before) {
  const std::vector<Flow> none;
  const std::vector<Flow>& earlier = before != nullptr ? before->flows : none;
  auto at = earlier.begin();
  for (Flow& flow : sample.flows) {
    while (at != earlier.end() && order(at->key) < order(flow.key)) ++at;
    const bool known = at != earlier.end() && at->key == flow.key;
    // flow.meter.since: when it was looked at
    flow.meter = Meter::next(known ? &at->meter : nullptr, time_of(before), flow.packets,
                             flow.bytes, flow.meter.since);
  }
}

void measure_ports(Sample& sample, const Sample* before) {
  for (std::size_t i = 0; i < sample.ports.size(); ++i) {
    PortLine& port = sample.ports[i];
    const PortLine* const earlier = before != nullptr ? &before->ports[i] : nullptr;
    const auto next = [&](Meter PortLine::*meter, std::uint64_t packets, std::uint64_t bytes) {
      port.*meter = Meter::next(earlier != nullptr ? &(earlier->*meter) : nullptr, time_of(before),
                                packets, bytes, sample.time);
    };
    next(&PortLine::rx, port.counters.rx_packets, port.counters.rx_bytes);
    next(&PortLine::tx, port.counters.tx_packets, port.counters.tx_bytes);
    next(&PortLine::drops, port.dropped(), 0);
  }
}

void gather_groups(Sample& sample) {
  for (std::uint32_t i = 0; i < sample.flows.size(); ++i) {
    const Flow& flow = sample.flows[i];
    if (sample.groups.empty() || sample.groups.back().vlan != flow.key.vlan ||
        sample.groups.back().group != flow.key.group) {
      GroupLine line;
      line.vlan = flow.key.vlan;
      line.group = flow.key.group;
      line.first_flow = i;
      sample.groups.push_back(line);
    }
    GroupLine& line = sample.groups.back();
    ++line.flows;
    line.members = line.members | flow.members;
    line.packets += flow.packets;
    line.bytes += flow.bytes;
    line.rate += flow.meter.rate;
  }
}

void sum_up(Sample& sample) {
  auto vlan = sample.vlans.begin();
  for (const GroupLine& line : sample.groups) {
    line.members.for_each([&](PortId port) {
      if (port.value < sample.ports.size()) ++sample.ports[port.value].groups;
    });
    sample.peak_packets_per_s = std::max(sample.peak_packets_per_s, line.rate.packets_per_s);
    sample.peak_bytes_per_s = std::max(sample.peak_bytes_per_s, line.rate.bytes_per_s);
    while (vlan != sample.vlans.end() && vlan->id < line.vlan) ++vlan;
    if (vlan == sample.vlans.end() || vlan->id != line.vlan) continue;
    ++vlan->groups;
    vlan->rate += line.rate;
  }
}

}  // namespace

std::uint64_t PortLine::dropped() const {
  std::uint64_t sum = 0;
  for (const auto* drops : {&counters.rx_drops, &control_drops, &counters.tx_drops}) {
    for (const NamedCount& drop : *drops) sum += drop.value;
  }
  return sum;
}

const GroupLine* Sample::find(VlanId vlan, Ipv4 group) const {
  const std::pair key(vlan, group);
  const auto at = std::lower_bound(
      groups.begin(), groups.end(), key,
      [](const GroupLine& line, const auto& k) { return std::pair(line.vlan, line.group) < k; });
  return at != groups.end() && at->vlan == vlan && at->group == group ? &*at : nullptr;
}

const VlanLine* Sample::find(VlanId vlan) const {
  const auto at = std::find_if(vlans.begin(), vlans.end(),
                               [vlan](const VlanLine& line) { return line.id == vlan; });
  return at == vlans.end() ? nullptr : &*at;
}

void finish(Sample& sample, const Sample* before) {
  std::sort(sample.flows.begin(), sample.flows.end(),
            [](const Flow& a, const Flow& b) { return order(a.key) < order(b.key); });
  std::sort(sample.vlans.begin(), sample.vlans.end(),
            [](const VlanLine& a, const VlanLine& b) { return a.id < b.id; });
  measure_flows(sample, before);
  measure_ports(sample, before);
  gather_groups(sample);
  sum_up(sample);
}

}  // namespace sluice::control::web
