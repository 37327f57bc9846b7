// SPDX-License-Identifier: BSD-3-Clause
// What is this frame, and by which rule is it forwarded? Reads bytes, decides; moves nothing and
// counts nothing. RFC 4541 §2.1.1 and §2.1.2, IEEE 802.1Q. Workers, per frame.
#pragma once

#include <cstdint>

#include "dataplane/drop_reasons.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/vlan_table.h"

namespace sluice::dataplane {

enum class Lane : std::uint8_t {
  kDrop,
  kPunt,          // IGMP: the control thread forwards it; or for our own address
  kFloodAndShow,  // PIM hello, ARP for our address: flooded, and the control thread sees a copy
  kFlood,
  kGroup,    // IPv4 multicast in a VLAN that restricts or is routed: look it up
  kUnicast,  // by MAC table
};

enum class HardwareChecksum : std::uint8_t { kUnknown, kGood, kBad };

struct FrameInfo {
  const std::uint8_t* bytes = nullptr;  // from the destination MAC
  std::uint32_t length = 0;             // contiguous bytes; at most this much is read
  std::uint32_t beyond = 0;             // bytes in further segments
  bool stripped = false;                // the device took the tag off: `tci` is it
  std::uint16_t tci = 0;
  HardwareChecksum ip_checksum = HardwareChecksum::kUnknown;
};

struct Decision {
  Lane lane = Lane::kDrop;
  RxDrop drop = RxDrop::kRunt;  // when lane is kDrop
  bool tag_in_frame = false;    // the bytes carry an 802.1Q tag
  bool priority_tag = false;    // ... whose VLAN id is 0
  std::uint16_t tci = 0;
  PuntClass punted = PuntClass::kReports;  // when it is punted or shown
  // When lane is kGroup: a proxy may route it. Its IPv4 header then stands right behind the
  // Ethernet header and its one tag, if any.
  bool routed = false;
  const VlanPolicy* policy = nullptr;
  Ipv4 group, source;  // when lane is kGroup
};

Decision classify(const FrameInfo& frame, PortId ingress, const VlanTable& vlans);

}  // namespace sluice::dataplane
