// SPDX-License-Identifier: BSD-3-Clause
// Several upstreams: which of them has a group, and what happens when one goes and comes back.
#include <gtest/gtest.h>

#include "tests/unit/proxy/world.h"

namespace sluice::control::failover_test {
namespace {

using snooping::EventType;

TEST(Upstreams, FirstThatIsUpIsUsed) {
  RecordProperty("req", "igmp-host-proxy/MU-03");
  World w(two_upstreams());
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.said(kWan), "TO_EX(1,{})");
  EXPECT_EQ(w.said(kWan2), "");
  EXPECT_EQ(w.upstream_of(group(1)), "wan");
  EXPECT_EQ(w.domain().upstream_of(group(1)), kWan);
}

TEST(Upstreams, FailsOverAndBack) {
  RecordProperty("req", "igmp-host-proxy/MU-03 igmp-host-proxy/PX-15");
  World w(two_upstreams());
  w.join(kD1Port, group(1));
  w.record(kD2Port, RecordType::kAllowNewSources, group(2), "a");
  w.wait(seconds(2));
  w.said(kWan);
  w.events(EventType::kUpstreamChanged);

  w.link(kWanPort, false);
  const std::string at_once = w.said(kWan2);
  EXPECT_NE(at_once.find("TO_EX(1,{})"), std::string::npos) << at_once;
  EXPECT_NE(at_once.find("ALLOW(2,{a})"), std::string::npos) << at_once;
  EXPECT_EQ(w.domain().upstream_of(group(1)), kWan2);
  EXPECT_EQ(w.events(EventType::kUpstreamChanged), 1);
  EXPECT_EQ(w.routed(group(1)), 0b01u) << "no entry is touched";
  w.wait(seconds(2));
  w.said(kWan2);

  w.link(kWanPort, true);
  EXPECT_NE(w.said(kWan).find("TO_EX(1,{})"), std::string::npos);
  w.wait(seconds(2));
  const std::string left = w.said(kWan2);
  EXPECT_NE(left.find("TO_IN(1,{})"), std::string::npos) << left;
  EXPECT_NE(left.find("BLOCK(2,{a})"), std::string::npos) << left;
  EXPECT_EQ(w.domain().upstream_of(group(1)), kWan);
  EXPECT_EQ(w.count("proxy_failovers_total{proxy=\"edge\"}"), 2u);
}

TEST(Upstreams, LinksThatGoTogetherAreNoFailOver) {
  World w(two_upstreams());
  w.join(kD1Port, group(1));
  w.wait(seconds(2));
  w.said(kWan);
  const std::vector<std::pair<PortId, bool>> both = {{PortId{kWanPort}, false},
                                                     {PortId{kWan2Port}, false}};
  w.box.on_links(both, w.now, w.out);
  EXPECT_EQ(w.count("proxy_failovers_total{proxy=\"edge\"}"), 0u);
  w.link(kWan2Port, true);
  EXPECT_EQ(w.said(kWan2), "TO_EX(1,{})");
}

TEST(Upstreams, JoinsWhileEverythingIsDownAreToldLater) {
  World w;
  w.link(kWanPort, false);
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.said(), "");
  w.wait(seconds(60));
  w.link(kWanPort, true);
  EXPECT_EQ(w.said(), "TO_EX(1,{})");
}

TEST(Upstreams, QuerierThatFallsSilentLosesItsGroups) {
  RecordProperty("req", "igmp-host-proxy/MU-03");
  World w(two_upstreams());
  w.join(kD1Port, group(1));
  w.hear(kWanPort, general_query(), kQuerier);
  w.hear(kWan2Port, general_query(), ipv4(10, 77, 200, 9));
  w.wait(seconds(200));
  w.hear(kWan2Port, general_query(), ipv4(10, 77, 200, 9));
  EXPECT_EQ(w.upstream_of(group(1)), "wan");
  w.wait(seconds(60));  // 255 s after wan's last query
  EXPECT_EQ(w.upstream_of(group(1)), "wan2");
  w.hear(kWanPort, general_query(), kQuerier);
  EXPECT_EQ(w.upstream_of(group(1)), "wan");
}

TEST(Upstreams, ReloadDoesNotBringBackOneWithoutItsQuerier) {
  World w(two_upstreams());
  w.join(kD1Port, group(1));
  w.hear(kWanPort, general_query(), kQuerier);
  w.wait(seconds(200));
  w.hear(kWan2Port, general_query(), ipv4(10, 77, 200, 9));
  w.wait(seconds(60));  // 255 s after wan's last query
  w.join(kD1Port, group(1));
  ASSERT_EQ(w.upstream_of(group(1)), "wan2");
  w.said(kWan);
  w.said(kWan2);
  w.reload(two_upstreams());
  w.wait(seconds(5));
  EXPECT_EQ(w.upstream_of(group(1)), "wan2");
  EXPECT_EQ(w.said(kWan), "");
  EXPECT_EQ(w.said(kWan2), "");
  EXPECT_EQ(w.count("proxy_failovers_total{proxy=\"edge\"}"), 1u) << "goes on counting";
}

