// SPDX-License-Identifier: BSD-3-Clause
// Where a proxy's frames go, and which go nowhere (RFC 4605 §3 and §4.2). What they look like there
// is routed_frame_test.cpp's business.
#include <gmock/gmock.h>

#include "dataplane/exchange.h"
#include "dataplane/view.h"
#include "tests/unit/dataplane/routed_fixture.h"

namespace sluice::dataplane::routed_test {
namespace {

using frames::Bytes;
using frames::group_frame;
using frames::Ip;
using frames::operator+;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

const Ip kDown{.source = kFar, .destination = kChannel};  // what comes from upstream
const Ip kUp{.source = kNear, .destination = kChannel};   // from a host in VLAN 10

struct Rfc4605Sec4p2 : RoutedFixture {};

TEST_F(Rfc4605Sec4p2, FromUpstreamToEachDownstreamThatSubscribes) {
  RecordProperty("req", "igmp-host-proxy/PF-01 igmp-host-proxy/PF-04");
  join(kLan, 0b00000010);
  join(kOtherLan, 0b00011000);
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3, 4));
  receive(0, group_frame({.source = kFar, .destination = ipv4(239, 1, 1, 2)}));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kUnregisteredGroup), 1u);
  EXPECT_EQ(counts(0).forwarded.read(), 1u);
  EXPECT_EQ(counts(0).routed.read(), 1u);
}

TEST_F(Rfc4605Sec4p2, OnlyWhereWeAreQuerier) {
  RecordProperty("req", "igmp-host-proxy/PF-01 igmp-host-proxy/PF-12 igmp-host-proxy/PA-06");
  join(kLan, 0b00000010);
  join(kOtherLan, 0b00001000);
  domain.forwarding = PortSet(0b10);
  publish();
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), ElementsAre(3));
  domain.forwarding = PortSet(0b11);
  publish();
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3)) << "with the next packet";
}

TEST_F(Rfc4605Sec4p2, FromDownstreamAlwaysUpstream) {
  RecordProperty("req", "igmp-host-proxy/PF-02 igmp-host-proxy/PA-05");
  receive(1, group_frame(kUp));
  EXPECT_THAT(sent(), UnorderedElementsAre(Pair(0, routed(kUp)), Pair(5, routed(kUp, 9))))
      << "nobody asked for it, not even who would have restricted it";
  join(kOtherLan, 0b00001000);
  receive(1, group_frame(kUp));
  EXPECT_THAT(sent_ports(), ElementsAre(0, 3, 5));
}

// Upstream routers are there whether or not the switch knows of members: what bridging would
// narrow to member and router ports still has to reach them.
TEST_F(Rfc4605Sec4p2, UpstreamEveryRouterIsReached) {
  RecordProperty("req", "igmp-host-proxy/PF-02");
  policies[9].router_ports = PortSet(0b00100000);
  publish();
  receive(1, group_frame(kUp));
  EXPECT_THAT(sent_ports(), ElementsAre(5));
  join(kWan, 0b00000001);
  receive(1, group_frame(kUp));
  EXPECT_THAT(sent_ports(), ElementsAre(0, 5));
  policies[9].up = PortSet(0b00000001);
  publish();
  receive(1, group_frame(kUp));
  EXPECT_THAT(sent_ports(), ElementsAre(0));
}

TEST_F(Rfc4605Sec4p2, NeverBackToWhereItArrived) {
  RecordProperty("req", "igmp-host-proxy/PF-03");
  join(kLan, 0b00000110);
  receive(1, group_frame(kUp));
  EXPECT_THAT(sent(), UnorderedElementsAre(Pair(2, group_frame(kUp)), Pair(0, routed(kUp)),
                                           Pair(5, routed(kUp, 9))))
      << "inside its VLAN it is bridged and as it was";
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 2)) << "and not to port 5 of its own VLAN";
}

