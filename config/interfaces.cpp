// SPDX-License-Identifier: BSD-3-Clause
// [[interface]].
#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

constexpr unsigned kShortestPrefix = 8;
constexpr unsigned kLongestPrefix = 32;

struct Subnet {
  Ipv4 address;
  unsigned prefix_length = 0;

  std::uint32_t mask() const { return ~std::uint32_t{0} << (32 - prefix_length); }  // 8..32
  Ipv4 first() const { return {address.value & mask()}; }
  Ipv4 last() const { return {address.value | ~mask()}; }
  bool overlaps(const Subnet& other) const {
    return first() <= other.last() && other.first() <= last();
  }
};

std::optional<Subnet> parse_subnet(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<Ipv4> address = parse_ipv4(text.substr(0, slash));
  const std::string_view length = text.substr(slash + 1);
  unsigned prefix_length = 0;
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), prefix_length);
  const bool whole = error == std::errc{} && end == length.data() + length.size();
  const bool in_range = prefix_length >= kShortestPrefix && prefix_length <= kLongestPrefix;
  if (!address || !whole || !in_range) return std::nullopt;
  return Subnet{*address, prefix_length};
}

// Why no host can have this address; empty when one can.
std::string_view why_no_host(const Subnet& subnet) {
  const Ipv4 address = subnet.address;
  const std::uint32_t first_octet = address.value >> 24;
  if (first_octet == 0) return "an address of this network (0.0.0.0/8)";
  if (first_octet == 127) return "a loopback address";
  if (address.is_multicast()) return "a multicast address";
  if (first_octet >= 240) return "a reserved address";
  // A /31 has two hosts and neither of these (RFC 3021); a /32 is one host.
  if (subnet.prefix_length > 30) return "";
  if (address == subnet.first()) return "the address of the subnet itself";
  if (address == subnet.last()) return "the broadcast address of the subnet";
  return "";
}

struct Earlier {
  Subnet subnet;
  Place place;
};

void read_address(SectionReader& section, Interface& out, std::vector<Earlier>& earlier) {
  std::string text;
  const auto place = section.read("address", text);
  if (!place) return;
  const std::optional<Subnet> subnet = parse_subnet(text);
  if (!subnet) {
    section.error(*place, "address = ", in_quotes(text),
                  " is not an IPv4 address with its prefix length (", kShortestPrefix, " to ",
                  kLongestPrefix, "); write one such as \"10.77.0.254/24\"");
    return;
  }
  if (const std::string_view why = why_no_host(*subnet); !why.empty()) {
    section.error(*place, "address = ", in_quotes(text), " is ", why,
                  "; write the address of a host in its subnet");
    return;
  }
  const auto other =
      std::ranges::find_if(earlier, [&](const Earlier& e) { return e.subnet.overlaps(*subnet); });
  if (other != earlier.end()) {
    section.error(*place, "address = ", in_quotes(text), " overlaps the subnet in line ",
                  other->place.line, "; give each VLAN its own subnet");
  }
  earlier.push_back({*subnet, *place});
  out.address = subnet->address;
  out.prefix_length = static_cast<std::uint8_t>(subnet->prefix_length);
}

}  // namespace

void read_interfaces(SectionReader& file, Reading& reading) {
  Seen<std::string> names;
  Seen<std::uint16_t> vlans;
  std::vector<Earlier> subnets;
  for (const toml::table* table : file.tables("interface", Section::kInterface)) {
    SectionReader section(Section::kInterface, *table, reading.diagnostics);
    Interface& out = reading.config.interfaces.emplace_back();
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
    section.check_required();
  }
}

}  // namespace sluice::config
