// SPDX-License-Identifier: BSD-3-Clause
// A proxy with upstream VLAN 9, and VLAN 8 for 232.0.0.0/8; downstream VLANs 10 and 20 with
// 10.1.0.0/16 and 10.2.0.0/16.
#include "shared/routing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "shared/vlan_table.h"

namespace sluice::routing_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1);
constexpr Ipv4 kSpecial = ipv4(232, 1, 1, 1);
constexpr Ipv4 kFar = ipv4(192, 0, 2, 7);
constexpr Ipv4 kNear = ipv4(10, 1, 0, 7);

struct Rfc4605Sec4p2Rules : testing::Test {
  std::map<std::uint16_t, VlanPolicy> policies;
  RouteDomain domain{
      .key = routed_key(0),
      .downstreams = {VlanId{10}, VlanId{20}},
      .forwarding = PortSet(0b11),
      .upstreams = {{{ipv4(232, 0, 0, 0), 8}, VlanId{8}}, {{ipv4(224, 0, 0, 0), 4}, VlanId{9}}},
      .own_addresses = {ipv4(192, 0, 2, 254), ipv4(10, 1, 0, 254)},
      .inside = {{ipv4(10, 1, 0, 0), 16}, {ipv4(10, 2, 0, 0), 16}}};
  std::map<std::tuple<VlanId, Ipv4, Ipv4>, EgressSet> entries;
  std::vector<FibKey> asked;

  Rfc4605Sec4p2Rules() {
    for (const std::uint16_t id : {8, 9, 10, 20}) {
      VlanPolicy& policy = policies[id];
      policy.id = VlanId{id};
      policy.untagged = policy.up = PortSet(std::uint64_t{0xF} << (id - 8));
      policy.restricted = true;
      policy.unregistered = UnregisteredPolicy::kDrop;
      policy.route.role = id < 10 ? RouteRole::kUpstream : RouteRole::kDownstream;
    }
    policies[10].networks = {domain.inside[0]};
    policies[20].networks = {domain.inside[1], {ipv4(172, 16, 0, 0), 12}};
  }

  std::optional<RouteRefusal> refusal(std::uint16_t vlan, Ipv4 source, Ipv4 group = kGroup,
                                      std::uint8_t ttl = 8) {
    return route_refusal(domain, policies[vlan], group, source, ttl);
  }

  std::map<std::uint16_t, std::uint64_t> routed(std::uint16_t vlan, Ipv4 source,
                                                Ipv4 group = kGroup) {
    VlanTable table;
    for (const auto& [id, policy] : policies) table.add(policy);
    table.set_domains({domain});
    std::map<std::uint16_t, std::uint64_t> result;
    for_each_routed(
        table, *table.find(VlanId{vlan}), group, source,
        [&](VlanId v, Ipv4 g, Ipv4 s) -> const EgressSet* {
          asked.push_back({v, g, s});
          auto found = entries.find({v, g, s});
          if (found == entries.end()) found = entries.find({v, g, Ipv4{}});
          return found == entries.end() ? nullptr : &found->second;
        },
        [&](const VlanPolicy& policy, PortSet ports) {
          EXPECT_TRUE(result.emplace(policy.id.value, ports.bits()).second) << "twice";
          EXPECT_FALSE(ports.empty());
        });
    return result;
  }
  void entry(VlanId vlan, std::uint64_t members, Ipv4 source = {}) {
    entries[{vlan, kGroup, source}] = {PortSet(members)};
  }
};

TEST_F(Rfc4605Sec4p2Rules, NothingAgainstFramesFromWhereTheirSourceIs) {
  RecordProperty("req", "igmp-host-proxy/PF-08");
  EXPECT_EQ(refusal(9, kFar), std::nullopt);
  EXPECT_EQ(refusal(10, kNear), std::nullopt);
  EXPECT_EQ(refusal(20, ipv4(10, 2, 255, 255)), std::nullopt);
  EXPECT_EQ(refusal(20, ipv4(172, 31, 0, 1)), std::nullopt) << "alternative source network";
}

TEST_F(Rfc4605Sec4p2Rules, ReversePath) {
  RecordProperty("req", "igmp-host-proxy/PF-08");
  for (const auto& [vlan, source] :
       std::vector<std::pair<std::uint16_t, Ipv4>>{{9, kNear},
                                                   {9, ipv4(10, 2, 0, 1)},
                                                   {10, kFar},
                                                   {10, ipv4(10, 2, 0, 1)},
                                                   {10, ipv4(10, 0, 255, 255)},
                                                   {20, ipv4(172, 32, 0, 0)}}) {
    EXPECT_EQ(refusal(vlan, source), RouteRefusal::kRpfFailed)
        << "VLAN " << vlan << ", " << to_string(source);
  }
}

