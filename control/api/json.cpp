// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/json.h"

#include <ctime>

namespace sluice::control::api {
namespace {

Json seconds(const std::optional<Duration>& duration) {
  if (!duration) return nullptr;
  return to_seconds(*duration);
}

Json address(const std::optional<Ipv4>& address) {
  if (!address) return nullptr;
  return sluice::to_string(*address);
}

std::string source_or_any(Ipv4 source) {
  return source.is_unspecified() ? "*" : sluice::to_string(source);
}

Json name_list(PortSet ports, const PortNames& names) {
  Json list = Json::array();
  ports.for_each([&](PortId port) { list.push_back(names[port]); });
  return list;
}

// Only what happened: a dozen zeros would hide the one that matters. Both planes may have dropped
// for the same reason.
void add_nonzero(Json& drops, const std::vector<NamedCount>& counts) {
  for (const NamedCount& count : counts) {
    if (count.value == 0) continue;
    drops[count.name] = drops.value(count.name, std::uint64_t{0}) + count.value;
  }
}

}  // namespace

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json to_json(const snooping::GroupRow& row, const PortNames& names) {
  Json sources = Json::array();
  for (const snooping::SourceRow& source : row.sources) {
    sources.push_back({{"address", sluice::to_string(source.address)},
                       {"expire", seconds(source.expire)},
                       {"forwarding", source.forwarding}});
  }
  Json hosts = Json::array();
  for (const snooping::HostRow& host : row.hosts) {
    hosts.push_back(
        {{"address", sluice::to_string(host.address)}, {"expire", to_seconds(host.expire)}});
  }
  return {{"vlan", row.vlan.value},
          {"port", names[row.port]},
          {"group", sluice::to_string(row.group)},
          {"filter-mode", to_string(row.filter_mode)},
          {"version", static_cast<int>(row.version)},
          {"type", row.is_static ? "static" : "dynamic"},
          {"up-time", to_seconds(row.up_time)},
          {"expire", seconds(row.expire)},
          {"last-reporter", address(row.last_reporter)},
          {"sources", std::move(sources)},
          {"hosts", std::move(hosts)}};
}

Json to_json(const FibView& entry, const PortNames& names) {
  return {{"vlan", entry.row.key.vlan.value},
          {"group", sluice::to_string(entry.row.key.group)},
          {"source", source_or_any(entry.row.key.source)},
          {"ports", name_list(entry.ports, names)},
          {"packets", entry.row.packets},
          {"bytes", entry.row.bytes}};
}

Json to_json(const RoutedView& entry) {
  return {{"proxy", entry.proxy},
          {"group", sluice::to_string(entry.row.key.group)},
          {"downstreams", entry.downstreams},
          {"packets", entry.row.packets},
          {"bytes", entry.row.bytes}};
}

Json to_json(const proxy::ProxyRow& row) {
  Json first_active = nullptr;
  Json upstreams = Json::array();
  for (const proxy::UpstreamRow& upstream : row.upstreams) {
    Json ranges = Json::array();
    for (const Prefix& range : upstream.group_ranges) ranges.push_back(sluice::to_string(range));
    if (upstream.active && first_active.is_null()) first_active = upstream.interface;
    upstreams.push_back({{"interface", upstream.interface},
                         {"vlan", upstream.vlan.value},
                         {"link", upstream.up ? "up" : "down"},
                         {"active", upstream.active},
                         {"querier", address(upstream.querier)},
                         {"version", static_cast<int>(upstream.version)},
                         {"group-ranges", std::move(ranges)}});
  }
  Json downstreams = Json::array();
  for (const proxy::DownstreamRow& downstream : row.downstreams) {
    downstreams.push_back({{"interface", downstream.interface},
                           {"vlan", downstream.vlan.value},
                           {"link", downstream.up ? "up" : "down"},
                           {"querier", downstream.querier},
                           {"forwarding", downstream.forwarding}});
  }
  Json groups = Json::array();
  for (const proxy::GroupRow& group : row.groups) {
    Json sources = Json::array();
    for (const Ipv4 source : group.reported.sources) sources.push_back(sluice::to_string(source));
    groups.push_back({{"group", sluice::to_string(group.group)},
                      {"filter-mode", to_string(group.reported.mode)},
                      {"sources", std::move(sources)},
                      {"upstream", group.upstream ? Json(*group.upstream) : Json(nullptr)},
                      {"up-time", to_seconds(group.up_time)},
                      {"downstreams", group.downstreams},
                      {"leaving", group.leaving}});
  }
  return {{"name", row.name},
          {"upstream", std::move(first_active)},
          {"igmp-version", static_cast<int>(row.igmp_version)},
          {"upstreams", std::move(upstreams)},
          {"downstreams", std::move(downstreams)},
          {"groups", std::move(groups)}};
}

Json to_json(const snooping::MrouterRow& row, const PortNames& names) {
  const bool is_static = row.learned_from == snooping::LearnedFrom::kStatic;
  return {{"vlan", row.vlan.value},
          {"port", names[row.port]},
          {"type", is_static ? "static" : "dynamic"},
          {"learned-from", to_string(row.learned_from)},
          {"address", address(row.address)},
          {"expire", seconds(row.expire)}};
}

Json to_json(const config::Change& change) {
  static constexpr const char* kKinds[] = {"added", "removed", "changed"};
  const auto text = [](const std::string& value) {
    return value.empty() || value == "none" ? Json() : Json(value);
  };
  return {{"change", kKinds[static_cast<std::size_t>(change.kind)]},
          {"section", change.where},
          {"key", text(change.key)},
          {"before", text(change.before)},
          {"after", text(change.after)},
          {"applies", change.at_once ? "at-once" : "at-restart"}};
}

Json to_json(const snooping::QuerierRow& row, const PortNames&) {
  return {{"vlan", row.vlan.value},          {"state", to_string(row.state)},
          {"address", address(row.address)}, {"version", static_cast<int>(row.version)},
          {"expire", seconds(row.expire)},   {"next-query", seconds(row.next_query)},
          {"settled", row.settled}};
}

Json to_json(const PortView& view, const PortNames& names) {
  Json rx_drops = Json::object();
  add_nonzero(rx_drops, view.counters.rx_drops);
  add_nonzero(rx_drops, view.control_drops);
  Json tx_drops = Json::object();
  add_nonzero(tx_drops, view.counters.tx_drops);
  return {{"name", names[view.port]},
          {"link", view.status.up ? "up" : "down"},
          {"speed-mbps", view.status.speed_mbps},
          {"mac", sluice::to_string(view.status.mac)},
          {"rx",
           {{"packets", view.counters.rx_packets},
            {"bytes", view.counters.rx_bytes},
            {"drops", std::move(rx_drops)}}},
          {"tx",
           {{"packets", view.counters.tx_packets},
            {"bytes", view.counters.tx_bytes},
            {"drops", std::move(tx_drops)}}}};
}

Json to_json(const MacRow& row, const PortNames& names) {
  return {{"vlan", row.vlan.value},
          {"mac", sluice::to_string(row.mac)},
          {"port", names[row.port]},
          {"age", row.age_s}};
}

Json to_json(const health::Alarm& alarm, const PortNames& names, TimePoint now) {
  const auto number = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"name", alarm.name},
          {"severity", to_string(alarm.severity)},
          {"vlan", alarm.vlan ? Json(alarm.vlan->value) : Json(nullptr)},
          {"port", alarm.port ? Json(names[*alarm.port]) : Json(nullptr)},
          {"group", address(alarm.group)},
          {"source", address(alarm.source)},
          {"worker", number(alarm.worker)},
          {"since", to_seconds(now - alarm.since)},
          {"cause", alarm.cause},
          {"remedy", alarm.remedy}};
}

