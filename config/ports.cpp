// SPDX-License-Identifier: BSD-3-Clause
// [[port]].
#include <algorithm>
#include <cctype>
#include <string>

#include "config/device.h"
#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

struct SeenPorts {
  Seen<std::string> names, devices, kernel_interfaces;
};

void read_name(SectionReader& section, Port& port, SeenPorts& seen) {
  const auto place = section.read("name", port.name);
  if (!place) return;
  if (!is_name(port.name)) {
    section.error(*place, "name = ", in_quotes(port.name),
                  " cannot name a port; use 1 to 32 letters, digits, '.', '_' and '-'");
  } else if (const auto earlier = seen.names.earlier(port.name, *place)) {
    section.error(*place, "name = ", in_quotes(port.name), " is already the port in line ",
                  earlier->line, "; give each port its own name");
  }
}

void read_device(SectionReader& section, Port& port, SeenPorts& seen) {
  const auto place = section.read("device", port.device);
  if (!place) return;
  const Result<Device> device = parse_device(port.device);
  if (!device) {
    section.error(*place, device.error().what);
    return;
  }
  if (const auto earlier = seen.devices.earlier(device->name, *place)) {
    section.error(*place, "device ", in_quotes(device->name), " is already the port in line ",
                  earlier->line, "; give each port its own device");
    return;
  }
  const std::string& interface = device->kernel_interface;
  if (interface.empty()) return;
  if (const auto earlier = seen.kernel_interfaces.earlier(interface, *place)) {
    section.error(*place, "kernel interface ", in_quotes(interface),
                  " is already the port in line ", earlier->line,
                  "; give each port its own interface");
  }
}

void read_carried_vlans(SectionReader& section, Port& port) {
  std::uint16_t access = 0;
  if (section.read("access-vlan", access)) port.access_vlan = VlanId{access};
  Seen<std::int64_t> seen;
  for (const auto& [id, place] : section.integers("trunk-vlans")) {
    if (id == access) {
      section.error(place, "trunk-vlans has ", id,
                    ", which is access-vlan: a port carries a VLAN either untagged or tagged; "
                    "remove one");
    } else if (seen.earlier(id, place)) {
      section.error(place, "trunk-vlans has ", id, " twice; remove one");
    }
    port.trunk_vlans.push_back(VlanId{static_cast<std::uint16_t>(id)});
  }
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
  });
}

bool carries(const Port& port, VlanId vlan) {
  return port.access_vlan == vlan || std::ranges::count(port.trunk_vlans, vlan) > 0;
}

void check_carried(SectionReader& section, const Reading& reading, VlanId vlan, Place place) {
  const bool carried = std::ranges::any_of(reading.config.ports,
                                           [&](const Port& port) { return carries(port, vlan); });
  if (carried || !reading.ports_sound) return;
  section.error(place, "no port carries VLAN ", vlan.value,
                "; add it to a port's access-vlan or trunk-vlans");
}

std::optional<PortId> find_port_in(SectionReader& section, const Reading& reading, VlanId vlan,
                                   const Placed<std::string>& name) {
  const auto& ports = reading.config.ports;
  const std::optional<PortId> id = reading.config.find_port(name.value);
  if (!reading.ports_sound) return id;
  if (!id) {
    std::vector<std::string_view> names;
    for (const Port& port : ports) names.push_back(port.name);
    const auto meant = nearest(name.value, names);
    section.error(name.place, "there is no port ", in_quotes(name.value), "; ",
                  meant ? "did you mean " + in_quotes(*meant) + "?" : "known are " + listed(names));
    return std::nullopt;
  }
  // 0: the VLAN itself could not be read, and that has been said.
  if (vlan.value != 0 && !carries(ports[id->value], vlan)) {
    section.error(name.place, "port ", in_quotes(name.value), " does not carry VLAN ", vlan.value,
                  "; add the VLAN to its access-vlan or trunk-vlans, or remove the port here");
    return std::nullopt;
  }
  return id;
}

void read_ports(SectionReader& file, Reading& reading) {
  SeenPorts seen;
  const auto tables = file.tables("port", Section::kPort);
  for (const toml::table* table : tables) {
    Port& port = reading.config.ports.emplace_back();
    SectionReader section(Section::kPort, *table, reading.diagnostics);
    read_name(section, port, seen);
    read_device(section, port, seen);
    read_carried_vlans(section, port);
    section.read("mtu", port.mtu);
    port.group_profile = read_profile_name(section, reading);
    section.read("router-guard", port.router_guard);
    section.read("querier-guard", port.querier_guard);
    section.check_required();
    if (section.sound() && !port.access_vlan && port.trunk_vlans.empty()) {
      section.error(section.place(),
                    "[[port]] carries no VLAN; give it an access-vlan, trunk-vlans, or both");
    }
    reading.ports_sound = reading.ports_sound && section.sound();
  }
  if (tables.size() > kMaxPorts) {
    file.error(place_of(*tables[kMaxPorts]), "there are ", tables.size(), " [[port]]; at most ",
               kMaxPorts, " are allowed");
  } else if (tables.empty()) {
    reading.ports_sound = false;
    if (file.sound()) {
      file.error(Place{},
                 "there is no [[port]]; add at least one, with name, device and "
                 "access-vlan or trunk-vlans");
    }
  }
}

}  // namespace sluice::config
