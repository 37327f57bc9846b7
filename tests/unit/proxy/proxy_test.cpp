// SPDX-License-Identifier: BSD-3-Clause
// The membership database and what is said of it upstream: RFC 4605 §4.1 and §4.2.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/proxy/world.h"

namespace sluice::control::proxy_test {
namespace {

// What repetitions add within the unsolicited report interval.
constexpr Duration kRepeated = seconds(2);

// --- Roles, RFC 4605 §3 -------------------------------------------------------------------------

TEST(Rfc4605s3, QueriesDownstreamOnly) {
  RecordProperty("req", "igmp-host-proxy/PX-01 igmp-host-proxy/PX-02");
  World w;
  w.wait(seconds(600));
  const auto queries = [&](const std::vector<OutFrame>& frames) {
    int n = 0;
    for (const OutFrame& frame : frames) {
      const auto decoded = igmp::decode(frame.bytes);
      const auto* packet = std::get_if<igmp::Packet>(&decoded);
      n += packet != nullptr && std::holds_alternative<igmp::Query<Ipv4>>(packet->message) ? 1 : 0;
    }
    return n;
  };
  EXPECT_EQ(queries(w.frames(kWan)), 0);
  w.wait(seconds(600));
  EXPECT_GE(queries(w.frames(kD1)), 4);
}

TEST(Rfc4605s3, UpstreamElectionIsNotOurs) {
  RecordProperty("req", "igmp-host-proxy/PX-02");
  World w;
  w.hear(kWanPort, general_query(), ipv4(10, 77, 100, 255 - 1));  // our own would not count
  w.hear(kWanPort, general_query(), ipv4(10, 77, 100, 250));
  const auto rows = w.box.snooper().queriers(kWan, w.now);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].state, snooping::QuerierState::kNonQuerier);
  w.wait(seconds(300));  // it falls silent; nobody takes over
  EXPECT_EQ(w.box.snooper().queriers(kWan, w.now)[0].state, snooping::QuerierState::kNone);
}

// --- The merge, §4.1 ----------------------------------------------------------------------------

TEST(Rfc4605s4p1, MergeTestPoints) {
  RecordProperty("req",
                 "igmp-host-proxy/PX-05 igmp-host-proxy/PX-06 igmp-host-proxy/PX-07 "
                 "igmp-host-proxy/PX-09 igmp-host-proxy/PX-10");
  {
    World w;  // a v2 member, and INCLUDE elsewhere
    w.v2_join(kD1Port, group(1));
    w.record(kD2Port, RecordType::kChangeToIncludeMode, group(1), "ab");
    EXPECT_EQ(w.reported(group(1)), "EX{}");
  }
  {
    World w;
    w.record(kD1Port, RecordType::kAllowNewSources, group(1), "a");
    w.record(kD2Port, RecordType::kAllowNewSources, group(1), "b");
    EXPECT_EQ(w.reported(group(1)), "IN{ab}");
  }
  {
    World w;
    w.record(kD1Port, RecordType::kChangeToExcludeMode, group(1), "a");
    w.record(kD2Port, RecordType::kAllowNewSources, group(1), "a");
    EXPECT_EQ(w.reported(group(1)), "EX{}");
  }
}

TEST(Rfc4605s4p1, RunningSourcesOfAnExcludeAreNotExcluded) {
  RecordProperty("req", "igmp-host-proxy/PX-08 igmp-host-proxy/PX-10");
  World w;
  w.record(kD1Port, RecordType::kChangeToExcludeMode, group(1), "ab");
  w.record(kD2Port, RecordType::kAllowNewSources, group(1), "a");
  w.record(kD2Port, RecordType::kChangeToExcludeMode, group(1), "abc");
  EXPECT_EQ(w.reported(group(1)), "EX{b}");
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "b");
  w.record(kD1Port, RecordType::kChangeToExcludeMode, group(1), "ab");
  EXPECT_EQ(w.reported(group(1)), "EX{}") << "the query for b still runs";
  w.wait(seconds(5));
  EXPECT_EQ(w.reported(group(1)), "EX{ab}") << "nobody answered for a and b";
}

