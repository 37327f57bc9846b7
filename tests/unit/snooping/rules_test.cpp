// SPDX-License-Identifier: BSD-3-Clause
// Rules that a VLAN as a whole keeps: topology change, bounds, refused entries, tagged VLANs, and
// what is shown and counted.
#include <gtest/gtest.h>

#include "control/igmp/parameters.h"
#include "control/snooping/host_table.h"
#include "tests/unit/snooping/world.h"

namespace sluice::control::snooping::rules_test {
namespace {

using Query = igmp::Query<Ipv4>;
using V2 = igmp::V2Report<Ipv4>;
using Leave = igmp::Leave<Ipv4>;
using Report = igmp::V3Report<Ipv4>;

Sources sources(std::uint32_t first, std::uint32_t count) {
  Sources set;
  for (std::uint32_t i = 0; i < count; ++i) set.push_back(Ipv4{first + i});
  return set;
}

// --- Topology change, RFC 4541 §2.1.1 (4)
// ---------------------------------------------------------

TEST(TopologyChange, MovedHostsAreAskedAtOnce) {
  RecordProperty("req", "snooping/TC-01 snooping/TC-05 snooping/SA-08");
  World w;
  w.hear(kRouter, general_query(), kHighRouter);
  w.wait(seconds(5));
  w.link(0, false);
  auto sent = w.sent<Query>();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].first, ports({1, 2})) << "not where routers are, not where nobody is";
  EXPECT_TRUE(sent[0].second.general());
  w.link(0, true);
  sent = w.sent<Query>();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].first, ports({0}));
}

TEST(TopologyChange, OneQueryASecondHoweverLinksFlap) {
  RecordProperty("req", "snooping/TC-01");
  World w;
  w.wait(seconds(5));
  w.link(0, false);
  w.link(1, false);
  EXPECT_TRUE(w.sent<Query>().empty());
  w.link(2, false);
  EXPECT_TRUE(w.sent<Query>().empty());
  w.wait(milliseconds(999));
  EXPECT_TRUE(w.sent<Query>().empty());
  w.wait(milliseconds(1));
  ASSERT_EQ(w.sent<Query>().size(), 1u) << "one for all that went meanwhile";
  EXPECT_EQ(w.sent<Query>()[0].first, ports({kRouter}));
}

TEST(TopologyChange, NonQuerierAsksInTheQueriersName) {
  RecordProperty("req", "snooping/TC-02 snooping/TC-03 snooping/SA-08");
  for (const Version version : {Version::kV2, Version::kV3}) {
    World w;
    w.wait(seconds(5));
    Query heard = general_query(version);
    heard.max_response_time = seconds(5);
    if (version == Version::kV3) {
      heard.robustness_variable = 4;
      heard.query_interval = seconds(60);
    }
    w.hear(kRouter, heard, kLowRouter);
    w.link(0, false);
    ASSERT_EQ(w.out.frames.size(), 1u);
    const auto decoded = igmp::decode(w.out.frames[0].bytes);
    const auto& packet = std::get<igmp::Packet>(decoded);
    EXPECT_TRUE(packet.source.is_unspecified());
    EXPECT_EQ(std::get<Query>(packet.message), heard);
    EXPECT_EQ(w.out.frames[0].ports, ports({1, 2}));
  }
}

TEST(TopologyChange, RoutersAreNotAskedInAnothersName) {
  RecordProperty("req", "snooping/TC-01");
  World w([](auto& s) { s.router_ports = {PortId{2}}; });
  w.wait(seconds(5));
  w.hear(kRouter, general_query(), kLowRouter);
  w.link(2, false);
  w.link(2, true);
  EXPECT_TRUE(w.sent<Query>().empty());
}

TEST(TopologyChange, WithoutAQuerierNobodyAsks) {
  RecordProperty("req", "snooping/TC-02");
  World w([](auto& s) { s.send_query = false; });
  w.wait(seconds(5));
  w.link(0, false);
  EXPECT_TRUE(w.sent<Query>().empty());
}

