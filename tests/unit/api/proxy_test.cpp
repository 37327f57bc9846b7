// SPDX-License-Identifier: BSD-3-Clause
// What an operator sees of a proxy: show proxy, show fib, explain, counters; and commands that
// reach it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/loader.h"
#include "rig.h"

namespace sluice::control::api::proxy_test {
namespace {

using testing::HasSubstr;

constexpr VlanId kTwenty{20};
constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1);
constexpr Ipv4 kHost = ipv4(10, 77, 10, 1);

constexpr const char* kFile = R"(
[[port]]
name = "wan-port"
device = "net_null0"
access-vlan = 100
[[port]]
name = "p2"
device = "net_null1"
access-vlan = 10
[[port]]
name = "p3"
device = "net_null2"
access-vlan = 20
[[interface]]
name = "wan"
vlan = 100
address = "10.77.100.1/24"
[[interface]]
name = "d1"
vlan = 10
address = "10.77.10.254/24"
[[interface]]
name = "d2"
vlan = 20
address = "10.77.20.254/24"
[[proxy]]
name = "edge"
upstream = ["wan"]
downstream = ["d1", "d2"]
[[proxy.deny]]
group = "239.9.0.0/16"
)";

config::Config edge() {
  config::LoadResult loaded = config::load(kFile, "edge.toml");
  EXPECT_TRUE(loaded.ok()) << loaded.errors.front().to_string();
  return loaded.config;
}

class ProxyApi : public testing::Test {
 protected:
  ProxyApi() : box(edge()) {
    box.hear(1, box.record(igmp::RecordType::kChangeToExcludeMode, kGroup, {}), kHost);
    box.hear(
        2, box.record(igmp::RecordType::kAllowNewSources, ipv4(232, 1, 1, 1), {ipv4(10, 9, 9, 9)}),
        ipv4(10, 77, 20, 1), kTwenty);
  }
  Json explain(unsigned vlan, const std::string& port, const std::string& group,
               const std::string& source = "") {
    std::string line = R"({"command":"explain","vlan":)" + std::to_string(vlan) + R"(,"port":")" +
                       port + R"(","group":")" + group + "\"";
    if (!source.empty()) line += R"(,"source":")" + source + "\"";
    return box.result(line + "}");
  }

  Rig box;
};

TEST_F(ProxyApi, ShowProxyHasTheContractsShape) {
  RecordProperty("req", "igmp-host-proxy/YP-03");
  const Json shown = box.result(R"({"command":"show proxy"})");
  ASSERT_EQ(shown["proxies"].size(), 1u);
  const Json& proxy = shown["proxies"][0];
  EXPECT_EQ(proxy["name"], "edge");
  EXPECT_EQ(proxy["upstream"], "wan");
  EXPECT_EQ(proxy["igmp-version"], 3);
  EXPECT_EQ(proxy["upstreams"].dump(),
            R"([{"interface":"wan","vlan":100,"link":"up","active":true,"querier":null,)"
            R"("version":3,"group-ranges":[]}])");
  EXPECT_EQ(proxy["downstreams"][1].dump(),
            R"({"interface":"d2","vlan":20,"link":"up","querier":true,"forwarding":true})");
  ASSERT_EQ(proxy["groups"].size(), 2u);
  EXPECT_EQ(proxy["groups"][0].dump(),
            R"({"group":"232.1.1.1","filter-mode":"include","sources":["10.9.9.9"],)"
            R"("upstream":"wan","up-time":0.0,"downstreams":["d2"],"leaving":false})");
  EXPECT_EQ(proxy["groups"][1]["filter-mode"], "exclude");

  const Json one = box.result(R"({"command":"show proxy","group":"239.1.1.1"})");
  EXPECT_EQ(one["proxies"][0]["groups"].size(), 1u);
}

TEST_F(ProxyApi, ShowProxySaysWhereTheUpstreamQuerierIs) {
  igmp::Query<Ipv4> query;
  query.version = igmp::Version::kV2;
  query.max_response_time = std::chrono::seconds(10);
  box.hear(0, query, ipv4(10, 77, 100, 9), VlanId{100});
  const Json upstream = box.result(R"({"command":"show proxy"})")["proxies"][0]["upstreams"][0];
  EXPECT_EQ(upstream["querier"], "10.77.100.9");
  EXPECT_EQ(upstream["version"], 2);
}