TEST(Rfc4605s4p1, ChangesAreReportedAsOneHostsOwn) {
  RecordProperty("req", "igmp-host-proxy/PX-11 igmp-host-proxy/PA-03");
  World w;
  w.hear(kWanPort, general_query(), kQuerier);
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "a");
  EXPECT_EQ(w.said(), "ALLOW(1,{a})");
  w.wait(kRepeated);
  EXPECT_EQ(w.said(), "ALLOW(1,{a})") << "robustness variable times in all";
  w.record(kD2Port, RecordType::kAllowNewSources, group(1), "b");
  EXPECT_EQ(w.said(), "ALLOW(1,{b})");
  w.wait(kRepeated);
  w.said();
  w.join(kD2Port, group(1), kOtherHost);
  EXPECT_EQ(w.said(), "TO_EX(1,{})");
  w.wait(seconds(20));
  w.said();
  // The sources' own hosts answer the query that the leave leads to.
  w.record(kD2Port, RecordType::kChangeToIncludeMode, group(1), "", kOtherHost);
  w.record(kD2Port, RecordType::kModeIsInclude, group(1), "b");
  w.wait(seconds(5));
  EXPECT_EQ(w.said(), "TO_IN(1,{ab}) TO_IN(1,{ab})");
}

TEST(Rfc4605s4p1, OneJoinAndOneLeaveForAllDownstreamHosts) {
  RecordProperty("req", "igmp-host-proxy/PA-02 igmp-host-proxy/PX-11");
  World w;
  w.hear(kWanPort, general_query(), kQuerier);
  w.v2_join(kD1Port, group(1));
  w.wait(kRepeated);
  EXPECT_EQ(w.said(), "TO_EX(1,{}) TO_EX(1,{})");
  w.v2_join(kD1Other, group(1), kOtherHost);
  w.wait(kRepeated);
  w.v2_leave(kD1Port, group(1));
  w.wait(seconds(8));
  EXPECT_EQ(w.said(), "") << "the second viewer changes nothing upstream, nor does one who goes";
  w.v2_leave(kD1Other, group(1), kOtherHost);
  EXPECT_EQ(w.said(), "") << "asked first";
  w.wait(seconds(2));
  EXPECT_EQ(w.said().substr(0, 11), "TO_IN(1,{})");
  EXPECT_EQ(w.reported(group(1)), "");
  w.wait(kRepeated);
  EXPECT_EQ(w.said(), "TO_IN(1,{})");
}

TEST(Rfc4605s4p1, OlderQuerierHearsOnlyBeginningAndEnd) {
  RecordProperty("req",
                 "igmp-host-proxy/PX-12 igmp-host-proxy/PX-13 igmp-host-proxy/PS-04 "
                 "igmp-host-proxy/HC-08 igmp-host-proxy/YP-01");
  World w;
  w.hear(kWanPort, general_query(Version::kV2), kQuerier);
  EXPECT_EQ(w.events(snooping::EventType::kOlderQuerier), 1);
  w.hear(kWanPort, general_query(Version::kV2), kQuerier);
  EXPECT_EQ(w.events(snooping::EventType::kOlderQuerier), 0) << "told once";
  EXPECT_EQ(w.box.proxies(w.now)[0].upstreams[0].version, Version::kV2);
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "a");
  EXPECT_EQ(w.said(), "v2(1)");
  w.wait(seconds(11));
  EXPECT_EQ(w.said(), "v2(1)");
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "b");
  w.join(kD2Port, group(1));
  EXPECT_EQ(w.said(), "") << "sources and modes are not signalled";
  w.record(kD1Port, RecordType::kBlockOldSources, group(1), "ab");
  w.record(kD2Port, RecordType::kChangeToIncludeMode, group(1));
  w.wait(seconds(5));
  EXPECT_EQ(w.said(), "leave(1)");
}

