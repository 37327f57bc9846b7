// SPDX-License-Identifier: BSD-3-Clause
// Where each IGMP message goes, and which ports lead to routers: RFC 4541 §2.1.1, RFC 4286.
#include <gtest/gtest.h>

#include "tests/unit/snooping/world.h"

namespace sluice::control::snooping::frames_test {
namespace {

using igmp::frames::ethernet;
using igmp::frames::hex;
using igmp::frames::Ip;
using igmp::frames::packet;
using igmp::frames::summed;
using Query = igmp::Query<Ipv4>;

const PortSet kNobody;

void forward(config::IgmpSnooping& s) {
  s.report_policy = config::ReportPolicy::kForward;
}

Bytes pim_hello(std::uint16_t holdtime) {
  Bytes message = hex("20000000000100020000");
  igmp::frames::put16(message, 8, holdtime);
  return ethernet(packet(
      summed(message),
      {.source = kHighRouter, .destination = kAllPimRouters, .protocol = 103, .options = {}}));
}
Bytes mrd(const Bytes& message) {
  return ethernet(packet(summed(message), {.source = kHighRouter, .destination = kAllSnoopers}));
}

TEST(Rfc4541Sec2p1p1, ReportsGoToAllRouterPortsOnly) {
  RecordProperty("req",
                 "snooping/SC-01 snooping/SC-10 snooping/SC-12 snooping/SC-13 snooping/SA-01 "
                 "igmp-host-proxy/H2-14");
  const std::vector<Bytes> reports = {frame(igmp::V1Report<Ipv4>{kGroup}, kHost),
                                      frame(igmp::V2Report<Ipv4>{kGroup}, kHost),
                                      frame(igmp::Leave<Ipv4>{kGroup}, kHost),
                                      frame(record(RecordType::kChangeToExcludeMode), kHost)};
  for (const Bytes& report : reports) {
    World w(forward);
    w.hear(2, general_query(), kLowRouter);
    w.hear(kRouter, general_query(), kHighRouter);
    w.receive(0, report);
    EXPECT_EQ(w.got(report), ports({2, kRouter}));
    w.receive(2, report);
    EXPECT_EQ(w.got(report), ports({kRouter})) << "never the arrival port";
  }
}

TEST(Rfc4541Sec2p1p1, QueriesGoToAllOtherPorts) {
  RecordProperty("req", "snooping/SC-02 snooping/SC-03");
  for (const Query& query : {general_query(), specific_query(kGroup)}) {
    World w;
    const Bytes bytes = frame(query, kLowRouter);
    w.receive(kRouter, bytes);
    EXPECT_EQ(w.got(bytes), ports({0, 1, 2}));
  }
}

TEST(Rfc4541Sec2p1p1, WhatIsNotUnderstoodFloodsUnchanged) {
  RecordProperty("req", "snooping/SC-04 snooping/SC-18 snooping/SA-06 snooping/SC-06");
  const std::vector<Bytes> frames = {ethernet(packet(summed(hex("44010000ef010101")))),
                                     ethernet(packet(summed(hex("11640000000000000200")))),
                                     mrd(hex("3014000000000000"))};
  for (const Bytes& bytes : frames) {
    World w;
    w.receive(1, bytes);
    EXPECT_EQ(w.got(bytes), ports({0, 2, kRouter}));
    EXPECT_TRUE(w.fib.empty());
  }
}

TEST(Rfc4541Sec2p1p1, WhatIsBrokenGoesNowhereAndIsCounted) {
  RecordProperty("req", "snooping/SC-05 snooping/SA-06 snooping/EX-11 igmp-messages/RX-13");
  const Bytes good = frame(record(RecordType::kModeIsExclude), kHost);
  Bytes bad_igmp = good, bad_ip = good;
  bad_igmp[14 + 24 + 2] ^= 1;
  bad_ip[14 + 10] ^= 1;
  World w(forward);
  w.hear(kRouter, general_query(), kHighRouter);
  for (const auto& [bytes, reason] :
       {std::pair{bad_igmp, "bad_igmp_checksum"}, std::pair{bad_ip, "bad_ip_checksum"}}) {
    w.receive(0, bytes);
    EXPECT_TRUE(w.out.frames.empty());
    EXPECT_TRUE(w.fib.empty());
    EXPECT_EQ(w.count(std::string("igmp_dropped_total{port=\"p0\",reason=\"") + reason + "\"}"),
              1u);
  }
}

TEST(Rfc4541Sec2p1p1, OurOwnFrameComingBackIsIgnored) {
  RecordProperty("req", "igmp-messages/AD-14 igmp-router/QE-22");
  World w;
  w.hear(0, general_query(), ipv4(10, 0, 0, 100));
  EXPECT_TRUE(w.out.frames.empty());
  EXPECT_EQ(w.router_ports(), kNobody);
  EXPECT_EQ(w.count("igmp_dropped_total{port=\"p0\",reason=\"own_message\"}"), 1u);
}

TEST(Rfc4541Sec2p1p1, ReportFromNoAddressIsAccepted) {
  RecordProperty("req", "snooping/SC-11 igmp-messages/AD-08");
  World w;
  w.hear(0, igmp::V2Report<Ipv4>{kGroup}, Ipv4{});
  EXPECT_EQ(w.entry(), ports({0}));
}

TEST(Rfc4541Sec2p1p1, ReportOfManyGroupsIsOneFrame) {
  RecordProperty("req", "snooping/SC-15 snooping/SA-09 snooping/VP-07");
  World w(forward);
  w.hear(kRouter, general_query(), kHighRouter);
  igmp::V3Report<Ipv4> report;
  for (std::uint32_t i = 0; i < 183; ++i) {
    report.records.push_back({RecordType::kChangeToExcludeMode, Ipv4{kGroup.value + i}, {}});
  }
  w.hear(0, report);
  EXPECT_EQ(w.out.frames.size(), 1u);
  EXPECT_EQ(w.fib.size(), 183u);
}

// --- Router ports
// ---------------------------------------------------------------------------------

TEST(RouterPorts, AnyQueryWithAnAddressMakesOne) {
  RecordProperty("req",
                 "snooping/RP-01 snooping/RP-02 snooping/RP-07 snooping/RP-09 snooping/SA-05");
  World w;
  EXPECT_EQ(w.router_ports(), kNobody) << "our own queries make none";
  w.hear(kRouter, general_query(), Ipv4{});
  EXPECT_EQ(w.router_ports(), kNobody);
  w.hear(kRouter, general_query(), kHighRouter);  // loses the election
  EXPECT_EQ(w.router_ports(), ports({kRouter}));
  w.wait(seconds(255) - milliseconds(1));
  EXPECT_EQ(w.router_ports(), ports({kRouter}));
  w.wait(milliseconds(1));
  EXPECT_EQ(w.router_ports(), kNobody);
  EXPECT_EQ(w.events(EventType::kMrouterDown), 1);
}

TEST(RouterPorts, ChangeTouchesNoEntry) {
  RecordProperty("req", "snooping/RP-10");
  World w;
  w.hear(0, record(RecordType::kModeIsExclude));
  w.hear(kRouter, general_query(), kHighRouter);
  EXPECT_TRUE(w.out.vlans_changed);
  EXPECT_TRUE(w.out.fib.empty());
}

TEST(RouterPorts, PimHello) {
  RecordProperty("req", "snooping/RP-04 snooping/SC-07 snooping/SC-16");
  World w;
  w.receive(kRouter, pim_hello(105));
  EXPECT_TRUE(w.out.frames.empty()) << "the worker forwards it";
  EXPECT_EQ(w.router_ports(), ports({kRouter}));
  w.wait(seconds(105));
  EXPECT_EQ(w.router_ports(), kNobody);
  w.receive(kRouter, pim_hello(0xFFFF));
  w.wait(seconds(100000));
  EXPECT_EQ(w.router_ports(), ports({kRouter}));
  w.receive(kRouter, pim_hello(0));
  EXPECT_EQ(w.router_ports(), kNobody);
}

TEST(RouterPorts, RouterDiscovery) {
  RecordProperty("req", "snooping/RP-03 snooping/RP-06 snooping/MR-06 snooping/MR-08");
  World w;
  w.wait(seconds(5));
  w.receive(kRouter, mrd(hex("3014000000000000")));
  w.wait(milliseconds(61499));
  EXPECT_EQ(w.router_ports(), ports({kRouter}));
  w.wait(milliseconds(1));
  EXPECT_EQ(w.router_ports(), kNobody);

  w.receive(kRouter, mrd(hex("3014000000000000")));
  w.receive(kRouter, mrd(hex("32000000")));
  const auto asked = w.sent<igmp::MrdSolicitation>();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].first, ports({kRouter}));
  w.wait(seconds(4));
  EXPECT_EQ(w.router_ports(), kNobody);
}

