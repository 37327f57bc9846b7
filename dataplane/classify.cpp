// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/classify.h"

#include <cstring>

#include "dataplane/frame.h"

namespace sluice::dataplane {
namespace {

constexpr std::uint32_t kMacLength = 6;
constexpr std::uint32_t kArpLength = 28;

// Out of line, which keeps the decision in memory: assembled from registers it costs a fifth more.
[[gnu::noinline]] Decision& drop(Decision& decision, RxDrop reason) {
  decision.lane = Lane::kDrop;
  decision.drop = reason;
  return decision;
}

bool reserved_by_8021d(const std::uint8_t* mac) {
  static constexpr std::uint8_t kPrefix[5] = {0x01, 0x80, 0xC2, 0x00, 0x00};
  return std::memcmp(mac, kPrefix, sizeof kPrefix) == 0 && mac[5] <= 0x0F;
}

bool broadcast_mac(const std::uint8_t* mac) {
  return (mac[0] & mac[1] & mac[2] & mac[3] & mac[4] & mac[5]) == 0xFF;
}

bool zero_mac(const std::uint8_t* mac) {
  return (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) == 0;
}

// A request of IPv4 over Ethernet for `target` (RFC 826).
bool arp_request_for(Ipv4 target, const std::uint8_t* arp, std::uint32_t length) {
  static constexpr std::uint8_t kStart[8] = {0, 1, 8, 0, 6, 4, 0, 1};
  return length >= kArpLength && std::memcmp(arp, kStart, sizeof kStart) == 0 &&
         be32(arp + 24) == target.value;
}

// By the type of the message, if that can be seen.
PuntClass igmp_class(const std::uint8_t* ip, std::uint32_t header, std::uint32_t length) {
  if (header >= length) return PuntClass::kReports;
  const std::uint8_t type = ip[header];
  if (type == kIgmpQuery) return PuntClass::kQueries;
  return type >= kMrdFirst && type <= kMrdLast ? PuntClass::kPimMrd : PuntClass::kReports;
}

// RFC 4541 §2.1.1 for IGMP and PIM, §2.1.2 for data. `ip` points at `length` readable bytes.
// `nested`: it stands under one more tag.
Decision& classify_ipv4_multicast(Decision& decision, const std::uint8_t* ip, std::uint32_t length,
                                  const FrameInfo& frame, PortId ingress, bool nested) {
  if (length < kIpv4 || (ip[0] >> 4) != 4) return drop(decision, RxDrop::kMalformedIpv4);
  const std::uint32_t header = (ip[0] & 0x0Fu) * 4;
  const std::uint32_t total = be16(ip + 2);
  if (header < kIpv4 || total < header) return drop(decision, RxDrop::kMalformedIpv4);
  if (total > length) [[unlikely]] {  // cut off, or it goes on in the next segment
    if (header > length || total > length + frame.beyond) {
      return drop(decision, RxDrop::kMalformedIpv4);
    }
  }
  if (frame.ip_checksum == HardwareChecksum::kBad ||
      (frame.ip_checksum == HardwareChecksum::kUnknown && !ipv4_checksum_right(ip, header))) {
    return drop(decision, RxDrop::kBadIpChecksum);
  }
  const VlanPolicy& policy = *decision.policy;
  decision.source = Ipv4{be32(ip + 12)};
  decision.group = Ipv4{be32(ip + 16)};
  // IGMP is known by its protocol and not by its address: v2 reports go to the group (SC-14).
  if (policy.snooping && ip[9] == kProtocolIgmp) {
    decision.lane = Lane::kPunt;
    decision.punted = igmp_class(ip, header, length);
  } else if (policy.snooping && ip[9] == kProtocolPim && decision.group == kAllPimRouters) {
    if (policy.router_guard.contains(ingress)) return drop(decision, RxDrop::kRouterGuard);
    decision.lane = Lane::kFloodAndShow;
    decision.punted = PuntClass::kPimMrd;
  } else if (!decision.group.is_multicast() || decision.group.is_link_local_multicast()) {
    decision.lane = Lane::kFlood;
  } else {
    // A packet under one more tag is not of the network that a proxy routes.
    decision.routed = policy.routed() && !nested;
    decision.lane =
        decision.routed || (policy.snooping && policy.restricted) ? Lane::kGroup : Lane::kFlood;
  }
  return decision;
}

}  // namespace

Decision classify(const FrameInfo& frame, PortId ingress, const VlanTable& vlans) {
  Decision decision;
  const std::uint8_t* const bytes = frame.bytes;
  if (frame.length < kEthernet) return drop(decision, RxDrop::kRunt);
  const std::uint8_t* const source_mac = bytes + 6;
  if ((source_mac[0] & 1) != 0 || zero_mac(source_mac)) {
    return drop(decision, RxDrop::kInvalidSourceMac);
  }

  std::uint32_t type_at = kMacs;
  decision.tci = frame.tci;
  bool tagged = frame.stripped;
  if (be16(bytes + type_at) == kTypeVlan) {
    if (frame.length < kEthernet + kTag) return drop(decision, RxDrop::kRunt);
    if (!tagged) {  // else the device took the outer tag and this one is the customer's
      decision.tag_in_frame = tagged = true;
      decision.tci = be16(bytes + type_at + 2);
      type_at += kTag;
    }
  }
  VlanId vlan{static_cast<std::uint16_t>(decision.tci & 0x0FFF)};
  if (tagged && vlan.value == 0) {  // a priority tag says nothing about the VLAN
    decision.priority_tag = decision.tag_in_frame;
    tagged = false;
  }
  if (tagged) {
    decision.policy = vlans.find(vlan);
    if (decision.policy == nullptr || !decision.policy->tagged.contains(ingress)) {
      return drop(decision, RxDrop::kVlanNotCarried);
    }
  } else {
    vlan = vlans.access_vlan(ingress);
    decision.policy = vlan.value == 0 ? nullptr : vlans.find(vlan);
    if (decision.policy == nullptr) return drop(decision, RxDrop::kUntaggedNotAccepted);
  }

  const VlanPolicy& policy = *decision.policy;
  if ((bytes[0] & 1) == 0) {
    const bool to_us = !policy.address.is_unspecified() &&
                       std::memcmp(bytes, vlans.own_mac().bytes.data(), kMacLength) == 0;
    decision.lane = to_us ? Lane::kPunt : Lane::kUnicast;
    decision.punted = PuntClass::kLocal;
    return decision;
  }
  if (reserved_by_8021d(bytes)) return drop(decision, RxDrop::kReservedMac);
  decision.lane = Lane::kFlood;  // broadcast, IPv6, everything that is not an IPv4 group
  std::uint16_t type = be16(bytes + type_at);
  if (!ipv4_multicast_mac(bytes)) {
    if (type == kTypeArp && !policy.address.is_unspecified() && broadcast_mac(bytes) &&
        arp_request_for(policy.address, bytes + type_at + 2, frame.length - type_at - 2)) {
      decision.punted = PuntClass::kLocal;
      decision.lane = Lane::kFloodAndShow;
    }
    return decision;
  }
  bool nested = false;
  if ((type == kTypeVlan || type == kTypeServiceVlan) &&
      frame.length >= type_at + 2 + kTag) {  // SC-17: one more tag may stand before IP
    type_at += kTag;
    type = be16(bytes + type_at);
    nested = true;
  }
  if (type != kTypeIpv4) return decision;
  return classify_ipv4_multicast(decision, bytes + type_at + 2, frame.length - type_at - 2, frame,
                                 ingress, nested);
}

}  // namespace sluice::dataplane