TEST(Rfc4605s4p1, ConfiguredVersionIsTheHighest) {
  RecordProperty("req", "igmp-host-proxy/YP-01 igmp-host-proxy/PX-13");
  config::Config c = edge();
  c.proxies[0].igmp_version = 2;
  World w(c);
  w.hear(kWanPort, general_query(), kQuerier);
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.said(), "v2(1)");
}

TEST(Rfc4605s4p1, DownstreamVersionIsItsVlans) {
  RecordProperty("req", "igmp-host-proxy/PX-03 igmp-host-proxy/PX-04 igmp-host-proxy/YP-02");
  config::Config c = edge();
  c.vlans[2].igmp_snooping.igmp_version = 2;
  World w(c);
  w.wait(seconds(300));
  EXPECT_EQ(w.box.snooper().queriers(kD1, w.now)[0].version, Version::kV2);
  EXPECT_EQ(w.box.snooper().queriers(kD2, w.now)[0].version, Version::kV3);
  w.v2_join(kD2Port, group(1));
  EXPECT_EQ(w.box.snooper().groups({kD2, group(1), {}}, w.now)[0].version, Version::kV2);
}

TEST(Rfc4605s4p1, ExpiryIsPassedOnInTheSameEvent) {
  RecordProperty("req", "igmp-host-proxy/PX-14");
  World w;
  w.hear(kWanPort, general_query(), kQuerier);
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "a");
  w.wait(seconds(100));
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "b");
  w.wait(kRepeated);
  w.said();
  w.wait(seconds(168));  // 2 * 125 + 2 * 10 after a's report
  EXPECT_EQ(w.said(), "BLOCK(1,{a})");
  EXPECT_EQ(w.reported(group(1)), "IN{b}");
  EXPECT_EQ(w.now.time_since_epoch(), seconds(270));
}

TEST(Rfc4605s4p1, SaysEverythingAgainWhenTheLinkReturnsOrTheAddressChanges) {
  RecordProperty("req", "igmp-host-proxy/PX-15");
  World w;
  w.join(kD1Port, group(1));
  w.record(kD1Port, RecordType::kAllowNewSources, group(2), "a");
  w.wait(kRepeated);
  w.said();
  w.link(kWanPort, false);
  w.wait(seconds(5));
  EXPECT_EQ(w.said(), "");
  w.link(kWanPort, true);
  w.wait(kRepeated);
  const std::string said = w.said();
  for (const char* record : {"TO_EX(1,{})", "ALLOW(2,{a})"}) {
    const std::size_t first = said.find(record);
    ASSERT_NE(first, std::string::npos) << said;
    EXPECT_NE(said.find(record, first + 1), std::string::npos) << said;
  }
  config::Config c = edge();
  c.proxies[0].sender_source_address = ipv4(10, 77, 100, 77);
  w.reload(c);
  w.frames(kWan);
  w.wait(kRepeated);
  EXPECT_NE(w.said().find("TO_EX(1,{})"), std::string::npos);
}

TEST(Rfc4605s4p1, SourceAddressOfReports) {
  RecordProperty("req", "igmp-host-proxy/PX-17 igmp-host-proxy/YP-01");
  const auto source_of_reports = [](const config::Config& c) {
    World w(c);
    w.frames(kWan);
    w.join(kD1Port, group(1));
    const auto frames = w.frames(kWan);
    const auto decoded = igmp::decode(frames.at(0).bytes);
    return std::get<igmp::Packet>(decoded).source;
  };
  config::Config c = edge();
  EXPECT_EQ(source_of_reports(c), ipv4(10, 77, 100, 254));
  c.proxies[0].sender_source_address = ipv4(10, 0, 0, 2);
  EXPECT_EQ(source_of_reports(c), ipv4(10, 0, 0, 2));
}

