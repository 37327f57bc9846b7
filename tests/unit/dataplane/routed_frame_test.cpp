// SPDX-License-Identifier: BSD-3-Clause
// What a routed frame looks like at each egress, byte for byte, what of it is shared, and what
// happens when there is no buffer or no room for it (RFC 1812 §5.2 and §5.3.1).
#include <gmock/gmock.h>

#include "tests/unit/dataplane/routed_fixture.h"

namespace sluice::dataplane::routed_frame_test {
namespace {

using frames::Bytes;
using frames::group_frame;
using frames::Ip;
using frames::operator+;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

const Ip kDown{.source = kFar, .destination = kChannel};

struct RoutedFrame : RoutedFixture {
  std::vector<rte_mbuf*> taken;

  // Leaves `left` header buffers in the pool.
  void take_headers(unsigned left) {
    while (rte_mbuf* const one = rte_pktmbuf_alloc(bench.headers)) taken.push_back(one);
    for (; left > 0; --left) {
      rte_pktmbuf_free(taken.back());
      taken.pop_back();
    }
  }
  void give_back() {
    for (rte_mbuf* const one : taken) rte_pktmbuf_free(one);
    taken.clear();
  }

  // In segments of at most these many bytes; the last one has the rest.
  rte_mbuf* segments(const Bytes& bytes, std::initializer_list<std::size_t> lengths) {
    rte_mbuf* head = nullptr;
    auto at = bytes.begin();
    const auto add = [&](std::size_t length) {
      rte_mbuf* const next = mbuf(Bytes(at, at + static_cast<std::ptrdiff_t>(length)));
      at += static_cast<std::ptrdiff_t>(length);
      if (head == nullptr) {
        head = next;
      } else {
        EXPECT_EQ(rte_pktmbuf_chain(head, next), 0);
      }
    };
    for (const std::size_t length : lengths) add(length);
    add(static_cast<std::size_t>(bytes.end() - at));
    return head;
  }
};

// How a frame may carry its VLAN and priority.
enum class Arrival { kUntagged, kTagged, kStripped, kPriorityTag };
struct RoutedTags : RoutedFrame,
                    testing::WithParamInterface<std::tuple<Arrival, unsigned, unsigned, bool>> {};

// Every way in, every combination of ways out; with bridging beside it and without.
TEST_P(RoutedTags, AreRightAtEachPort) {
  RecordProperty("req", "igmp-host-proxy/PF-01 igmp-host-proxy/PF-07 snooping/DP-15");
  const auto [arrival, lan, other_lan, bridged] = GetParam();
  const bool trunk = arrival == Arrival::kTagged || arrival == Arrival::kStripped;
  const std::uint16_t ingress = trunk ? 5 : 0;
  const unsigned priority = arrival == Arrival::kUntagged ? 0 : 0xA000;
  rte_mbuf* frame = nullptr;
  switch (arrival) {
    case Arrival::kUntagged:
      frame = mbuf(group_frame(kDown));
      break;
    case Arrival::kTagged:
      frame = mbuf(group_frame(kDown, 0xA009));
      break;
    case Arrival::kStripped:
      frame = mbuf(group_frame(kDown));
      frame->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
      frame->vlan_tci = 0xA009;
      break;
    case Arrival::kPriorityTag:
      frame = mbuf(group_frame(kDown, 0xA000));
      break;
  }
  std::vector<std::pair<std::uint16_t, Bytes>> expected;
  const auto expect = [&](std::uint16_t port, bool tagged, unsigned vlan) {
    expected.emplace_back(port, tagged ? routed(kDown, priority | vlan) : routed(kDown));
  };
  if ((lan & 0b10) != 0) expect(1, false, 10);
  if ((lan & 0b100000) != 0) expect(5, true, 10);
  if ((other_lan & 0b1000) != 0) expect(3, false, 20);
  if ((other_lan & 0b10000) != 0) expect(4, true, 20);
  if ((other_lan & 0b100000) != 0) expect(5, true, 20);
  if (bridged) {
    join(kWan, 0b00100001);
    if (trunk) {
      expected.emplace_back(0, group_frame(kDown));
    } else {
      expected.emplace_back(5, group_frame(kDown, priority | 9));
    }
  }
  join(kLan, lan);
  join(kOtherLan, other_lan);
  receive(ingress, frame);
  EXPECT_THAT(sent(), UnorderedElementsAreArray(expected));
  EXPECT_EQ(counts(ingress).routed.read(), 1u);
  EXPECT_EQ(counts(ingress).forwarded.read(), 1u);
  expect_fates_add_up(1);
}

INSTANTIATE_TEST_SUITE_P(All, RoutedTags,
                         testing::Combine(testing::Values(Arrival::kUntagged, Arrival::kTagged,
                                                          Arrival::kStripped,
                                                          Arrival::kPriorityTag),
                                          testing::Values(0b10, 0b100000, 0b100010),
                                          testing::Values(0, 0b1000, 0b10000, 0b110000, 0b111000),
                                          testing::Bool()));

TEST_F(RoutedFrame, OptionsAndPaddingStay) {
  join(kLan, 0b00100010);
  for (const unsigned options : {1u, 10u}) {
    const Ip ip{.source = kFar, .destination = kChannel, .options = options, .payload = 3};
    Bytes padding(60, 0xEE);
    receive(0, group_frame(ip) + padding);
    EXPECT_THAT(sent(), UnorderedElementsAre(Pair(1, routed(ip) + padding),
                                             Pair(5, routed(ip, 10) + padding)));
  }
}

TEST_F(RoutedFrame, AGroupsMacAddressIsItsOwn) {
  join(kLan, 0b00100010);
  Bytes frame = group_frame(kDown);
  frame[5] ^= 1;  // to another group's
  receive(0, frame);
  EXPECT_THAT(sent(), UnorderedElementsAre(Pair(1, routed(kDown)), Pair(5, routed(kDown, 10))));
}

TEST_F(RoutedFrame, PacketsWithoutAPayload) {
  const Ip empty{.source = kFar, .destination = kChannel, .payload = 0};
  join(kLan, 0b00100010);
  receive(0, group_frame(empty));
  EXPECT_THAT(sent(), UnorderedElementsAre(Pair(1, routed(empty)), Pair(5, routed(empty, 10))));
  join(kWan, 0b00100000);
  receive(0, group_frame(empty));
  EXPECT_THAT(sent(), UnorderedElementsAre(Pair(1, routed(empty)), Pair(5, routed(empty, 10)),
                                           Pair(5, group_frame(empty, 9))));
}

TEST_F(RoutedFrame, OfSeveralSegments) {
  const Ip big{.source = kFar, .destination = kChannel, .payload = 1400};
  join(kLan, 0b00100110);
  join(kOtherLan, 0b00111000);
  for (const bool bridged : {false, true}) {
    // The first segment ends with the packet's header, or somewhere behind it.
    for (const std::size_t first : {34u, 35u, 700u}) {
      receive(0, segments(group_frame(big), {first, 100}));
      auto all = sent();
      if (bridged) {
        const auto copy = std::ranges::find(all, group_frame(big, 9),
                                            &std::pair<const std::uint16_t, Bytes>::second);
        ASSERT_NE(copy, all.end());
        all.erase(copy);
      }
      EXPECT_THAT(all, UnorderedElementsAre(Pair(1, routed(big)), Pair(2, routed(big)),
                                            Pair(3, routed(big)), Pair(4, routed(big, 20)),
                                            Pair(5, routed(big, 10)), Pair(5, routed(big, 20))));
    }
    join(kWan, 0b00100000);
  }
  // One form only: in place.
  join(kLan, 0b00000010);
  join(kOtherLan, 0);
  join(kWan, 0);
  receive(0, segments(group_frame(big), {34, 100}));
  EXPECT_THAT(sent(), ElementsAre(Pair(1, routed(big))));
}

// Headers of any length that is not whole are refused where they are read.
TEST_F(RoutedFrame, AHeaderInTwoSegmentsIsNotRead) {
  join(kLan, 0b00000010);
  receive(0, segments(group_frame(kDown), {33}));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kMalformedIpv4), 1u);
}