TEST(RouterPorts, RouterDiscoveryAtTheEndsOfItsRange) {
  RecordProperty("req", "snooping/MR-05");
  for (const auto& [advertisement, lifetime] :
       {std::pair{"3004000000000000", milliseconds(12300)},
        std::pair{"30b4000000000000", milliseconds(553500)}}) {
    World w;
    w.receive(kRouter, mrd(hex(advertisement)));
    w.wait(lifetime - milliseconds(1));
    EXPECT_EQ(w.router_ports(), ports({kRouter}));
    w.wait(milliseconds(1));
    EXPECT_EQ(w.router_ports(), kNobody);
  }
  World w;  // a router may take 2 s to answer a solicitation
  w.receive(kRouter, mrd(hex("3014000000000000")));
  w.receive(kRouter, mrd(hex("32000000")));
  w.wait(seconds(2));
  EXPECT_EQ(w.router_ports(), ports({kRouter}));
  w.receive(kRouter, mrd(hex("3014000000000000")));
  w.wait(seconds(60));
  EXPECT_EQ(w.router_ports(), ports({kRouter}));
}

TEST(RouterPorts, SolicitedThreeTimesAtTheStart) {
  RecordProperty("req", "snooping/MR-04 snooping/MR-02");
  World w;
  w.wait(seconds(3));
  EXPECT_EQ(w.sent<igmp::MrdSolicitation>().size(), 3u);
  w.wait(seconds(60));
  EXPECT_TRUE(w.sent<igmp::MrdSolicitation>().empty());
}

