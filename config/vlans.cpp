// SPDX-License-Identifier: BSD-3-Clause
// [[vlan]] and what is below it.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

using namespace std::chrono_literals;

// The response code of IGMPv2 is one byte of tenths of a second (RFC 2236 §2.2); IGMPv1 has none.
constexpr Duration kMostInVersion2 = 25'500ms;

// One [[vlan]] being read.
struct VlanReading {
  Vlan& out;
  Reading& reading;
};

std::vector<PortId> read_port_list(SectionReader& section, std::string_view key,
                                   const VlanReading& vlan) {
  std::vector<PortId> ports;
  Seen<std::string> seen;
  for (const Placed<std::string>& name : section.texts(key)) {
    if (seen.earlier(name.value, name.place)) {
      section.error(name.place, key, " has ", in_quotes(name.value), " twice; remove one");
    } else if (const auto id = find_port_in(section, vlan.reading, vlan.out.id, name)) {
      ports.push_back(*id);
    }
  }
  return ports;
}

void read_times(SectionReader& section, IgmpSnooping& out) {
  const auto interval = section.read("query-interval", out.query_interval);
  const auto response = section.read("query-max-response-time", out.query_max_response_time);
  const auto last = section.read("last-member-query-interval", out.last_member_query_interval);
  const bool interval_known = interval || !section.has("query-interval");
  const bool response_known = response || !section.has("query-max-response-time");

  if (interval_known && response_known && out.query_max_response_time >= out.query_interval) {
    section.error(response ? *response : *interval,
                  "query-max-response-time = ", to_seconds(out.query_max_response_time),
                  " must be below query-interval = ", to_seconds(out.query_interval),
                  " (RFC 9776 §8.3)");
  }
  if (out.igmp_version == 3) return;
  const auto check = [&](std::optional<Place> place, std::string_view key, Duration value) {
    if (!place || value <= kMostInVersion2) return;
    section.error(*place, key, " = ", to_seconds(value),
                  " cannot be sent with igmp-version = ", unsigned{out.igmp_version},
                  ": the code of its queries is one byte of tenths of "
                  "a second; allowed is up to ",
                  to_seconds(kMostInVersion2));
  };
  check(response, "query-max-response-time", out.query_max_response_time);
  check(last, "last-member-query-interval", out.last_member_query_interval);
}

void read_querier_source(SectionReader& section, IgmpSnooping& out) {
  std::string text;
  const auto place = section.read("querier-source", text);
  if (!place) return;
  out.querier_source = parse_ipv4(text);
  const bool usable = out.querier_source &&
                      (out.querier_source->is_unicast() || out.querier_source->is_unspecified());
  if (!usable) {
    section.error(*place, "querier-source = ", in_quotes(text),
                  " cannot send queries; write an IPv4 unicast address, or \"0.0.0.0\"");
  }
}

void read_group_address(SectionReader& section, StaticGroup& out) {
  std::string text;
  const auto place = section.read("group-address", text);
  if (!place) return;
  const std::optional<Ipv4> group = parse_ipv4(text);
  if (!group || !group->is_multicast()) {
    section.error(*place, "group-address = ", in_quotes(text),
                  " is not a multicast address; write one of 224.0.1.0 to 239.255.255.255");
  } else if (group->is_link_local_multicast()) {
    section.error(*place, "group-address = ", in_quotes(text),
                  " lies in 224.0.0.0/24, which every port of the VLAN receives always (RFC 4541 "
                  "§2.1.2); remove this entry");
  } else {
    out.group = *group;
  }
}

void read_source_address(SectionReader& section, StaticGroup& out) {
  std::string text = "*";
  const auto place = section.read("source-addr", text);
  if (text == "*") return;
  out.source = parse_ipv4(text);
  if (out.source && out.source->is_unicast()) return;
  section.error(*place, "source-addr = ", in_quotes(text),
                " is not a source; write an IPv4 unicast address, or \"*\" for any");
}

