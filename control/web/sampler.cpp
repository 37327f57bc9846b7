// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/sampler.h"

#include <algorithm>
#include <array>

namespace sluice::control::web {

using api::Core;

bool Sampler::take() {
  Sample next;
  next.number = taken_ + 1;
  next.flows.reserve(latest_.flows.size() + latest_.flows.size() / 8);
  if (!copy_ports(next) || !copy_vlans(next) || !copy_flows(next)) return false;
  finish(next, latest_.number != 0 ? &latest_ : nullptr);
  latest_ = std::move(next);
  ++taken_;
  return true;
}

bool Sampler::copy_ports(Sample& sample) const {
  sample.ports.resize(ports_);
  for (std::size_t first = 0; first < ports_; first += kPortsAtOnce) {
    const bool ran = commands_.call([&](Core& core) {
      sample.time = core.now;
      for (std::size_t i = first; i < std::min(first + kPortsAtOnce, ports_); ++i) {
        const PortId port{static_cast<std::uint16_t>(i)};
        sample.ports[i].status = core.view.port_status(port);
        sample.ports[i].counters = core.view.port_counters(port);
        sample.ports[i].control_drops = core.snooper().port_drops(port);
      }
    });
    if (!ran) return false;
  }
  return true;
}

bool Sampler::copy_vlans(Sample& sample) const {
  std::vector<snooping::QuerierRow> queriers;
  std::vector<snooping::MrouterRow> routers;
  const bool ran = commands_.call([&](Core& core) {
    sample.workers = core.view.workers();
    sample.entries = core.fib.size();
    sample.capacity = core.fib.capacity();
    sample.alarms = core.alarms();
    sample.alarms_not_listed = core.health.alarms().not_listed();
    queriers = core.snooper().queriers({}, core.now);
    routers = core.snooper().mrouters({}, core.now);
    const std::vector<VlanPolicy>& policies = core.vlans.current().policies();
    sample.vlans.reserve(policies.size());
    for (const VlanPolicy& policy : policies) {
      VlanLine line;
      line.id = policy.id;
      line.untagged = policy.untagged;
      line.tagged = policy.tagged;
      line.router_ports = policy.router_ports;
      line.snooping = policy.snooping;
      line.restricted = policy.restricted;
      sample.vlans.push_back(std::move(line));
    }
  });
  std::array<VlanLine*, kVlanIds> lines{};
  for (VlanLine& line : sample.vlans) lines[line.id.value] = &line;
  for (const snooping::QuerierRow& row : queriers) {
    if (VlanLine* const line = lines[row.vlan.value]) line->querier = row;
  }
  for (const snooping::MrouterRow& row : routers) {
    if (VlanLine* const line = lines[row.vlan.value]) line->routers.push_back(row);
  }
  return ran;
}

bool Sampler::copy_flows(Sample& sample) const {
  std::uint32_t from = 0;
  do {
    const bool ran = commands_.call([&](Core& core) {
      from = core.fib.for_each_from(from, kSlice, [&](Fib::Row row) {
        if (row.key.vlan.value >= kVlanIds) return;  // a proxy's entry
        core.zero.apply(row);
        Flow flow;
        flow.key = row.key;
        flow.members = row.egress.members;
        flow.packets = row.packets;
        flow.bytes = row.bytes;
        flow.meter.since = core.now;
        sample.flows.push_back(flow);
      });
    });
    if (!ran) return false;
  } while (from != 0);
  return true;
}

std::optional<Sampler::GroupPorts> Sampler::find_hosts(
    const std::function<bool(Ipv4)>& wanted) const {
  GroupPorts found;
  std::uint32_t from = 0;
  do {
    const bool ran = commands_.call(
        [&](Core& core) { from = core.snooper().memberships_of(wanted, from, kSlice, found); });
    if (!ran) return std::nullopt;
  } while (from != 0 && found.size() < kMostFound);
  if (found.size() > kMostFound) found.resize(kMostFound);
  return found;
}

}  // namespace sluice::control::web
