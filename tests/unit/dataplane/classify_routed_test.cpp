// SPDX-License-Identifier: BSD-3-Clause
// What the classifier makes of frames where the appliance has an address or routes. VLAN 10 is the
// access VLAN of port 0, routed and unrestricted; VLAN 20 is routed and restricted; VLAN 30 is
// neither. 10 and 30 have our address 10.1.0.254.
#include <gtest/gtest.h>

#include "dataplane/classify.h"
#include "tests/unit/dataplane/frames.h"

namespace sluice::dataplane::classify_routed_test {
namespace {

using frames::arp_frame;
using frames::Bytes;
using frames::group_frame;
using frames::plain_frame;
using frames::operator+;

constexpr PortId kPort{0};
constexpr Ipv4 kAddress = ipv4(10, 1, 0, 254);
constexpr MacAddress kOwn{{2, 0, 0, 0, 0, 0x99}};

struct ClassifyRouted : testing::Test {
  VlanTable table;

  ClassifyRouted() {
    const auto add = [&](std::uint16_t id, bool routed, bool restricted, Ipv4 address) {
      VlanPolicy policy{.id = VlanId{id}};
      (id == 10 ? policy.untagged : policy.tagged) = PortSet(1);
      policy.up = PortSet(1);
      policy.snooping = true;
      policy.restricted = restricted;
      policy.address = address;
      if (routed) policy.route = {RouteRole::kDownstream, 1};
      table.add(policy);
    };
    add(10, true, false, kAddress);
    add(20, true, true, Ipv4{});
    add(30, false, false, kAddress);
    table.set_access_vlan(kPort, VlanId{10});
    table.set_domains({{.key = routed_key(0)}, {.key = routed_key(1)}});
    table.set_own_mac(kOwn);
  }
  Decision decide(const Bytes& frame, std::uint32_t beyond = 0) const {
    // Exactly as long as it is, for ASan.
    const std::vector<std::uint8_t> exact(frame);
    return classify({.bytes = exact.data(),
                     .length = static_cast<std::uint32_t>(exact.size()),
                     .beyond = beyond},
                    kPort, table);
  }
};

TEST_F(ClassifyRouted, GroupsInARoutedVlanAreLookedUpEvenUnrestricted) {
  for (const Bytes& frame : {group_frame({}), group_frame({}, 20)}) {
    const Decision decision = decide(frame);
    EXPECT_EQ(decision.lane, Lane::kGroup);
    EXPECT_TRUE(decision.routed);
  }
  EXPECT_EQ(decide(group_frame({}, 30)).lane, Lane::kFlood);
}

TEST_F(ClassifyRouted, LinkLocalGroupsAreNobodysToRoute) {
  RecordProperty("req", "igmp-host-proxy/PF-07 snooping/DP-01");
  for (const Ipv4 group : {ipv4(224, 0, 0, 0), ipv4(224, 0, 0, 255)}) {
    const Decision decision = decide(group_frame({.destination = group}));
    EXPECT_EQ(decision.lane, Lane::kFlood);
    EXPECT_FALSE(decision.routed);
  }
  EXPECT_TRUE(decide(group_frame({.destination = ipv4(224, 0, 1, 0)})).routed);
}

TEST_F(ClassifyRouted, IgmpAndPimAreAsEverywhere) {
  EXPECT_EQ(decide(group_frame({.protocol = 2})).lane, Lane::kPunt);
  EXPECT_NE(decide(group_frame({.protocol = 2})).punted, PuntClass::kLocal);
  const Decision hello = decide(group_frame({.destination = kAllPimRouters, .protocol = 103}));
  EXPECT_EQ(hello.lane, Lane::kFloodAndShow);
  EXPECT_NE(hello.punted, PuntClass::kLocal);
}

TEST_F(ClassifyRouted, AnotherTagHidesThePacketFromTheProxy) {
  const Bytes macs = frames::macs(multicast_mac(frames::Ip{}.destination), frames::kStation);
  const Bytes packet = frames::ipv4_packet({});
  const Decision service = decide(macs + frames::tag(5, 0x88A8) + packet);
  EXPECT_EQ(service.lane, Lane::kFlood);
  EXPECT_FALSE(service.routed);
  const Decision inner = decide(macs + frames::tag(20) + frames::tag(5) + packet);
  EXPECT_EQ(inner.lane, Lane::kGroup) << "restricted, so it is looked up to be bridged";
  EXPECT_FALSE(inner.routed);
  const Bytes stripped = macs + frames::tag(5) + packet;
  const Decision beside = classify({.bytes = stripped.data(),
                                    .length = static_cast<std::uint32_t>(stripped.size()),
                                    .stripped = true,
                                    .tci = 20},
                                   kPort, table);
  EXPECT_EQ(beside.lane, Lane::kGroup);
  EXPECT_FALSE(beside.routed);
}

TEST_F(ClassifyRouted, PacketsMayGoOnInFurtherSegments) {
  Bytes frame = group_frame({.options = 1, .payload = 100});
  frame.resize(14 + 24);
  EXPECT_EQ(decide(frame, 100).lane, Lane::kGroup);
  EXPECT_EQ(decide(frame, 99).drop, RxDrop::kMalformedIpv4);
  frame.pop_back();
  EXPECT_EQ(decide(frame, 101).lane, Lane::kDrop) << "the header is in one piece";
}

TEST_F(ClassifyRouted, WhatIsSentToUs) {
  for (const Bytes& frame : {plain_frame(kOwn), plain_frame(kOwn, frames::kStation, 30)}) {
    EXPECT_EQ(decide(frame).lane, Lane::kPunt);
    EXPECT_EQ(decide(frame).punted, PuntClass::kLocal);
  }
  for (const Bytes& frame : {arp_frame(kAddress), arp_frame(kAddress, 30)}) {
    EXPECT_EQ(decide(frame).lane, Lane::kFloodAndShow);
    EXPECT_EQ(decide(frame).punted, PuntClass::kLocal);
  }
  EXPECT_EQ(decide(plain_frame(kOwn, frames::kStation, 20)).lane, Lane::kUnicast)
      << "no address there";
  EXPECT_EQ(decide(arp_frame(Ipv4{}, 20)).lane, Lane::kFlood);
  EXPECT_EQ(decide(plain_frame(frames::kBroadcast)).lane, Lane::kFlood);
  EXPECT_EQ(decide(arp_frame(ipv4(10, 1, 0, 253))).lane, Lane::kFlood);
}

TEST_F(ClassifyRouted, ReadsNothingBehindTheEndOfAnArpMessage) {
  const Bytes whole = arp_frame(kAddress, 30);
  for (std::size_t length = 14; length < whole.size(); ++length) {
    const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_NE(decide(cut).lane, Lane::kFloodAndShow) << length;
  }
  EXPECT_EQ(decide(whole).lane, Lane::kFloodAndShow);
}

}  // namespace
}  // namespace sluice::dataplane::classify_routed_test
