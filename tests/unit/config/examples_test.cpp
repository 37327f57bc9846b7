// SPDX-License-Identifier: BSD-3-Clause
// The files that operators begin with: each is valid, and says what its comments say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>

#include "tests/unit/config/files.h"

namespace sluice::config::examples_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

Config example(const std::string& name) {
  const LoadResult result = load_file(SLUICE_SOURCE_DIR "/config/examples/" + name);
  EXPECT_TRUE(result.ok()) << all_of(result.errors);
  return result.config;
}

TEST(Examples, AreAllTestedHere) {
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::directory_iterator(SLUICE_SOURCE_DIR "/config/examples")) {
    names.push_back(entry.path().filename());
  }
  std::ranges::sort(names);
  EXPECT_THAT(names, ElementsAre("av-over-ip.toml", "iptv-access.toml", "iptv-proxy.toml",
                                 "lab.toml", "two-upstreams.toml"));
}

TEST(Examples, Lab) {
  const Config config = example("lab.toml");
  ASSERT_EQ(config.ports.size(), 4u);
  for (const Port& port : config.ports) {
    EXPECT_EQ(port.access_vlan, VlanId{10});
    EXPECT_TRUE(port.device.starts_with("net_af_packet")) << "a lab needs no NIC";
  }
  EXPECT_EQ(config.dataplane.huge_pages, HugePages::kOff);
  const Vlan* vlan = config.find_vlan(VlanId{10});
  ASSERT_NE(vlan, nullptr);
  EXPECT_TRUE(vlan->igmp_snooping.enabled);
  EXPECT_TRUE(vlan->igmp_snooping.send_query);
  EXPECT_EQ(vlan->igmp_snooping.querier_source, ipv4(10, 77, 0, 254));
  EXPECT_EQ(vlan->igmp_snooping.query_interval, 12500ms);
  EXPECT_EQ(vlan->igmp_snooping.query_max_response_time, 1s);
  EXPECT_EQ(vlan->igmp_snooping.unregistered, UnregisteredPolicy::kRouterPortsOnly);
}

TEST(Examples, IptvAccess) {
  const Config config = example("iptv-access.toml");
  ASSERT_EQ(config.ports.size(), 13u);
  EXPECT_EQ(config.ports[0].access_vlan, std::nullopt);
  EXPECT_THAT(config.ports[0].trunk_vlans, ElementsAre(VlanId{100}, VlanId{200}));
  EXPECT_EQ(config.ports[12].name, "home12");
  EXPECT_EQ(config.ports[12].access_vlan, VlanId{200});
  EXPECT_EQ(config.find_vlan(VlanId{200}), nullptr) << "switched plainly";

  const Vlan* vlan = config.find_vlan(VlanId{100});
  ASSERT_NE(vlan, nullptr);
  const IgmpSnooping& snooping = vlan->igmp_snooping;
  EXPECT_THAT(snooping.router_ports, ElementsAre(PortId{0}));
  EXPECT_EQ(snooping.querier_source, Ipv4{});
  EXPECT_TRUE(snooping.fast_leave);
  EXPECT_TRUE(snooping.explicit_tracking);
  EXPECT_EQ(snooping.report_policy, ReportPolicy::kProxy);
  EXPECT_EQ(snooping.unregistered, UnregisteredPolicy::kRouterPortsOnly);
  EXPECT_EQ(snooping.max_groups, 16u);
  ASSERT_EQ(snooping.static_groups.size(), 1u);
  EXPECT_EQ(snooping.static_groups[0].source, ipv4(192, 0, 2, 10));
  EXPECT_EQ(snooping.static_groups[0].ports.size(), 12u) << "every home";
}

TEST(Examples, AvOverIp) {
  const Config config = example("av-over-ip.toml");
  ASSERT_EQ(config.ports.size(), 6u);
  for (const Port& port : config.ports) EXPECT_EQ(port.mtu, 9000);
  ASSERT_EQ(config.interfaces.size(), 1u);
  EXPECT_EQ(config.interfaces[0].vlan, VlanId{50});
  EXPECT_EQ(config.interfaces[0].address, ipv4(10, 50, 0, 1));

  const Vlan* vlan = config.find_vlan(VlanId{50});
  ASSERT_NE(vlan, nullptr);
  const IgmpSnooping& snooping = vlan->igmp_snooping;
  EXPECT_EQ(snooping.igmp_version, 2);
  EXPECT_EQ(snooping.querier_source, std::nullopt) << "the interface's address";
  EXPECT_EQ(snooping.query_interval, 30s);
  EXPECT_EQ(snooping.query_max_response_time, 5s);
  EXPECT_EQ(snooping.last_member_query_interval, 200ms);
  EXPECT_TRUE(snooping.fast_leave);
  EXPECT_FALSE(snooping.explicit_tracking) << "one device per port";
  EXPECT_EQ(snooping.unregistered, UnregisteredPolicy::kDrop);
  EXPECT_FALSE(snooping.flood_without_querier);
  EXPECT_EQ(snooping.static_groups.size(), 3u);

  ASSERT_NE(config.find_vlan(VlanId{51}), nullptr);
  EXPECT_FALSE(config.find_vlan(VlanId{51})->igmp_snooping.enabled);
}

TEST(Examples, IptvProxy) {
  const Config config = example("iptv-proxy.toml");
  ASSERT_EQ(config.interfaces.size(), 3u);
  EXPECT_THAT(config.interfaces[2].source_networks, ElementsAre(Prefix{ipv4(10, 77, 128, 0), 20}));
  ASSERT_EQ(config.proxies.size(), 1u);
  const Proxy& proxy = config.proxies[0];
  EXPECT_THAT(proxy.upstreams, ElementsAre(ProxyUpstream{0, {}}));
  EXPECT_THAT(proxy.downstreams, ElementsAre(1u, 2u));
  EXPECT_EQ(proxy.upstream_leave_delay, 5s);
  EXPECT_TRUE(proxy.querier_only);
  EXPECT_EQ(proxy.max_groups, 2000u);
  ASSERT_EQ(proxy.ssm_maps.size(), 2u);
  EXPECT_EQ(proxy.ssm_maps[0].group, (Prefix{ipv4(232, 77, 1, 0), 24})) << "before the rule";
  EXPECT_THAT(proxy.ssm_maps[1].sources, ElementsAre(ipv4(10, 9, 9, 10), ipv4(10, 9, 9, 11)));
  EXPECT_EQ(proxy.allow.size(), 2u);
  EXPECT_EQ(proxy.deny.size(), 1u);

  EXPECT_FALSE(config.find_vlan(VlanId{100})->igmp_snooping.send_query);
  EXPECT_TRUE(config.find_vlan(VlanId{10})->igmp_snooping.send_query);
  EXPECT_EQ(config.find_vlan(VlanId{20})->igmp_snooping.unregistered, UnregisteredPolicy::kDrop);
}

TEST(Examples, TwoUpstreams) {
  const Config config = example("two-upstreams.toml");
  ASSERT_EQ(config.proxies.size(), 1u);
  EXPECT_THAT(config.proxies[0].upstreams,
              ElementsAre(ProxyUpstream{0, {}}, ProxyUpstream{1, {{ipv4(232, 0, 0, 0), 8}}}));
  EXPECT_THAT(config.proxies[0].downstreams, ElementsAre(2u));
  ASSERT_EQ(config.vlans.size(), 3u) << "each of the proxy's snoops, though the file says nothing";
}

}  // namespace
}  // namespace sluice::config::examples_test
