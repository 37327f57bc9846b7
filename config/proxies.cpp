// SPDX-License-Identifier: BSD-3-Clause
// [[proxy]] and what is below it (RFC 4605): its interfaces and their VLANs, its rules.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "config/sections.h"
#include "config/text.h"
#include "shared/routing.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMostSources = 64;  // of one mapping

enum class Role : std::uint8_t { kUpstream, kDownstream };

std::string_view named(Role role) {
  return role == Role::kUpstream ? "an upstream" : "a downstream";
}

// What an interface is used for. An interface is used once (MU-01), or streams would loop (PF-10).
struct Use {
  std::size_t proxy;
  Role role;
  Place place;
};
using Uses = std::map<InterfaceIndex, Use>;

// One [[proxy]] being read.
struct ProxyReading {
  Proxy& out;
  std::size_t number;
  Place place;
  Uses& uses;
  Reading& reading;
};

std::optional<InterfaceIndex> find_interface(SectionReader& section, const Reading& reading,
                                             const Placed<std::string>& name) {
  const auto& interfaces = reading.config.interfaces;
  const auto at = std::ranges::find(interfaces, name.value, &Interface::name);
  if (at != interfaces.end()) return static_cast<InterfaceIndex>(at - interfaces.begin());
  if (!reading.interfaces_sound) return std::nullopt;
  std::vector<std::string_view> names;
  for (const Interface& interface : interfaces) names.push_back(interface.name);
  const auto meant = nearest(name.value, names);
  section.error(name.place, "there is no interface ", in_quotes(name.value), "; ",
                meant           ? "did you mean " + in_quotes(*meant) + "?"
                : names.empty() ? "add an [[interface]] of this name"
                                : "known are " + listed(names));
  return std::nullopt;
}

// The interface of this name, unless it has another use already, which is reported.
std::optional<InterfaceIndex> take_interface(SectionReader& section, const ProxyReading& proxy,
                                             Role role, const Placed<std::string>& name) {
  const auto index = find_interface(section, proxy.reading, name);
  if (!index) return std::nullopt;
  const auto [at, is_first] = proxy.uses.try_emplace(*index, Use{proxy.number, role, name.place});
  if (is_first) return index;
  const Use& earlier = at->second;
  const std::string what = "interface " + in_quotes(name.value) + " is already ";
  if (earlier.proxy != proxy.number) {
    section.error(name.place, what, named(earlier.role), " of another proxy in line ",
                  earlier.place.line, "; each interface belongs to one proxy (RFC 4605 §3)");
  } else if (earlier.role != role) {
    section.error(name.place, what, named(earlier.role), " of this proxy in line ",
                  earlier.place.line, "; streams would loop, so remove one of the two");
  } else {
    section.error(name.place, what, "in line ", earlier.place.line, "; remove one of the two");
  }
  return std::nullopt;
}

void read_upstream(const toml::table& table, const ProxyReading& proxy) {
  SectionReader section(Section::kProxyUpstream, table, proxy.reading.diagnostics);
  ProxyUpstream upstream;
  for (const auto& range : read_ranges(section, "group-ranges", RangeOf::kGroups)) {
    upstream.group_ranges.push_back(range.value);
  }
  std::string name;
  if (const auto place = section.read("interface", name)) {
    if (const auto index = take_interface(section, proxy, Role::kUpstream, {name, *place})) {
      upstream.interface = *index;
      proxy.out.upstreams.push_back(std::move(upstream));
    }
  }
  section.check_required();
}

void read_upstreams(SectionReader& section, const ProxyReading& proxy) {
  const auto elements = section.texts_or_tables("upstream");
  for (const TextOrTable& element : elements) {
    if (element.table != nullptr) {
      read_upstream(*element.table, proxy);
    } else if (const auto index = take_interface(section, proxy, Role::kUpstream, element.text)) {
      proxy.out.upstreams.push_back({*index, {}});
    }
  }
  if (section.has("upstream") && section.sound() && elements.empty()) {
    section.error(section.place("upstream"), "upstream is empty; name at least one interface");
  }
}

void read_downstreams(SectionReader& section, const ProxyReading& proxy) {
  const auto names = section.texts("downstream");
  if (names.size() > kMostDownstreams) {
    section.error(section.place("downstream"), "downstream has ", names.size(),
                  " interfaces; at most ", kMostDownstreams, " are allowed");
    return;
  }
  for (const Placed<std::string>& name : names) {
    if (const auto index = take_interface(section, proxy, Role::kDownstream, name)) {
      proxy.out.downstreams.push_back(*index);
    }
  }
  if (section.has("downstream") && section.sound() && names.empty()) {
    section.error(section.place("downstream"), "downstream is empty; name at least one interface");
  }
}

