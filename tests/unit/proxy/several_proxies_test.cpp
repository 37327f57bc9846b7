// SPDX-License-Identifier: BSD-3-Clause
// Several proxies in one appliance, with networks of their own (RFC 4605 §3 knows one upstream per
// proxy; MU-01): neither what is asked for nor what is routed crosses over, also when a reload
// changes their numbers.
#include <gtest/gtest.h>

#include <list>
#include <set>

#include "tests/unit/proxy/world.h"

namespace sluice::control::several_proxies_test {
namespace {

constexpr Ipv4 kFarAway = ipv4(192, 0, 2, 1);
constexpr Ipv4 kInD1 = ipv4(10, 77, 10, 50);

// "first": wan, d1. "second": wan2, d2.
config::Config two_proxies() {
  config::Config c = edge();
  c.proxies[0].name = "first";
  c.proxies[0].downstreams = {2};
  config::Proxy second = c.proxies[0];
  second.name = "second";
  second.upstreams = {{1, {}}};
  second.downstreams = {3};
  c.proxies.push_back(second);
  return c;
}
config::Config second_alone() {
  config::Config c = two_proxies();
  c.proxies.erase(c.proxies.begin());
  return c;
}

// The networks that a frame is routed to.
std::set<VlanId> routed_to(const World& w, VlanId from, Ipv4 source, Ipv4 to) {
  const VlanTable table = w.box.vlan_table();
  const VlanPolicy& ingress = *table.find(from);
  std::set<VlanId> networks;
  if (!ingress.routed()) return networks;
  if (route_refusal(*table.domain(ingress), ingress, to, source, 8)) return networks;
  std::list<EgressSet> found;
  for_each_routed(
      table, ingress, to, source,
      [&](VlanId vlan, Ipv4 g, Ipv4 s) -> const EgressSet* {
        auto at = w.fib.find({vlan, g, s});
        if (at == w.fib.end()) at = w.fib.find({vlan, g, Ipv4{}});
        if (at == w.fib.end()) return nullptr;
        return &found.emplace_back(EgressSet{at->second});
      },
      [&](const VlanPolicy& policy, PortSet) { networks.insert(policy.id); });
  return networks;
}

TEST(SeveralProxies, EachAsksOnItsOwnUpstream) {
  RecordProperty("req", "igmp-host-proxy/MU-01");
  World w(two_proxies());
  w.join(kD1Port, group(1));
  EXPECT_EQ(w.said(kWan), "TO_EX(1,{})");
  EXPECT_EQ(w.said(kWan2), "");
  w.wait(seconds(2));
  w.said(kWan);
  w.record(kD2Port, RecordType::kAllowNewSources, group(1), "a");
  EXPECT_EQ(w.said(kWan), "");
  EXPECT_EQ(w.said(kWan2), "ALLOW(1,{a})") << "merged with nothing of the other proxy's";
  EXPECT_EQ(w.fib.at({routed_key(0), group(1), Ipv4{}}), PortSet(1));
  EXPECT_EQ(w.fib.at({routed_key(1), group(1), Ipv4{}}), PortSet(1));
}

TEST(SeveralProxies, StreamsDoNotCrossOver) {
  RecordProperty("req", "igmp-host-proxy/MU-01 igmp-host-proxy/PF-01 igmp-host-proxy/PF-02");
  World w(two_proxies());
  w.join(kD1Port, group(1));
  w.join(kD2Port, group(1));
  using Networks = std::set<VlanId>;
  EXPECT_EQ(routed_to(w, kWan, kFarAway, group(1)), Networks{kD1});
  EXPECT_EQ(routed_to(w, kWan2, kFarAway, group(1)), Networks{kD2});
  EXPECT_EQ(routed_to(w, kD1, kInD1, group(1)), Networks{kWan});
  EXPECT_EQ(routed_to(w, kD2, kInD1, group(1)), Networks{}) << "not from there";
  EXPECT_EQ(routed_to(w, kWan2, kInD1, group(1)), Networks{kD2})
      << "outside the second proxy it may be anywhere";
  EXPECT_EQ(routed_to(w, kWan, kInD1, group(1)), Networks{}) << "but not outside the first";
}

TEST(SeveralProxies, OneThatGoesTakesNothingOfTheOthers) {
  RecordProperty("req", "igmp-host-proxy/MU-01");
  World w(two_proxies());
  for (unsigned i = 1; i <= 3; ++i) w.join(kD1Port, group(i));
  for (unsigned i = 3; i <= 5; ++i) w.join(kD2Port, group(i));
  w.wait(seconds(2));
  w.said(kWan);
  w.said(kWan2);

  w.reload(second_alone());  // the second proxy becomes number 0
  w.wait(seconds(2));
  EXPECT_EQ(w.said(kWan2), "") << "nothing has changed there";
  for (unsigned i = 1; i <= 5; ++i) {
    EXPECT_EQ(w.fib.contains({routed_key(0), group(i), Ipv4{}}), i >= 3) << i;
    EXPECT_FALSE(w.fib.contains({routed_key(1), group(i), Ipv4{}})) << i;
    EXPECT_EQ(routed_to(w, kWan2, kFarAway, group(i)).contains(kD2), i >= 3) << i;
    EXPECT_TRUE(routed_to(w, kWan, kFarAway, group(i)).empty()) << i;
  }

  w.reload(two_proxies());
  w.wait(seconds(2));
  EXPECT_EQ(w.said(kWan2), "");
  EXPECT_NE(w.said(kWan).find("TO_EX(1,{})"), std::string::npos);
  for (unsigned i = 1; i <= 5; ++i) {
    EXPECT_EQ(routed_to(w, kWan, kFarAway, group(i)).contains(kD1), i <= 3) << i;
    EXPECT_EQ(routed_to(w, kWan2, kFarAway, group(i)).contains(kD2), i >= 3) << i;
  }
}

}  // namespace
}  // namespace sluice::control::several_proxies_test