TEST_F(ProxyApi, ShowFibKeepsRoutedEntriesApart) {
  const Json shown = box.result(R"({"command":"show fib"})");
  for (const Json& entry : shown["entries"]) EXPECT_LT(entry["vlan"], 4095) << entry;
  EXPECT_EQ(shown["routed"].dump(),
            R"([{"proxy":"edge","group":"232.1.1.1","downstreams":["d2"],"packets":0,"bytes":0},)"
            R"({"proxy":"edge","group":"239.1.1.1","downstreams":["d1"],"packets":0,"bytes":0}])");
  EXPECT_TRUE(box.result(R"({"command":"show fib","vlan":10})")["routed"].empty());
}

TEST_F(ProxyApi, ExplainFollowsAFrameThroughTheProxy) {
  const Json down = explain(100, "wan-port", "239.1.1.1", "10.1.1.1");
  EXPECT_EQ(down["verdict"], "forward");
  EXPECT_EQ(down["routed"].dump(), R"([{"interface":"d1","vlan":10,"ports":["p2"]}])");
  EXPECT_EQ(down["ports"].dump(), R"(["p2"])");
  EXPECT_THAT(down["why"].dump(), HasSubstr("routed to d1 (VLAN 10): p2; TTL less one"));

  const Json up = explain(10, "p2", "239.7.7.7", "10.77.10.1");
  EXPECT_EQ(up["routed"].dump(), R"([{"interface":"wan","vlan":100,"ports":["wan-port"]}])");
}

TEST_F(ProxyApi, ExplainSaysWhyAFrameIsNotRouted) {
  const auto why = [&](const Json& explained) { return explained["why"].dump(); };
  EXPECT_THAT(why(explain(10, "p2", "239.1.1.1", "10.8.8.8")),
              HasSubstr("not in a network of this downstream (RPF)"));
  EXPECT_THAT(why(explain(100, "wan-port", "239.1.1.1", "10.77.10.1")),
              HasSubstr("is in a downstream network"));
  EXPECT_THAT(why(explain(100, "wan-port", "239.1.1.1", "10.77.100.1")),
              HasSubstr("is an address of this appliance"));
  EXPECT_THAT(why(explain(100, "wan-port", "239.9.1.1", "10.1.1.1")),
              HasSubstr("allow and deny lists refuse"));
  EXPECT_THAT(why(explain(100, "wan-port", "232.7.7.7", "10.1.1.1")), HasSubstr("SSM range"));
  EXPECT_EQ(explain(100, "wan-port", "239.7.7.7", "10.1.1.1")["routed"].size(), 0u);
  box.hear(1, igmp::Query<Ipv4>{.max_response_time = std::chrono::seconds(10)},
           ipv4(10, 77, 10, 1));
  const Json silent = explain(100, "wan-port", "239.1.1.1", "10.1.1.1");
  EXPECT_THAT(why(silent), HasSubstr("not routed to d1: it is wanted there"));
  EXPECT_EQ(silent["routed"].size(), 0u);
}

TEST_F(ProxyApi, StaticMemberByCommandIsProxied) {
  box.result(R"({"command":"static add","vlan":20,"group":"239.5.5.5","port":"p3"})");
  Json groups =
      box.result(R"({"command":"show proxy","group":"239.5.5.5"})")["proxies"][0]["groups"];
  ASSERT_EQ(groups.size(), 1u);
  EXPECT_EQ(groups[0]["downstreams"].dump(), R"(["d2"])");
  box.result(R"({"command":"static del","vlan":20,"group":"239.5.5.5","port":"p3"})");
  groups = box.result(R"({"command":"show proxy","group":"239.5.5.5"})")["proxies"][0]["groups"];
  EXPECT_TRUE(groups.empty());
}

TEST_F(ProxyApi, CountersHaveTheProxysNameAndAreCleared) {
  box.hear(1, box.record(igmp::RecordType::kChangeToExcludeMode, ipv4(239, 9, 9, 9), {}), kHost);
  const std::string name = "proxy_denied_total{proxy=\"edge\"}";
  EXPECT_EQ(box.result(R"({"command":"show counters"})")[name], 1);
  box.result(R"({"command":"clear counters"})");
  EXPECT_EQ(box.result(R"({"command":"show counters"})")[name], 0);
}

TEST(ProxyApiFull, RefusedEntriesAreCountedAndTheDaemonLives) {
  Rig box(edge(), 1);  // the smallest table
  for (unsigned i = 1; i < 200; ++i) {
    box.hear(1, box.record(igmp::RecordType::kChangeToExcludeMode, ipv4(239, 1, 2, i), {}), kHost);
  }
  const Json counters = box.result(R"({"command":"show counters"})");
  EXPECT_GT(counters["proxy_fib_refused_total{proxy=\"edge\"}"], 0);
  EXPECT_EQ(counters["proxy_groups{proxy=\"edge\"}"], 199);
}

}  // namespace
}  // namespace sluice::control::api::proxy_test
