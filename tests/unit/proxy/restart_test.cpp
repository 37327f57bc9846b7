// SPDX-License-Identifier: BSD-3-Clause
// A proxy across a restart, and across a reload that is not about it.
#include <gtest/gtest.h>

#include "world.h"

namespace sluice::control {
namespace {

TEST(ProxyRestartTest, RoutesAtOnceAndAsksUpstreamAnew) {
  World old;
  old.join(2, group(1));
  old.wait(seconds(20));
  const std::optional<std::uint64_t> entry = old.routed(group(1));
  ASSERT_TRUE(entry);
  World now(old, seconds(2));
  EXPECT_EQ(now.routed(group(1)), entry);  // before any link was looked at
  EXPECT_EQ(now.domain().forwarding, old.domain().forwarding);
  EXPECT_EQ(now.said(), "");
  now.all_links_up();
  EXPECT_EQ(now.reported(group(1)), "EX{}");
  EXPECT_EQ(now.said().substr(0, 5), "TO_EX");
  EXPECT_EQ(now.routed(group(1)), entry);
}

TEST(ProxyRestartTest, AnUpstreamThatLostItsQuerierIsNotTriedAgain) {
  World old(two_upstreams());
  old.hear(0, general_query(), kQuerier);
  old.join(2, group(1));
  old.wait(seconds(256));  // it has fallen silent
  old.join(2, group(1));
  ASSERT_EQ(old.upstream_of(group(1)), "wan2");
  World now(old, seconds(2));
  EXPECT_EQ(now.upstream_of(group(1)), "wan2");
  now.all_links_up();
  EXPECT_EQ(now.upstream_of(group(1)), "wan2");
}

TEST(ProxyReloadTest, AProxyThatIsNotTouchedStaysAsItIs) {
  config::Config c = edge();
  c.proxies[0].upstream_leave_delay = seconds(30);
  World w(c);
  w.v2_join(2, group(1));
  w.v2_join(3, group(2));
  w.wait(seconds(5));
  w.v2_leave(3, group(2));
  w.wait(seconds(5));
  const auto rows = w.box.proxies(w.now)[0].groups;
  ASSERT_EQ(rows.size(), 2u);
  ASSERT_TRUE(rows[1].leaving);
  w.said();
  c.vlans[2].igmp_snooping.query_interval = seconds(100);
  c.interfaces.push_back(interface("other", VlanId{99}));
  w.reload(c);
  EXPECT_EQ(w.said(), "");
  const auto after = w.box.proxies(w.now)[0].groups;
  ASSERT_EQ(after.size(), 2u);
  EXPECT_EQ(after[0].up_time, rows[0].up_time);
  EXPECT_TRUE(after[1].leaving);
  // An upstream that is set up anew is told what is wanted.
  c.vlans[0].igmp_snooping.report_policy = config::ReportPolicy::kSuppress;
  w.reload(c);
  EXPECT_NE(w.said().find("TO_EX"), std::string::npos);
  w.wait(seconds(30));
  EXPECT_EQ(w.box.proxies(w.now)[0].groups.size(), 1u);
}

}  // namespace
}  // namespace sluice::control