Json to_json(const StampedEvent& stamped, const PortNames& names) {
  const snooping::Event& event = stamped.event;
  Json json = {{"time", timestamp(stamped.time)}, {"event", snooping::to_string(event.type)}};
  if (!event.alarm.empty()) json["alarm"] = event.alarm;
  if (event.vlan != VlanId{}) json["vlan"] = event.vlan.value;
  if (event.port) json["port"] = names[*event.port];
  if (event.group) {
    json["group"] = sluice::to_string(*event.group);
    json["source"] = source_or_any(event.source.value_or(Ipv4{}));
  }
  if (event.address) json["address"] = sluice::to_string(*event.address);
  return json;
}

Json to_json(const Explanation& explanation, const PortNames& names) {
  Json entry = nullptr;
  if (explanation.entry) entry = to_json(*explanation.entry, names);
  Json routed = Json::array();
  for (const Routing::Leg& leg : explanation.routed) {
    routed.push_back({{"interface", leg.interface},
                      {"vlan", leg.vlan.value},
                      {"ports", name_list(leg.ports, names)}});
  }
  return {{"verdict", to_string(explanation.verdict)},
          {"entry", std::move(entry)},
          {"ports", name_list(explanation.ports, names)},
          {"routed", std::move(routed)},
          {"why", explanation.why}};
}

std::string timestamp(std::chrono::system_clock::time_point time) {
  const auto since_epoch =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const std::time_t whole = since_epoch / 1000;
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  char day[32];
  std::strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &utc);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%03dZ", day, static_cast<int>(since_epoch % 1000));
  return text;
}

std::string_view to_string(snooping::LearnedFrom from) {
  switch (from) {
    case snooping::LearnedFrom::kQuery:
      return "query";
    case snooping::LearnedFrom::kPim:
      return "pim";
    case snooping::LearnedFrom::kMrd:
      return "mrd";
    case snooping::LearnedFrom::kStatic:
      return "static";
  }
  return "";
}

std::string_view to_string(snooping::QuerierState state) {
  switch (state) {
    case snooping::QuerierState::kNone:
      return "none";
    case snooping::QuerierState::kQuerier:
      return "querier";
    case snooping::QuerierState::kNonQuerier:
      return "non-querier";
  }
  return "";
}

std::string_view to_string(igmp::FilterMode mode) {
  return mode == igmp::FilterMode::kInclude ? "include" : "exclude";
}

}  // namespace sluice::control::api