// Interfaces are VLANs: a trunk may carry both.
TEST_F(Rfc4605Sec4p2, TheSamePortInAnotherVlanIsAnotherInterface) {
  RecordProperty("req", "igmp-host-proxy/PF-03");
  join(kOtherLan, 0b00100000);
  receive(5, group_frame(kDown, 9));
  EXPECT_THAT(sent(), ElementsAre(Pair(5, routed(kDown, 20))));
}

TEST_F(Rfc4605Sec4p2, TheDownstreamsSourcesDecide) {
  RecordProperty("req", "igmp-host-proxy/PF-04 igmp-router/FW-1 igmp-router/FW-3 igmp-router/FW-5");
  join(kLan, 0);  // INCLUDE: nobody wants any source but one
  join(kLan, 0b00000010, kChannel, kFar);
  join(kOtherLan, 0b00001000);  // EXCLUDE of one
  join(kOtherLan, 0, kChannel, ipv4(192, 0, 2, 8));
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3));
  receive(0, group_frame({.source = ipv4(192, 0, 2, 8), .destination = kChannel}));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kUnregisteredGroup), 1u);
  receive(0, group_frame({.source = ipv4(192, 0, 2, 9), .destination = kChannel}));
  EXPECT_THAT(sent_ports(), ElementsAre(3));
}

TEST_F(Rfc4605Sec4p2, RoutedStreamsLeaveByMemberPortsOnly) {
  policies[10].router_ports = PortSet(0b00000100);
  policies[10].up = PortSet(0b00100010);
  policies[20].restricted = false;
  publish();
  join(kLan, 0b00100110);
  join(kOtherLan, 0b00001000);
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), ElementsAre(1, 3, 5));
}

TEST_F(Rfc4605Sec4p2, LinkLocalGroupsStayOnTheirLink) {
  RecordProperty("req", "igmp-host-proxy/PF-07");
  const Ip local{.source = kNear, .destination = ipv4(224, 0, 0, 251)};
  join(kOtherLan, 0b00001000, local.destination);
  receive(1, group_frame(local));
  EXPECT_THAT(sent(),
              UnorderedElementsAre(Pair(2, group_frame(local)), Pair(5, group_frame(local, 10))));
  EXPECT_EQ(counts(1).routed.read(), 0u);
}

TEST_F(Rfc4605Sec4p2, TtlOfOneEndsHere) {
  RecordProperty("req", "igmp-host-proxy/PF-07");
  join(kLan, 0b00000010);
  for (const std::uint8_t ttl : {0, 1}) {
    receive(0, group_frame({.source = kFar, .destination = kChannel, .ttl = ttl}));
    EXPECT_THAT(sent_ports(), IsEmpty());
  }
  EXPECT_EQ(drops(0, RxDrop::kTtlExpired), 2u);
  EXPECT_EQ(refused(RouteRefusal::kTtlExpired), 2u);
  Ip last{.source = kFar, .destination = kChannel, .ttl = 2};
  receive(0, group_frame(last));
  EXPECT_THAT(sent(), ElementsAre(Pair(1, routed(last))));
}

// A frame that may not be routed is bridged all the same, and then it is not dropped.
TEST_F(Rfc4605Sec4p2, RefusedFramesAreBridgedNevertheless) {
  RecordProperty("req", "igmp-host-proxy/PF-07");
  join(kLan, 0b00000110);
  const Bytes frame = group_frame({.source = kNear, .destination = kChannel, .ttl = 1});
  receive(1, frame);
  EXPECT_THAT(sent(), ElementsAre(Pair(2, frame)));
  EXPECT_EQ(refused(RouteRefusal::kTtlExpired), 1u);
  EXPECT_EQ(drops(1, RxDrop::kTtlExpired), 0u);
  EXPECT_EQ(counts(1).forwarded.read(), 1u);
  EXPECT_EQ(counts(1).routed.read(), 0u);
}

