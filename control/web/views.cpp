// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/views.h"

#include <cmath>

#include "control/web/matrix.h"

namespace sluice::control::web {
namespace {

// Whole numbers: no page shows more, and they are shorter.
Json rounded(const Rate& rate, double value) {
  if (!rate.known) return nullptr;
  return static_cast<std::uint64_t>(std::llround(value));
}

void add_rate(Json& json, const Rate& rate) {
  json["bps"] = rounded(rate, rate.bytes_per_s * 8);
  json["pps"] = rounded(rate, rate.packets_per_s);
}

Json rate_json(const Rate& rate) {
  Json json;
  add_rate(json, rate);
  return json;
}

Json places(PortSet ports) {
  Json list = Json::array();
  ports.for_each([&](PortId port) { list.push_back(port.value); });
  return list;
}

Json names_of(PortSet ports, const PortNames& names) {
  Json list = Json::array();
  ports.for_each([&](PortId port) { list.push_back(names[port]); });
  return list;
}

Json vlan_json(const VlanLine& vlan, const PortNames& names) {
  Json json = {{"vlan", vlan.id.value},
               {"ports", places(vlan.untagged | vlan.tagged)},
               {"router-ports", places(vlan.router_ports)},
               {"snooping", vlan.snooping},
               {"settled", vlan.restricted},
               {"querier", nullptr},
               {"groups", vlan.groups}};
  if (vlan.snooping) json["querier"] = api::to_json(vlan.querier, names);
  add_rate(json, vlan.rate);
  return json;
}

void add_drops(Json& json, const std::vector<NamedCount>& drops) {
  for (const NamedCount& drop : drops) {
    if (drop.value != 0) json[drop.name] = drop.value;
  }
}

}  // namespace

Json summary_json(const Sample& sample, const PortNames& names) {
  Json ports = Json::array();
  for (std::uint16_t i = 0; i < sample.ports.size(); ++i) {
    const PortLine& port = sample.ports[i];
    ports.push_back({{"name", names[PortId{i}]},
                     {"link", port.status.up ? "up" : "down"},
                     {"speed-mbps", port.status.speed_mbps},
                     {"rx", rate_json(port.rx.rate)},
                     {"tx", rate_json(port.tx.rate)},
                     {"dropped", port.dropped()},
                     {"drops-per-s", rounded(port.drops.rate, port.drops.rate.packets_per_s)},
                     {"groups", port.groups}});
  }
  Json vlans = Json::array();
  for (const VlanLine& vlan : sample.vlans) vlans.push_back(vlan_json(vlan, names));
  Json alarms = Json::array();
  for (const health::Alarm& alarm : sample.alarms) {
    alarms.push_back(api::to_json(alarm, names, sample.time));
  }
  return {{"sample", sample.number},     {"version", SLUICE_VERSION},
          {"workers", sample.workers},   {"groups", sample.groups.size()},
          {"entries", sample.entries},   {"capacity", sample.capacity},
          {"ports", std::move(ports)},   {"vlans", std::move(vlans)},
          {"alarms", std::move(alarms)}, {"alarms-not-listed", sample.alarms_not_listed}};
}

Json row_json(const Sample& sample, const GroupLine& line, const snooping::MemberPorts& at) {
  Json json = {{"vlan", line.vlan.value},
               {"group", sluice::to_string(line.group)},
               {"members", places(line.members)},
               {"static", places(at.from_static - at.dynamic)},
               {"sources", line.flows - 1},
               {"packets", line.packets},
               {"bytes", line.bytes}};
  add_rate(json, line.rate);
  // With (S,G) entries not every member gets everything.
  Json rates = Json::object();
  if (line.flows > 1) {
    line.members.for_each([&](PortId port) {
      rates[std::to_string(port.value)] = rate_json(rate_at(sample, line, port));
    });
  }
  json["rates"] = std::move(rates);
  return json;
}

Json group_json(const Sample& sample, const GroupLine& line, const PortNames& names) {
  Json flows = Json::array();
  for (const Flow& flow : sample.flows_of(line)) {
    if (flows.size() == kMostFlowsShown) break;
    Json json = {
        {"source", flow.key.any_source() ? std::string("*") : sluice::to_string(flow.key.source)},
        {"ports", names_of(flow.members, names)},
        {"packets", flow.packets},
        {"bytes", flow.bytes}};
    add_rate(json, flow.meter.rate);
    flows.push_back(std::move(json));
  }
  const VlanLine* const vlan = sample.find(line.vlan);
  Json json = {{"vlan", line.vlan.value},
               {"group", sluice::to_string(line.group)},
               {"router-ports", names_of(vlan != nullptr ? vlan->router_ports : PortSet{}, names)},
               {"packets", line.packets},
               {"bytes", line.bytes},
               {"entries", line.flows},
               {"flows", std::move(flows)}};
  add_rate(json, line.rate);
  return json;
}

Json port_json(const Sample& sample, PortId port, const PortNames& names) {
  const PortLine& line = sample.ports[port.value];
  Json rx = {{"packets", line.counters.rx_packets}, {"bytes", line.counters.rx_bytes}};
  add_rate(rx, line.rx.rate);
  Json tx = {{"packets", line.counters.tx_packets}, {"bytes", line.counters.tx_bytes}};
  add_rate(tx, line.tx.rate);
  Json rx_drops = Json::object();
  add_drops(rx_drops, line.counters.rx_drops);
  add_drops(rx_drops, line.control_drops);
  Json tx_drops = Json::object();
  add_drops(tx_drops, line.counters.tx_drops);
  rx["drops"] = std::move(rx_drops);
  tx["drops"] = std::move(tx_drops);
  Json vlans = Json::array();
  Json routers = Json::array();
  for (const VlanLine& vlan : sample.vlans) {
    if (!(vlan.untagged | vlan.tagged).contains(port)) continue;
    vlans.push_back({{"vlan", vlan.id.value}, {"tagged", vlan.tagged.contains(port)}});
    for (const snooping::MrouterRow& router : vlan.routers) {
      if (router.port != port) continue;
      Json json = api::to_json(router, names);
      json["querier"] = vlan.querier.state == snooping::QuerierState::kNonQuerier &&
                        router.address && router.address == vlan.querier.address;
      routers.push_back(std::move(json));
    }
  }
  return {{"name", names[port]},
          {"link", line.status.up ? "up" : "down"},
          {"speed-mbps", line.status.speed_mbps},
          {"mac", sluice::to_string(line.status.mac)},
          {"rx", std::move(rx)},
          {"tx", std::move(tx)},
          {"vlans", std::move(vlans)},
          {"routers", std::move(routers)},
          {"groups", line.groups}};
}

Json member_json(snooping::GroupRow row, const PortNames& names) {
  const std::size_t hosts = row.hosts.size(), sources = row.sources.size();
  if (hosts > kMostHostsShown) row.hosts.resize(kMostHostsShown);
  if (sources > kMostSourcesShown) row.sources.resize(kMostSourcesShown);
  Json json = api::to_json(row, names);
  json["host-count"] = hosts;
  json["source-count"] = sources;
  return json;
}

}  // namespace sluice::control::web