TEST(Rfc4605s4p1, LinkLocalGroupsStayOnTheirLink) {
  RecordProperty("req", "igmp-host-proxy/PX-18");
  World w;
  w.join(kD1Port, ipv4(224, 0, 0, 251));
  EXPECT_EQ(w.said(), "");
  EXPECT_TRUE(w.box.proxies(w.now)[0].groups.empty());
}

// The oracle keeps every wish and merges them all by the words of RFC 9776 §3.2, source by source.
TEST(Rfc4605s4p1, RandomWishesMergeAsTheDefinitionSays) {
  RecordProperty("req", "igmp-host-proxy/PX-09 igmp-host-proxy/PX-16 igmp-host-proxy/PA-01");
  std::mt19937 random(7);
  proxy::Proxy proxy(edge(), 0);
  Reception wishes[2];
  for (int round = 0; round < 5000; ++round) {
    const std::size_t downstream = random() % 2;
    Reception wish;
    wish.mode = random() % 2 != 0 ? FilterMode::kExclude : FilterMode::kInclude;
    for (const char* letter : {"a", "b", "c", "d"}) {
      if (random() % 2 != 0) igmp::insert(wish.sources, sources(letter)[0]);
    }
    wishes[downstream] = wish;
    proxy::Effects out;
    proxy.on_reception(downstream, group(1), wish, TimePoint{}, out);

    const auto wanted = [&](Ipv4 source) {
      for (const Reception& w : wishes) {
        if (igmp::contains(w.sources, source) == (w.mode == FilterMode::kInclude)) return true;
      }
      return false;
    };
    const auto row = proxy.row([](VlanId) { return proxy::Proxy::Network{}; }, TimePoint{});
    const Reception reported = row.groups.empty() ? Reception{} : row.groups[0].reported;
    for (const char* letter : {"a", "b", "c", "d", "z"}) {
      const Ipv4 source = sources(letter)[0];
      const bool admits =
          igmp::contains(reported.sources, source) == (reported.mode == FilterMode::kInclude);
      ASSERT_EQ(admits, wanted(source)) << "round " << round << " source " << letter;
    }
  }
}

TEST(Rfc4605s4p1, ManyGroupsShareReports) {
  RecordProperty("req", "igmp-host-proxy/SC-16");
  World w;
  w.frames(kWan);
  igmp::V3Report<Ipv4> report;
  for (unsigned i = 1; i <= 150; ++i) {
    report.records.push_back({RecordType::kChangeToExcludeMode, group(i), {}});
  }
  w.hear(kD1Port, report);
  EXPECT_EQ(w.frames(kWan).size(), 1u);
  EXPECT_EQ(w.box.proxies(w.now)[0].groups.size(), 150u);
}

TEST(Rfc4605s4p1, WhatJoinedTogetherIsRepeatedInFewReports) {
  RecordProperty("req", "igmp-host-proxy/SC-06 igmp-host-proxy/SC-16");
  World w;
  w.frames(kWan);
  for (unsigned i = 0; i < 5000; ++i) {
    if (i % 100 == 0) w.wait(milliseconds(1));
    w.join(kD1Port, Ipv4{ipv4(239, 2, 0, 0).value + i});
  }
  w.frames(kWan);
  w.wait(seconds(1));
  EXPECT_LE(w.frames(kWan).size(), 100u) << "twenty strokes of at least two full frames";
  w.said();
  w.wait(seconds(60));
  EXPECT_EQ(w.said(), "") << "each twice, within the interval";
}

// --- Forwarding entries, §4.2 -------------------------------------------------------------------