void read_static_groups(SectionReader& snooping, const VlanReading& vlan) {
  IgmpSnooping& out = vlan.out.igmp_snooping;
  Seen<std::pair<Ipv4, Ipv4>> seen;
  for (const toml::table* table :
       snooping.tables("static-l2-multicast-group", Section::kStaticGroup)) {
    SectionReader section(Section::kStaticGroup, *table, vlan.reading.diagnostics);
    StaticGroup& group = out.static_groups.emplace_back();
    read_group_address(section, group);
    read_source_address(section, group);
    group.ports = read_port_list(section, "ports", vlan);
    section.check_required();
    if (!section.sound()) continue;

    if (group.ports.empty() && vlan.reading.ports_sound) {
      section.error(section.place("ports"), "ports is empty; name at least one port");
    }
    const auto key = std::pair(group.group, group.source.value_or(Ipv4{}));
    if (const auto earlier = seen.earlier(key, section.place())) {
      section.error(section.place(), "group ", to_string(group.group), " from ",
                    group.source ? to_string(*group.source) : "any source", " is already in line ",
                    earlier->line, "; add its ports there");
    }
    if (!out.enabled) {
      section.error(section.place(), "a static group needs snooping, which is off in VLAN ",
                    vlan.out.id.value, "; remove it, or enabled = false");
    }
  }
}

void read_router_ports(SectionReader& section, const VlanReading& vlan) {
  IgmpSnooping& out = vlan.out.igmp_snooping;
  out.router_ports = read_port_list(section, "bridge-mrouter-interface", vlan);
  for (const PortId id : out.router_ports) {
    const Port& port = vlan.reading.config.ports[id.value];
    if (!port.router_guard) continue;
    section.error(section.place("bridge-mrouter-interface"), "bridge-mrouter-interface has ",
                  in_quotes(port.name),
                  ", whose router-guard says that no router is there; remove one of the two");
  }
}

void read_igmp_snooping(SectionReader& vlan_section, const VlanReading& vlan) {
  const toml::table* table = vlan_section.table("igmp-snooping", Section::kIgmpSnooping);
  if (table == nullptr) return;
  IgmpSnooping& out = vlan.out.igmp_snooping;
  SectionReader section(Section::kIgmpSnooping, *table, vlan.reading.diagnostics);
  SnoopingPlaces& places = vlan.reading.snooping_places[vlan.out.id];
  places.enabled = section.read("enabled", out.enabled);
  section.read("igmp-version", out.igmp_version);
  places.send_query = section.read("send-query", out.send_query);
  read_querier_source(section, out);
  read_times(section, out);
  section.read("robustness-variable", out.robustness_variable);
  section.read("fast-leave", out.fast_leave);
  section.read("explicit-tracking", out.explicit_tracking);
  section.read("report-policy", out.report_policy);
  section.read("unregistered", out.unregistered);
  section.read("flood-without-querier", out.flood_without_querier);
  read_router_ports(section, vlan);
  section.read("max-groups", out.max_groups);
  section.read("max-groups-action", out.max_groups_action);
  section.read("max-vlan-groups", out.max_vlan_groups);
  section.read("max-sources", out.max_sources);
  section.read("max-hosts", out.max_hosts);
  out.group_profile = read_profile_name(section, vlan.reading);
  read_static_groups(section, vlan);
}

}  // namespace

void read_vlans(SectionReader& file, Reading& reading) {
  Seen<std::uint16_t> seen;
  for (const toml::table* table : file.tables("vlan", Section::kVlan)) {
    SectionReader section(Section::kVlan, *table, reading.diagnostics);
    Vlan& vlan = reading.config.vlans.emplace_back();
    if (const auto place = section.read("id", vlan.id.value)) {
      if (const auto earlier = seen.earlier(vlan.id.value, *place)) {
        section.error(*place, "VLAN ", vlan.id.value, " is already in line ", earlier->line,
                      "; put everything of a VLAN into one [[vlan]]");
      } else {
        check_carried(section, reading, vlan.id, *place);
      }
    }
    section.check_required();
    read_igmp_snooping(section, {vlan, reading});
  }
}

}  // namespace sluice::config