void read_sender(SectionReader& section, Proxy& out) {
  std::string text;
  const auto place = section.read("sender-source-address", text);
  if (!place) return;
  out.sender_source_address = parse_ipv4(text);
  const auto& address = out.sender_source_address;
  if (address && (address->is_unicast() || address->is_unspecified())) return;
  section.error(*place, "sender-source-address = ", in_quotes(text),
                " cannot send reports; write an IPv4 unicast address, or \"0.0.0.0\"");
}

std::vector<Ipv4> read_sources(SectionReader& section) {
  std::vector<Ipv4> sources;
  Seen<Ipv4> seen;
  const auto texts = section.texts("source");
  if (texts.size() > kMostSources) {
    section.error(section.place("source"), "source has ", texts.size(), " addresses; at most ",
                  kMostSources, " are allowed");
    return sources;
  }
  for (const auto& [text, place] : texts) {
    const std::optional<Ipv4> source = parse_ipv4(text);
    if (!source || !source->is_unicast()) {
      section.error(place, "source has ", in_quotes(text), "; write an IPv4 unicast address");
    } else if (seen.earlier(*source, place)) {
      section.error(place, "source has ", in_quotes(text), " twice; remove one");
    } else {
      sources.push_back(*source);
    }
  }
  if (section.has("source") && section.sound() && texts.empty()) {
    section.error(section.place("source"), "source is empty; name at least one address");
  }
  std::ranges::sort(sources);
  return sources;
}

void read_ssm_maps(SectionReader& proxy_section, const ProxyReading& proxy) {
  std::vector<Placed<Prefix>> earlier;
  for (const toml::table* table :
       few_tables(proxy_section, "ssm-map", Section::kSsmMapping, "proxy")) {
    SectionReader section(Section::kSsmMapping, *table, proxy.reading.diagnostics);
    SsmMapping map;
    if (const auto place = read_range(section, "group", RangeOf::kGroups, map.group)) {
      const auto hides = std::ranges::find_if(earlier, [&](const Placed<Prefix>& other) {
        return other.value.length <= map.group.length && other.value.contains(map.group.address);
      });
      if (hides != earlier.end()) {
        section.error(*place, "group ", to_string(map.group), " lies in that of line ",
                      hides->place.line, ", which comes first and counts; put this one before it");
      }
      earlier.push_back({map.group, *place});
    }
    map.sources = read_sources(section);
    section.check_required();
    proxy.out.ssm_maps.push_back(std::move(map));
  }
}

// What a proxy asks of its interface's VLAN: to snoop, because who gets a routed stream is known
// per port; to be a host upstream (PX-02), and downstream to be able to become the querier (PF-05).
void settle_vlan(const ProxyReading& proxy, InterfaceIndex interface, Role role) {
  Config& config = proxy.reading.config;
  const VlanId id = config.interfaces[interface].vlan;
  if (id.value == 0) return;  // it could not be read, and that has been said
  auto vlan = std::ranges::find(config.vlans, id, &Vlan::id);
  if (vlan == config.vlans.end()) vlan = config.vlans.insert(vlan, Vlan{id, {}});
  IgmpSnooping& snooping = vlan->igmp_snooping;
  const SnoopingPlaces& places = proxy.reading.snooping_places[id];
  const auto refuse = [&](Place place, const auto&... what) {
    proxy.reading.diagnostics.error(place, what..., " (the proxy is in line ", proxy.place.line,
                                    ")");
  };
  if (places.enabled && !snooping.enabled) {
    refuse(*places.enabled, "enabled = false, but VLAN ", id.value, " is ", named(role),
           " of a proxy, which needs it to snoop; remove this");
  }
  if (role == Role::kUpstream) {
    if (places.send_query && snooping.send_query) {
      refuse(*places.send_query, "send-query = true, but VLAN ", id.value,
             " is an upstream of a proxy, where Sluice is a host and never queries (RFC 4605 §3); "
             "remove this");
    }
    snooping.send_query = false;
  } else if (places.send_query && !snooping.send_query && proxy.out.querier_only) {
    refuse(*places.send_query, "send-query = false, but VLAN ", id.value,
           " is a downstream of a proxy, which routes to it only as its querier: never; remove "
           "this, or set querier-only = false in the proxy");
  }
}

// Where an interface's sources are.
struct Network {
  InterfaceIndex interface;
  Role role;
  Placed<Prefix> range;
  bool is_subnet;
};