TEST(Rfc4605s4p2, EntryNamesTheDownstreamsThatWantTheGroup) {
  RecordProperty("req", "igmp-host-proxy/PF-06 igmp-host-proxy/YP-03");
  World w;
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.routed(group(1)), 0b01u);
  w.record(kD2Port, RecordType::kAllowNewSources, group(1), "a");
  EXPECT_EQ(w.routed(group(1)), 0b11u);
  EXPECT_EQ(w.box.proxies(w.now)[0].groups[0].downstreams, (std::vector<std::string>{"d1", "d2"}));
  w.record(kD1Port, RecordType::kChangeToIncludeMode, group(1));
  w.wait(seconds(5));
  EXPECT_EQ(w.routed(group(1)), 0b10u);
  w.link(kD2Port, false);
  EXPECT_EQ(w.routed(group(1)), std::nullopt);
}

TEST(Rfc4605s4p2, ForwardsOnlyWhereItIsTheQuerier) {
  RecordProperty("req",
                 "igmp-host-proxy/PF-01 igmp-host-proxy/PF-06 igmp-host-proxy/PF-09 "
                 "igmp-host-proxy/PF-12 igmp-host-proxy/PA-06");
  World w;
  EXPECT_EQ(w.domain().forwarding.bits(), 0b11u);
  w.events(snooping::EventType::kQuerierChanged);
  w.hear(kD1Other, general_query(), ipv4(10, 77, 10, 1));  // a lower address
  EXPECT_EQ(w.domain().forwarding.bits(), 0b10u);
  EXPECT_EQ(w.events(snooping::EventType::kQuerierChanged), 1);
  const auto downstreams = w.box.proxies(w.now)[0].downstreams;
  EXPECT_FALSE(downstreams[0].querier || downstreams[0].forwarding);
  EXPECT_TRUE(downstreams[1].querier && downstreams[1].forwarding);
  w.wait(seconds(256));  // other querier present interval
  EXPECT_EQ(w.domain().forwarding.bits(), 0b11u);
}

TEST(Rfc4605s4p2, QuerierRuleMayBeSwitchedOff) {
  RecordProperty("req", "igmp-host-proxy/PF-05");
  config::Config c = edge();
  c.proxies[0].querier_only = false;
  World w(c);
  w.hear(kD1Other, general_query(), ipv4(10, 77, 10, 1));
  EXPECT_EQ(w.domain().forwarding.bits(), 0b11u);
}

TEST(Rfc4605s4p2, UpstreamStreamDoesNotFloodTheUpstreamVlan) {
  World w;
  w.join(kD1Port, group(1));
  EXPECT_TRUE(w.fib.contains({kWan, group(1), Ipv4{}})) << "registered: it goes to nobody there";
  w.link(kD1Port, false);
  EXPECT_FALSE(w.fib.contains({kWan, group(1), Ipv4{}}));
}

// --- Reports that come from above ---------------------------------------------------------------

TEST(Upstream, ReportsFromThereAreNoWishesOfOurs) {
  World w;
  w.hear(kWanPort, general_query(), kQuerier);
  w.join(kWanPort, group(1), ipv4(10, 77, 100, 3));
  w.wait(seconds(30));
  EXPECT_EQ(w.said(), "");
  EXPECT_EQ(w.said(kD1), "");
  EXPECT_TRUE(w.box.proxies(w.now)[0].groups.empty());
  EXPECT_EQ(w.routed(group(1)), std::nullopt);
}

TEST(Upstream, AnotherHostsReportSuppressesOursInV2) {
  RecordProperty("req", "igmp-host-proxy/H2-04 igmp-host-proxy/H2-07");
  World w;
  w.hear(kWanPort, general_query(Version::kV2), kQuerier);
  w.v2_join(kD1Port, group(1));
  w.wait(seconds(11));
  w.said();
  w.hear(kWanPort, general_query(Version::kV2), kQuerier);
  w.v2_join(kWanPort, group(1), ipv4(10, 77, 100, 3));
  w.wait(seconds(11));
  EXPECT_EQ(w.said(), "");
  w.v2_leave(kD1Port, group(1));
  w.wait(seconds(5));
  EXPECT_EQ(w.said(), "") << "the last who reported leaves";
}