// --- Bounds
// ---------------------------------------------------------------------------------------

TEST(SourceBound, NewcomersAreRefusedThoseWhoAreInStay) {
  RecordProperty("req", "snooping/SE-03 igmp-router/YR-08");
  World w;
  const std::uint32_t first = ipv4(10, 9, 0, 1).value;
  for (std::uint32_t i = 0; i < 512; i += 128) {
    w.hear(0, record(RecordType::kAllowNewSources, sources(first + i, 128)));
  }
  const std::string refused = "snooping_source_limit_refused_total{vlan=\"10\"}";
  EXPECT_EQ(w.count(refused), 0u);
  EXPECT_EQ(w.sw.groups({}, w.now)[0].sources.size(), 512u);
  w.hear(0, record(RecordType::kAllowNewSources, sources(first + 511, 3)));
  EXPECT_EQ(w.count(refused), 2u);
  EXPECT_EQ(w.sw.groups({}, w.now)[0].sources.size(), 512u);
  EXPECT_EQ(w.entry(Ipv4{first + 511}), ports({0}));
  EXPECT_EQ(w.entry(Ipv4{first + 512}), std::nullopt);
  w.hear(1, record(RecordType::kAllowNewSources, sources(first + 512, 1)));
  EXPECT_EQ(w.entry(Ipv4{first + 512}), ports({1})) << "each port has its own bound";
  // An EXCLUDE list that has no room excludes less; it never cuts.
  w.hear(0, record(RecordType::kChangeToExcludeMode, sources(first + 511, 3)));
  EXPECT_EQ(w.entry(), ports({0}));
  EXPECT_EQ(w.entry(Ipv4{first + 511}), ports({0})) << "asked about before it goes";
}

TEST(HostBound, OverItNobodyIsCutUnasked) {
  RecordProperty("req", "snooping/EX-02");
  constexpr std::size_t kMost = 1024;
  HostTable hosts;
  const auto hear = [&](Ipv4 host) {
    return hosts.on_record(host, RecordType::kModeIsExclude, {}, TimePoint(seconds(1)), kMost);
  };
  for (std::uint32_t i = 0; i < kMost; ++i) EXPECT_TRUE(hear(Ipv4{kHost.value + i}));
  EXPECT_TRUE(hosts.complete());
  EXPECT_FALSE(hear(ipv4(10, 7, 7, 7)));
  EXPECT_TRUE(hear(kHost)) << "who is in is heard";
  EXPECT_FALSE(hosts.complete());
  EXPECT_EQ(hosts.hosts().size(), kMost);
}

TEST(RefusedEntry, IsOfferedAgainWithItsSources) {
  RecordProperty("req", "snooping/MS-09");
  World w;
  w.hear(0, record(RecordType::kModeIsInclude, {kA}));
  const FibKey any{kVlan, kGroup, Ipv4{}}, one{kVlan, kGroup, kA};
  w.out.clear();
  w.sw.on_fib_refused(any, w.out);
  w.sw.on_fib_refused(one, w.out);
  EXPECT_EQ(w.events(EventType::kLimitReached), 2);
  EXPECT_EQ(w.count("snooping_fib_refused_total{vlan=\"10\"}"), 2u);
  EXPECT_EQ(w.sw.groups({}, w.now).size(), 1u) << "the membership is kept";
  w.hear(0, record(RecordType::kModeIsInclude, {kA}));
  ASSERT_EQ(w.out.fib.size(), 2u);
  EXPECT_EQ(w.out.fib[0].key, any);
  EXPECT_EQ(w.out.fib[1].key, one);
  w.hear(0, record(RecordType::kModeIsInclude, {kA}));
  EXPECT_TRUE(w.out.fib.empty()) << "and then it is there";
}

// --- Leaving
// --------------------------------------------------------------------------------------

