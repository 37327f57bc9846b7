// SPDX-License-Identifier: BSD-3-Clause
// What a worker does with frames inside a VLAN. VLAN 10: untagged on ports 0..2, tagged on 3 and 4.
// Port 2 is down.
#include "dataplane/worker.h"

#include <gmock/gmock.h>

#include <random>

#include "dataplane/exchange.h"
#include "tests/unit/dataplane/worker_fixture.h"

namespace sluice::dataplane::worker_test {
namespace {

using frames::Bytes;
using frames::group_frame;
using frames::Ip;
using frames::ipv4_packet;
using frames::kBroadcast;
using frames::kStation;
using frames::plain_frame;
using frames::tag;
using frames::operator+;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr VlanId kVlan{10};
constexpr MacAddress kPeer{{2, 0, 0, 0, 0, 2}};
const Ipv4 kGroup = ipv4(239, 1, 1, 1);

struct WorkerTest : WorkerFixture {
  VlanPolicy policy{.id = kVlan};

  WorkerTest() {
    policy.untagged = PortSet(0b00111);
    policy.tagged = PortSet(0b11000);
    policy.up = PortSet(0b11011);
    policy.snooping = policy.restricted = true;
    publish();
  }

  void publish() {
    auto table = std::make_unique<VlanTable>();
    table->add(policy);
    policy.untagged.for_each([&](PortId port) { table->set_access_vlan(port, kVlan); });
    vlans.publish(std::move(table));
  }

  void join(Ipv4 group, std::uint64_t ports, Ipv4 source = {}) {
    ASSERT_TRUE(fib.set({kVlan, group, source}, EgressSet{PortSet(ports)}));
  }
};

TEST_F(WorkerTest, MembersAndRouterPortsOnceAndNeverBack) {
  RecordProperty("req", "snooping/DP-02 snooping/DP-16 snooping/DP-17 snooping/DP-19");
  policy.router_ports = PortSet(0b10000);
  publish();
  join(kGroup, 0b10011);  // port 4 is a member and a router port; port 0 is where it comes from
  receive(0, group_frame({.destination = kGroup}));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 4));
  receive(3, group_frame({.destination = kGroup}, 10));
  EXPECT_THAT(sent_ports(), ElementsAre(0, 1, 4));
  EXPECT_EQ(counts(0).forwarded.read(), 1u);
  EXPECT_EQ(fib.find({kVlan, kGroup, {}})->packets, 2u);
}

TEST_F(WorkerTest, SourcesHaveTheirOwnPorts) {
  RecordProperty("req", "snooping/DP-10 snooping/DP-11 snooping/DP-13 snooping/SA-07");
  const Ipv4 a = ipv4(10, 0, 0, 1);
  policy.router_ports = PortSet(0b10000);
  publish();
  join(kGroup, 0b01000);
  join(kGroup, 0b00010, a);
  receive(0, group_frame({.source = a, .destination = kGroup}));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 4));
  receive(0, group_frame({.source = ipv4(10, 0, 0, 2), .destination = kGroup}));
  EXPECT_THAT(sent_ports(), ElementsAre(3, 4));
  join(kGroup, 0, a);
  receive(0, group_frame({.source = a, .destination = kGroup}));
  EXPECT_THAT(sent_ports(), ElementsAre(4)) << "registered, admitted nowhere: router ports only";
}

TEST_F(WorkerTest, GroupsOfOneMacDoNotLeak) {
  RecordProperty("req", "snooping/DP-12 snooping/SA-03");
  join(ipv4(224, 1, 2, 3), 0b00010);
  join(ipv4(239, 129, 2, 3), 0b01000);
  receive(0, group_frame({.destination = ipv4(224, 1, 2, 3)}));
  EXPECT_THAT(sent_ports(), ElementsAre(1));
  receive(0, group_frame({.destination = ipv4(239, 129, 2, 3)}));
  EXPECT_THAT(sent_ports(), ElementsAre(3));
}

// 225.0.0.5 has the MAC of 224.0.0.5 and is nothing but a group.
TEST_F(WorkerTest, AGroupWithALinkLocalMacIsAGroup) {
  RecordProperty("req", "snooping/DP-14");
  join(ipv4(225, 0, 0, 5), 0b00010);
  receive(0, group_frame({.destination = ipv4(225, 0, 0, 5)}));
  EXPECT_THAT(sent_ports(), ElementsAre(1));
  receive(0, group_frame({.destination = ipv4(224, 0, 0, 5)}));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3, 4));
}