TEST(RouterPorts, StaticStaysLearnedGoesWithTheLink) {
  RecordProperty("req", "snooping/RP-05 snooping/RP-06 snooping/MS-10");
  World w([](auto& s) { s.router_ports = {PortId{2}}; });
  w.hear(kRouter, general_query(), kHighRouter);
  w.hear(2, general_query(), kHighRouter);
  EXPECT_EQ(w.router_ports(), ports({2, kRouter}));
  w.link(kRouter, false);
  w.link(2, false);
  EXPECT_EQ(w.router_ports(), ports({2}));
}

// --- Querier
// --------------------------------------------------------------------------------------

TEST(QuerierOfVlan, StartsAndKeepsAsking) {
  RecordProperty("req", "igmp-router/QE-02 igmp-router/QE-10 igmp-router/QE-11 igmp-router/RA-03");
  World w;
  const auto sent = [&w](Duration time) {
    w.wait(time);
    return w.sent<Query>().size();
  };
  EXPECT_EQ(sent(milliseconds(31249)), 0u);
  EXPECT_EQ(sent(milliseconds(1)), 1u);
  EXPECT_EQ(sent(seconds(125) - milliseconds(1)), 0u);
  EXPECT_EQ(sent(milliseconds(1)), 1u);
}

TEST(QuerierOfVlan, GivesWayAndTakesOver) {
  RecordProperty(
      "req",
      "igmp-router/QE-12 igmp-router/QE-15 igmp-router/RA-02 snooping/QI-01 snooping/QI-03 "
      "igmp-messages/CH-03 snooping/SE-04");
  World w;
  w.hear(kRouter, general_query(), kHighRouter);
  EXPECT_EQ(w.sw.queriers(kVlan, w.now)[0].state, QuerierState::kQuerier);
  w.hear(kRouter, general_query(), kLowRouter);
  EXPECT_EQ(w.events(EventType::kQuerierChanged), 1);
  EXPECT_EQ(w.sw.queriers(kVlan, w.now)[0].address, kLowRouter);
  w.wait(seconds(255) - milliseconds(1));
  EXPECT_TRUE(w.sent<Query>().empty());
  w.wait(milliseconds(1));
  EXPECT_EQ(w.sent<Query>().size(), 1u);
}

TEST(QuerierOfVlan, WithoutAddressGivesWayToAny) {
  RecordProperty("req", "snooping/QI-01");
  World w([](auto& s) { s.querier_source = Ipv4{}; });
  w.hear(kRouter, general_query(), kHighRouter);
  EXPECT_EQ(w.sw.queriers(kVlan, w.now)[0].state, QuerierState::kNonQuerier);
}

TEST(QuerierOfVlan, NoneMeansNoRestriction) {
  RecordProperty("req", "snooping/QI-04 snooping/MS-12 snooping/SA-10");
  World w([](auto& s) { s.send_query = false; });
  w.wait(seconds(100));
  EXPECT_FALSE(w.restricted());
  w.hear(kRouter, general_query(), kHighRouter);
  w.wait(seconds(10) - milliseconds(1));
  EXPECT_FALSE(w.restricted());
  w.wait(milliseconds(1));
  EXPECT_TRUE(w.restricted());
  w.hear(kRouter, general_query(), kLowRouter);
  EXPECT_TRUE(w.restricted()) << "a change of querier does not flood again";
  w.wait(seconds(256));
  EXPECT_FALSE(w.restricted());

  World strict([](auto& s) {
    s.send_query = false;
    s.flood_without_querier = false;
  });
  EXPECT_TRUE(strict.restricted());
}

}  // namespace
}  // namespace sluice::control::snooping::frames_test
