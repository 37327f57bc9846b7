// SPDX-License-Identifier: BSD-3-Clause
// Source-specific multicast behind a proxy: RFC 4604 on the router side, and SSM mapping.
#include <gtest/gtest.h>

#include "tests/unit/proxy/world.h"

namespace sluice::control::ssm_test {
namespace {

std::string members(const World& w, Ipv4 to, std::optional<Ipv4> source = {}) {
  const auto ports = w.box.snooper().members(kD1, to, source);
  return ports ? std::to_string(ports->bits()) : "none";
}

TEST(Rfc4604s3, AnySourceJoinsInTheRangeAreIgnored) {
  RecordProperty("req",
                 "igmp-router/SM-01 igmp-router/SM-02 igmp-host-proxy/PS-01 "
                 "igmp-host-proxy/PS-02 igmp-host-proxy/PS-03 igmp-host-proxy/QR-15 "
                 "igmp-messages/CH-06");
  World w;
  w.v2_join(kD1Port, ssm_group(1));
  w.join(kD1Port, ssm_group(1));
  w.record(kD1Port, RecordType::kModeIsExclude, ssm_group(1), "a");
  w.hear(kD1Port, igmp::V1Report<Ipv4>{ssm_group(1)});
  w.v2_leave(kD1Port, ssm_group(1));
  EXPECT_EQ(members(w, ssm_group(1)), "none");
  EXPECT_EQ(w.said(), "");
  EXPECT_EQ(w.count("snooping_ssm_ignored_total{vlan=\"10\"}"), 5u);
  w.v2_join(kD1Port, group(1));
  EXPECT_EQ(members(w, group(1)), "4") << "other groups are as ever";
}

TEST(Rfc4604s3, OlderReportStartsNoCompatibilityTimer) {
  RecordProperty("req", "igmp-router/SM-01 igmp-router/SM-04");
  World w;
  w.record(kD1Port, RecordType::kAllowNewSources, ssm_group(1), "a");
  w.v2_join(kD1Port, ssm_group(1));
  const auto rows = w.box.snooper().groups({kD1, ssm_group(1), {}}, w.now);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].version, Version::kV3);
  EXPECT_EQ(rows[0].filter_mode, FilterMode::kInclude);
}

TEST(Rfc4604s3, OtherRecordsOfTheReportCount) {
  RecordProperty("req", "igmp-router/SM-03");
  World w;
  w.hear(kD1Port, igmp::V3Report<Ipv4>{{{RecordType::kModeIsExclude, ssm_group(1), {}},
                                        {RecordType::kModeIsInclude, ssm_group(2), sources("a")},
                                        {RecordType::kChangeToExcludeMode, group(3), {}}}});
  EXPECT_EQ(members(w, ssm_group(1)), "none");
  EXPECT_EQ(members(w, ssm_group(2), sources("a")[0]), "4");
  EXPECT_EQ(w.reported(ssm_group(2)), "IN{a}");
  EXPECT_EQ(w.reported(group(3)), "EX{}");
}

TEST(Rfc4604s3, RangeIsConfigurable) {
  RecordProperty("req", "igmp-router/SM-01 igmp-messages/GA-04");
  config::Config c = edge();
  c.proxies[0].ssm_range = {{ipv4(239, 1, 1, 0), 24}};
  World w(c);
  w.v2_join(kD1Port, group(1));
  EXPECT_EQ(members(w, group(1)), "none");
  w.v2_join(kD1Port, ssm_group(1));
  EXPECT_EQ(w.reported(ssm_group(1)), "EX{}");
}

TEST(Rfc4604s3, ExcludersOfANewRangeAreForgotten) {
  RecordProperty("req", "igmp-router/SM-06");
  config::Config c = edge();
  c.proxies[0].ssm_range.clear();
  World w(c);
  w.join(kD1Port, ssm_group(1));
  w.record(kD1Other, RecordType::kAllowNewSources, ssm_group(1), "a");
  EXPECT_EQ(w.reported(ssm_group(1)), "EX{}");
  w.reload(edge());
  EXPECT_EQ(w.reported(ssm_group(1)), "IN{a}");
  EXPECT_EQ(members(w, ssm_group(1), sources("a")[0]), "8");
}

