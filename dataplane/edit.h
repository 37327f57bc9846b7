// SPDX-License-Identifier: BSD-3-Clause
// The few edits that a frame gets on its way: its 802.1Q tag put on or taken off, and what a router
// changes (RFC 1812 §5.2 and §5.3.1, RFC 1112 §6.4, RFC 1624). Workers, per frame.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "dataplane/frame.h"
#include "shared/address.h"

namespace sluice::dataplane {

inline void write_tag(std::uint8_t* at, std::uint16_t tci) {
  at[0] = 0x81;
  at[1] = 0x00;
  at[2] = static_cast<std::uint8_t>(tci >> 8);
  at[3] = static_cast<std::uint8_t>(tci);
}

// In place, of an mbuf that nobody shares. False: no room.
inline bool pop_tag(rte_mbuf* mbuf) {
  auto* const bytes = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
  std::memmove(bytes + kTag, bytes, kMacs);
  return rte_pktmbuf_adj(mbuf, kTag) != nullptr;
}

inline bool push_tag(rte_mbuf* mbuf, std::uint16_t tci) {
  void* const start = rte_pktmbuf_prepend(mbuf, kTag);
  if (start == nullptr) return false;
  auto* const bytes = static_cast<std::uint8_t*>(start);
  std::memmove(bytes, bytes + kTag, kMacs);
  write_tag(bytes + kMacs, tci);
  return true;
}

// `ip`: an IPv4 header with a right checksum and a TTL of at least 1. RFC 1624, equation 3:
// HC' = ~(~HC + ~m + m'), where m is the word that the TTL is the upper half of, so that ~m + m' is
// 0xFEFF whatever it was.
inline void decrement_ttl(std::uint8_t* ip) {
  const std::uint32_t before = static_cast<std::uint32_t>((ip[10] << 8) | ip[11]);
  const std::uint32_t sum = (~before & 0xFFFF) + 0xFEFF;
  const std::uint32_t checksum = ~((sum & 0xFFFF) + (sum >> 16));
  --ip[8];
  ip[10] = static_cast<std::uint8_t>(checksum >> 8);
  ip[11] = static_cast<std::uint8_t>(checksum);
}

// What a router changes: the MAC addresses at `macs`, and the IPv4 header at `ip`.
inline void edit_routed(std::uint8_t* macs, std::uint8_t* ip, const MacAddress& source) {
  const std::uint8_t* const group = ip + 16;
  const std::uint8_t to[6] = {0x01,     0x00,    0x5E, static_cast<std::uint8_t>(group[1] & 0x7F),
                              group[2], group[3]};
  std::memcpy(macs, to, sizeof to);
  std::ranges::copy(source.bytes, macs + sizeof to);
  decrement_ttl(ip);
}

}  // namespace sluice::dataplane
