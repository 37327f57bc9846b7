// SPDX-License-Identifier: BSD-3-Clause
// What [[proxy]] becomes: every key, the defaults, and what it asks of its VLANs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/unit/config/files.h"

namespace sluice::config::proxy_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// kPorts carries VLANs 10, 20, 30 and 40.
constexpr std::string_view kInterfaces = R"(
[[interface]]
name = "wan"
vlan = 10
address = "10.77.1.2/24"

[[interface]]
name = "wan2"
vlan = 20
address = "10.77.2.2/24"

[[interface]]
name = "left"
vlan = 30
address = "10.77.3.1/24"
source-networks = ["10.9.0.0/16", "10.8.7.6"]

[[interface]]
name = "right"
vlan = 40
address = "10.77.4.1/24"
)";

constexpr InterfaceIndex kWan = 0, kWan2 = 1, kLeft = 2, kRight = 3;

constexpr Prefix prefix(unsigned a, unsigned b, unsigned c, unsigned d, std::uint8_t length) {
  return {ipv4(a, b, c, d), length};
}

LoadResult load_proxy(std::string_view text) {
  return load_with_ports(std::string(text) + std::string(kInterfaces));
}

// Every key, and none at its default.
constexpr std::string_view kEveryKey = R"(
[[proxy]]
name = "edge.1"
upstream = ["wan2", { interface = "wan", group-ranges = ["232.0.0.0/8", "239.1.1.1"] }]
downstream = ["right", "left"]
igmp-version = 2
sender-source-address = "10.0.0.2"
upstream-leave-delay = 2.5
querier-only = false
max-groups = 1000
ssm-range = ["232.0.0.0/8", "239.232.0.0/16"]

[[proxy.ssm-map]]
group = "232.1.0.0/24"
source = ["10.9.9.10", "10.9.9.9"]

[[proxy.ssm-map]]
group = "232.1.0.0/16"
source = ["10.9.9.8"]

[[proxy.allow]]
group = "232.0.0.0/8"
source = "10.9.0.0/16"

[[proxy.allow]]
group = "239.1.1.1"

[[proxy.deny]]
source = "10.9.9.1"

[[proxy.deny]]
)";

TEST(Proxies, EveryKeyReachesItsField) {
  RecordProperty("req",
                 "igmp-host-proxy/PX-01 igmp-host-proxy/YP-01 igmp-host-proxy/PX-17 "
                 "igmp-host-proxy/PF-05 igmp-host-proxy/PF-08 igmp-host-proxy/MU-03");
  const LoadResult result = load_proxy(kEveryKey);
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  const Proxy expected{
      .name = "edge.1",
      .upstreams = {{kWan2, {}}, {kWan, {prefix(232, 0, 0, 0, 8), prefix(239, 1, 1, 1, 32)}}},
      .downstreams = {kRight, kLeft},
      .igmp_version = 2,
      .sender_source_address = ipv4(10, 0, 0, 2),
      .upstream_leave_delay = 2500ms,
      .querier_only = false,
      .max_groups = 1000,
      .ssm_range = {prefix(232, 0, 0, 0, 8), prefix(239, 232, 0, 0, 16)},
      .ssm_maps = {{prefix(232, 1, 0, 0, 24), {ipv4(10, 9, 9, 9), ipv4(10, 9, 9, 10)}},
                   {prefix(232, 1, 0, 0, 16), {ipv4(10, 9, 9, 8)}}},
      .allow = {{prefix(232, 0, 0, 0, 8), prefix(10, 9, 0, 0, 16)},
                {prefix(239, 1, 1, 1, 32), prefix(0, 0, 0, 0, 0)}},
      .deny = {{prefix(224, 0, 0, 0, 4), prefix(10, 9, 9, 1, 32)},
               {prefix(224, 0, 0, 0, 4), prefix(0, 0, 0, 0, 0)}},
  };
  ASSERT_EQ(result.config.proxies.size(), 1u);
  EXPECT_EQ(result.config.proxies[0], expected);
  EXPECT_THAT(result.config.interfaces[kLeft].source_networks,
              ElementsAre(prefix(10, 9, 0, 0, 16), prefix(10, 8, 7, 6, 32)));
}

TEST(Proxies, WhatIsNotGivenIsDefault) {
  const LoadResult result =
      load_proxy("[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  Proxy expected;
  expected.name = "edge";
  expected.upstreams = {{kWan, {}}};
  expected.downstreams = {kLeft};
  EXPECT_EQ(result.config.proxies[0], expected);
  EXPECT_EQ(expected.igmp_version, 3);
  EXPECT_EQ(expected.upstream_leave_delay, 0ms);
  EXPECT_TRUE(expected.querier_only);
  EXPECT_THAT(expected.ssm_range, ElementsAre(prefix(232, 0, 0, 0, 8)));
}

TEST(Proxies, UpstreamsByHeaderAreTheSame) {
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"edge\"\ndownstream = [\"left\"]\n"
      "[[proxy.upstream]]\ninterface = \"wan2\"\ngroup-ranges = [\"232.0.0.0/8\"]\n"
      "[[proxy.upstream]]\ninterface = \"wan\"\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_THAT(
      result.config.proxies[0].upstreams,
      ElementsAre(ProxyUpstream{kWan2, {prefix(232, 0, 0, 0, 8)}}, ProxyUpstream{kWan, {}}));
}