TEST_F(WorkerTest, UnregisteredGroupsObeyTheirPolicy) {
  RecordProperty("req", "snooping/DP-03 snooping/DP-04");
  policy.router_ports = PortSet(0b10000);
  policy.unregistered = UnregisteredPolicy::kFlood;
  publish();
  receive(0, group_frame({}));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3, 4));
  policy.unregistered = UnregisteredPolicy::kRouterPortsOnly;
  publish();
  receive(0, group_frame({}));
  EXPECT_THAT(sent_ports(), ElementsAre(4));
  policy.unregistered = UnregisteredPolicy::kDrop;
  publish();
  receive(0, group_frame({}));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kUnregisteredGroup), 1u);
  receive(0, group_frame({.destination = ipv4(224, 0, 0, 251)}));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3, 4)) << "224.0.0.0/24 floods in every mode";
}

TEST_F(WorkerTest, NoQuerierNoRestriction) {
  RecordProperty("req", "snooping/QI-04");
  policy.restricted = false;
  policy.unregistered = UnregisteredPolicy::kDrop;
  publish();
  join(kGroup, 0b00010);
  receive(0, group_frame({.destination = kGroup}));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3, 4));
}

TEST_F(WorkerTest, NobodyElseIsADropWithItsReason) {
  join(kGroup, 0b00101);  // the port it comes from, and one that is down
  receive(0, group_frame({.destination = kGroup}));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kNoMember), 1u);
}

TEST_F(WorkerTest, TagsAreAddedAndRemovedByteForByte) {
  RecordProperty("req", "snooping/DP-15");
  const Bytes untagged = group_frame({.destination = kGroup});
  const Bytes tagged = group_frame({.destination = kGroup}, 10);
  join(kGroup, 0b11010);
  receive(0, untagged);
  EXPECT_THAT(sent(), UnorderedElementsAre(testing::Pair(1, untagged), testing::Pair(3, tagged),
                                           testing::Pair(4, tagged)));
  receive(3, tagged);
  EXPECT_THAT(sent(), UnorderedElementsAre(testing::Pair(1, untagged), testing::Pair(4, tagged)));
  // In place, when nobody wants it as it came.
  join(kGroup, 0b00010);
  receive(3, tagged);
  EXPECT_THAT(sent(), ElementsAre(testing::Pair(1, untagged)));
  join(kGroup, 0b01000);
  receive(0, untagged);
  EXPECT_THAT(sent(), ElementsAre(testing::Pair(3, tagged)));
}

TEST_F(WorkerTest, PriorityOutlivesTheTagOnlyWhereThereIsOne) {
  // A priority tag (VLAN 0) is not part of the frame; its priority goes into the tag that replaces
  // it. A tag keeps its priority.
  receive(0, plain_frame(kBroadcast, kStation, 0xA000));
  EXPECT_THAT(sent(),
              UnorderedElementsAre(testing::Pair(1, plain_frame(kBroadcast)),
                                   testing::Pair(3, plain_frame(kBroadcast, kStation, 0xA00A)),
                                   testing::Pair(4, plain_frame(kBroadcast, kStation, 0xA00A))));
  receive(3, plain_frame(kBroadcast, kStation, 0xE00A));
  EXPECT_THAT(sent(),
              UnorderedElementsAre(testing::Pair(0, plain_frame(kBroadcast)),
                                   testing::Pair(1, plain_frame(kBroadcast)),
                                   testing::Pair(4, plain_frame(kBroadcast, kStation, 0xE00A))));
}

TEST_F(WorkerTest, PortsShareThePayload) {
  join(kGroup, 0b11010);
  rte_mbuf* const frame = mbuf(group_frame({.destination = kGroup}));
  const void* const payload = frame->buf_addr;
  receive(0, frame);
  auto sent = sent_mbufs();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent.find(1)->second, frame) << "as it came: the frame itself";
  const rte_mbuf* const other = sent.find(3)->second;
  EXPECT_EQ(other, sent.find(4)->second) << "one header for all tagged ports";
  EXPECT_EQ(rte_mbuf_refcnt_read(other), 2u);
  ASSERT_EQ(other->nb_segs, 2u);
  EXPECT_EQ(other->data_len, 16u) << "MAC addresses and tag";
  EXPECT_EQ(other->next->buf_addr, payload) << "a view of the payload, not a copy";
  for (const auto& one : sent) rte_pktmbuf_free(one.second);
}

