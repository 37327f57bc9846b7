// SPDX-License-Identifier: BSD-3-Clause
#include "shared/ids.h"

#include <gtest/gtest.h>

#include <vector>

namespace sluice::ids_test {
namespace {

constexpr PortId kFirst{0};
constexpr PortId kSecond{1};
constexpr PortId kLast{kMaxPorts - 1};

std::vector<unsigned> visited(PortSet set) {
  std::vector<unsigned> ports;
  set.for_each([&](PortId port) { ports.push_back(port.value); });
  return ports;
}

TEST(PortSets, BeginEmpty) {
  constexpr PortSet kNone;
  EXPECT_TRUE(kNone.empty());
  EXPECT_EQ(kNone.size(), 0);
  EXPECT_FALSE(kNone.contains(kFirst));
  EXPECT_FALSE(kNone.contains(kLast));
  EXPECT_TRUE(visited(kNone).empty());
}

TEST(PortSets, HoldTheFirstAndTheLastPort) {
  PortSet set;
  set.insert(kLast);
  set.insert(kFirst);
  set.insert(kFirst);
  EXPECT_EQ(set.size(), 2);
  EXPECT_TRUE(set.contains(kFirst));
  EXPECT_TRUE(set.contains(kLast));
  EXPECT_FALSE(set.contains(kSecond));
  EXPECT_EQ(set.bits(), 0x8000000000000001u);
  set.erase(kFirst);
  set.erase(kSecond);  // was not in it
  EXPECT_EQ(set, PortSet::of(kLast));
}

TEST(PortSets, VisitInAscendingOrder) {
  PortSet set;
  for (const std::uint16_t port : {40, 3, 63, 0}) set.insert(PortId{port});
  EXPECT_EQ(visited(set), (std::vector<unsigned>{0, 3, 40, 63}));
  EXPECT_EQ(visited(PortSet(~std::uint64_t{0})).size(), kMaxPorts);
}

TEST(PortSets, Combine) {
  constexpr PortSet kA(0b0110), kB(0b0011);
  EXPECT_EQ(kA | kB, PortSet(0b0111));
  EXPECT_EQ(kA & kB, PortSet(0b0010));
  EXPECT_EQ(kA - kB, PortSet(0b0100));
  EXPECT_EQ(kA - kA, PortSet());
}

}  // namespace
}  // namespace sluice::ids_test