TEST(Upstreams, NeverHavingHeardAQuerierIsNoFault) {
  World w(two_upstreams());
  w.join(kD1Port, group(1));
  w.hear(kWan2Port, general_query(), ipv4(10, 77, 200, 9));
  w.wait(seconds(1000));
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.upstream_of(group(1)), "wan");
}

config::Config ranges() {
  config::Config c = two_upstreams();
  c.proxies[0].upstreams[1].group_ranges = {{ipv4(239, 1, 1, 128), 25}};
  return c;
}

TEST(GroupRanges, GroupGoesToTheUpstreamThatClaimsIt) {
  RecordProperty("req", "igmp-host-proxy/MU-03");
  World w(ranges());
  w.join(kD1Port, group(1));
  w.join(kD1Port, group(200));
  EXPECT_EQ(w.said(kWan), "TO_EX(1,{})");
  EXPECT_EQ(w.said(kWan2), "TO_EX(200,{})");
  const VlanTable table = w.box.vlan_table();
  const RouteDomain& domain = table.domains()[0];
  const auto refusal = [&](VlanId from, Ipv4 to) {
    return route_refusal(domain, *table.find(from), to, ipv4(1, 2, 3, 4), 8);
  };
  EXPECT_EQ(refusal(kWan, group(200)), RouteRefusal::kRpfFailed) << "no duplicates";
  EXPECT_EQ(refusal(kWan2, group(200)), std::nullopt);
}

TEST(GroupRanges, WithoutItsUpstreamARangeFallsToTheRest) {
  World w(ranges());
  w.join(kD1Port, group(200));
  w.wait(seconds(2));
  w.said(kWan2);
  w.link(kWan2Port, false);
  EXPECT_EQ(w.said(kWan), "TO_EX(200,{})");
  w.link(kWan2Port, true);
  EXPECT_NE(w.said(kWan2).find("TO_EX(200,{})"), std::string::npos);
  // ... but the rest never falls to a range's upstream.
  w.join(kD1Port, group(1));
  w.wait(seconds(2));
  w.said(kWan2);
  w.link(kWanPort, false);
  EXPECT_EQ(w.said(kWan2), "");
  EXPECT_EQ(w.upstream_of(group(1)), "wan");
}

TEST(GroupRanges, LongestRangeWinsAndMayBeTheReserveForAll) {
  RecordProperty("req", "igmp-host-proxy/MU-03");
  config::Config c = two_upstreams();
  c.proxies[0].upstreams[1].group_ranges = {{ipv4(224, 0, 0, 0), 4}, {group(200), 32}};
  World w(c);
  w.join(kD1Port, group(1));
  w.join(kD1Port, group(200));
  EXPECT_EQ(w.upstream_of(group(1)), "wan") << "the earlier of two that have all groups";
  EXPECT_EQ(w.upstream_of(group(200)), "wan2");
  w.link(kWanPort, false);
  EXPECT_EQ(w.upstream_of(group(1)), "wan2");
  w.link(kWanPort, true);
  w.link(kWan2Port, false);
  EXPECT_EQ(w.upstream_of(group(200)), "wan");
  EXPECT_FALSE(w.box.proxies(w.now)[0].upstreams[1].active);
}

TEST(GroupRanges, GroupThatNobodyClaimsHasNoUpstream) {
  config::Config c = ranges();
  c.proxies[0].upstreams.erase(c.proxies[0].upstreams.begin());
  World w(c);
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.said(kWan2), "");
  EXPECT_EQ(w.upstream_of(group(1)), "none");
  EXPECT_EQ(w.routed(group(1)), 0b01u) << "other downstreams may still send to it";
}

TEST(Queriers, FlappingVersionsLoseNoState) {
  RecordProperty("req", "igmp-host-proxy/PA-04 igmp-host-proxy/HC-05");
  World w;
  w.join(kD1Port, group(1));
  w.hear(kWanPort, general_query(Version::kV2), kQuerier);
  w.wait(seconds(11));
  w.said();
  w.hear(kWanPort, general_query(Version::kV2), kQuerier);
  w.wait(seconds(11));
  EXPECT_EQ(w.said(), "v2(1)");
  // The hosts go on reporting while v2's timer runs out.
  for (int i = 0; i < 4; ++i) {
    w.wait(seconds(90));
    w.join(kD1Port, group(1));
  }
  w.said();
  w.hear(kWanPort, general_query(), kQuerier);
  w.wait(seconds(11));
  EXPECT_EQ(w.said(), "IS_EX(1,{})") << "v3 again";
}

TEST(Queriers, FloodOfQueriesAndZeroResponseTime) {
  World w;
  for (unsigned i = 1; i <= 20; ++i) w.join(kD1Port, group(i));
  w.wait(seconds(2));
  w.said();
  igmp::Query<Ipv4> query = general_query();
  query.max_response_time = Duration{0};
  for (int i = 0; i < 10000; ++i) w.hear(kWanPort, query, kQuerier);
  w.wait(seconds(1));
  const std::string said = w.said();
  EXPECT_NE(said.find("IS_EX(20,{})"), std::string::npos) << said;
  EXPECT_LT(said.size(), 20u * 20u * 3u) << "answers are bounded by time, not by queries";
}

}  // namespace
}  // namespace sluice::control::failover_test
