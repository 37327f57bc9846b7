// SPDX-License-Identifier: BSD-3-Clause
// The short way for streams and the long way say the same, whatever the bytes; and frames that come
// in one burst are forwarded, counted and ordered as if they had come one by one.
#include "dataplane/stream.h"

#include <random>
#include <tuple>

#include "tests/unit/dataplane/worker_fixture.h"

namespace sluice::dataplane::stream_test {
namespace {

using frames::Bytes;
using frames::group_frame;
using frames::Ip;
using frames::ipv4_packet;
using frames::macs;
using frames::tag;
using frames::operator+;

constexpr MacAddress kOther{{2, 0, 0, 0, 0, 2}};

// VLAN 10 is untagged on ports 0 to 3; 20 is tagged on 0 and 4, 21 too, but does not snoop.
std::unique_ptr<VlanTable> table() {
  auto vlans = std::make_unique<VlanTable>();
  const auto add = [&](std::uint16_t id, PortSet untagged, PortSet tagged, bool snoops) {
    vlans->add({.id = VlanId{id},
                .untagged = untagged,
                .tagged = tagged,
                .up = untagged | tagged,
                .snooping = snoops,
                .restricted = snoops});
  };
  add(10, PortSet(0b01111), PortSet(), true);
  add(20, PortSet(), PortSet(0b10001), true);
  add(21, PortSet(), PortSet(0b10001), false);
  for (std::uint16_t port = 0; port < 4; ++port) vlans->set_access_vlan(PortId{port}, VlanId{10});
  return vlans;
}

struct RandomFrames {
  std::mt19937 random;
  explicit RandomFrames(unsigned seed) : random(seed) {}

  unsigned below(unsigned n) { return static_cast<unsigned>(random() % n); }

  // A stream's in most cases; else something near it.
  Bytes next() {
    Ip ip;
    ip.destination = Ipv4{ipv4(239, 1, 1, 0).value + below(3)};
    ip.source = Ipv4{ipv4(10, 0, 0, 1).value + below(2)};
    ip.payload = 26 + 4 * below(3);
    ip.id = below(65536);
    if (below(8) == 0) ip.payload = 1490;  // does not fit everywhere
    if (below(8) == 0) ip.destination = ipv4(224, 0, 0, 13);
    if (below(8) == 0) ip.protocol = below(2) == 0 ? 2 : 103;
    if (below(8) == 0) ip.options = 1;
    if (below(8) == 0) ip.ttl = 9;
    std::optional<unsigned> tci;
    if (below(3) == 0) tci = std::vector<unsigned>{20, 21, 22, 0, 0xA014}[below(5)];
    Bytes bytes = group_frame(ip, tci, below(8) == 0 ? kOther : frames::kStation);
    if (below(16) == 0) {  // one more tag
      bytes =
          macs(multicast_mac(ip.destination), frames::kStation) + tag(5, 0x88A8) + ipv4_packet(ip);
    }
    if (below(4) == 0) bytes[below(40)] ^= static_cast<std::uint8_t>(1u << below(8));
    if (below(16) == 0) bytes.resize(below(40));
    return bytes;
  }
};

// An mbuf of no pool.
struct Frame {
  Bytes bytes;
  std::unique_ptr<rte_mbuf> owned = std::make_unique<rte_mbuf>();
  rte_mbuf& mbuf = *owned;

