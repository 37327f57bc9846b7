// SPDX-License-Identifier: BSD-3-Clause
// Numbers on the wire that both directions of the codec use, and big-endian access to bytes whose
// bounds the caller has tested.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shared/address.h"

namespace sluice::control::igmp::wire {

inline constexpr std::uint16_t kEtherIpv4 = 0x0800;
inline constexpr std::uint16_t kEtherVlan = 0x8100;         // IEEE 802.1Q
inline constexpr std::uint16_t kEtherServiceVlan = 0x88A8;  // IEEE 802.1ad
inline constexpr std::size_t kEthernetHeader = 14;
inline constexpr std::size_t kVlanTag = 4;

inline constexpr std::uint8_t kProtocolIgmp = 2;
inline constexpr std::uint8_t kProtocolPim = 103;
inline constexpr std::size_t kIpHeader = 20;                // without options
inline constexpr std::size_t kIpHeaderWithAlert = 24;       // IP-04
inline constexpr std::uint8_t kInternetworkControl = 0xC0;  // IP-03
inline constexpr std::uint8_t kRouterAlert = 0x94;          // RFC 2113: copied, option number 20

inline constexpr std::uint8_t kQuery = 0x11;
inline constexpr std::uint8_t kV1Report = 0x12;
inline constexpr std::uint8_t kV2Report = 0x16;
inline constexpr std::uint8_t kLeave = 0x17;
inline constexpr std::uint8_t kV3Report = 0x22;
inline constexpr std::uint8_t kMrdAdvertisement = 0x30;
inline constexpr std::uint8_t kMrdSolicitation = 0x31;
inline constexpr std::uint8_t kMrdTermination = 0x32;

inline constexpr std::size_t kShortMessage = 8;  // v1 and v2 messages, v3 report without records
inline constexpr std::size_t kV3Query = 12;      // without sources
inline constexpr std::size_t kRecordHeader = 8;
inline constexpr std::size_t kAddress = 4;
inline constexpr std::uint8_t kSuppressFlag = 0x08;  // S, RFC 9776 §4.1.5
inline constexpr std::uint8_t kMaxQrv = 7;

constexpr std::uint16_t get16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>((at[0] << 8) | at[1]);
}
constexpr std::uint32_t get32(const std::uint8_t* at) {
  return (std::uint32_t{get16(at)} << 16) | get16(at + 2);
}
constexpr Ipv4 get_address(const std::uint8_t* at) {
  return Ipv4{get32(at)};
}

constexpr void put16(std::uint8_t* at, std::size_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}
constexpr void put_address(std::uint8_t* at, Ipv4 address) {
  put16(at, address.value >> 16);
  put16(at + 2, address.value & 0xFFFF);
}

}  // namespace sluice::control::igmp::wire