TEST(FastLeaveInV2Mode, AV3LeaveIsAskedAboutToo) {
  RecordProperty("req", "snooping/EX-02 igmp-router/TU-06");
  World w([](auto& s) { s.fast_leave = true; });
  w.hear(0, V2{kGroup}, kOtherHost);
  w.hear(0, record(RecordType::kChangeToExcludeMode), kHost);
  w.hear(0, record(RecordType::kChangeToIncludeMode), kHost);
  EXPECT_EQ(w.entry(), ports({0})) << "a v2 member may be silent";
  EXPECT_EQ(w.sent<Query>().size(), 1u);
}

TEST(SplitReport, MembersAnswerAndKeepBothParts) {
  RecordProperty("req", "igmp-messages/SZ-05");
  World w;
  w.hear(0, record(RecordType::kModeIsInclude, {kA, kB}));
  w.hear(0, record(RecordType::kChangeToIncludeMode, {kA}));
  ASSERT_EQ(w.sent<Query>().size(), 1u);
  EXPECT_EQ(w.sent<Query>()[0].second.sources, Sources{kB});
  w.hear(0, record(RecordType::kChangeToIncludeMode, {kB}));
  ASSERT_FALSE(w.sent<Query>().empty());
  w.hear(0, record(RecordType::kModeIsInclude, {kA, kB}));
  w.wait(seconds(10));
  EXPECT_EQ(w.entry(kA), ports({0}));
  EXPECT_EQ(w.entry(kB), ports({0}));
}

TEST(LinkDown, IsALeaveAndNotSilence) {
  RecordProperty("req", "snooping/MS-10");
  World w;
  w.hear(0, V2{kGroup});
  w.link(0, false);
  EXPECT_EQ(w.events(EventType::kGroupLeft), 1);
  EXPECT_EQ(w.events(EventType::kGroupExpired), 0);
}

// --- Queriers
// -------------------------------------------------------------------------------------

TEST(QuerierOfVlan, AQueryFromNoAddressNeitherWinsNorLoses) {
  RecordProperty("req", "igmp-messages/AD-13 snooping/RP-02");
  World w;
  w.hear(kRouter, general_query(), Ipv4{});
  EXPECT_EQ(w.sw.queriers(kVlan, w.now)[0].state, QuerierState::kQuerier);
  EXPECT_TRUE(w.router_ports().empty());
  w.hear(kRouter, general_query(), kLowRouter);
  w.hear(2, general_query(), Ipv4{});
  EXPECT_EQ(w.sw.queriers(kVlan, w.now)[0].address, kLowRouter);
}

TEST(QuerierOfVlan, WithoutARouterPortReportsGoNowhere) {
  RecordProperty("req", "snooping/QI-05");
  World w([](auto& s) { s.report_policy = config::ReportPolicy::kForward; });
  w.wait(seconds(20));
  w.hear(0, V2{kGroup});
  EXPECT_TRUE(w.out.frames.empty());
  EXPECT_EQ(w.entry(), ports({0}));
}

TEST(QuerierOfVlan, AnotherVersionIsCounted) {
  RecordProperty("req", "igmp-router/QE-26 igmp-router/QE-27");
  World w;
  const std::string mismatch = "igmp_version_mismatch_total{vlan=\"10\"}";
  w.hear(kRouter, general_query(), kHighRouter);
  EXPECT_EQ(w.count(mismatch), 0u);
  w.hear(kRouter, general_query(Version::kV2), kHighRouter);
  EXPECT_EQ(w.count(mismatch), 1u);
  EXPECT_EQ(w.count("igmp_received_total{vlan=\"10\",type=\"query_v2\"}"), 1u);
  EXPECT_EQ(w.count("igmp_received_total{vlan=\"10\",type=\"query_v3\"}"), 1u);
}

