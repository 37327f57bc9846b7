// SPDX-License-Identifier: BSD-3-Clause
// Limits, [[group-profile]], guards and [alarms]: every key, and what can be wrong with it.
#include <gmock/gmock.h>

#include "tests/unit/config/bad_files.h"

namespace sluice::config::protection_test {
namespace {

TEST(Protection, EveryKey) {
  const LoadResult result = load(R"(
[alarms]
raise-after = 0
clear-after = 2.5
no-stream-time = 0
near-limit = 75
[[group-profile]]
name = "tv"
[[group-profile.allow]]
group = "239.1.0.0/16"
source = "10.9.0.0/16"
[[group-profile.deny]]
group = "239.1.7.7"
[[group-profile]]
name = "all"
[[port]]
name = "p1"
device = "net_null0"
access-vlan = 10
group-profile = "all"
router-guard = true
querier-guard = true
[[vlan]]
id = 10
[vlan.igmp-snooping]
max-groups = 20
max-groups-action = "replace"
max-vlan-groups = 30
max-sources = 4
max-hosts = 5
group-profile = "tv"
)",
                                 "every.toml");
  ASSERT_TRUE(result.ok()) << all_of(result.errors);
  const Config& config = result.config;
  EXPECT_EQ(config.alarms.raise_after, Duration{0});
  EXPECT_EQ(config.alarms.clear_after, Duration{2500});
  EXPECT_EQ(config.alarms.no_stream_time, Duration{0});
  EXPECT_EQ(config.alarms.near_limit, 75u);
  ASSERT_EQ(config.group_profiles.size(), 2u);
  const GroupProfile tv{"tv",
                        {{{ipv4(239, 1, 0, 0), 16}, {ipv4(10, 9, 0, 0), 16}}},
                        {{{ipv4(239, 1, 7, 7), 32}, {}}}};
  EXPECT_EQ(config.group_profiles[0], tv);
  EXPECT_EQ(config.ports[0].group_profile, 1u);
  EXPECT_TRUE(config.ports[0].router_guard);
  EXPECT_TRUE(config.ports[0].querier_guard);
  const IgmpSnooping& snooping = config.vlans[0].igmp_snooping;
  EXPECT_EQ(snooping.max_groups_action, MaxGroupsAction::kReplace);
  EXPECT_EQ(snooping.max_vlan_groups, 30u);
  EXPECT_EQ(snooping.max_sources, 4u);
  EXPECT_EQ(snooping.max_hosts, 5u);
  EXPECT_EQ(snooping.group_profile, 0u);
}

const BadFile kProtection[] = {
    {"ActionUnknown",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nmax-groups-action = \"replce\"\n",
     {{4, 21, "did you mean \"replace\"? allowed are deny, replace"}}},
    {"MaxSources",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nmax-sources = 0\n",
     {{4, 15, "max-sources = 0 is out of range; allowed is 1 to 4096"}}},
    {"ProfileUnknown",
     "[[group-profile]]\nname = \"tv\"\n[[vlan]]\nid = 10\n[vlan.igmp-snooping]\n"
     "group-profile = \"tw\"\n",
     {{6, 17, "there is no group profile \"tw\"; did you mean \"tv\"?"}}},
    {"ProfileNone",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\ngroup-profile = \"tv\"\n",
     {{4, 17, "there is no group profile \"tv\"; add a [[group-profile]] of this name"}}},
    {"ProfileTwice",
     "[[group-profile]]\nname = \"tv\"\n[[group-profile]]\nname = \"tv\"\n",
     {{4, 8, "is already the profile in line 2"}}},
    {"ProfileName", "[[group-profile]]\nname = \"t v\"\n", {{2, 8, "cannot name a profile"}}},
    {"ProfileRange",
     "[[group-profile]]\nname = \"tv\"\n[[group-profile.allow]]\ngroup = \"10.0.0.0/8\"\n",
     {{4, 9, "which is not a range of groups"}}},
    {"GuardOnRouterPort",
     "[[port]]\nname = \"up\"\ndevice = \"net_null0\"\naccess-vlan = 10\nrouter-guard = true\n"
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"up\"]\n",
     {{9, 28, "whose router-guard says that no router is there; remove one of the two"}}},
    {"NearLimit", "[alarms]\nnear-limit = 101\n", {{2, 14, "allowed is 1 to 100"}}},
    {"AlarmKey", "[alarms]\nraise-afer = 1\n", {{2, 1, "did you mean \"raise-after\"?"}}},
};
INSTANTIATE_TEST_SUITE_P(Protection, BadFiles, testing::ValuesIn(kProtection), name_of_file);

}  // namespace
}  // namespace sluice::config::protection_test