TEST_F(WorkerTest, ADeviceWithoutSegmentsGetsAFlatCopy) {
  traits.takes_segments = PortSet(0b10111);  // not port 3
  join(kGroup, 0b11010);
  receive(0, group_frame({.destination = kGroup}));
  auto sent = sent_mbufs();
  ASSERT_EQ(sent.size(), 3u);
  EXPECT_EQ(sent.find(3)->second->nb_segs, 1u);
  EXPECT_EQ(flat(sent.find(3)->second), group_frame({.destination = kGroup}, 10));
  EXPECT_EQ(sent.find(4)->second->nb_segs, 2u);
  for (const auto& one : sent) rte_pktmbuf_free(one.second);
}

TEST_F(WorkerTest, FramesAboveAPortsMtuDoNotLeaveByIt) {
  traits.mtu[1] = traits.smallest_mtu = 500;
  join(kGroup, 0b01010);
  receive(0, group_frame({.destination = kGroup, .payload = 481}));
  EXPECT_THAT(sent_ports(), ElementsAre(3));
  EXPECT_EQ(counts(1)[TxDrop::kTooBig].read(), 1u);
  receive(0, group_frame({.destination = kGroup, .payload = 480}));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3));
}

TEST_F(WorkerTest, IgmpGoesUpAndNowhereElse) {
  RecordProperty("req", "snooping/SC-14 snooping/SC-16");
  Exchange exchange(workers, bench.buffers);
  receive(3, group_frame({.protocol = 2}, 0x600A));
  EXPECT_THAT(sent_ports(), IsEmpty());
  unsigned seen = 0;
  const auto visit = [&](const PuntedFrame& punted) {
    ++seen;
    EXPECT_EQ(punted.port, PortId{3});
    EXPECT_EQ(punted.vlan, kVlan);
    EXPECT_EQ(punted.tci, 0x600A);
    EXPECT_FALSE(punted.also_forwarded);
    EXPECT_EQ(Bytes(punted.bytes.begin(), punted.bytes.end()), group_frame({.protocol = 2}));
  };
  EXPECT_EQ(poll(exchange, 10, visit), 1u);
  EXPECT_EQ(seen, 1u);
  EXPECT_EQ(counts(3).punted.read(), 1u);
}

TEST_F(WorkerTest, PimHellosFloodAndAreShown) {
  RecordProperty("req", "snooping/SC-07");
  Exchange exchange(workers, bench.buffers);
  const Ip hello{.destination = kAllPimRouters, .protocol = 103};
  receive(0, group_frame(hello));
  unsigned seen = 0;
  poll(exchange, 10, [&](const PuntedFrame& punted) {
    ++seen;
    EXPECT_TRUE(punted.also_forwarded);
    EXPECT_EQ(Bytes(punted.bytes.begin(), punted.bytes.end()), group_frame(hello));
  });
  EXPECT_EQ(seen, 1u);
  EXPECT_THAT(sent(), UnorderedElementsAre(testing::Pair(1, group_frame(hello)),
                                           testing::Pair(3, group_frame(hello, 10)),
                                           testing::Pair(4, group_frame(hello, 10))));
  EXPECT_EQ(counts(0).flooded.read(), 1u);
  EXPECT_EQ(counts(0).punted.read(), 0u);
}

// One port takes half of it: there is room for another that has sent nothing yet.
TEST_F(WorkerTest, AFullPuntRingIsCountedAndLeavesRoomForOthers) {
  Exchange exchange(workers, bench.buffers);
  // One mbuf by many references, so that the ring fills before the pool is empty.
  rte_mbuf* const frame = mbuf(group_frame({.protocol = 2}));
  rte_mbuf_refcnt_update(frame, kRingFrames / 2 + 9);
  for (std::size_t i = 0; i < kRingFrames / 2 + 10; ++i) receive(0, frame);
  EXPECT_EQ(counts(0).punted.read(), kRingFrames / 2);
  EXPECT_EQ(drops(0, RxDrop::kPuntRingFull), 10u);
  receive(1, group_frame({.protocol = 2}));
  EXPECT_EQ(counts(1).punted.read(), 1u);
  std::size_t before_the_quiet_port = 0;
  bool seen = false;
  EXPECT_EQ(poll(exchange, 2 * kRingFrames,
                 [&](const PuntedFrame& punted) {
                   seen = seen || punted.port == PortId{1};
                   before_the_quiet_port += seen ? 0 : 1;
                 }),
            kRingFrames / 2 + 1);
  EXPECT_LE(before_the_quiet_port, 1u) << "ports take turns";
  receive(0, group_frame({.protocol = 2}));
  EXPECT_EQ(counts(0).punted.read(), kRingFrames / 2 + 1) << "places are free again";
  poll(exchange, 1, [](const PuntedFrame&) {});
}

