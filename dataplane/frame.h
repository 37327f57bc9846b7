// SPDX-License-Identifier: BSD-3-Clause
// Where things stand in a frame, and how to read them. Workers, per frame.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace sluice::dataplane {

inline constexpr std::uint16_t kMacs = 12;
inline constexpr std::uint16_t kTag = 4;
inline constexpr std::uint16_t kEthernet = 14;  // without a tag
inline constexpr std::uint16_t kIpv4 = 20;      // without options

inline constexpr std::uint16_t kTypeVlan = 0x8100;
inline constexpr std::uint16_t kTypeServiceVlan = 0x88A8;
inline constexpr std::uint16_t kTypeIpv4 = 0x0800;
inline constexpr std::uint16_t kTypeArp = 0x0806;
inline constexpr std::uint8_t kProtocolIgmp = 2;
inline constexpr std::uint8_t kProtocolPim = 103;
inline constexpr std::uint8_t kIgmpQuery = 0x11;
inline constexpr std::uint8_t kMrdFirst = 0x30, kMrdLast = 0x32;  // RFC 4286

// Bytes in the machine's order, of any alignment.
template <class Word>
Word load(const std::uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

inline std::uint16_t be16(const std::uint8_t* at) {
  static_assert(std::endian::native == std::endian::little);
  return __builtin_bswap16(load<std::uint16_t>(at));
}
inline std::uint32_t be32(const std::uint8_t* at) {
  return __builtin_bswap32(load<std::uint32_t>(at));
}

inline bool ipv4_multicast_mac(const std::uint8_t* mac) {
  return (be32(mac) & 0xFFFFFF80) == 0x01005E00;
}

// Whether the IPv4 header, of which `length` bytes are there, has a right checksum.
// RFC 1071: the sum does not mind the order of bytes.
inline bool ipv4_checksum_right(const std::uint8_t* ip, std::uint32_t length) {
  std::uint64_t sum = 0;
  for (std::uint32_t at = 0; at < length; at += 4) sum += load<std::uint32_t>(ip + at);
  return sum != 0 && sum % 0xFFFF == 0;  // which is how it folds to all ones
}

}  // namespace sluice::dataplane
