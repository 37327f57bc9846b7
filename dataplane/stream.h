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
  bool stream;  // classify_stream() knew it
  std::uint16_t first;
  std::uint16_t count;
  std::uint32_t longest;   // in bytes, of one frame
  std::uint64_t bytes;     // of all
  std::uint32_t hash;      // of (VLAN, group, any source), when the lane is kGroup
  const EgressSet* entry;  // that the look-up found, if any
};

// What is the same for all frames of a burst.
struct Ingress {
  PortId port;
  const VlanTable& vlans;
  const VlanPolicy* access;  // of untagged frames, if streams are looked up there

  Ingress(PortId from, const VlanTable& table)
      : port(from), vlans(table), access(streams(table.find(table.access_vlan(from)))) {}
  static const VlanPolicy* streams(const VlanPolicy* policy) {
    const bool looked_up =
        policy != nullptr && (policy->routed() || (policy->snooping && policy->restricted));
    return looked_up ? policy : nullptr;
  }
};

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

// EtherType IPv4, version 4, no options.
inline bool plain_ipv4_at(const std::uint8_t* type) {
  return (load<std::uint32_t>(type) & 0xFFFFFF) == 0x450008;
}

// The part of classify_stream() behind the MAC addresses.
template <bool kTagged>
bool classify_stream_in(const VlanPolicy* policy, const rte_mbuf* mbuf, const std::uint8_t* bytes,
                        Decision& decision) {
  constexpr std::uint32_t kIpAt = kEthernet + (kTagged ? kTag : 0);
  const std::uint8_t* const ip = bytes + kIpAt;
  const std::uint32_t group = be32(ip + 16);
  constexpr std::uint32_t kFirst = ipv4(224, 0, 1, 0).value;
  if (policy == nullptr || group - kFirst > ipv4(239, 255, 255, 255).value - kFirst ||
      ip[9] == kProtocolIgmp || !lengths_and_checksum_right(mbuf, ip, mbuf->data_len - kIpAt)) {
    return false;
  }
  decision.lane = Lane::kGroup;
  decision.drop = RxDrop::kRunt;
  decision.tag_in_frame = kTagged;
  decision.priority_tag = false;
  decision.tci = kTagged ? be16(bytes + kMacs + 2) : std::uint16_t{0};
  decision.local = false;
  decision.routed = policy->routed();
  decision.ttl = ip[8];
  decision.policy = policy;
  decision.group = Ipv4{group};
  decision.source = Ipv4{be32(ip + 12)};
  return true;
}

// A frame of a group in a VLAN that restricts or is routed, without options, behind at most one
// tag. False: the frame is none, or not surely one; `decision` is then undefined.
inline bool classify_stream(const rte_mbuf* mbuf, const Ingress& ingress, Decision& decision) {
  const auto* const bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  if (!is_plain(mbuf) || mbuf->data_len < kEthernet + kTag + kIpv4) return false;
  // To 01:00:5e and a 0 bit, from a source that is neither a group nor 0.
  if ((load<std::uint64_t>(bytes) & 0x0001000080FFFFFF) != 0x5E0001) return false;
  if (load<std::uint64_t>(bytes + 6) << 16 == 0) return false;
  if (plain_ipv4_at(bytes + kMacs)) {
    return classify_stream_in<false>(ingress.access, mbuf, bytes, decision);
  }
  if (be16(bytes + kMacs) != kTypeVlan || !plain_ipv4_at(bytes + kMacs + kTag)) return false;
  const VlanId vlan{static_cast<std::uint16_t>(be16(bytes + kMacs + 2) & 0x0FFF)};
  const VlanPolicy* const policy = Ingress::streams(ingress.vlans.find(vlan));
  return policy != nullptr && policy->tagged.contains(ingress.port) &&
         classify_stream_in<true>(policy, mbuf, bytes, decision);
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
    if (mbuf->data_len < ip_at_ + kIpv4) return false;
    const auto* const bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
    // Source and group first, which settle it for most others.
    if (differ<std::uint64_t>(bytes, ip_at_ + 12) != 0 || !is_plain(mbuf)) return false;
    const std::uint64_t difference =
        differ<std::uint64_t>(bytes, 0) | differ<std::uint64_t>(bytes, 8) |  // MACs, type or tag
        differ<std::uint32_t>(bytes, ip_at_ - 2) |  // type, version, header length, TOS
        differ<std::uint16_t>(bytes, ip_at_ + 8);   // TTL, protocol
    return difference == 0 &&
           lengths_and_checksum_right(mbuf, bytes + ip_at_, mbuf->data_len - ip_at_);
  }

 private:
  template <class Word>
  std::uint64_t differ(const std::uint8_t* bytes, std::uint32_t at) const {
    return load<Word>(bytes_ + at) ^ load<Word>(bytes + at);
  }

  const std::uint8_t* bytes_ = nullptr;
  std::uint32_t ip_at_ = ~std::uint32_t{0} - kIpv4;  // none: no frame is that long
};

}  // namespace sluice::dataplane
