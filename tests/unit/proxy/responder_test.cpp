// SPDX-License-Identifier: BSD-3-Clause
// ARP and ping of the appliance's own addresses.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/proxy/world.h"

namespace sluice::control::responder_test {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr Ipv4 kOwn = ipv4(10, 77, 10, 254);

void put(Bytes& to, std::initializer_list<unsigned> bytes) {
  for (const unsigned byte : bytes) to.push_back(static_cast<std::uint8_t>(byte));
}
void put(Bytes& to, const MacAddress& mac) {
  to.insert(to.end(), mac.bytes.begin(), mac.bytes.end());
}
void put(Bytes& to, Ipv4 a) {
  put(to, {a.value >> 24, (a.value >> 16) & 255, (a.value >> 8) & 255, a.value & 255});
}

Bytes arp(unsigned operation, const MacAddress& from, Ipv4 sender, Ipv4 target) {
  Bytes frame(6, 0xFF);
  put(frame, from);
  put(frame, {8, 6, 0, 1, 8, 0, 6, 4, 0, operation});
  put(frame, from);
  put(frame, sender);
  put(frame, MacAddress{});
  put(frame, target);
  return frame;
}

void write_sum(Bytes& frame, std::size_t at, std::size_t from, std::size_t length) {
  frame[at] = frame[at + 1] = 0;
  const std::uint16_t sum = igmp::internet_checksum({frame.data() + from, length});
  frame[at] = static_cast<std::uint8_t>(sum >> 8);
  frame[at + 1] = static_cast<std::uint8_t>(sum);
}

Bytes echo(Ipv4 to, std::size_t payload = 56, unsigned type = 8) {
  Bytes frame;
  put(frame, kOurMac);
  put(frame, kTheirMac);
  put(frame, {8, 0, 0x45, 0x10});
  const std::size_t total = 28 + payload;
  put(frame, {static_cast<unsigned>(total >> 8), static_cast<unsigned>(total & 255), 0x12, 0x34,
              0x40, 0, 7, 1, 0, 0});
  put(frame, kHost);
  put(frame, to);
  put(frame, {type, 0, 0, 0, 0xAB, 0xCD, 0, 1});
  for (std::size_t i = 0; i < payload; ++i) frame.push_back(static_cast<std::uint8_t>(i));
  write_sum(frame, 24, 14, 20);
  write_sum(frame, 36, 34, 8 + payload);
  return frame;
}

std::uint64_t counted(const World& w, const std::string& what) {
  return w.count("interface_" + what + "_total{interface=\"d1\"}");
}

TEST(Arp, RequestForOurAddressIsAnsweredToTheAsker) {
  World w;
  w.frames(kD1);
  w.receive(kD1Port, arp(1, kTheirMac, kHost, kOwn));
  const auto frames = w.frames(kD1);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].ports, PortSet::of(PortId{kD1Port}));
  Bytes expected;
  put(expected, kTheirMac);
  put(expected, kOurMac);
  put(expected, {8, 6, 0, 1, 8, 0, 6, 4, 0, 2});
  put(expected, kOurMac);
  put(expected, kOwn);
  put(expected, kTheirMac);
  put(expected, kHost);
  EXPECT_EQ(frames[0].bytes, expected);
  EXPECT_EQ(counted(w, "arp_replies"), 1u);
}

TEST(Arp, OthersAddressesAreNotOurs) {
  World w;
  w.frames(kD1);
  w.receive(kD1Port, arp(1, kTheirMac, kHost, kOtherHost));
  w.receive(kD1Port, arp(2, kTheirMac, kHost, kOwn));
  w.receive(kD1Port, arp(1, kTheirMac, kHost, ipv4(10, 77, 20, 254)));  // that of VLAN 20
  EXPECT_TRUE(w.frames(kD1).empty());
}

TEST(Arp, AnotherStationWithOurAddressIsCounted) {
  World w;
  w.receive(kD1Port, arp(1, kTheirMac, kOwn, kHost));
  EXPECT_EQ(counted(w, "address_conflicts"), 1u);
}