void add_networks(const Reading& reading, InterfaceIndex index, Role role,
                  std::vector<Network>& out) {
  const Interface& interface = reading.config.interfaces[index];
  const InterfacePlaces& places = reading.interface_places[index];
  const Prefix subnet{interface.address, interface.prefix_length};
  out.push_back({index, role, {{subnet.first(), subnet.length}, places.address}, true});
  for (std::size_t i = 0; i < interface.source_networks.size(); ++i) {
    out.push_back({index, role, {interface.source_networks[i], places.source_networks[i]}, false});
  }
}

// A source must be expected from one side only (RPF). Between two upstreams it does not matter: any
// source may be behind both.
void check_networks(const ProxyReading& proxy) {
  const Reading& reading = proxy.reading;
  std::vector<Network> networks;
  for (const auto& upstream : proxy.out.upstreams) {
    add_networks(reading, upstream.interface, Role::kUpstream, networks);
  }
  for (const InterfaceIndex downstream : proxy.out.downstreams) {
    add_networks(reading, downstream, Role::kDownstream, networks);
  }
  for (auto one = networks.begin(); one != networks.end(); ++one) {
    if (one->role == Role::kUpstream) continue;
    // One error for each is enough. Two subnets are no such pair: interfaces are sound.
    const auto other = std::find_if(networks.begin(), one, [&](const Network& n) {
      return n.interface != one->interface && n.range.value.overlaps(one->range.value);
    });
    if (other == one) continue;
    const bool tell_one =
        other->is_subnet || (!one->is_subnet && other->range.place < one->range.place);
    const Network& told = tell_one ? *one : *other;
    const Network& against = tell_one ? *other : *one;
    proxy.reading.diagnostics.error(
        told.range.place, "source-networks has ", to_string(told.range.value), ", which overlaps ",
        to_string(against.range.value), " of interface ",
        in_quotes(reading.config.interfaces[against.interface].name), " in line ",
        against.range.place.line,
        " of the same proxy; a source is on one side only, so make them disjoint");
  }
}

void read_name(SectionReader& section, Proxy& out, Seen<std::string>& names) {
  const auto place = section.read("name", out.name);
  if (!place) return;
  if (!is_name(out.name)) {
    section.error(*place, "name = ", in_quotes(out.name),
                  " cannot name a proxy; use 1 to 32 letters, digits, '.', '_' and '-'");
  } else if (const auto earlier = names.earlier(out.name, *place)) {
    section.error(*place, "name = ", in_quotes(out.name), " is already the proxy in line ",
                  earlier->line, "; give each proxy its own name");
  }
}

void read_proxy(SectionReader& section, const ProxyReading& proxy) {
  Proxy& out = proxy.out;
  read_upstreams(section, proxy);
  read_downstreams(section, proxy);
  section.read("igmp-version", out.igmp_version);
  read_sender(section, out);
  section.read("upstream-leave-delay", out.upstream_leave_delay);
  section.read("querier-only", out.querier_only);
  section.read("max-groups", out.max_groups);
  if (section.has("ssm-range")) {
    out.ssm_range.clear();
    for (const auto& range : read_ranges(section, "ssm-range", RangeOf::kGroups)) {
      out.ssm_range.push_back(range.value);
    }
  }
  read_ssm_maps(section, proxy);
  Diagnostics& diagnostics = proxy.reading.diagnostics;
  out.allow = read_rules(section, "allow", Section::kProxyAllow, "proxy", diagnostics);
  out.deny = read_rules(section, "deny", Section::kProxyDeny, "proxy", diagnostics);
  section.check_required();

  for (const ProxyUpstream& upstream : out.upstreams) {
    settle_vlan(proxy, upstream.interface, Role::kUpstream);
  }
  for (const InterfaceIndex downstream : out.downstreams) {
    settle_vlan(proxy, downstream, Role::kDownstream);
  }
  if (proxy.reading.interfaces_sound) check_networks(proxy);
}

}  // namespace

void read_proxies(SectionReader& file, Reading& reading) {
  Seen<std::string> names;
  Uses uses;
  const auto tables = file.tables("proxy", Section::kProxy);
  if (tables.size() > kMostProxies) {
    file.error(place_of(*tables[kMostProxies]), "there are ", tables.size(), " [[proxy]]; at most ",
               kMostProxies, " are allowed");
    return;
  }
  for (const toml::table* table : tables) {
    SectionReader section(Section::kProxy, *table, reading.diagnostics);
    const std::size_t number = reading.config.proxies.size();
    Proxy& proxy = reading.config.proxies.emplace_back();
    read_name(section, proxy, names);
    read_proxy(section, {proxy, number, section.place(), uses, reading});
  }
}

}  // namespace sluice::config
