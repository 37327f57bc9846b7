// SPDX-License-Identifier: BSD-3-Clause
// The short way for nearly all frames: those of streams. Says of them just what classify() says,
// only sooner, and of neighbours in a burst that they are of one stream, so that one decision and
// one look-up serve them all. Not to be sure is no error: such a frame takes the long way.
// Workers, per frame.
#pragma once

#include <rte_mbuf.h>

#include <algorithm>
#include <cstdint>
#include <span>

#include "dataplane/classify.h"
#include "dataplane/frame.h"

namespace sluice::dataplane {

// Neighbouring frames of a burst, and what is done with each of them.
struct Run {
  Decision decision;
  Fib::Where where;        // the entry for any source should be, when the lane is kGroup
  const EgressSet* entry;  // that the look-up found, if any
  std::uint32_t bytes;     // of all
  std::uint16_t count;
  bool straight;       // a stream that nobody routes, whose frames fit every port's MTU
  bool known_station;  // its sender is that of a stream before it in the burst
};

// What is the same for all frames of a burst.
struct Ingress {
  PortId port;
  const VlanTable& vlans;
  std::uint32_t mtu;  // the smallest
  Decision untagged;  // of streams without a tag but for the addresses; no policy: there are none
  std::uint32_t untagged_straight;

  Ingress(PortId from, const VlanTable& table, std::uint32_t smallest_mtu)
      : port(from), vlans(table), mtu(smallest_mtu) {
    const VlanPolicy* const policy = table.find(table.access_vlan(from));
    if (policy != nullptr && has_streams(*policy)) untagged = stream_in(*policy);
    untagged_straight = straight(untagged);
  }
  // The longest IP packets that go straight.
  std::uint32_t straight(const Decision& stream) const { return stream.routed ? 0 : mtu; }
  static bool has_streams(const VlanPolicy& policy) {
    return policy.routed() || (policy.snooping && policy.restricted);
  }
  static Decision stream_in(const VlanPolicy& policy) {
    return {.lane = Lane::kGroup, .routed = policy.routed(), .policy = &policy};
  }
};

// One segment, its tag not taken off by the device, its checksum not known to be wrong.
inline bool is_plain(const rte_mbuf* mbuf) {
  return mbuf->nb_segs == 1 &&
         (mbuf->ol_flags & (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_IP_CKSUM_BAD)) == 0;
}

// Of an IPv4 header without options that begins at `ip`, in a plain mbuf, of which `room` bytes are
// there, at least a header: what differs from frame to frame of a stream and has to be right.
inline bool lengths_and_checksum_right(const rte_mbuf* mbuf, const std::uint8_t* ip,
                                       std::uint32_t room) {
  const std::uint32_t behind = std::uint32_t{be16(ip + 2)} - kIpv4;  // huge, if it is less
  return behind <= room - kIpv4 &&
         ((mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD) != 0 || ipv4_checksum_right(ip, kIpv4));
}

// EtherType IPv4, version 4, no options.
inline bool plain_ipv4_at(const std::uint8_t* type) {
  return (load<std::uint32_t>(type) & 0xFFFFFF) == 0x450008;
}

// Source and group, as they stand in the header.
inline std::uint64_t addresses_at(const std::uint8_t* bytes, std::uint32_t ip_at) {
  return load<std::uint64_t>(bytes + ip_at + 12);
}

// Of a frame with the addresses of `first`, the bytes of one of which find_stream() was sure.
template <std::uint32_t kIpAt>
bool same_stream(const std::uint8_t* first, const rte_mbuf* mbuf) {
  const auto* const bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  const auto differ = [&]<class Word>(Word, std::uint32_t at) -> std::uint64_t {
    return load<Word>(first + at) ^ load<Word>(bytes + at);
  };
  if (!is_plain(mbuf) || mbuf->data_len < kIpAt + kIpv4) return false;
  const std::uint64_t difference =
      (addresses_at(first, kIpAt) ^ addresses_at(bytes, kIpAt)) | differ(std::uint64_t{}, 0) |
      differ(std::uint64_t{}, 8) |          // MACs, type or tag
      differ(std::uint32_t{}, kIpAt - 2) |  // type, version, header length, TOS
      differ(std::uint16_t{}, kIpAt + 8);   // TTL, protocol
  return difference == 0 && lengths_and_checksum_right(mbuf, bytes + kIpAt, mbuf->data_len - kIpAt);
}

// Takes the following frames of the same stream into a run of one.
template <std::uint32_t kIpAt>
[[gnu::noinline]] std::size_t extend(std::span<rte_mbuf* const> frames, const std::uint8_t* bytes,
                                     std::uint32_t straight, Run& run) {
  std::uint32_t longest = frames[0]->pkt_len;
  std::uint32_t sum = longest;
  std::size_t count = 1;
  for (; count < frames.size() && same_stream<kIpAt>(bytes, frames[count]); ++count) {
    longest = std::max(longest, frames[count]->pkt_len);
    sum += frames[count]->pkt_len;
  }
  run.straight &= longest - kIpAt <= straight;
  run.bytes = sum;
  run.count = static_cast<std::uint16_t>(count);
  return count;
}

// The part of find_stream() behind the Ethernet header.
template <std::uint32_t kIpAt>
[[gnu::always_inline]] inline std::size_t find_stream_at(std::span<rte_mbuf* const> frames,
                                                         const std::uint8_t* bytes,
                                                         const Decision& decision,
                                                         std::uint32_t straight, Run& run) {
  const rte_mbuf* const mbuf = frames[0];
  const std::uint8_t* const ip = bytes + kIpAt;
  const std::uint64_t as_they_stand = addresses_at(bytes, kIpAt);
  const std::uint64_t addresses = __builtin_bswap64(as_they_stand);
  const auto group = static_cast<std::uint32_t>(addresses);
  constexpr std::uint32_t kFirst = ipv4(224, 0, 1, 0).value;
  if (group - kFirst > ipv4(239, 255, 255, 255).value - kFirst || ip[9] == kProtocolIgmp ||
      !lengths_and_checksum_right(mbuf, ip, mbuf->data_len - kIpAt)) {
    return 0;
  }
  run.decision = decision;
  run.decision.group = Ipv4{group};
  run.decision.source = Ipv4{static_cast<std::uint32_t>(addresses >> 32)};
  run.straight = mbuf->pkt_len - kIpAt <= straight;
  run.bytes = mbuf->pkt_len;
  run.count = 1;
  // The addresses of the next frame settle it where streams come in random order.
  if (frames.size() > 1 &&
      addresses_at(rte_pktmbuf_mtod(frames[1], const std::uint8_t*), kIpAt) == as_they_stand) {
    return extend<kIpAt>(frames, bytes, straight, run);
  }
  return 1;
}

// With how many of one stream `frames` begin, so that one decision holds for them: of a group in a
// VLAN that restricts or is routed, without options, behind at most one tag. 0: the first is none,
// or not surely one; `run` is then undefined. `bytes`: the first frame's.
[[gnu::always_inline]] inline std::size_t find_stream(std::span<rte_mbuf* const> frames,
                                                      const std::uint8_t* bytes,
                                                      const Ingress& ingress, Run& run) {
  const rte_mbuf* const mbuf = frames[0];
  if (!is_plain(mbuf) || mbuf->data_len < kEthernet + kTag + kIpv4) return 0;
  // To 01:00:5e and a 0 bit, from a source that is neither a group nor 0.
  if ((load<std::uint64_t>(bytes) & 0x0001000080FFFFFF) != 0x5E0001) return 0;
  if (load<std::uint64_t>(bytes + 6) << 16 == 0) return 0;
  if (plain_ipv4_at(bytes + kMacs)) {
    if (ingress.untagged.policy == nullptr) return 0;
    return find_stream_at<kEthernet>(frames, bytes, ingress.untagged, ingress.untagged_straight,
                                     run);
  }
  if (be16(bytes + kMacs) != kTypeVlan || !plain_ipv4_at(bytes + kMacs + kTag)) return 0;
  const std::uint16_t tci = be16(bytes + kMacs + 2);
  const VlanId vlan{static_cast<std::uint16_t>(tci & 0x0FFF)};
  const VlanPolicy* const policy = ingress.vlans.find(vlan);
  if (policy == nullptr || !Ingress::has_streams(*policy) ||
      !policy->tagged.contains(ingress.port)) {
    return 0;
  }
  Decision decision = Ingress::stream_in(*policy);
  decision.tag_in_frame = true;
  decision.tci = tci;
  return find_stream_at<kEthernet + kTag>(frames, bytes, decision, ingress.straight(decision), run);
}

}  // namespace sluice::dataplane