// RFC 1812 §5.3.7, RFC 3927 §7.
TEST_F(Rfc4605Sec4p2Rules, SourcesThatNoRouterForwards) {
  RecordProperty("req", "igmp-host-proxy/PF-08");
  policies[10].networks = {Prefix{}};
  for (const Ipv4 source : {Ipv4{}, ipv4(0, 0, 0, 1), ipv4(127, 0, 0, 1), ipv4(169, 254, 1, 1),
                            ipv4(239, 1, 1, 1), ipv4(255, 255, 255, 255)}) {
    EXPECT_EQ(refusal(9, source), RouteRefusal::kRpfFailed) << to_string(source);
    EXPECT_EQ(refusal(10, source), RouteRefusal::kRpfFailed) << to_string(source);
  }
  for (const Ipv4 source : {ipv4(1, 0, 0, 0), ipv4(126, 255, 255, 255), ipv4(128, 0, 0, 0),
                            ipv4(169, 253, 255, 255), ipv4(169, 255, 0, 0)}) {
    EXPECT_EQ(refusal(9, source), std::nullopt) << to_string(source);
  }
}

TEST_F(Rfc4605Sec4p2Rules, EachGroupComesFromItsUpstreamOnly) {
  RecordProperty("req", "igmp-host-proxy/MU-03");
  EXPECT_EQ(refusal(8, kFar, kSpecial), std::nullopt);
  EXPECT_EQ(refusal(9, kFar, kSpecial), RouteRefusal::kRpfFailed);
  EXPECT_EQ(refusal(8, kFar, kGroup), RouteRefusal::kRpfFailed);
  EXPECT_EQ(domain.upstream_of(kSpecial), VlanId{8});
  domain.upstreams.erase(domain.upstreams.begin());
  EXPECT_EQ(domain.upstream_of(kSpecial), VlanId{9});
  EXPECT_EQ(refusal(9, kFar, kSpecial), std::nullopt);
  domain.upstreams.clear();
  EXPECT_EQ(domain.upstream_of(kSpecial), std::nullopt);
  EXPECT_EQ(refusal(9, kFar), RouteRefusal::kRpfFailed);
}

TEST_F(Rfc4605Sec4p2Rules, ReasonsInTheirOrder) {
  RecordProperty("req", "igmp-host-proxy/PF-07 igmp-host-proxy/PF-10 igmp-host-proxy/PF-13");
  domain.deny = {{{kGroup, 32}, {}}};
  EXPECT_EQ(refusal(9, ipv4(10, 1, 0, 254), kGroup, 1), RouteRefusal::kOwnSource);
  EXPECT_EQ(refusal(10, ipv4(10, 1, 0, 254)), RouteRefusal::kOwnSource);
  EXPECT_EQ(refusal(9, kNear, kGroup, 1), RouteRefusal::kRpfFailed);
  EXPECT_EQ(refusal(9, kFar, kGroup, 1), RouteRefusal::kDenied);
  domain.deny.clear();
  EXPECT_EQ(refusal(9, kFar, kGroup, 0), RouteRefusal::kTtlExpired);
  EXPECT_EQ(refusal(9, kFar, kGroup, 1), RouteRefusal::kTtlExpired);
  EXPECT_EQ(refusal(9, kFar, kGroup, 2), std::nullopt);
}

TEST_F(Rfc4605Sec4p2Rules, DenyBeforeAllow) {
  RecordProperty("req", "igmp-host-proxy/PF-13");
  EXPECT_TRUE(domain.permits(kGroup, kFar)) << "no list: everything";
  domain.deny = {{{kGroup, 32}, {kFar, 32}}};
  EXPECT_FALSE(domain.permits(kGroup, kFar));
  EXPECT_TRUE(domain.permits(kGroup, kNear)) << "both parts of a rule must match";
  EXPECT_TRUE(domain.permits(kSpecial, kFar));
  domain.allow = {{{ipv4(239, 0, 0, 0), 8}, {}}};
  EXPECT_FALSE(domain.permits(kGroup, kFar));
  EXPECT_TRUE(domain.permits(kGroup, kNear));
  EXPECT_FALSE(domain.permits(kSpecial, kNear)) << "nothing else is allowed";
}

TEST_F(Rfc4605Sec4p2Rules, FromUpstreamWhereTheProxysEntrySays) {
  RecordProperty("req", "igmp-host-proxy/PF-01 igmp-host-proxy/PF-04");
  entry(VlanId{10}, 0b0100);
  entry(VlanId{20}, 0x1000);
  EXPECT_THAT(routed(9, kFar), IsEmpty()) << "no network is in the proxy's entry";
  EXPECT_THAT(asked, ElementsAre(FibKey{domain.key, kGroup, {}}))
      << "a group that nobody wants costs one look-up";
  entry(domain.key, 0b01);
  EXPECT_THAT(routed(9, kFar), ElementsAre(Pair(10, 0b0100)));
  entry(domain.key, 0b11);
  EXPECT_THAT(routed(9, kFar), ElementsAre(Pair(10, 0b0100), Pair(20, 0x1000)));
  entry(VlanId{10}, 0, kFar);
  EXPECT_THAT(routed(9, kFar), ElementsAre(Pair(20, 0x1000)));
  domain.forwarding = PortSet(0b01);
  EXPECT_THAT(routed(9, kFar), IsEmpty()) << "another querier's network";
}