TEST_F(RoutedFrame, OneFormIsTheFrameItself) {
  join(kLan, 0b00000110);
  join(kOtherLan, 0b00001000);
  rte_mbuf* const frame = mbuf(group_frame(kDown));
  receive(0, frame);
  const auto all = sent_mbufs();
  ASSERT_EQ(all.size(), 3u);
  for (const auto& one : all) {
    EXPECT_EQ(one.second, frame) << "all networks that want no tag share a form";
    EXPECT_EQ(flat(one.second), routed(kDown));
  }
  for (const auto& one : all) rte_pktmbuf_free(one.second);
}

TEST_F(RoutedFrame, FormsShareThePayload) {
  join(kLan, 0b00000110);
  join(kOtherLan, 0b00110000);
  rte_mbuf* const frame = mbuf(group_frame(kDown));
  receive(0, frame);
  const auto all = sent_mbufs();
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all.find(1)->second, all.find(2)->second);
  EXPECT_EQ(all.find(4)->second, all.find(5)->second);
  for (const auto& one : all) {
    ASSERT_EQ(one.second->nb_segs, 2u);
    EXPECT_EQ(one.second->next, frame) << "the frame itself, without its header";
  }
  EXPECT_EQ(all.find(1)->second->data_len, 34u);
  EXPECT_EQ(all.find(4)->second->data_len, 38u);
  EXPECT_EQ(rte_mbuf_refcnt_read(frame), 4u);
  EXPECT_EQ(rte_mempool_in_use_count(bench.headers), headers_before + 2);
  for (const auto& one : all) rte_pktmbuf_free(one.second);
}

