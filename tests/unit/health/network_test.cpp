// SPDX-License-Identifier: BSD-3-Clause
// Each alarm of the network: raised for its reason, with a cause and a remedy, and cleared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace sluice::control::health::network_test {
namespace {

using testing::HasSubstr;

void is_told(const HealthWorld& w, std::string_view name, const char* cause) {
  const auto alarm = w.find(name);
  ASSERT_TRUE(alarm) << name;
  EXPECT_EQ(alarm->vlan, kVlan);
  EXPECT_THAT(alarm->cause, HasSubstr(cause));
  for (const std::string& sentence : {alarm->cause, alarm->remedy}) {
    EXPECT_TRUE(sentence.ends_with('.')) << sentence;
    EXPECT_EQ(sentence.find(". "), std::string::npos) << sentence << ": one sentence";
  }
}

TEST(Health, AQuietNetworkHasNoAlarm) {
  HealthWorld w;
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  for (int i = 0; i < 30; ++i) {
    w.pass(seconds(10));
    w.count(kGroup, ipv4(10, 9, 9, 9));
    w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  }
  EXPECT_TRUE(w.changes.empty()) << w.changes.front().alarm.name;
}

TEST(NoQuerier, IsRaisedAndClearedByAQuery) {
  RecordProperty("req", "snooping/QI-04");
  HealthWorld w([](config::IgmpSnooping& s) { s.send_query = false; });
  w.pass(seconds(9));
  EXPECT_THAT(w.active(), testing::IsEmpty()) << "it may come yet";
  w.pass(seconds(3));
  is_told(w, "no-querier", "Nobody queries VLAN 10, so nobody is asked who watches, and multicast");
  w.hear(kRouter, general_query(), kHighRouter);
  w.pass(seconds(9));
  EXPECT_EQ(w.active().count("no-querier"), 1u) << "not at once";
  w.pass(seconds(4));
  EXPECT_THAT(w.active(), testing::IsEmpty());
  EXPECT_EQ(w.raised, 1);
  EXPECT_EQ(w.cleared, 1);
}

TEST(NoQuerier, OfAVlanWithoutALinkIsNone) {
  HealthWorld w([](config::IgmpSnooping& s) { s.send_query = false; });
  for (std::uint16_t port = 0; port < 4; ++port) w.switched.link(port, false);
  w.pass(seconds(30));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

TEST(QuerierVersions, AreComparedWhileBothAreHeard) {
  RecordProperty("req", "igmp-router/QE-26");
  HealthWorld w;  // we are the querier, version 3
  w.pass(seconds(5));
  w.hear(kRouter, general_query(Version::kV2), kHighRouter);
  w.pass(seconds(12));
  is_told(w, "querier-versions", "IGMPv2 from 10.0.0.200 on p3 and IGMPv3 from this appliance");
  w.pass(seconds(270));
  EXPECT_THAT(w.active(), testing::IsEmpty()) << "it has been silent for the other-querier time";
}

TEST(QuerierVersions, TheSameVersionIsNoAlarm) {
  HealthWorld w;
  w.hear(kRouter, general_query(), kHighRouter);
  w.pass(seconds(20));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

config::Config with_upstream() {
  config::Config c =
      snooping::World::configure([](config::IgmpSnooping& s) { s.send_query = false; });
  c.interfaces = {{"wan", kVlan, ipv4(10, 0, 0, 100), 24, {}}};
  config::Proxy proxy;
  proxy.name = "edge";
  proxy.upstreams = {{0, {}}};
  c.proxies.push_back(proxy);
  return c;
}

TEST(UpstreamSilent, IsRaisedAfterTheOtherQuerierTime) {
  HealthWorld w(with_upstream());
  w.pass(seconds(250));
  EXPECT_THAT(w.active(), testing::IsEmpty());
  w.pass(seconds(10));
  is_told(w, "upstream-silent", "No query has come from the upstream in VLAN 10 for 25");
  w.hear(kRouter, general_query(), kHighRouter);
  w.pass(seconds(15));
  EXPECT_THAT(w.active(), testing::IsEmpty());
  w.pass(seconds(255));
  EXPECT_EQ(w.active().count("upstream-silent"), 1u) << "silent again";
}

TEST(ReportsOnRouterPort, AreNoticed) {
  RecordProperty("req", "snooping/MS-08");
  HealthWorld w;
  w.hear(kRouter, general_query(), kHighRouter);
  w.hear(kRouter, igmp::V2Report<Ipv4>{ipv4(224, 0, 1, 40)}, kHighRouter);
  w.pass(seconds(3));
  EXPECT_THAT(w.active(), testing::IsEmpty()) << "routers report their own groups";
  w.hear(kRouter, igmp::V2Report<Ipv4>{kGroup});
  w.pass(seconds(2));
  is_told(w, "reports-on-router-port", "Hosts report on p3 in VLAN 10");
  w.pass(seconds(200));
  EXPECT_EQ(w.active().count("reports-on-router-port"), 1u) << "they do so every 125 s";
  w.pass(seconds(80));
  EXPECT_EQ(w.active().count("reports-on-router-port"), 0u);
}

TEST(LimitReached, TellsWhichLimitOfWhom) {
  HealthWorld w([](config::IgmpSnooping& s) {
    s.max_groups = 2;
    s.max_sources = 1;
    s.max_vlan_groups = 3;
  });
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  w.pass(seconds(20));
  EXPECT_THAT(w.active(), testing::IsEmpty());
  w.hear(0, igmp::V2Report<Ipv4>{ipv4(239, 1, 1, 2)});
  w.pass(seconds(12));
  is_told(w, "groups-near-limit", "p0 has nearly the 2 groups that max-groups of VLAN 10 allows");
  w.hear(0, igmp::V2Report<Ipv4>{ipv4(239, 1, 1, 3)});
  w.pass(seconds(2));
  is_told(w, "limit-reached", "p0 has as many groups in VLAN 10 as max-groups allows");
  w.pass(seconds(15));
  EXPECT_EQ(w.active().count("limit-reached"), 0u);
  w.hear(1, record(RecordType::kAllowNewSources, {snooping::kA, snooping::kB}, ipv4(239, 1, 1, 3)));
  w.pass(seconds(2));
  is_told(w, "limit-reached", "p1 has as many sources in a group");
  w.pass(seconds(15));
  w.hear(1, igmp::V2Report<Ipv4>{ipv4(239, 1, 1, 4)});
  w.pass(seconds(2));
  is_told(w, "limit-reached", "VLAN 10 has the 3 groups that max-vlan-groups allows");
}

TEST(ViewersWithoutStream, IsRaisedWhenTheCountersStandStill) {
  HealthWorld w;
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  w.hear(1, record(RecordType::kAllowNewSources, {snooping::kA}));
  w.pass(seconds(20));  // the VLAN restricts after 10 s, and then the entries count
  for (int i = 0; i < 50; ++i) {
    w.count(kGroup, snooping::kA);  // by its (S,G) entry alone
    w.pass(seconds(2));
  }
  EXPECT_THAT(w.active(), testing::IsEmpty());
  w.pass(seconds(70));
  is_told(w, "viewers-without-stream", "2 ports have viewers of 239.1.1.1 in VLAN 10, and not a");
  EXPECT_EQ(w.find("viewers-without-stream")->group, kGroup);
  w.count(kGroup, snooping::kA);
  w.pass(seconds(15));
  EXPECT_FALSE(w.find("viewers-without-stream"));
}

TEST(ViewersWithoutStream, ViewersThatComeAnewHaveTimeAnew) {
  HealthWorld w([](config::IgmpSnooping& s) {
    s.fast_leave = true;
    s.explicit_tracking = false;
  });
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  w.pass(seconds(40));
  w.hear(0, record(RecordType::kChangeToIncludeMode));
  w.pass(seconds(100));
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  w.pass(seconds(50));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

TEST(ViewersWithoutStream, AreNotKnownOfWhileTheVlanFloods) {
  HealthWorld w([](config::IgmpSnooping& s) { s.send_query = false; });
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  w.pass(seconds(100));
  EXPECT_EQ(w.active(), (std::set<std::string>{"no-querier"}));
}

TEST(ViewersWithoutStream, CanBeTurnedOff) {
  HealthWorld w;
  w.config.alarms.no_stream_time = Duration{0};
  w.hear(0, record(RecordType::kChangeToExcludeMode));
  w.pass(seconds(100));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

TEST(MembershipExpiring, IsRaisedForWhoStoppedAnswering) {
  HealthWorld w;
  w.config.alarms.no_stream_time = Duration{0};
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  w.pass(seconds(130));
  EXPECT_THAT(w.active(), testing::IsEmpty()) << "one query may be lost";
  w.pass(seconds(15));
  is_told(w, "membership-expiring", "10.0.0.1 on p0 does not answer queries any more");
  EXPECT_EQ(w.find("membership-expiring")->port, PortId{0});
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  w.pass(seconds(15));
  EXPECT_THAT(w.active(), testing::IsEmpty());
  w.pass(seconds(300));
  EXPECT_THAT(w.active(), testing::IsEmpty()) << "what has expired is no alarm any more";
}

TEST(MembershipExpiring, WhoLeavesIsNoAlarm) {
  HealthWorld w;
  w.config.alarms.no_stream_time = Duration{0};
  w.hear(0, igmp::V2Report<Ipv4>{kGroup});
  w.pass(seconds(5));
  w.hear(0, igmp::Leave<Ipv4>{kGroup});
  w.pass(seconds(1));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

// However many groups: a turn looks at so many and no more, and yet all are looked at.
TEST(Monitor, LooksAtManyGroupsInPieces) {
  HealthWorld w([](config::IgmpSnooping& s) { s.query_interval = seconds(30000); });
  constexpr std::uint32_t kMany = 500;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    w.hear(0, record(RecordType::kChangeToExcludeMode, {}, Ipv4{ipv4(239, 3, 0, 0).value + i}));
  }
  w.pass(seconds(75));
  EXPECT_EQ(w.monitor.alarms().active().size(), AlarmTable::kMostOfAKind);
  EXPECT_EQ(w.monitor.alarms().not_listed(), kMany - AlarmTable::kMostOfAKind);
  snooping::GroupCursor cursor;
  std::size_t pieces = 1, seen = 0;
  while (!w.switched.sw.visit_watched(cursor, 100, [&](const auto&) { ++seen; })) ++pieces;
  EXPECT_EQ(seen, kMany);
  EXPECT_GE(pieces, kMany / 100);
}

}  // namespace
}  // namespace sluice::control::health::network_test
