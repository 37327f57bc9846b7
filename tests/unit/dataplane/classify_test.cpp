// SPDX-License-Identifier: BSD-3-Clause
// VLAN 10 is the access VLAN of port 0, VLANs 20 and 21 are in its trunk; port 1 has no access
// VLAN. 10 and 20 snoop and restrict, 21 does neither.
#include "dataplane/classify.h"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/unit/dataplane/frames.h"

namespace sluice::dataplane::classify_test {
namespace {

using frames::Bytes;
using frames::group_frame;
using frames::Ip;
using frames::ipv4_packet;
using frames::kBroadcast;
using frames::kStation;
using frames::macs;
using frames::plain_frame;
using frames::tag;
using frames::operator+;

constexpr PortId kPort{0};

VlanTable vlans() {
  VlanTable table;
  const auto add = [&](std::uint16_t id, bool snoops, PortSet untagged, PortSet tagged) {
    VlanPolicy policy{.id = VlanId{id}};
    policy.untagged = untagged;
    policy.tagged = tagged;
    policy.up = untagged | tagged;
    policy.snooping = policy.restricted = snoops;
    table.add(policy);
  };
  add(10, true, PortSet(0b001), PortSet(0b100));
  add(20, true, PortSet(), PortSet(0b101));
  add(21, false, PortSet(), PortSet(0b111));
  table.set_access_vlan(kPort, VlanId{10});
  return table;
}

struct Case {
  std::string name;
  Bytes frame;
  Lane lane;
  RxDrop drop = RxDrop::kRunt;
  unsigned vlan = 10;
  std::string requirement;
  PortId port = kPort;
};

void PrintTo(const Case& c, std::ostream* out) {
  *out << c.name;
}

class ClassifyTest : public testing::TestWithParam<Case> {
 protected:
  const VlanTable table = vlans();
  Decision decide(const Bytes& frame, PortId port = kPort) const {
    return classify({.bytes = frame.data(), .length = static_cast<std::uint32_t>(frame.size())},
                    port, table);
  }
};

TEST_P(ClassifyTest, TakesTheLane) {
  const Case& c = GetParam();
  if (!c.requirement.empty()) RecordProperty("req", c.requirement);
  const Decision decision = decide(c.frame, c.port);
  ASSERT_EQ(decision.lane, c.lane);
  if (c.lane == Lane::kDrop) {
    EXPECT_EQ(decision.drop, c.drop);
  } else {
    EXPECT_EQ(decision.policy->id.value, c.vlan);
  }
}

// With `byte` of the IPv4 header changed and the checksum as it was.
Bytes spoilt(Bytes frame, std::size_t byte, std::uint8_t value) {
  frame[14 + byte] = value;
  return frame;
}
Bytes cut(Bytes frame, std::size_t length) {
  frame.resize(length);
  return frame;
}

constexpr MacAddress kReserved{{0x01, 0x80, 0xC2, 0, 0, 0x0F}};
constexpr MacAddress kNotReserved{{0x01, 0x80, 0xC2, 0, 0, 0x10}};
constexpr MacAddress kIpv6Group{{0x33, 0x33, 0, 0, 0, 1}};
constexpr MacAddress kUnicast{{2, 0, 0, 0, 0, 9}};
const Ip kReport{.destination = ipv4(239, 1, 1, 1), .protocol = 2};
const Ip kPimHello{.destination = kAllPimRouters, .protocol = 103};

INSTANTIATE_TEST_SUITE_P(
    Lanes, ClassifyTest,
    testing::Values(
        Case{"Group", group_frame({}), Lane::kGroup},
        Case{"GroupTagged", group_frame({}, 20), Lane::kGroup, {}, 20},
        Case{"GroupInVlanThatDoesNotSnoop", group_frame({}, 21), Lane::kFlood, {}, 21},
        Case{"GroupUnderTwoTags",
             macs(multicast_mac(Ip{}.destination), kStation) + tag(20) + tag(999) + ipv4_packet({}),
             Lane::kGroup,
             {},
             20,
             "snooping/SC-17"},
        Case{"GroupUnderServiceTagInside",
             macs(multicast_mac(Ip{}.destination), kStation) + tag(999, 0x88A8) + ipv4_packet({}),
             Lane::kGroup,
             {},
             10,
             "snooping/SC-17"},
        Case{"Options", group_frame({.options = 10}), Lane::kGroup},
        Case{"LaterFragment",
             group_frame({.fragment = 0x00B9}),
             Lane::kGroup,
             {},
             10,
             "snooping/DP-18"},
        Case{"LinkLocal",
             group_frame({.destination = ipv4(224, 0, 0, 5)}),
             Lane::kFlood,
             {},
             10,
             "snooping/DP-01 snooping/SA-02"},
        Case{"LinkLocalMacOfAnotherGroup", group_frame({.destination = ipv4(225, 0, 0, 5)}),
             Lane::kGroup},
        Case{"UnicastIpInGroupMac",
             macs(multicast_mac(ipv4(239, 1, 1, 1)), kStation) +
                 ipv4_packet({.destination = ipv4(10, 0, 0, 9)}),
             Lane::kFlood},
        Case{"ReportToItsGroup",
             group_frame(kReport),
             Lane::kPunt,
             {},
             10,
             "snooping/SC-14 snooping/SC-16"},
        Case{"ReportInVlanThatDoesNotSnoop", group_frame(kReport, 21), Lane::kFlood, {}, 21},
        Case{"ReportUnderTwoTags",
             macs(multicast_mac(kReport.destination), kStation) + tag(20) + tag(999) +
                 ipv4_packet(kReport),
             Lane::kPunt,
             {},
             20,
             "snooping/SC-17"},
        Case{"PimHello", group_frame(kPimHello), Lane::kFloodAndShow, {}, 10, "snooping/SC-07"},
        Case{"Ipv6",
             plain_frame(kIpv6Group, kStation, {}, 0x86DD),
             Lane::kFlood,
             {},
             10,
             "snooping/DP-05"},
        Case{"Broadcast", plain_frame(kBroadcast), Lane::kFlood, {}, 10, "snooping/DP-05"},
        Case{
            "OtherGroupAddress", plain_frame(kNotReserved), Lane::kFlood, {}, 10, "snooping/DP-05"},
        Case{"Unicast", plain_frame(kUnicast), Lane::kUnicast},
        Case{"PriorityTagged", plain_frame(kUnicast, kStation, 0xE000), Lane::kUnicast}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Drops, ClassifyTest,
    testing::Values(
        Case{"Runt", cut(group_frame({}), 13), Lane::kDrop, RxDrop::kRunt},
        Case{"RuntInTheTag", cut(group_frame({}, 20), 16), Lane::kDrop, RxDrop::kRunt},
        Case{"SourceIsGroup", plain_frame(kUnicast, kBroadcast), Lane::kDrop,
             RxDrop::kInvalidSourceMac},
        Case{"SourceIsZero", plain_frame(kUnicast, MacAddress{}), Lane::kDrop,
             RxDrop::kInvalidSourceMac},
        Case{"Reserved", plain_frame(kReserved), Lane::kDrop, RxDrop::kReservedMac},
        Case{"VlanOfOthers", group_frame({}, 30), Lane::kDrop, RxDrop::kVlanNotCarried},
        Case{"OwnAccessVlanTagged", group_frame({}, 10), Lane::kDrop, RxDrop::kVlanNotCarried},
        Case{"Untagged", group_frame({}), Lane::kDrop, RxDrop::kUntaggedNotAccepted, 0, "",
             PortId{1}},
        Case{"Version6", spoilt(group_frame({}), 0, 0x65), Lane::kDrop, RxDrop::kMalformedIpv4},
        Case{"HeaderOf16Bytes", spoilt(group_frame({}), 0, 0x44), Lane::kDrop,
             RxDrop::kMalformedIpv4},
        Case{"LongerThanTheFrame", spoilt(group_frame({}), 2, 0x10), Lane::kDrop,
             RxDrop::kMalformedIpv4},
        Case{"ShorterThanItsHeader", spoilt(spoilt(group_frame({}), 2, 0), 3, 19), Lane::kDrop,
             RxDrop::kMalformedIpv4},
        Case{"HeaderCutOff", cut(group_frame({}), 33), Lane::kDrop, RxDrop::kMalformedIpv4},
        Case{"Checksum", spoilt(group_frame({}), 11, 0), Lane::kDrop, RxDrop::kBadIpChecksum, 10,
             "snooping/DP-06 snooping/SC-05"},
        Case{"ChecksumOfReport", spoilt(group_frame(kReport), 11, 0), Lane::kDrop,
             RxDrop::kBadIpChecksum, 10, "snooping/DP-06 snooping/SC-05"}),
    [](const auto& info) { return info.param.name; });

TEST_F(ClassifyTest, BelievesTheDeviceAboutTheChecksum) {
  const Bytes wrong = spoilt(group_frame({}), 11, 0);
  const Bytes right = group_frame({});
  const auto lane = [&](const Bytes& frame, HardwareChecksum checksum) {
    return classify({.bytes = frame.data(),
                     .length = static_cast<std::uint32_t>(frame.size()),
                     .ip_checksum = checksum},
                    kPort, table)
        .lane;
  };
  EXPECT_EQ(lane(wrong, HardwareChecksum::kGood), Lane::kGroup);
  EXPECT_EQ(lane(right, HardwareChecksum::kBad), Lane::kDrop);
}

TEST_F(ClassifyTest, ATagTheDeviceTookOffIsTheOuterOne) {
  const Bytes frame = group_frame({}, 999);
  const Decision decision = classify({.bytes = frame.data(),
                                      .length = static_cast<std::uint32_t>(frame.size()),
                                      .stripped = true,
                                      .tci = 0x6014},
                                     kPort, table);
  EXPECT_EQ(decision.lane, Lane::kGroup);
  EXPECT_EQ(decision.policy->id.value, 20u);
  EXPECT_FALSE(decision.tag_in_frame);
}

// Every length of every frame: whatever is cut off, nothing behind the end is read (ASan).
TEST_F(ClassifyTest, ReadsNothingBehindTheEnd) {
  const Bytes whole = macs(multicast_mac(kReport.destination), kStation) + tag(20) + tag(21) +
                      ipv4_packet({.protocol = 2, .options = 10});
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const std::vector<std::uint8_t> exact(whole.begin(),
                                          whole.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_NE(decide(exact).lane, Lane::kPunt) << length;
  }
  EXPECT_EQ(decide(whole).lane, Lane::kPunt);
}

}  // namespace
}  // namespace sluice::dataplane::classify_test