TEST(Upstream, QueriesWithoutRouterAlertAreNotForHosts) {
  RecordProperty("req", "igmp-host-proxy/QR-13");
  World w;
  w.join(kD1Port, group(1));
  w.wait(kRepeated);
  w.said();
  std::vector<std::uint8_t> bytes = igmp::encode(general_query(), {kTheirMac, kQuerier});
  for (std::size_t i = 34; i < 38; ++i) bytes[i] = 1;  // no-operation instead of Router Alert
  bytes[24] = bytes[25] = 0;
  const std::uint16_t sum = igmp::internet_checksum({bytes.data() + 14, 24});
  bytes[24] = static_cast<std::uint8_t>(sum >> 8);
  bytes[25] = static_cast<std::uint8_t>(sum);
  w.receive(kWanPort, bytes);
  w.wait(seconds(11));
  EXPECT_EQ(w.said(), "");
  w.hear(kWanPort, general_query(), kQuerier);
  w.wait(seconds(11));
  EXPECT_EQ(w.said(), "IS_EX(1,{})");
}

// --- Policy, limits, hold-down ------------------------------------------------------------------

TEST(Policy, DenyAndAllow) {
  config::Config c = edge();
  c.proxies[0].deny = {{{group(1), 32}, {}}, {{group(2), 32}, {sources("a")[0], 32}}};
  World w(c);
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.reported(group(1)), "") << "denied for every source";
  w.join(kD1Port, group(2));
  EXPECT_EQ(w.reported(group(2)), "EX{}") << "some source may come; frames are refused one by one";
  w.record(kD2Port, RecordType::kAllowNewSources, group(3), "a");
  EXPECT_EQ(w.reported(group(3)), "IN{a}");
  EXPECT_EQ(w.count("proxy_denied_total{proxy=\"edge\"}"), 1u);
  EXPECT_FALSE(w.domain().permits(group(2), sources("a")[0]));
  EXPECT_TRUE(w.domain().permits(group(2), sources("b")[0]));

  c.proxies[0].deny.clear();
  c.proxies[0].allow = {{{group(0), 24}, {ipv4(10, 9, 9, 0), 24}}};
  World only(c);
  only.record(kD1Port, RecordType::kAllowNewSources, group(1), "ab");
  EXPECT_EQ(only.reported(group(1)), "IN{ab}");
  only.join(kD1Port, ipv4(239, 2, 2, 2));
  EXPECT_EQ(only.reported(ipv4(239, 2, 2, 2)), "");
}

TEST(Policy, PartOfAnIncludeListIsDenied) {
  config::Config c = edge();
  c.proxies[0].deny = {{{group(1), 32}, {sources("a")[0], 32}}};
  World w(c);
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "ab");
  EXPECT_EQ(w.reported(group(1)), "IN{b}");
}

TEST(Limits, MaxGroupsRefusesNewcomersAndTheRestGoesOn) {
  config::Config c = edge();
  c.proxies[0].max_groups = 10;
  World w(c);
  for (unsigned i = 1; i <= 100; ++i) w.join(kD1Port, group(i));
  EXPECT_EQ(w.box.proxies(w.now)[0].groups.size(), 10u);
  EXPECT_EQ(w.count("proxy_group_limit_refused_total{proxy=\"edge\"}"), 90u);
  EXPECT_EQ(w.events(snooping::EventType::kLimitReached), 1) << "told once";
  EXPECT_EQ(w.reported(group(1)), "EX{}");
  w.record(kD1Port, RecordType::kChangeToIncludeMode, group(1));
  w.wait(seconds(5));
  w.join(kD1Port, group(50));  // there is room again: the next report gets in
  EXPECT_EQ(w.reported(group(50)), "EX{}");
}