TEST(Rfc4604s3, StaticAnySourceMemberIsNotReportedInTheRange) {
  RecordProperty("req", "igmp-host-proxy/QR-15");
  World w;
  ASSERT_TRUE(
      w.box.snooper().add_static(kD1, ssm_group(1), std::nullopt, PortId{kD1Port}, w.now, w.out));
  w.box.settle(w.now, w.out);
  EXPECT_EQ(w.reported(ssm_group(1)), "");
  EXPECT_EQ(w.count("proxy_ssm_ignored_total{proxy=\"edge\"}"), 1u);
}

TEST(Rfc4604s3, LosingToAnOlderQuerierIsTold) {
  RecordProperty("req", "igmp-router/SM-05");
  World w;
  w.events(snooping::EventType::kOlderQuerier);
  w.hear(kD1Other, general_query(Version::kV2), ipv4(10, 77, 10, 1));
  EXPECT_EQ(w.events(snooping::EventType::kOlderQuerier), 1);
  w.hear(kD2Port, general_query(), ipv4(10, 77, 20, 1));
  EXPECT_EQ(w.events(snooping::EventType::kOlderQuerier), 0) << "one of our version is none";
}

TEST(Rfc4604s3, GroupQueryForAChannelIsAnswered) {
  RecordProperty("req", "igmp-host-proxy/QR-15");
  World w;
  w.record(kD1Port, RecordType::kAllowNewSources, ssm_group(1), "a");
  w.wait(seconds(2));
  w.said();
  igmp::Query<Ipv4> query = general_query();
  query.group = ssm_group(1);  // RFC 4604 §2.2.6: no cause for it
  query.max_response_time = seconds(1);
  w.hear(kWanPort, query, kQuerier);
  w.wait(seconds(1));
  EXPECT_EQ(w.said(), "IS_IN(s1,{a})");
}

config::Config mapped() {
  config::Config c = edge();
  c.proxies[0].ssm_maps = {{{ssm_group(0), 24}, {sources("a")[0], sources("b")[0]}}};
  return c;
}

TEST(SsmMapping, OlderJoinBecomesSourceSpecific) {
  World w(mapped());
  w.v2_join(kD1Port, ssm_group(1));
  EXPECT_EQ(w.reported(ssm_group(1)), "IN{ab}");
  EXPECT_EQ(w.said(), "ALLOW(s1,{ab})");
  EXPECT_EQ(members(w, ssm_group(1), sources("a")[0]), "4");
  EXPECT_EQ(members(w, ssm_group(1), sources("c")[0]), "0");
  EXPECT_EQ(w.count("snooping_ssm_mapped_total{vlan=\"10\"}"), 1u);
  w.hear(kD1Other, igmp::V1Report<Ipv4>{ssm_group(2)});
  EXPECT_EQ(w.reported(ssm_group(2)), "IN{ab}");
}

TEST(SsmMapping, LeaveIsAskedAndThenFollowed) {
  World w(mapped());
  w.v2_join(kD1Port, ssm_group(1));
  w.wait(seconds(20));
  w.said();
  w.v2_leave(kD1Port, ssm_group(1));
  EXPECT_EQ(w.reported(ssm_group(1)), "IN{ab}");
  w.v2_join(kD1Port, ssm_group(1), kOtherHost);  // another viewer answers the query
  w.wait(seconds(5));
  EXPECT_EQ(w.reported(ssm_group(1)), "IN{ab}");
  w.v2_leave(kD1Port, ssm_group(1), kOtherHost);
  w.wait(seconds(5));
  EXPECT_EQ(w.reported(ssm_group(1)), "");
  EXPECT_EQ(w.said(), "BLOCK(s1,{ab}) BLOCK(s1,{ab})");
}

TEST(SsmMapping, FastLeaveStillAsksForSuppressedHosts) {
  config::Config c = mapped();
  c.vlans[2].igmp_snooping.fast_leave = true;
  World w(c);
  w.v2_join(kD1Port, ssm_group(1));
  w.v2_leave(kD1Port, ssm_group(1));
  EXPECT_EQ(w.reported(ssm_group(1)), "IN{ab}") << "a v2 host may have been suppressed";
  w.wait(seconds(5));
  EXPECT_EQ(w.reported(ssm_group(1)), "");
}

TEST(SsmMapping, NewerHostsSpeakForThemselves) {
  World w(mapped());
  w.record(kD1Port, RecordType::kAllowNewSources, ssm_group(1), "c");
  EXPECT_EQ(w.reported(ssm_group(1)), "IN{c}");
  w.join(kD1Port, ssm_group(2));
  EXPECT_EQ(w.reported(ssm_group(2)), "") << "a v3 host's any-source join is not mapped";
}

}  // namespace
}  // namespace sluice::control::ssm_test
