// SPDX-License-Identifier: BSD-3-Clause
// IPv4 and MAC addresses as values. Any thread; no allocation except to_string().
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// An IPv4 address in host byte order, so that comparing two compares them as RFC 2236 §3 does in
// the querier election. 0.0.0.0 doubles as "any source" in a forwarding key.
struct Ipv4 {
  std::uint32_t value = 0;

  constexpr auto operator<=>(const Ipv4&) const = default;

  // 224.0.0.0/4
  constexpr bool is_multicast() const { return (value >> 28) == 0xE; }
  // 224.0.0.0/24, which floods always and is never tracked (RFC 4541 §2.1.2).
  constexpr bool is_link_local_multicast() const { return (value >> 8) == 0xE00000; }
  constexpr bool is_unspecified() const { return value == 0; }
  // What may stand in a source list: neither 0.0.0.0, nor multicast, nor 255.255.255.255 (R3-08).
  constexpr bool is_unicast() const { return value != 0 && value != 0xFFFFFFFF && !is_multicast(); }
};

constexpr Ipv4 ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  return Ipv4{(a << 24) | (b << 16) | (c << 8) | d};
}

inline constexpr Ipv4 kAllSystems = ipv4(224, 0, 0, 1);
inline constexpr Ipv4 kAllRouters = ipv4(224, 0, 0, 2);
inline constexpr Ipv4 kAllPimRouters = ipv4(224, 0, 0, 13);
inline constexpr Ipv4 kAllIgmpv3Routers = ipv4(224, 0, 0, 22);
inline constexpr Ipv4 kAllSnoopers = ipv4(224, 0, 0, 106);  // RFC 4286

// Dotted quad, all four parts; nothing else is accepted.
std::optional<Ipv4> parse_ipv4(std::string_view text);
std::string to_string(Ipv4 address);

// A range of addresses: "10.77.0.0/16". The bits of `address` past `length` count for nothing.
struct Prefix {
  Ipv4 address;
  std::uint8_t length = 0;  // 0..32

  constexpr bool operator==(const Prefix&) const = default;
  constexpr std::uint32_t mask() const {
    return length == 0 ? 0 : ~std::uint32_t{0} << (32 - length);
  }
  constexpr Ipv4 first() const { return {address.value & mask()}; }
  constexpr Ipv4 last() const { return {address.value | ~mask()}; }
  constexpr bool contains(Ipv4 a) const { return ((a.value ^ address.value) & mask()) == 0; }
  constexpr bool overlaps(const Prefix& other) const {
    return first() <= other.last() && other.first() <= last();
  }
};

// "address/length", both parts; nothing else is accepted.
std::optional<Prefix> parse_prefix(std::string_view text);
std::string to_string(const Prefix& prefix);

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  constexpr auto operator<=>(const MacAddress&) const = default;
  constexpr bool is_multicast() const { return (bytes[0] & 1) != 0; }
};

// "02:00:00:00:00:01"
std::string to_string(const MacAddress& mac);

// RFC 1112 §6.4: 01:00:5e and the low 23 bits of the group.
constexpr MacAddress multicast_mac(Ipv4 group) {
  const std::uint32_t v = group.value;
  return MacAddress{{0x01, 0x00, 0x5E, static_cast<std::uint8_t>((v >> 16) & 0x7F),
                     static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)}};
}

}  // namespace sluice

template <>
struct std::hash<sluice::Ipv4> {
  std::size_t operator()(sluice::Ipv4 a) const noexcept {
    return static_cast<std::size_t>(a.value) * 0x9E3779B97F4A7C15ull;
  }
};