TEST_F(Rfc4605Sec4p2Rules, FromDownstreamUpstreamAlways) {
  RecordProperty("req", "igmp-host-proxy/PF-02 igmp-host-proxy/PF-03");
  EXPECT_THAT(routed(10, kNear), ElementsAre(Pair(9, 0b11110)));
  EXPECT_THAT(routed(10, kNear, kSpecial), ElementsAre(Pair(8, 0b1111)));
  entry(domain.key, 0b11);
  entry(VlanId{10}, 0b0100);
  entry(VlanId{20}, 0x1000);
  EXPECT_THAT(routed(10, kNear), ElementsAre(Pair(9, 0b11110), Pair(20, 0x1000)));
  EXPECT_THAT(routed(20, kNear), ElementsAre(Pair(9, 0b11110), Pair(10, 0b0100)));
  domain.upstreams.pop_back();
  EXPECT_THAT(routed(10, kNear), ElementsAre(Pair(20, 0x1000)));
}

TEST_F(Rfc4605Sec4p2Rules, UpstreamAsTheSwitchThereWouldButNeverNowhere) {
  RecordProperty("req", "igmp-host-proxy/PF-02");
  VlanPolicy& upstream = policies[9];
  upstream.router_ports = PortSet(0b00010);
  EXPECT_THAT(routed(10, kNear), ElementsAre(Pair(9, 0b00010))) << "to the routers";
  entry(VlanId{9}, 0b00100);
  EXPECT_THAT(routed(10, kNear), ElementsAre(Pair(9, 0b00110))) << "and to members";
  entries.clear();
  upstream.unregistered = UnregisteredPolicy::kFlood;
  EXPECT_THAT(routed(10, kNear), ElementsAre(Pair(9, 0b11110)));
  upstream.unregistered = UnregisteredPolicy::kDrop;
  upstream.up = PortSet(0b11100);
  EXPECT_THAT(routed(10, kNear), ElementsAre(Pair(9, 0b11100))) << "the router's link is down";
  upstream.up = PortSet();
  EXPECT_THAT(routed(10, kNear), IsEmpty());
}

TEST_F(Rfc4605Sec4p2Rules, OnlyByPortsThatAreThereAndUp) {
  entry(domain.key, 0b11);
  entry(VlanId{10}, 0xFF);
  entry(VlanId{20}, 0);
  policies[10].up = PortSet(0b1000);
  policies[10].router_ports = PortSet(0b0100);
  EXPECT_THAT(routed(9, kFar), ElementsAre(Pair(10, 0b1000)));
  policies.erase(10);
  EXPECT_THAT(routed(9, kFar), IsEmpty());
}

TEST(RouteDomains, AreKnownByTheirVlans) {
  VlanTable table;
  VlanPolicy policy{.id = VlanId{10}};
  table.add(policy);
  policy.id = VlanId{20};
  policy.route = {RouteRole::kDownstream, 1};
  table.add(policy);
  table.set_domains({{.key = routed_key(0)}, {.key = routed_key(1)}});
  EXPECT_EQ(table.domain(*table.find(VlanId{10})), nullptr);
  ASSERT_NE(table.domain(*table.find(VlanId{20})), nullptr);
  EXPECT_EQ(table.domain(*table.find(VlanId{20}))->key, routed_key(1));
  EXPECT_EQ(table.find(routed_key(0)), nullptr) << "a proxy's number is no VLAN's";
}

TEST(BridgedEgress, ByPolicyAndEntry) {
  RecordProperty("req", "snooping/DP-02 snooping/DP-03 snooping/QI-04");
  VlanPolicy policy{.id = VlanId{10},
                    .untagged = PortSet(0b0011),
                    .tagged = PortSet(0b1100),
                    .router_ports = PortSet(0b0010)};
  const EgressSet members{PortSet(0b1000)};
  const EgressSet nobody{};
  EXPECT_EQ(bridged_egress(policy, &members), PortSet(0b1111)) << "not restricted";
  policy.restricted = true;
  EXPECT_EQ(bridged_egress(policy, &members), PortSet(0b1010));
  EXPECT_EQ(bridged_egress(policy, &nobody), PortSet(0b0010));
  policy.unregistered = UnregisteredPolicy::kFlood;
  EXPECT_EQ(bridged_egress(policy, nullptr), PortSet(0b1111));
  policy.unregistered = UnregisteredPolicy::kRouterPortsOnly;
  EXPECT_EQ(bridged_egress(policy, nullptr), PortSet(0b0010));
  policy.unregistered = UnregisteredPolicy::kDrop;
  EXPECT_EQ(bridged_egress(policy, nullptr), PortSet());
}

}  // namespace
}  // namespace sluice::routing_test