  Frame(Bytes content, std::uint64_t flags) : bytes(std::move(content)) {
    bytes.reserve(64);  // a load never begins behind the end
    mbuf.buf_addr = bytes.data();
    mbuf.data_len = static_cast<std::uint16_t>(bytes.size());
    mbuf.pkt_len = static_cast<std::uint32_t>(bytes.size());
    mbuf.nb_segs = 1;
    mbuf.ol_flags = flags;
  }
  Decision classify(PortId port, const VlanTable& vlans) const {
    const auto checksum = mbuf.ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
    return dataplane::classify(
        {.bytes = bytes.data(),
         .length = mbuf.data_len,
         .ip_checksum = checksum == RTE_MBUF_F_RX_IP_CKSUM_GOOD  ? HardwareChecksum::kGood
                        : checksum == RTE_MBUF_F_RX_IP_CKSUM_BAD ? HardwareChecksum::kBad
                                                                 : HardwareChecksum::kUnknown},
        port, vlans);
  }
};

auto parts(const Decision& d) {
  return std::tuple(d.lane, d.tag_in_frame, d.priority_tag, d.tci, d.routed, d.policy, d.group,
                    d.source);
}

TEST(Stream, IsWhatClassifySays) {
  const auto vlans = table();
  RandomFrames frames(1);
  unsigned streams = 0, continued = 0;
  for (unsigned i = 0; i < 50000; ++i) {
    const std::uint64_t flags[] = {0, 0, RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_IP_CKSUM_BAD,
                                   RTE_MBUF_F_RX_IP_CKSUM_NONE};
    // The second is often the first's repetition, maybe with something wrong.
    std::vector<Frame> burst;
    burst.emplace_back(frames.next(), flags[frames.below(5)]);
    Bytes next = frames.below(4) == 0 ? frames.next() : burst[0].bytes;
    const auto length = static_cast<std::uint32_t>(next.size());
    if (length > 0 && frames.below(2) == 0) {
      next[frames.below(length)] ^= static_cast<std::uint8_t>(1u << frames.below(8));
    }
    if (frames.below(16) == 0) next.resize(frames.below(length + 1));
    burst.emplace_back(std::move(next), flags[frames.below(5)]);
    rte_mbuf* const mbufs[] = {&burst[0].mbuf, &burst[1].mbuf};
    const PortId ingress{static_cast<std::uint16_t>(frames.below(5))};
    const std::uint32_t mtu = 20 + frames.below(40);
    dataplane::Run run;
    const Ingress from(ingress, *vlans, mtu);
    if (!find_stream(mbufs, burst[0].bytes.data(), from, run)) continue;
    ++streams;
    std::uint32_t longest = 0, bytes = 0;
    for (unsigned k = 0; k < run.count; ++k) {
      const Frame& frame = burst[k];
      ASSERT_EQ(parts(run.decision), parts(frame.classify(ingress, *vlans)))
          << "pair " << i << ", frame " << k;
      ASSERT_EQ(run.decision.group.value & 0xF0000000, 0xE0000000);
      const auto size = static_cast<std::uint32_t>(frame.bytes.size());
      longest = std::max(longest, size - (run.decision.tag_in_frame ? 18 : 14));
      bytes += size;
    }
    ASSERT_EQ(run.straight, !run.decision.routed && longest <= mtu);
    ASSERT_EQ(run.bytes, bytes);
    if (run.count == 2) ++continued;
  }
  EXPECT_GT(streams, 5000u);
  EXPECT_GT(continued, 1000u);
}

// With `true`, a proxy routes from VLAN 10 to 20.
struct BurstTest : WorkerFixture, testing::WithParamInterface<bool> {
  BurstTest() {
    auto vlan_table = table();
    if (GetParam()) {
      for (VlanPolicy policy : std::vector(vlan_table->policies())) {
        if (policy.id.value == 10) policy.route = {RouteRole::kUpstream, 0};
        if (policy.id.value == 20) policy.route = {RouteRole::kDownstream, 0};
        vlan_table->add(policy);
      }
      RouteDomain domain;
      domain.key = routed_key(0);
      domain.upstreams = {{Prefix{}, VlanId{10}}};
      domain.downstreams = {VlanId{20}};
      domain.forwarding = PortSet(1);
      vlan_table->set_domains({domain});
      vlan_table->set_own_mac(MacAddress{{2, 0, 0, 0, 0, 99}});
      const FibKey key{routed_key(0), ipv4(239, 1, 1, 1), {}};
      if (!fib.set(key, {PortSet(1)})) throw std::runtime_error("no room");
    }
    vlans.publish(std::move(vlan_table));
    for (const std::uint16_t vlan : {10, 20}) {
      for (std::uint32_t i = 0; i < 2; ++i) {
        const FibKey key{VlanId{vlan}, Ipv4{ipv4(239, 1, 1, 0).value + i}, {}};
        if (!fib.set(key, {PortSet(0b11110 >> i)})) throw std::runtime_error("no room");
      }
    }
    traits.mtu[2] = traits.mtu[4] = traits.smallest_mtu = 1400;
  }
  // What is counted, of ports and groups, less what was counted before.
  std::vector<std::uint64_t> counted() {
    std::vector<std::uint64_t> all;
    for (std::uint16_t port = 0; port < kPorts; ++port) {
      PortCounts& of = counts(port);
      for (const Counter* c : {&of.rx_packets, &of.rx_bytes, &of.tx_packets, &of.tx_bytes,
                               &of.forwarded, &of.flooded, &of.punted}) {
        all.push_back(c->read());
      }
      for (const Counter& drop : of.rx_drops) all.push_back(drop.read());
      for (const Counter& drop : of.tx_drops) all.push_back(drop.read());
    }
    for (const std::uint16_t vlan : {10, 20}) {
      for (std::uint32_t i = 0; i < 2; ++i) {
        const auto row = fib.find({VlanId{vlan}, Ipv4{ipv4(239, 1, 1, 0).value + i}, {}});
        all.push_back(row->packets);
        all.push_back(row->bytes);
      }
    }
    std::vector<std::uint64_t> since = all;
    for (std::size_t i = 0; i < before_.size(); ++i) since[i] -= before_[i];
    before_ = all;
    return since;
  }
  void drain_punts() {
    Punt punt;
    while (worker().punts().pop(punt)) rte_pktmbuf_free(punt.mbuf);
  }

 private:
  std::vector<std::uint64_t> before_;
};

TEST_P(BurstTest, GoesAsItsFramesWouldOneByOne) {
  RandomFrames frames(2);
  for (unsigned round = 0; round < 300; ++round) {
    std::vector<Bytes> burst;
    while (burst.size() < Worker::kBurst) {
      burst.push_back(frames.next());
      while (burst.size() < Worker::kBurst && frames.below(3) > 0) burst.push_back(burst.back());
    }
    counted();
    std::multimap<std::uint16_t, Bytes> singly;
    for (const Bytes& frame : burst) {
      receive(0, frame);
      singly.merge(sent());
    }
    const auto counted_singly = counted();
    drain_punts();
    std::vector<rte_mbuf*> mbufs;
    for (const Bytes& frame : burst) mbufs.push_back(mbuf(frame));
    worker().process(PortId{0}, mbufs, vlans.load(), 1);
    worker().flush();
    EXPECT_EQ(sent(), singly) << "round " << round;
    EXPECT_EQ(counted(), counted_singly) << "round " << round;
    drain_punts();
  }
}
INSTANTIATE_TEST_SUITE_P(Routed, BurstTest, testing::Bool());

}  // namespace
}  // namespace sluice::dataplane::stream_test