TEST(Limits, RefusedEntryIsTriedAgainByTheNextReport) {
  World w;
  w.join(kD1Port, group(1));
  w.fib.clear();
  snooping::Effects refused;
  w.box.on_fib_refused({routed_key(0), group(1), Ipv4{}}, refused);
  ASSERT_EQ(refused.events.size(), 1u);
  EXPECT_EQ(w.count("proxy_fib_refused_total{proxy=\"edge\"}"), 1u);
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.routed(group(1)), 0b01u);
}

TEST(LeaveDelay, KeepsTheUpstreamJoinForAWhile) {
  config::Config c = edge();
  c.proxies[0].upstream_leave_delay = seconds(30);
  World w(c);
  w.join(kD1Port, group(1));
  w.wait(kRepeated);
  w.said();
  w.record(kD1Port, RecordType::kChangeToIncludeMode, group(1));
  w.wait(seconds(10));
  EXPECT_EQ(w.routed(group(1)), std::nullopt) << "nobody gets it any more";
  EXPECT_EQ(w.said(), "");
  EXPECT_EQ(w.reported(group(1)), "EX{}");
  EXPECT_TRUE(w.box.proxies(w.now)[0].groups[0].leaving);
  w.join(kD2Port, group(1));  // zapped back: nothing to say
  w.wait(seconds(40));
  EXPECT_EQ(w.said(), "");
  EXPECT_FALSE(w.box.proxies(w.now)[0].groups[0].leaving);
  w.record(kD2Port, RecordType::kChangeToIncludeMode, group(1));
  w.wait(seconds(2) + seconds(30) + kRepeated);
  EXPECT_EQ(w.said(), "TO_IN(1,{}) TO_IN(1,{})");
  EXPECT_TRUE(w.box.proxies(w.now)[0].groups.empty());
  EXPECT_EQ(w.box.counters()[0].value, 0u);
}

TEST(LeaveDelay, WhoIsRefusedProlongsNothing) {
  config::Config c = edge();
  c.proxies[0].upstream_leave_delay = seconds(30);
  c.proxies[0].deny = {{{group(1), 32}, {sources("a")[0], 32}}};
  World w(c);
  w.join(kD1Port, group(1));
  w.record(kD1Port, RecordType::kChangeToIncludeMode, group(1));
  for (int i = 0; i < 40; ++i) {  // a host on the other downstream refreshes what is denied
    w.record(kD2Port, RecordType::kModeIsInclude, group(1), "a");
    w.wait(seconds(1));
  }
  EXPECT_EQ(w.reported(group(1)), "");
}

TEST(Limits, EntryThatIsRefusedAfterItsGroupHasGone) {
  config::Config c = edge();
  c.proxies[0].upstream_leave_delay = seconds(30);
  c.vlans[2].igmp_snooping.fast_leave = true;
  World w(c);
  w.join(kD1Port, group(1));
  w.record(kD1Port, RecordType::kChangeToIncludeMode, group(1));
  ASSERT_TRUE(w.box.proxies(w.now)[0].groups[0].leaving);
  snooping::Effects refused;
  w.box.on_fib_refused({routed_key(0), group(1), Ipv4{}}, refused);
  w.box.on_fib_refused({routed_key(0), group(2), Ipv4{}}, refused);
  EXPECT_TRUE(refused.events.empty());
  EXPECT_EQ(w.count("proxy_fib_refused_total{proxy=\"edge\"}"), 2u);
}

TEST(LeaveDelay, CoversSourcesToo) {
  config::Config c = edge();
  c.proxies[0].upstream_leave_delay = seconds(30);
  World w(c);
  w.record(kD1Port, RecordType::kAllowNewSources, group(1), "ab");
  w.wait(kRepeated);
  w.said();
  w.record(kD1Port, RecordType::kBlockOldSources, group(1), "a");
  w.wait(seconds(10));
  EXPECT_EQ(w.reported(group(1)), "IN{ab}");
  w.wait(seconds(30));
  EXPECT_EQ(w.reported(group(1)), "IN{b}");
  EXPECT_EQ(w.said(), "BLOCK(1,{a}) BLOCK(1,{a})");
}