TEST_F(RoutedFrame, BesideBridgingThereIsOneViewOfThePayload) {
  join(kWan, 0b00100000);
  join(kLan, 0b00000110);
  join(kOtherLan, 0b00110000);
  rte_mbuf* const frame = mbuf(group_frame(kDown));
  const void* const payload = frame->buf_addr;
  receive(0, frame);
  const auto all = sent_mbufs();
  ASSERT_EQ(all.size(), 5u);
  const rte_mbuf* const view = all.find(1)->second->next;
  EXPECT_NE(view, frame);
  EXPECT_EQ(view->buf_addr, payload);
  EXPECT_EQ(all.find(4)->second->next, view);
  for (const auto& one : all) rte_pktmbuf_free(one.second);
}

// Whoever else holds the frame goes on seeing it as it came.
TEST_F(RoutedFrame, AFrameThatIsNotOursAloneIsNotEdited) {
  join(kLan, 0b00000010);
  for (const std::uint64_t other_members : {0b0, 0b110000}) {
    join(kOtherLan, other_members);
    rte_mbuf* const frame = mbuf(group_frame(kDown));
    rte_mbuf_refcnt_update(frame, 1);
    receive(0, frame);
    EXPECT_EQ(sent().find(1)->second, routed(kDown));
    EXPECT_EQ(flat(frame), group_frame(kDown));
    EXPECT_EQ(rte_mbuf_refcnt_read(frame), 1u);
    rte_pktmbuf_free(frame);
  }
}

TEST_F(RoutedFrame, WithoutRoomForATagGetsAHeader) {
  join(kOtherLan, 0b00010000);
  rte_mbuf* const frame = rte_pktmbuf_alloc(bench.buffers);
  frame->data_off = 3;
  const Bytes bytes = group_frame(kDown);
  std::ranges::copy(bytes, reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(
                               frame, static_cast<std::uint16_t>(bytes.size()))));
  receive(0, frame);
  EXPECT_THAT(sent(), ElementsAre(Pair(4, routed(kDown, 20))));
}

TEST_F(RoutedFrame, ADeviceWithoutSegmentsGetsAFlatCopy) {
  traits.takes_segments = PortSet(0b11101111);  // not port 4
  join(kLan, 0b00000010);
  join(kOtherLan, 0b00110000);
  receive(0, group_frame(kDown));
  const auto all = sent_mbufs();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.find(4)->second->nb_segs, 1u);
  EXPECT_EQ(flat(all.find(4)->second), routed(kDown, 20));
  EXPECT_EQ(all.find(5)->second->nb_segs, 2u);
  for (const auto& one : all) rte_pktmbuf_free(one.second);
}