// Read as a v2 query, its code would mean 17.5 s.
TEST(QuerierOfVlan, AV3QueryIsToldByItsLength) {
  RecordProperty("req", "snooping/VP-02");
  World w([](auto& s) { s.send_query = false; });
  Query slow = general_query();
  slow.max_response_time = seconds(100);
  w.hear(kRouter, slow, kHighRouter);
  w.wait(seconds(99));
  EXPECT_FALSE(w.restricted()) << "the first answers may take 100 s";
  w.wait(seconds(1));
  EXPECT_TRUE(w.restricted());
}

TEST(Defaults, AreThoseThatTheRfcsSuggest) {
  RecordProperty("req",
                 "igmp-router/TU-01 igmp-router/TU-02 igmp-router/TU-03 igmp-router/TU-05 "
                 "igmp-messages/CH-01 igmp-messages/CH-10");
  const config::IgmpSnooping s;
  const igmp::Parameters p{.robustness_variable = s.robustness_variable,
                           .query_interval = s.query_interval,
                           .query_response_interval = s.query_max_response_time,
                           .last_member_query_interval = s.last_member_query_interval};
  EXPECT_EQ(p.query_interval, seconds(125));
  EXPECT_EQ(p.query_response_interval, seconds(10));
  EXPECT_EQ(p.robustness_variable, 2);
  EXPECT_EQ(p.last_member_query_interval, seconds(1));
  EXPECT_EQ(p.last_member_query_count(), 2);
  EXPECT_EQ(p.group_membership_interval(), seconds(270));
  EXPECT_EQ(p.older_host_present_interval(), seconds(260));
}

TEST(QuerierOfVlan, MayStartWithQueriesASecondApart) {
  RecordProperty("req", "igmp-router/TU-04");
  World w([](auto& s) {
    s.query_interval = seconds(4);
    s.query_max_response_time = seconds(2);
  });
  w.wait(milliseconds(999));
  EXPECT_TRUE(w.sent<Query>().empty());
  w.wait(milliseconds(1));
  EXPECT_EQ(w.sent<Query>().size(), 1u);
}

// --- Reports
// --------------------------------------------------------------------------------------

TEST(Reports, OfAllVersionsFromAnyAddressAreUnderstood) {
  RecordProperty("req", "snooping/VP-01 igmp-messages/CH-08 igmp-router/QE-01");
  const auto joins = [](const auto& message) {
    World w;
    w.hear(0, message, ipv4(172, 16, 99, 1));
    return w.entry() == ports({0});
  };
  EXPECT_TRUE(joins(igmp::V1Report<Ipv4>{kGroup}));
  EXPECT_TRUE(joins(V2{kGroup}));
  EXPECT_TRUE(joins(record(RecordType::kModeIsExclude))) << "to 224.0.0.22";
}

TEST(Reports, TheGroupIsTheOneOfTheMessage) {
  RecordProperty("req", "igmp-router/R2-31");
  const Ipv4 said = ipv4(239, 1, 2, 3);
  for (const std::size_t vector : {7u, 8u}) {  // a v1 and a v2 report
    World w;
    const Bytes message = igmp::frames::hex(igmp::frames::kVectors[vector]);
    w.receive(0, igmp::frames::frame(message, {.source = kHost, .destination = kGroup}));
    EXPECT_EQ(w.entry({}, said), ports({0}));
    EXPECT_EQ(w.entry({}, kGroup), std::nullopt) << "which is its IP destination only";
  }
}

TEST(Reports, ThousandHostsEachWithItsOwnReport) {
  RecordProperty("req", "snooping/VP-06");
  World w;
  for (std::uint32_t host = 0; host < 1000; ++host) {
    w.hear(0, record(RecordType::kModeIsExclude), Ipv4{ipv4(10, 0, 1, 0).value + host});
  }
  EXPECT_EQ(w.count("igmp_received_total{vlan=\"10\",type=\"report_v3\"}"), 1000u);
  EXPECT_EQ(w.sw.groups({}, w.now)[0].hosts.size(), 1000u);
}