// --- Reload -------------------------------------------------------------------------------------

TEST(Reload, UnchangedProxySaysNothing) {
  World w;
  w.join(kD1Port, group(1));
  w.wait(kRepeated);
  w.said();
  w.reload(edge());
  w.wait(seconds(5));
  EXPECT_EQ(w.said(), "");
  EXPECT_EQ(w.routed(group(1)), 0b01u);
  EXPECT_EQ(w.reported(group(1)), "EX{}");
}

TEST(Reload, ProxyThatIsGoneLeavesEverything) {
  World w;
  w.join(kD1Port, group(1));
  w.wait(kRepeated);
  w.said();
  config::Config c = edge();
  c.proxies.clear();
  w.reload(c);
  EXPECT_EQ(w.routed(group(1)), std::nullopt);
  EXPECT_FALSE(w.fib.contains({kWan, group(1), Ipv4{}}));
  EXPECT_TRUE(w.box.vlan_table().domains().empty());
  EXPECT_FALSE(w.box.vlan_table().find(kWan)->routed());
}

TEST(Reload, OtherUpstreamAndFewerDownstreams) {
  World w;
  w.join(kD1Port, group(1));
  w.join(kD2Port, group(2));
  w.wait(kRepeated);
  w.said();
  config::Config c = edge();
  c.proxies[0].upstreams = {{1, {}}};
  c.proxies[0].downstreams = {2};
  w.reload(c);
  w.wait(kRepeated);
  EXPECT_EQ(w.said(kWan2), "TO_EX(1,{}) TO_EX(1,{})");
  EXPECT_EQ(w.routed(group(1)), 0b01u);
  EXPECT_EQ(w.routed(group(2)), std::nullopt);
}

TEST(Reload, ProxyThatBeginsFindsWhoIsThere) {
  config::Config without = edge();
  without.proxies.clear();
  World w(without);
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.said(), "");
  w.reload(edge());
  EXPECT_EQ(w.said(), "TO_EX(1,{})");
  EXPECT_EQ(w.routed(group(1)), 0b01u);
}

// --- What the workers are told ------------------------------------------------------------------

TEST(VlanTable, SaysWhatThePoliciesAre) {
  RecordProperty("req", "igmp-host-proxy/PF-08");
  config::Config c = edge();
  c.interfaces[2].source_networks = {{ipv4(10, 9, 0, 0), 16}};
  World w(c);
  const VlanTable table = w.box.vlan_table();
  EXPECT_EQ(table.own_mac(), kOurMac);
  const VlanPolicy& wan = *table.find(kWan);
  const VlanPolicy& d1 = *table.find(kD1);
  EXPECT_EQ(wan.route.role, RouteRole::kUpstream);
  EXPECT_EQ(d1.route.role, RouteRole::kDownstream);
  EXPECT_FALSE(table.find(kWan2)->routed());
  EXPECT_EQ(d1.address, ipv4(10, 77, 10, 254));
  const RouteDomain& domain = *table.domain(d1);
  const auto refusal = [&](const VlanPolicy& from, Ipv4 source) {
    return route_refusal(domain, from, group(1), source, 8);
  };
  EXPECT_EQ(refusal(d1, kHost), std::nullopt);
  EXPECT_EQ(refusal(d1, ipv4(10, 9, 1, 1)), std::nullopt) << "an alternate source network";
  EXPECT_EQ(refusal(d1, ipv4(10, 8, 1, 1)), RouteRefusal::kRpfFailed);
  EXPECT_EQ(refusal(d1, ipv4(10, 77, 10, 254)), RouteRefusal::kOwnSource);
  EXPECT_EQ(refusal(wan, ipv4(1, 2, 3, 4)), std::nullopt);
  EXPECT_EQ(refusal(wan, kHost), RouteRefusal::kRpfFailed) << "it came back: a loop (PF-10)";
}

}  // namespace
}  // namespace sluice::control::proxy_test