// What waits in the exchange, and not in the ring, when all ends.
TEST_F(WorkerTest, WhatWaitsForTheControlThreadGoesBackToThePool) {
  Exchange exchange(workers, bench.buffers);
  for (int i = 0; i < 3; ++i) receive(0, group_frame({.protocol = 2}));
  EXPECT_EQ(poll(exchange, 1, [](const PuntedFrame&) {}), 1u);
}

// They are lent side by side: with a tag, without, and in segments.
TEST_F(WorkerTest, FramesThatComeTogetherAreLentEachByItself) {
  Exchange exchange(workers, bench.buffers);
  std::vector<Bytes> expected;
  for (std::uint8_t i = 0; i < 6; ++i) {
    const Ip ip{.destination = ipv4(239, 1, 1, i), .protocol = 2};
    expected.push_back(group_frame(ip));
    if (i % 3 == 0) receive(3, group_frame(ip, 10));
    if (i % 3 == 1) receive(0, group_frame(ip));
    if (i % 3 == 2) {
      rte_mbuf* const first = mbuf(group_frame(ip));
      rte_mbuf* const second = mbuf(Bytes(first->data_len - 40u));
      std::memcpy(rte_pktmbuf_mtod(second, void*), rte_pktmbuf_mtod_offset(first, void*, 40),
                  second->data_len);
      ASSERT_EQ(rte_pktmbuf_trim(first, second->data_len), 0);
      ASSERT_EQ(rte_pktmbuf_chain(first, second), 0);
      receive(0, first);
    }
  }
  std::vector<Bytes> lent;
  std::size_t together = 0;
  exchange.poll(10, [&](std::span<const PuntedFrame> frames) {
    together = std::max(together, frames.size());
    for (const PuntedFrame& frame : frames)
      lent.emplace_back(frame.bytes.begin(), frame.bytes.end());
  });
  EXPECT_THAT(lent, testing::UnorderedElementsAreArray(expected));
  EXPECT_GT(together, 1u);
}

// The control thread looks at the same bytes: they must stay as they came, and go back to the pool.
TEST_F(WorkerTest, AFrameShownUpwardIsNotEditedInPlace) {
  RecordProperty("req", "snooping/SC-07 snooping/SC-10");
  Exchange exchange(workers, bench.buffers);
  policy.up = PortSet(0b11001);  // from an untagged port to tagged ones only
  publish();
  const Ip hello{.destination = ipv4(224, 0, 0, 13), .protocol = 103};
  receive(0, group_frame(hello));
  EXPECT_THAT(sent(), UnorderedElementsAre(testing::Pair(3, group_frame(hello, 10)),
                                           testing::Pair(4, group_frame(hello, 10))));
  EXPECT_EQ(poll(exchange, 10,
                 [&](const PuntedFrame& punted) {
                   EXPECT_EQ(Bytes(punted.bytes.begin(), punted.bytes.end()), group_frame(hello));
                 }),
            1u);
}

TEST_F(WorkerTest, OurOwnFramesLeaveTaggedAsEachPortWants) {
  Exchange exchange(workers, bench.buffers);
  const Bytes frame = group_frame({.destination = kAllSystems, .protocol = 2});
  ASSERT_TRUE(
      exchange.send({.vlan = kVlan, .tci = 0xC000, .ports = PortSet(0b01111), .bytes = frame}));
  worker().send_injected(vlans.load());
  worker().flush();
  EXPECT_THAT(
      sent(),
      UnorderedElementsAre(
          testing::Pair(0, frame), testing::Pair(1, frame),
          testing::Pair(3, group_frame({.destination = kAllSystems, .protocol = 2}, 0xC00A))));
  EXPECT_EQ(worker().counts().injected.read(), 1u);
}

TEST_F(WorkerTest, AnInjectedFrameWithoutAPortIsCounted) {
  Exchange exchange(workers, bench.buffers);
  const PortSet down(0b00100);
  ASSERT_TRUE(exchange.send({.vlan = kVlan, .ports = down, .bytes = group_frame({})}));
  worker().send_injected(vlans.load());
  worker().flush();
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(worker().counts().injected_no_port.read(), 1u);
}