TEST(Arp, CutShortOrOfAnotherKind) {
  World w;
  w.frames(kD1);
  const Bytes good = arp(1, kTheirMac, kHost, kOwn);
  for (std::size_t length = 14; length < good.size(); ++length) {
    w.receive(kD1Port, {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length)});
  }
  Bytes token_ring = good;
  token_ring[15] = 6;
  w.receive(kD1Port, token_ring);
  EXPECT_TRUE(w.frames(kD1).empty());
  EXPECT_EQ(counted(w, "unserved"), good.size() - 14 + 1);
}

TEST(Ping, EchoRequestIsAnswered) {
  World w;
  w.frames(kD1);
  const Bytes request = echo(kOwn);
  w.receive(kD1Port, request);
  const auto frames = w.frames(kD1);
  ASSERT_EQ(frames.size(), 1u);
  const Bytes& reply = frames[0].bytes;
  ASSERT_EQ(reply.size(), request.size());
  EXPECT_TRUE(std::equal(reply.begin(), reply.begin() + 6, kTheirMac.bytes.begin()));
  EXPECT_TRUE(std::equal(reply.begin() + 6, reply.begin() + 12, kOurMac.bytes.begin()));
  EXPECT_EQ(reply[15], 0x10) << "the asker's DSCP";
  EXPECT_EQ(reply[22], 64) << "TTL";
  EXPECT_TRUE(std::equal(reply.begin() + 26, reply.begin() + 30, request.begin() + 30));
  EXPECT_TRUE(std::equal(reply.begin() + 30, reply.begin() + 34, request.begin() + 26));
  EXPECT_EQ(reply[34], 0) << "echo reply";
  EXPECT_TRUE(std::equal(reply.begin() + 38, reply.end(), request.begin() + 38)) << "id to payload";
  EXPECT_EQ(igmp::internet_checksum({reply.data() + 14, 20}), 0);
  EXPECT_EQ(igmp::internet_checksum({reply.data() + 34, reply.size() - 34}), 0);
}

TEST(Ping, PaddingIsNotEchoed) {
  World w;
  w.frames(kD1);
  Bytes request = echo(kOwn, 2);
  request.resize(60);
  w.receive(kD1Port, request);
  EXPECT_EQ(w.frames(kD1).at(0).bytes.size(), 44u);
}

TEST(Ping, WhatIsNoEchoRequestForUs) {
  World w;
  w.frames(kD1);
  w.receive(kD1Port, echo(kHost));        // our MAC, another's address
  w.receive(kD1Port, echo(kOwn, 56, 0));  // a reply
  Bytes bad = echo(kOwn);
  bad.back() ^= 1;
  w.receive(kD1Port, bad);  // ICMP checksum
  bad = echo(kOwn);
  bad[22] ^= 1;
  w.receive(kD1Port, bad);  // header checksum
  bad = echo(kOwn);
  bad[20] = 0x20;
  write_sum(bad, 24, 14, 20);
  w.receive(kD1Port, bad);  // a fragment
  bad = echo(kOwn);
  bad[17] = 200;
  write_sum(bad, 24, 14, 20);
  w.receive(kD1Port, bad);  // claims more than there is
  bad = echo(kOwn);
  bad[26] = 239;
  write_sum(bad, 24, 14, 20);
  w.receive(kD1Port, bad);  // from a group
  EXPECT_TRUE(w.frames(kD1).empty());
  EXPECT_EQ(counted(w, "unserved"), 7u);
}

TEST(Ping, EveryLengthOfFrameIsHarmless) {
  World w;
  const Bytes good = echo(kOwn);
  for (std::size_t length = 0; length < good.size(); ++length) {
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(length));
    w.receive(kD1Port, cut);
  }
  EXPECT_EQ(counted(w, "echo_replies"), 0u);
}

TEST(Ping, AnswersAreRateLimited) {
  World w;
  w.wait(seconds(1));
  for (int i = 0; i < 1000; ++i) w.receive(kD1Port, echo(kOwn));
  EXPECT_EQ(counted(w, "echo_replies"), 100u);
  EXPECT_EQ(counted(w, "rate_limited"), 900u);
  w.wait(milliseconds(10));
  for (int i = 0; i < 100; ++i) w.receive(kD1Port, echo(kOwn));
  EXPECT_EQ(counted(w, "echo_replies"), 110u) << "1,000 a second";
  w.box.clear_counters();
  EXPECT_EQ(counted(w, "echo_replies"), 0u);
}

}  // namespace
}  // namespace sluice::control::responder_test
