// SPDX-License-Identifier: BSD-3-Clause
// [[interface]].
#include <algorithm>
#include <string>
#include <vector>

#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

constexpr unsigned kShortestPrefix = 8;

// Why no host can have this address; empty when one can.
std::string_view why_no_host(const Prefix& subnet) {
  const Ipv4 address = subnet.address;
  const std::uint32_t first_octet = address.value >> 24;
  if (first_octet == 0) return "an address of this network (0.0.0.0/8)";
  if (first_octet == 127) return "a loopback address";
  if (address.is_multicast()) return "a multicast address";
  if (first_octet >= 240) return "a reserved address";
  // A /31 has two hosts and neither of these (RFC 3021); a /32 is one host.
  if (subnet.length > 30) return "";
  if (address == subnet.first()) return "the address of the subnet itself";
  if (address == subnet.last()) return "the broadcast address of the subnet";
  return "";
}

void read_address(SectionReader& section, Interface& out, std::vector<Placed<Prefix>>& earlier) {
  std::string text;
  const auto place = section.read("address", text);
  if (!place) return;
  const std::optional<Prefix> subnet = parse_prefix(text);
  if (!subnet || subnet->length < kShortestPrefix) {
    section.error(*place, "address = ", in_quotes(text),
                  " is not an IPv4 address with its prefix length (", kShortestPrefix,
                  " to 32); write one such as \"10.77.0.254/24\"");
    return;
  }
  if (const std::string_view why = why_no_host(*subnet); !why.empty()) {
    section.error(*place, "address = ", in_quotes(text), " is ", why,
                  "; write the address of a host in its subnet");
    return;
  }
  const auto other =
      std::ranges::find_if(earlier, [&](const auto& e) { return e.value.overlaps(*subnet); });
  if (other != earlier.end()) {
    section.error(*place, "address = ", in_quotes(text), " overlaps the subnet in line ",
                  other->place.line, "; give each VLAN its own subnet");
  }
  earlier.push_back({*subnet, *place});
  out.address = subnet->address;
  out.prefix_length = subnet->length;
}

void read_source_networks(SectionReader& section, Interface& out, InterfacePlaces& places) {
  for (const auto& [network, place] : read_ranges(section, "source-networks", RangeOf::kSources)) {
    out.source_networks.push_back(network);
    places.source_networks.push_back(place);
  }
}

}  // namespace

void read_interfaces(SectionReader& file, Reading& reading) {
  Seen<std::string> names;
  Seen<std::uint16_t> vlans;
  std::vector<Placed<Prefix>> subnets;
  const std::size_t errors_before = reading.diagnostics.count();
  for (const toml::table* table : file.tables("interface", Section::kInterface)) {
    SectionReader section(Section::kInterface, *table, reading.diagnostics);
    Interface& out = reading.config.interfaces.emplace_back();
    InterfacePlaces& places = reading.interface_places.emplace_back();
    if (const auto place = section.read("name", out.name)) {
      if (!is_name(out.name)) {
        section.error(*place, "name = ", in_quotes(out.name),
                      " cannot name an interface; use 1 to 32 letters, digits, '.', '_' and '-'");
      } else if (const auto earlier = names.earlier(out.name, *place)) {
        section.error(*place, "name = ", in_quotes(out.name), " is already the interface in line ",
                      earlier->line, "; give each interface its own name");
      }
    }
    if (const auto place = section.read("vlan", out.vlan.value)) {
      if (const auto earlier = vlans.earlier(out.vlan.value, *place)) {
        section.error(*place, "VLAN ", out.vlan.value, " already has the interface in line ",
                      earlier->line, "; a VLAN has at most one");
      } else {
        check_carried(section, reading, out.vlan, *place);
      }
    }
    read_address(section, out, subnets);
    places.address = section.place("address");
    read_source_networks(section, out, places);
    section.check_required();
  }
  reading.interfaces_sound = reading.diagnostics.count() == errors_before;
}

}  // namespace sluice::config