TEST_F(WorkerTest, AFullInjectRingIsCounted) {
  Exchange exchange(workers, bench.buffers);
  unsigned refused = 0;
  for (unsigned i = 0; i < 2047 + 5; ++i) {  // as many as there are buffers, and five
    refused += exchange.send({.vlan = kVlan, .ports = PortSet(1), .bytes = Bytes(60)}) ? 0 : 1;
  }
  EXPECT_EQ(refused, 5u);
  EXPECT_EQ(exchange.ring_full() + exchange.no_mbuf(), 5u);
  worker().discard();
}

TEST_F(WorkerTest, UnicastGoesToItsPortOnceLearned) {
  receive(0, plain_frame(kPeer, kStation));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3, 4)) << "unknown: floods";
  receive(3, plain_frame(kStation, kPeer, 10));
  EXPECT_THAT(sent(), ElementsAre(testing::Pair(0, plain_frame(kStation, kPeer))));
  receive(0, plain_frame(kPeer, kStation));
  EXPECT_THAT(sent_ports(), ElementsAre(3));
  receive(1, plain_frame(kStation, kPeer));  // the peer moved
  EXPECT_THAT(sent_ports(), ElementsAre(0));
  EXPECT_EQ(worker().mac_moves().read(), 1u);
  receive(0, plain_frame(kPeer, kStation));
  EXPECT_THAT(sent_ports(), ElementsAre(1));
  receive(1, plain_frame(kPeer, MacAddress{{2, 0, 0, 0, 0, 3}}));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(1, RxDrop::kSamePort), 1u);
}

TEST_F(WorkerTest, NoHeaderBufferSkipsThosePortsAndCounts) {
  std::vector<rte_mbuf*> taken;
  while (rte_mbuf* const one = rte_pktmbuf_alloc(bench.headers)) taken.push_back(one);
  join(kGroup, 0b11010);
  receive(0, group_frame({.destination = kGroup}));
  EXPECT_THAT(sent_ports(), ElementsAre(1));
  EXPECT_EQ(counts(3)[TxDrop::kNoMbuf].read(), 1u);
  EXPECT_EQ(counts(4)[TxDrop::kNoMbuf].read(), 1u);
  for (rte_mbuf* const one : taken) rte_pktmbuf_free(one);
}

// Whatever comes in, each frame has exactly one fate. Frames of every kind, then bytes changed at
// random; bursts of up to 32.
TEST_F(WorkerTest, FatesAddUp) {
  Exchange exchange(workers, bench.buffers);
  join(kGroup, 0b01010);
  const std::vector<Bytes> kinds = {
      group_frame({.destination = kGroup}),
      group_frame({.destination = kGroup}, 10),
      group_frame({.destination = ipv4(239, 9, 9, 9)}),
      group_frame({.destination = kGroup, .protocol = 2}),
      group_frame({.destination = kAllPimRouters, .protocol = 103}),
      plain_frame(kBroadcast),
      plain_frame(kPeer, kStation, 10),
      plain_frame(kStation, kPeer),
      plain_frame(MacAddress{{0x01, 0x80, 0xC2, 0, 0, 0}}),
      frames::macs(multicast_mac(kGroup), kStation) + tag(10) + tag(5) + ipv4_packet({}),
  };
  std::mt19937 random(7);
  std::uint64_t received = 0;
  for (unsigned round = 0; round < 3000; ++round) {
    const auto port = static_cast<std::uint16_t>(random() % kPorts);
    std::vector<rte_mbuf*> burst;
    for (std::size_t n = 1 + random() % 32; n > 0; --n) {
      Bytes bytes = kinds[random() % kinds.size()];
      for (std::size_t changes = random() % 3; changes > 0; --changes) {
        bytes[random() % std::min<std::size_t>(bytes.size(), 42)] =
            static_cast<std::uint8_t>(random());
      }
      if (random() % 20 == 0) bytes.resize(1 + random() % bytes.size());
      burst.push_back(mbuf(bytes));
    }
    received += burst.size();
    worker().process(PortId{port}, burst, vlans.load(), round);
    worker().flush();
    poll(exchange, 100, [](const PuntedFrame&) {});
    for (const auto& one : sent_mbufs()) rte_pktmbuf_free(one.second);
    while (!sent().empty()) {
    }
  }
  expect_fates_add_up(received);
}

}  // namespace
}  // namespace sluice::dataplane::worker_test