TEST(Views, ShowWhatTheModelsName) {
  RecordProperty("req", "igmp-router/YR-11 snooping/YS-12");
  World w;
  w.hear(0, record(RecordType::kModeIsExclude, {kA}), kHost);
  w.wait(seconds(10));
  const GroupRow row = w.sw.groups({}, w.now).at(0);
  EXPECT_EQ(row.up_time, seconds(10));
  EXPECT_EQ(row.expire, seconds(260));
  EXPECT_EQ(row.last_reporter, kHost);
  EXPECT_EQ(row.filter_mode, igmp::FilterMode::kExclude);
  ASSERT_EQ(row.sources.size(), 1u);
  EXPECT_EQ(row.sources[0].address, kA);
  EXPECT_FALSE(row.sources[0].forwarding);
  ASSERT_EQ(row.hosts.size(), 1u);
  EXPECT_EQ(row.hosts[0].address, kHost);
  EXPECT_EQ(w.sw.queriers(kVlan, w.now).at(0).address, ipv4(10, 0, 0, 100));
}

// --- Tagged VLANs
// ---------------------------------------------------------------------------------

constexpr VlanId kTrunked{20};

config::Config two_vlans() {
  config::Config c = World::configure({});
  for (config::Port& port : c.ports) port.trunk_vlans = {kTrunked};
  config::Vlan vlan = c.vlans[0];
  vlan.id = kTrunked;
  vlan.igmp_snooping.report_policy = config::ReportPolicy::kForward;
  c.vlans.push_back(vlan);
  return c;
}

TEST(TaggedVlan, IsApartAndKeepsThePriority) {
  RecordProperty("req", "snooping/SC-17 snooping/EX-09");
  World w(two_vlans());
  const auto receive = [&](std::uint16_t port, const Bytes& bytes) {
    w.out.clear();
    w.sw.on_frame({PortId{port}, kTrunked, 0xA014, false, bytes}, w.now, w.out);
  };
  receive(kRouter, frame(general_query(), kHighRouter));
  const Bytes report = frame(V2{kGroup}, kHost);
  receive(0, report);
  ASSERT_EQ(w.out.frames.size(), 1u);
  EXPECT_EQ(w.out.frames[0].bytes, report);
  EXPECT_EQ(w.out.frames[0].vlan, kTrunked);
  EXPECT_EQ(w.out.frames[0].tci, 0xA014) << "as it came";
  EXPECT_EQ(w.out.frames[0].ports, ports({kRouter}));
  ASSERT_EQ(w.out.fib.size(), 1u);
  EXPECT_EQ(w.out.fib[0].key.vlan, kTrunked);
  EXPECT_FALSE(w.sw.members(kVlan, kGroup, std::nullopt)) << "nobody joined in VLAN 10";
}

TEST(TaggedVlan, QueriesAndReportsDoNotCrossOver) {
  RecordProperty("req", "igmp-messages/AD-12");
  World w(two_vlans());
  w.hear(kRouter, general_query(), kHighRouter);  // a router in each
  for (const Bytes& bytes : {frame(general_query(), kHighRouter), frame(V2{kGroup}, kHost)}) {
    w.out.clear();
    w.sw.on_frame({PortId{0}, kTrunked, 0, false, bytes}, w.now, w.out);
    for (const OutFrame& sent : w.out.frames) EXPECT_EQ(sent.vlan, kTrunked);
  }
  w.out.clear();
  w.sw.on_frame({PortId{1}, kTrunked, 0, false, frame(V2{kGroup}, kHost)}, w.now, w.out);
  ASSERT_EQ(w.out.frames.size(), 1u);
  EXPECT_EQ(w.out.frames[0].ports, ports({0})) << "the router of this VLAN, not that of VLAN 10";
}

}  // namespace
}  // namespace sluice::control::snooping::rules_test