TEST_F(RoutedFrame, AboveAPortsMtuIsCountedThere) {
  traits.mtu[1] = traits.mtu[4] = traits.smallest_mtu = 500;
  join(kLan, 0b00100010);
  join(kOtherLan, 0b00010000);
  const Ip fits{.source = kFar, .destination = kChannel, .payload = 480};
  const Ip big{.source = kFar, .destination = kChannel, .payload = 481};
  for (const auto tci : {std::optional<unsigned>{}, std::optional<unsigned>{9}}) {
    receive(tci ? 5 : 0, group_frame(fits, tci));
    EXPECT_THAT(sent_ports(), ElementsAre(1, 4, 5)) << "a tag is not part of it";
    receive(tci ? 5 : 0, group_frame(big, tci));
    EXPECT_THAT(sent(), ElementsAre(Pair(5, routed(big, 10))));
  }
  EXPECT_EQ(counts(1)[TxDrop::kTooBig].read(), 2u);
  EXPECT_EQ(counts(4)[TxDrop::kTooBig].read(), 2u);
  join(kLan, 0b00000010);
  receive(0, group_frame(big));
  EXPECT_THAT(sent_ports(), IsEmpty());
  join(kWan, 0b00100000);
  receive(0, group_frame(big));
  EXPECT_THAT(sent(), ElementsAre(Pair(5, group_frame(big, 9))));
  EXPECT_EQ(counts(1)[TxDrop::kTooBig].read(), 4u);
}

TEST_F(RoutedFrame, WithoutHeaderBuffersTheirPortsAreSkippedAndCounted) {
  join(kLan, 0b00000110);
  join(kOtherLan, 0b00010000);
  take_headers(0);
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), IsEmpty());
  for (const std::uint16_t port : {1, 2, 4}) {
    EXPECT_EQ(counts(port)[TxDrop::kNoMbuf].read(), 1u) << port;
  }
  give_back();
  take_headers(1);
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent(), ElementsAre(Pair(1, routed(kDown)), Pair(2, routed(kDown))));
  EXPECT_EQ(counts(4)[TxDrop::kNoMbuf].read(), 2u);
  give_back();
}

TEST_F(RoutedFrame, WithoutHeaderBuffersBridgingGoesOn) {
  policies[9].untagged = policies[9].up = PortSet(0b10000001);  // bridged as it came
  policies.erase(30);
  publish();
  join(kWan, 0b10000000);
  join(kLan, 0b00000010);
  join(kOtherLan, 0b00010000);
  for (const unsigned left : {0u, 1u, 2u, 3u}) {
    take_headers(left);
    receive(0, group_frame(kDown));
    auto all = sent();
    EXPECT_EQ(all.find(7)->second, group_frame(kDown));
    EXPECT_EQ(all.count(1), left >= 2 ? 1u : 0u) << "one for the view, one for the header";
    EXPECT_EQ(all.count(4), left >= 3 ? 1u : 0u);
    give_back();
  }
  EXPECT_EQ(counts(1)[TxDrop::kNoMbuf].read(), 2u);
  EXPECT_EQ(counts(4)[TxDrop::kNoMbuf].read(), 3u);
}

// A device that takes nothing more: every reference comes back.
TEST_F(RoutedFrame, AFullDeviceLosesNothing) {
  join(kWan, 0b00100000);
  join(kLan, 0b00100110);
  join(kOtherLan, 0b00111000);
  constexpr unsigned kFrames = 1200;  // a ring port holds 1023
  std::vector<rte_mbuf*> burst(1);
  for (unsigned i = 0; i < kFrames; ++i) {
    burst[0] = rte_pktmbuf_alloc(bench.buffers);
    ASSERT_NE(burst[0], nullptr);
    const Bytes bytes = group_frame(kDown);
    std::ranges::copy(bytes, reinterpret_cast<std::uint8_t*>(rte_pktmbuf_append(
                                 burst[0], static_cast<std::uint16_t>(bytes.size()))));
    worker().process(PortId{0}, burst, vlans.load(), 1);
    worker().flush();
  }
  EXPECT_GT(counts(5)[TxDrop::kTxFull].read() + counts(5)[TxDrop::kNoMbuf].read(), 0u);
  while (!sent().empty()) {
  }
}

}  // namespace
}  // namespace sluice::dataplane::routed_frame_test
