// SPDX-License-Identifier: BSD-3-Clause
// Frames for the data plane's tests, built from their parts.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "shared/address.h"

namespace sluice::dataplane::frames {

using Bytes = std::vector<std::uint8_t>;

inline constexpr MacAddress kStation{{2, 0, 0, 0, 0, 1}};
inline constexpr MacAddress kBroadcast{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}};

inline void append16(Bytes& to, unsigned value) {
  to.push_back(static_cast<std::uint8_t>(value >> 8));
  to.push_back(static_cast<std::uint8_t>(value));
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline Bytes macs(const MacAddress& to, const MacAddress& from) {
  return Bytes(to.bytes.begin(), to.bytes.end()) + Bytes(from.bytes.begin(), from.bytes.end());
}

inline Bytes tag(unsigned tci, unsigned type = 0x8100) {
  Bytes bytes;
  append16(bytes, type);
  append16(bytes, tci);
  return bytes;
}

struct Ip {
  Ipv4 source = ipv4(10, 0, 0, 1);
  Ipv4 destination = ipv4(239, 1, 1, 1);
  std::uint8_t protocol = 17;
  unsigned options = 0;   // in 32-bit words
  unsigned fragment = 0;  // flags and offset
  std::size_t payload = 26;
  std::uint8_t ttl = 8;
  unsigned id = 7;
};

// EtherType and packet, with the right checksum.
inline Bytes ipv4_packet(const Ip& ip) {
  Bytes header;
  header.push_back(static_cast<std::uint8_t>(0x45 + ip.options));
  header.push_back(0);
  append16(header, static_cast<unsigned>(20 + 4 * ip.options + ip.payload));
  append16(header, ip.id);
  append16(header, ip.fragment);
  header.push_back(ip.ttl);
  header.push_back(ip.protocol);
  append16(header, 0);
  for (const Ipv4 address : {ip.source, ip.destination}) {
    append16(header, address.value >> 16);
    append16(header, address.value & 0xFFFF);
  }
  header.resize(20 + 4 * ip.options, 1);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < header.size(); i += 2) sum += header[i] * 256u + header[i + 1];
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  header[10] = static_cast<std::uint8_t>(~sum >> 8);
  header[11] = static_cast<std::uint8_t>(~sum);
  Bytes bytes;
  append16(bytes, 0x0800);
  Bytes payload(ip.payload);
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i);
  return bytes + header + payload;
}

// A multicast data frame, untagged or tagged.
inline Bytes group_frame(const Ip& ip, std::optional<unsigned> tci = {},
                         const MacAddress& from = kStation) {
  return macs(multicast_mac(ip.destination), from) + (tci ? tag(*tci) : Bytes{}) + ipv4_packet(ip);
}

// An ARP message about IPv4 over Ethernet, broadcast. `operation` 1 asks for `target`.
inline Bytes arp_frame(Ipv4 target, std::optional<unsigned> tci = {}, unsigned operation = 1,
                       const MacAddress& to = kBroadcast) {
  Bytes bytes = macs(to, kStation) + (tci ? tag(*tci) : Bytes{});
  for (const unsigned word : {0x0806u, 1u, 0x0800u, 0x0604u, operation}) append16(bytes, word);
  bytes =
      bytes + Bytes(kStation.bytes.begin(), kStation.bytes.end()) + Bytes{10, 1, 0, 9} + Bytes(6);
  append16(bytes, target.value >> 16);
  append16(bytes, target.value & 0xFFFF);
  return bytes;
}

inline Bytes plain_frame(const MacAddress& to, const MacAddress& from = kStation,
                         std::optional<unsigned> tci = {}, unsigned type = 0x88B5) {
  Bytes bytes = macs(to, from) + (tci ? tag(*tci) : Bytes{});
  append16(bytes, type);
  bytes.resize(bytes.size() + 46, 0x5A);
  return bytes;
}

}  // namespace sluice::dataplane::frames