TEST_F(Rfc4605Sec4p2, SourcesComeFromWhereTheyAre) {
  RecordProperty("req", "igmp-host-proxy/PF-08");
  join(kLan, 0b00000010);
  join(kOtherLan, 0b00001000);
  const auto from = [&](std::uint16_t port, Ipv4 source) {
    receive(port, group_frame({.source = source, .destination = kChannel}));
    return sent_ports();
  };
  EXPECT_THAT(from(0, kNear), IsEmpty()) << "a downstream's source, from upstream";
  EXPECT_THAT(from(2, ipv4(10, 2, 0, 7)), ElementsAre(1)) << "another's network: bridged only";
  EXPECT_THAT(from(2, kFar), ElementsAre(1));
  EXPECT_EQ(refused(RouteRefusal::kRpfFailed), 3u);
  EXPECT_EQ(drops(0, RxDrop::kRpfFailed), 1u);
  policies[10].networks.push_back({ipv4(192, 0, 2, 0), 24});  // alternative source networks
  publish();
  EXPECT_THAT(from(2, kFar), ElementsAre(0, 1, 3, 5));
}

TEST_F(Rfc4605Sec4p2, OurOwnFramesAreALoop) {
  RecordProperty("req", "igmp-host-proxy/PF-10");
  join(kLan, 0b00000010);
  receive(0, group_frame({.source = ipv4(192, 0, 2, 254), .destination = kChannel}));
  receive(0, group_frame(kDown, {}, kOwn));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kOwnSource), 2u);
  EXPECT_EQ(refused(RouteRefusal::kOwnSource), 2u);
}

TEST_F(Rfc4605Sec4p2, AllowAndDeny) {
  RecordProperty("req", "igmp-host-proxy/PF-13");
  join(kLan, 0b00000010);
  domain.deny = {{{kChannel, 32}, {kFar, 32}}};
  publish();
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kProxyDenied), 1u);
  receive(0, group_frame({.source = ipv4(192, 0, 2, 8), .destination = kChannel}));
  EXPECT_THAT(sent_ports(), ElementsAre(1));
  domain.allow = {{{ipv4(239, 2, 0, 0), 16}, {}}};
  publish();
  receive(0, group_frame({.source = ipv4(192, 0, 2, 8), .destination = kChannel}));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(refused(RouteRefusal::kDenied), 2u);
}

TEST_F(Rfc4605Sec4p2, EachGroupHasOneUpstream) {
  RecordProperty("req", "igmp-host-proxy/MU-03");
  const Ipv4 special = ipv4(232, 1, 1, 1);
  const Ip down{.source = kFar, .destination = special};
  const Ip up{.source = kNear, .destination = special};
  join(kLan, 0b00000010);
  join(kLan, 0b00000010, special);
  receive(6, group_frame(down));
  EXPECT_THAT(sent(), ElementsAre(Pair(1, routed(down))));
  receive(0, group_frame(down));
  receive(6, group_frame(kDown));
  EXPECT_THAT(sent_ports(), IsEmpty()) << "the other upstream's groups are filtered";
  EXPECT_EQ(drops(0, RxDrop::kRpfFailed), 1u);
  EXPECT_EQ(drops(6, RxDrop::kRpfFailed), 1u);
  receive(2, group_frame(up));
  EXPECT_THAT(sent(), UnorderedElementsAre(Pair(1, group_frame(up)), Pair(6, routed(up))));

  domain.upstreams.pop_back();  // the default's link goes
  publish();
  receive(0, group_frame(kDown));
  EXPECT_THAT(sent_ports(), IsEmpty());
  receive(2, group_frame(kUp));
  EXPECT_THAT(sent(), ElementsAre(Pair(1, group_frame(kUp)))) << "no upstream: bridged only";
  domain.upstreams.push_back({Prefix{}, kOtherWan});  // and the other one takes over
  publish();
  receive(6, group_frame(kDown));
  EXPECT_THAT(sent_ports(), ElementsAre(1));
}

TEST_F(Rfc4605Sec4p2, VlansOutsideTheProxyAreOnlyBridged) {
  policies[30].untagged = policies[30].up = PortSet(0b10000000);
  policies[30].restricted = false;
  publish();
  join(kLan, 0b00000010);
  receive(7, group_frame(kDown));
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(7, RxDrop::kNoEgressPort), 1u);
}

