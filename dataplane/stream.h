// SPDX-License-Identifier: BSD-3-Clause
// The short way for nearly all frames: those of streams. Says of them just what classify() says,
// only sooner, and of neighbours in a burst that they are of one stream, so that one decision and
// one look-up serve them all. Not to be sure is no error: such a frame takes the long way.
// Workers, per frame.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>

#include "dataplane/classify.h"
#include "dataplane/frame.h"

namespace sluice::dataplane {

// Frames `first` .. `first + count - 1` of a burst, and what is done with each of them.
struct Run {
  Decision decision;
  std::uint32_t hash;  // of (VLAN, group, any source), when the lane is kGroup
  std::uint16_t first;
  std::uint16_t count;
  std::uint32_t longest;  // in bytes, of one frame
  std::uint64_t bytes;    // of all
};

inline constexpr std::uint8_t kPlainIpv4 = 0x45;  // version 4, no options

// One segment, its tag not taken off by the device, its checksum not known to be wrong.
inline bool is_plain(const rte_mbuf* mbuf) {
  return mbuf->nb_segs == 1 &&
         (mbuf->ol_flags & (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_IP_CKSUM_BAD)) == 0;
}

// Of an IPv4 header without options that begins at `ip`, in a plain mbuf: what differs from frame
// to frame of a stream and has to be right.
inline bool lengths_and_checksum_right(const rte_mbuf* mbuf, const std::uint8_t* ip,
                                       std::uint32_t room) {
  const std::uint32_t total = be16(ip + 2);
  return total >= kIpv4 && total <= room &&
         ((mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_GOOD) != 0 || ipv4_checksum_right(ip, kIpv4));
}

// A frame of a group in a VLAN that restricts or is routed, without options, behind at most one
// tag. False: the frame is none, or not surely one; `decision` is then undefined.
inline bool classify_stream(const rte_mbuf* mbuf, PortId ingress, const VlanTable& vlans,
                            Decision& decision) {
  const auto* const bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  if (!is_plain(mbuf) || mbuf->data_len < kEthernet + kTag + kIpv4) return false;
  const std::uint64_t source_mac = load<std::uint64_t>(bytes + 6) << 16;  // in no useful order
  if (!ipv4_multicast_mac(bytes) || (bytes[6] & 1) != 0 || source_mac == 0) return false;

  const bool tagged = be16(bytes + kMacs) == kTypeVlan;
  const std::uint32_t ip_at = kEthernet + (tagged ? kTag : 0u);
  const std::uint16_t tci = tagged ? be16(bytes + kMacs + 2) : std::uint16_t{0};
  const VlanPolicy* const policy = vlans.find(
      tagged ? VlanId{static_cast<std::uint16_t>(tci & 0x0FFF)} : vlans.access_vlan(ingress));
  if (policy == nullptr || (tagged && !policy->tagged.contains(ingress))) return false;

  const std::uint8_t* const ip = bytes + ip_at;
  const Ipv4 group{be32(ip + 16)};
  if (be16(ip - 2) != kTypeIpv4 || ip[0] != kPlainIpv4 || ip[9] == kProtocolIgmp ||
      !group.is_multicast() || group.is_link_local_multicast() ||
      !(policy->routed() || (policy->snooping && policy->restricted)) ||
      !lengths_and_checksum_right(mbuf, ip, mbuf->data_len - ip_at)) {
    return false;
  }
  decision.lane = Lane::kGroup;
  decision.tag_in_frame = tagged;
  decision.priority_tag = false;
  decision.tci = tci;
  decision.local = false;
  decision.routed = policy->routed();
  decision.ttl = ip[8];
  decision.policy = policy;
  decision.group = group;
  decision.source = Ipv4{be32(ip + 12)};
  return true;
}

// The stream of an earlier frame of the burst, which is as it came and stays so meanwhile.
class Stream {
 public:
  Stream() = default;
  // `mbuf`: one of which classify_stream() said `decision`.
  Stream(const rte_mbuf* mbuf, const Decision& decision)
      : bytes_(rte_pktmbuf_mtod(mbuf, const std::uint8_t*)),
        ip_at_(kEthernet + (decision.tag_in_frame ? kTag : 0u)) {}

  // True: the same decision holds for this frame.
  bool continues(const rte_mbuf* mbuf) const {
    if (bytes_ == nullptr || !is_plain(mbuf) || mbuf->data_len < ip_at_ + kIpv4) return false;
    const auto* const bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
    const std::uint64_t difference =
        differ<std::uint64_t>(bytes, 0) | differ<std::uint64_t>(bytes, 8) |  // MACs, type or tag
        differ<std::uint32_t>(bytes, ip_at_ - 2) |  // type, version, header length, TOS
        differ<std::uint16_t>(bytes, ip_at_ + 8) |  // TTL, protocol
        differ<std::uint64_t>(bytes, ip_at_ + 12);  // source, group
    return difference == 0 &&
           lengths_and_checksum_right(mbuf, bytes + ip_at_, mbuf->data_len - ip_at_);
  }

 private:
  template <class Word>
  std::uint64_t differ(const std::uint8_t* bytes, std::uint32_t at) const {
    return load<Word>(bytes_ + at) ^ load<Word>(bytes + at);
  }

  const std::uint8_t* bytes_ = nullptr;
  std::uint32_t ip_at_ = 0;
};

}  // namespace sluice::dataplane
