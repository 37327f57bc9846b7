// SPDX-License-Identifier: BSD-3-Clause
#include "shared/vlan_table.h"

#include <gtest/gtest.h>

namespace sluice::vlan_table_test {
namespace {

VlanPolicy policy(std::uint16_t id, std::uint64_t untagged) {
  VlanPolicy result;
  result.id = VlanId{id};
  result.untagged = PortSet(untagged);
  return result;
}

TEST(VlanTables, BeginEmpty) {
  const VlanTable table;
  EXPECT_EQ(table.find(VlanId{0}), nullptr);
  EXPECT_EQ(table.find(VlanId{10}), nullptr);
  EXPECT_EQ(table.access_vlan(PortId{0}), VlanId{0});
  EXPECT_TRUE(table.policies().empty());
}

TEST(VlanTables, FindTheFirstAndTheLastVlan) {
  VlanTable table;
  table.add(policy(4094, 0b10));
  table.add(policy(1, 0b01));
  ASSERT_NE(table.find(VlanId{1}), nullptr);
  EXPECT_EQ(table.find(VlanId{1})->untagged, PortSet(0b01));
  ASSERT_NE(table.find(VlanId{4094}), nullptr);
  EXPECT_EQ(table.find(VlanId{4094})->untagged, PortSet(0b10));
  EXPECT_EQ(table.find(VlanId{2}), nullptr);
  EXPECT_EQ(table.find(VlanId{4093}), nullptr);
}

TEST(VlanTables, HoldEveryVlanAtOnce) {
  VlanTable table;
  for (std::uint16_t id = 1; id <= 4094; ++id) table.add(policy(id, id));
  for (std::uint16_t id = 1; id <= 4094; ++id) {
    ASSERT_NE(table.find(VlanId{id}), nullptr) << id;
    ASSERT_EQ(table.find(VlanId{id})->id, VlanId{id});
    ASSERT_EQ(table.find(VlanId{id})->untagged, PortSet(id));
  }
}

TEST(VlanTables, AddingAgainReplaces) {
  VlanTable table;
  table.add(policy(10, 0b01));
  table.add(policy(20, 0b11));
  table.add(policy(10, 0b10));
  EXPECT_EQ(table.policies().size(), 2u);
  EXPECT_EQ(table.find(VlanId{10})->untagged, PortSet(0b10));
  EXPECT_EQ(table.find(VlanId{20})->untagged, PortSet(0b11));
}

// A tag has 16 bits; what a worker looks up may be more than an identifier has.
TEST(VlanTables, LookUpStaysInTheTable) {
  VlanTable table;
  table.add(policy(10, 0b01));
  EXPECT_EQ(table.find(VlanId{0xFFFF}), nullptr);
}

TEST(VlanTables, AccessVlanIsPerPort) {
  VlanTable table;
  table.set_access_vlan(PortId{63}, VlanId{10});
  EXPECT_EQ(table.access_vlan(PortId{63}), VlanId{10});
  EXPECT_EQ(table.access_vlan(PortId{62}), VlanId{0});
}

TEST(VlanPolicies, PortsAreTaggedAndUntagged) {
  VlanPolicy both = policy(10, 0b001);
  both.tagged = PortSet(0b100);
  EXPECT_EQ(both.ports(), PortSet(0b101));
}

TEST(VlanPolicies, DoNotRestrictUnlessToldTo) {
  const VlanPolicy fresh;
  EXPECT_FALSE(fresh.restricted);
  EXPECT_FALSE(fresh.snooping);
  EXPECT_EQ(fresh.unregistered, UnregisteredPolicy::kFlood);
}

}  // namespace
}  // namespace sluice::vlan_table_test