// A customer's packet under his own tag is not the VLAN's.
TEST_F(Rfc4605Sec4p2, PacketsUnderAnotherTagAreOnlyBridged) {
  join(kLan, 0b00000110);
  join(kOtherLan, 0b00001000);
  const Bytes frame = frames::macs(multicast_mac(kChannel), frames::kStation) +
                      frames::tag(77, 0x88A8) + frames::ipv4_packet(kUp);
  receive(1, frame);
  EXPECT_THAT(sent(), ElementsAre(Pair(2, frame)));
  EXPECT_EQ(refused(RouteRefusal::kRpfFailed), 0u);
}

TEST_F(Rfc4605Sec4p2, AnUnrestrictedVlanFloodsAndIsRouted) {
  policies[10].restricted = false;
  publish();
  join(kOtherLan, 0b00001000);
  receive(1, group_frame(kUp));
  EXPECT_THAT(sent(), UnorderedElementsAre(Pair(2, group_frame(kUp)), Pair(5, group_frame(kUp, 10)),
                                           Pair(0, routed(kUp)), Pair(5, routed(kUp, 9)),
                                           Pair(3, routed(kUp))));
  EXPECT_EQ(counts(1).flooded.read(), 1u);
  EXPECT_EQ(counts(1).forwarded.read(), 0u);
  EXPECT_EQ(counts(1).routed.read(), 1u);
}

TEST_F(Rfc4605Sec4p2, EveryEntryThatWasUsedCounts) {
  join(kLan, 0b00000010);
  join(kOtherLan, 0b00001000);
  join(kOtherLan, 0b00001000, kChannel, kFar);
  const Bytes frame = group_frame(kDown);
  for (int i = 0; i < 3; ++i) receive(0, frame);
  EXPECT_EQ(sent_ports().size(), 6u);
  const auto packets = [&](const FibKey& key) {
    const auto row = fib.find(key);
    EXPECT_EQ(row->bytes, row->packets * frame.size());
    return row->packets;
  };
  EXPECT_EQ(packets({domain.key, kChannel, {}}), 3u);
  EXPECT_EQ(packets({kLan, kChannel, {}}), 3u);
  EXPECT_EQ(packets({kOtherLan, kChannel, kFar}), 3u);
  EXPECT_EQ(packets({kOtherLan, kChannel, {}}), 0u);
}

TEST_F(Rfc4605Sec4p2, TheOperatorSeesWhatWasRoutedAndRefused) {
  const Exchange exchange(workers, bench.buffers);
  View view(View::Parts{bench.ports, workers, exchange, macs, bench.buffers, bench.headers});
  const auto read = [&](const std::string& name) -> std::optional<std::uint64_t> {
    for (const NamedCount& count : view.counters()) {
      if (count.name == name) return count.value;
    }
    return std::nullopt;
  };
  join(kLan, 0b00000010);
  receive(0, group_frame(kDown));
  receive(6, group_frame(kDown));
  EXPECT_EQ(sent_ports().size(), 1u);
  EXPECT_EQ(read("frames_routed_total{port=\"p0\"}"), 1u);
  EXPECT_EQ(read("frames_routed_total{port=\"p6\"}"), 0u);
  EXPECT_EQ(read("route_refused_total{reason=\"rpf_failed\"}"), 1u);
  EXPECT_EQ(read("route_refused_total{reason=\"own_source\"}"), 0u);
  EXPECT_EQ(read("route_refused_total{reason=\"proxy_denied\"}"), 0u);
  EXPECT_EQ(read("route_refused_total{reason=\"ttl_expired\"}"), 0u);
  view.clear_counters();
  EXPECT_EQ(read("route_refused_total{reason=\"rpf_failed\"}"), 0u);
  expect_fates_add_up(2);
}

}  // namespace
}  // namespace sluice::dataplane::routed_test