TEST(Proxies, SsmRangeMayBeEmpty) {
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\nssm-range = "
      "[]\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_TRUE(result.config.proxies[0].ssm_range.empty());
}

TEST(Proxies, SenderMayBeUnspecified) {
  RecordProperty("req", "igmp-host-proxy/PX-17");
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n"
      "sender-source-address = \"0.0.0.0\"\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_EQ(result.config.proxies[0].sender_source_address, Ipv4{});
}

TEST(Proxies, SeveralStandSideBySide) {
  RecordProperty("req", "igmp-host-proxy/MU-01");
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"a\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n"
      "[[proxy]]\nname = \"b\"\nupstream = [\"wan2\"]\ndownstream = [\"right\"]\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  ASSERT_EQ(result.config.proxies.size(), 2u);
  EXPECT_EQ(result.config.proxies[1].name, "b");
  EXPECT_THAT(result.config.proxies[1].downstreams, ElementsAre(kRight));
}

// Two upstreams may lead to the same sources; it is downstreams that must be told apart.
TEST(Proxies, UpstreamsMayShareSources) {
  RecordProperty("req", "igmp-host-proxy/PF-08");
  const LoadResult result = load_with_ports(
      "[[interface]]\nname = \"wan\"\nvlan = 10\naddress = \"10.77.1.2/24\"\n"
      "source-networks = [\"10.9.0.0/16\"]\n"
      "[[interface]]\nname = \"wan2\"\nvlan = 20\naddress = \"10.77.2.2/24\"\n"
      "source-networks = [\"10.9.0.0/16\"]\n"
      "[[interface]]\nname = \"left\"\nvlan = 30\naddress = \"10.77.3.1/24\"\n"
      "source-networks = [\"10.77.3.0/25\"]\n"
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\", \"wan2\"]\ndownstream = [\"left\"]\n");
  EXPECT_TRUE(result.ok()) << all_of(result.errors);
}

// --- VLANs ------------------------------------------------------------------------------------

TEST(ProxyVlans, SnoopWithoutBeingAsked) {
  RecordProperty("req", "igmp-host-proxy/PX-02 igmp-host-proxy/PX-03");
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\", \"wan2\"]\ndownstream = [\"left\"]\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  ASSERT_EQ(result.config.vlans.size(), 3u) << "VLAN 40 is in no proxy";
  IgmpSnooping host;
  host.send_query = false;
  EXPECT_EQ(result.config.find_vlan(VlanId{10})->igmp_snooping, host);
  EXPECT_EQ(result.config.find_vlan(VlanId{20})->igmp_snooping, host);
  EXPECT_EQ(result.config.find_vlan(VlanId{30})->igmp_snooping, IgmpSnooping{});
}

TEST(ProxyVlans, KeepWhatTheySay) {
  RecordProperty("req", "igmp-host-proxy/PX-02 igmp-host-proxy/PX-03");
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n"
      "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nenabled = true\nsend-query = false\n"
      "max-groups = 7\n"
      "[[vlan]]\nid = 30\n[vlan.igmp-snooping]\nenabled = true\nsend-query = true\n"
      "igmp-version = 2\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  ASSERT_EQ(result.config.vlans.size(), 2u);
  EXPECT_FALSE(result.config.vlans[0].igmp_snooping.send_query);
  EXPECT_EQ(result.config.vlans[0].igmp_snooping.max_groups, 7u);
  EXPECT_TRUE(result.config.vlans[1].igmp_snooping.send_query);
  EXPECT_EQ(result.config.vlans[1].igmp_snooping.igmp_version, 2);
}

TEST(ProxyVlans, UpstreamDoesNotQueryByDefault) {
  RecordProperty("req", "igmp-host-proxy/PX-02");
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n"
      "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nfast-leave = true\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_FALSE(result.config.vlans[0].igmp_snooping.send_query);
}

TEST(ProxyVlans, DownstreamMayLeaveQueryingToOthers) {
  RecordProperty("req", "igmp-host-proxy/PF-05");
  const LoadResult result = load_proxy(
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n"
      "querier-only = false\n[[vlan]]\nid = 30\n[vlan.igmp-snooping]\nsend-query = false\n");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  EXPECT_FALSE(result.config.vlans[0].igmp_snooping.send_query);
}

// --- Limits -----------------------------------------------------------------------------------

// Ports, VLANs and interfaces i0, i1, ... as many as asked for.
std::string many_interfaces(unsigned count) {
  std::string vlans, text;
  for (unsigned i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    vlans += std::to_string(i + 1) + ", ";
    text += "[[interface]]\nname = \"i" + n + "\"\nvlan = " + std::to_string(i + 1) +
            "\naddress = \"10." + std::to_string(i / 250) + "." + std::to_string(i % 250) +
            ".1/24\"\n";
  }
  return text + "[[port]]\nname = \"p\"\ndevice = \"net_null0\"\ntrunk-vlans = [" + vlans + "]\n";
}

