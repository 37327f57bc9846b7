// SPDX-License-Identifier: BSD-3-Clause
// Ports, VLANs and sets of ports. Any thread; plain values.
#pragma once

#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace sluice {

// The most ports one appliance can have. Debian's DPDK is built for 32 (RTE_MAX_ETHPORTS); the set
// of ports is one machine word so that a forwarding decision is a few instructions.
inline constexpr std::size_t kMaxPorts = 64;

// A port's place in the configuration file, which is also its DPDK port number: 0..kMaxPorts-1.
struct PortId {
  std::uint16_t value = 0;
  constexpr auto operator<=>(const PortId&) const = default;
};

// An 802.1Q VLAN identifier, 1..4094. 0 stands for "none".
struct VlanId {
  std::uint16_t value = 0;
  constexpr auto operator<=>(const VlanId&) const = default;
};
inline constexpr std::size_t kVlanIds = 4096;

// A set of ports. for_each visits them in ascending order.
class PortSet {
 public:
  constexpr PortSet() = default;
  constexpr explicit PortSet(std::uint64_t bits) : bits_(bits) {}
  static constexpr PortSet of(PortId port) { return PortSet(std::uint64_t{1} << port.value); }

  constexpr bool operator==(const PortSet&) const = default;
  constexpr bool contains(PortId port) const { return ((bits_ >> port.value) & 1) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr int size() const { return std::popcount(bits_); }
  constexpr std::uint64_t bits() const { return bits_; }

  constexpr void insert(PortId port) { bits_ |= of(port).bits_; }
  constexpr void erase(PortId port) { bits_ &= ~of(port).bits_; }

  friend constexpr PortSet operator|(PortSet a, PortSet b) { return PortSet(a.bits_ | b.bits_); }
  friend constexpr PortSet operator&(PortSet a, PortSet b) { return PortSet(a.bits_ & b.bits_); }
  friend constexpr PortSet operator-(PortSet a, PortSet b) { return PortSet(a.bits_ & ~b.bits_); }

  template <class Visit>
  constexpr void for_each(Visit visit) const {
    for (std::uint64_t rest = bits_; rest != 0; rest &= rest - 1) {
      visit(PortId{static_cast<std::uint16_t>(std::countr_zero(rest))});
    }
  }

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace sluice

template <>
struct std::hash<sluice::PortId> {
  std::size_t operator()(sluice::PortId p) const noexcept { return p.value; }
};
template <>
struct std::hash<sluice::VlanId> {
  std::size_t operator()(sluice::VlanId v) const noexcept { return v.value; }
};
