// SPDX-License-Identifier: BSD-3-Clause
// Frames for the appliance's own address: ARP, and whatever comes to its MAC address. They go up to
// the control thread, but never so many that IGMP would not.
#include <gmock/gmock.h>

#include "dataplane/exchange.h"
#include "tests/unit/dataplane/routed_fixture.h"

namespace sluice::dataplane::local_test {
namespace {

using frames::arp_frame;
using frames::Bytes;
using frames::group_frame;
using frames::plain_frame;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Ipv4 kAddress = ipv4(10, 1, 0, 254);

struct LocalFrames : RoutedFixture {
  Exchange exchange{workers, bench.buffers};

  LocalFrames() {
    policies[10].address = kAddress;
    publish();
  }

  struct Seen {
    std::uint16_t port, vlan;
    bool copy;
    Bytes bytes;
    bool operator==(const Seen&) const = default;
  };
  std::vector<Seen> punted() {
    std::vector<Seen> all;
    poll(exchange, 2 * kRingFrames, [&](const PuntedFrame& frame) {
      all.push_back({frame.port.value, frame.vlan.value, frame.also_forwarded,
                     Bytes(frame.bytes.begin(), frame.bytes.end())});
    });
    return all;
  }
  // `count` references to one mbuf.
  void receive_many(std::uint16_t port, const Bytes& bytes, unsigned count) {
    rte_mbuf* frame = mbuf(bytes);
    rte_mbuf_refcnt_update(frame, static_cast<std::int16_t>(count - 1));
    for (unsigned i = 0; i < count; ++i) {
      worker().process(PortId{port}, {&frame, 1}, vlans.load(), 5);
      worker().flush();
      for (const auto& one : sent_mbufs()) rte_pktmbuf_free(one.second);
    }
  }
};

TEST_F(LocalFrames, ToOurMacAddressGoUpAndNowhereElse) {
  receive(1, plain_frame(kOwn));
  receive(5, plain_frame(kOwn, frames::kStation, 0x600A));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_THAT(punted(), ElementsAre(LocalFrames::Seen{1, 10, false, plain_frame(kOwn)},
                                    LocalFrames::Seen{5, 10, false, plain_frame(kOwn)}));
  EXPECT_EQ(counts(1).punted.read(), 1u);
}

TEST_F(LocalFrames, WithoutAnAddressOursIsAMacAddressAsAnyOther) {
  receive(3, plain_frame(kOwn));  // VLAN 20
  EXPECT_THAT(sent_ports(), ElementsAre(4, 5));
  receive(3, arp_frame(Ipv4{}));
  EXPECT_THAT(sent_ports(), ElementsAre(4, 5));
  EXPECT_THAT(punted(), IsEmpty());
}

TEST_F(LocalFrames, ArpForUsIsShownAndFloods) {
  receive(1, arp_frame(kAddress));
  EXPECT_THAT(sent_ports(), ElementsAre(2, 5));
  EXPECT_THAT(punted(), ElementsAre(LocalFrames::Seen{1, 10, true, arp_frame(kAddress)}));
  receive(5, arp_frame(kAddress, 10));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 2));
  EXPECT_THAT(punted(), ElementsAre(LocalFrames::Seen{5, 10, true, arp_frame(kAddress)}));
  EXPECT_EQ(counts(1).flooded.read(), 1u);
  EXPECT_EQ(counts(1).punt_copies.read(), 1u);
}

TEST_F(LocalFrames, ArpForOthersOnlyFloods) {
  receive(1, arp_frame(ipv4(10, 1, 0, 253)));
  receive(1, arp_frame(kAddress, {}, 2));  // an answer
  Bytes other_protocol = arp_frame(kAddress);
  other_protocol[16] = 0x86;
  receive(1, other_protocol);
  Bytes cut = arp_frame(kAddress);
  cut.pop_back();
  receive(1, cut);
  receive(1, arp_frame(kAddress, {}, 1, MacAddress{{0x33, 0x33, 0, 0, 0, 1}}));
  EXPECT_EQ(sent().size(), 10u);
  EXPECT_THAT(punted(), IsEmpty());
}

constexpr TokenRate kPort = kDefaultPuntLimits[static_cast<std::size_t>(PuntClass::kLocal)].port;

TEST_F(LocalFrames, AreLimitedASecond) {
  receive_many(1, plain_frame(kOwn), kPort.burst + 7);
  EXPECT_EQ(punted().size(), kPort.burst);
  EXPECT_EQ(drops(1, RxDrop::kLocalRateLimit), 7u);
  receive_many(1, arp_frame(kAddress), 3);
  EXPECT_THAT(punted(), IsEmpty()) << "not shown, but flooded";
  EXPECT_EQ(counts(1).flooded.read(), 3u);
  EXPECT_EQ(counts(1).not_shown.read(), 3u);
  punt_now += 1'000'000'000 / kPort.rate * 3;
  receive_many(1, arp_frame(kAddress), 4);
  EXPECT_EQ(punted().size(), 3u);
  EXPECT_EQ(drops(1, RxDrop::kLocalRateLimit), 7u);
  expect_fates_add_up(kPort.burst + 7 + 3 + 4);
  EXPECT_EQ(worker().counts().over_port_limit[3].read(), 7u + 3 + 1);
}

// A control thread that is behind: half of the ring stays for IGMP, second after second.
TEST_F(LocalFrames, LeaveHalfOfTheRingToIgmp) {
  for (int second = 0; second < 4; ++second) {
    receive_many(1, plain_frame(kOwn), kPort.burst);
    punt_now += 1'000'000'000;
  }
  EXPECT_EQ(counts(1).punted.read(), kRingFrames / 2);
  receive_many(2, group_frame({.protocol = 2}), kRingFrames / 4);
  EXPECT_EQ(counts(2).punted.read(), kRingFrames / 4);
  EXPECT_EQ(drops(2, RxDrop::kPuntRingFull), 0u);
  EXPECT_EQ(punted().size(), kRingFrames / 4 * 3);
}

TEST_F(LocalFrames, AreNotCountedAgainstPimHellosAndIgmp) {
  receive_many(1, plain_frame(kOwn), kPort.burst + 1);
  EXPECT_EQ(punted().size(), kPort.burst);
  receive_many(1, group_frame({.destination = kAllPimRouters, .protocol = 103}), 2);
  receive_many(1, group_frame({.protocol = 2}), 2);
  EXPECT_EQ(punted().size(), 4u);
}

}  // namespace
}  // namespace sluice::dataplane::local_test