std::string list_of_interfaces(unsigned first, unsigned count) {
  std::string list;
  for (unsigned i = 0; i < count; ++i) list += "\"i" + std::to_string(first + i) + "\", ";
  return "[" + list + "]";
}

TEST(ProxyLimits, SixtyFourProxies) {
  const auto proxies = [](unsigned count) {
    std::string text;
    for (unsigned i = 0; i < count; ++i) {
      text += "[[proxy]]\nname = \"x" + std::to_string(i) +
              "\"\nupstream = " + list_of_interfaces(2 * i, 1) +
              "\ndownstream = " + list_of_interfaces(2 * i + 1, 1) + "\n";
    }
    return text + many_interfaces(2 * count);
  };
  const LoadResult most = load(proxies(64), "f");
  EXPECT_TRUE(most.ok()) << all_of(most.errors);
  EXPECT_EQ(all_of(load(proxies(65), "f").errors),
            "f:257:1: error: there are 65 [[proxy]]; at most 64 are allowed\n");
}

TEST(ProxyLimits, SixtyFourDownstreams) {
  const auto proxy = [](unsigned count) {
    return "[[proxy]]\nname = \"x\"\nupstream = [\"i0\"]\ndownstream = " +
           list_of_interfaces(1, count) + "\n" + many_interfaces(count + 1);
  };
  const LoadResult most = load(proxy(64), "f");
  EXPECT_TRUE(most.ok()) << all_of(most.errors);
  EXPECT_EQ(all_of(load(proxy(65), "f").errors),
            "f:4:14: error: downstream has 65 interfaces; at most 64 are allowed\n");
}

TEST(ProxyLimits, RulesAndMappings) {
  const std::string proxy =
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n";
  const auto many = [&](const std::string& header, const std::string& more, unsigned count) {
    std::string text = proxy;
    for (unsigned i = 0; i < count; ++i) {
      text += header + "\ngroup = \"239.1." + std::to_string(i / 250) + "." +
              std::to_string(i % 250) + "\"\n" + more;
    }
    return text;
  };
  struct Case {
    std::string header, more;
    unsigned lines;
  };
  for (const auto& [header, more, lines] :
       {Case{"[[proxy.allow]]", "", 2}, Case{"[[proxy.deny]]", "", 2},
        Case{"[[proxy.ssm-map]]", "source = [\"10.9.9.9\"]\n", 3}}) {
    const LoadResult most = load_proxy(many(header, more, 256));
    EXPECT_TRUE(most.ok()) << all_of(most.errors);
    EXPECT_EQ(all_of(load_proxy(many(header, more, 257)).errors),
              "test.toml:" + std::to_string(5 + 256 * lines) + ":1: error: there are 257 " +
                  header + " in this proxy; at most 256 are allowed\n");
  }
}

TEST(ProxyLimits, SourcesAndRanges) {
  const std::string proxy =
      "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n";
  const auto list = [](const std::string& start, unsigned count) {
    std::string text;
    for (unsigned i = 0; i < count; ++i) text += '"' + start + std::to_string(i + 1) + "\", ";
    return "[" + text + "]\n";
  };
  const auto map = [&](unsigned count) {
    return proxy + "[[proxy.ssm-map]]\ngroup = \"232.1.1.1\"\nsource = " + list("10.9.9.", count);
  };
  EXPECT_TRUE(load_proxy(map(64)).ok());
  EXPECT_EQ(all_of(load_proxy(map(65)).errors),
            "test.toml:7:10: error: source has 65 addresses; at most 64 are allowed\n");
  const auto ranges = [&](unsigned count) {
    return proxy + "ssm-range = " + list("232.1.1.", count);
  };
  EXPECT_TRUE(load_proxy(ranges(64)).ok());
  EXPECT_EQ(all_of(load_proxy(ranges(65)).errors),
            "test.toml:5:13: error: ssm-range has 65 ranges; at most 64 are allowed\n");
}

// Overlap is told once per network, however many it overlaps: the messages stay as few as the
// networks.
TEST(ProxyLimits, OverlapsDoNotMultiply) {
  std::string text =
      "[[proxy]]\nname = \"x\"\nupstream = [\"i0\"]\ndownstream = " + list_of_interfaces(1, 20) +
      "\n" + many_interfaces(21);
  const std::string address = "address = ";
  for (std::size_t at = text.find(address); at != std::string::npos; at = text.find(address, at)) {
    const std::string more = "source-networks = [\"10.200.0.0/16\", \"10.201.0.0/16\"]\n";
    text.insert(at, more);
    at += more.size() + address.size();
  }
  EXPECT_EQ(load(text, "f").errors.size(), 40u);
}

}  // namespace
}  // namespace sluice::config::proxy_test
