// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/mac_table.h"

#include <gtest/gtest.h>

namespace sluice::dataplane::mac_table_test {
namespace {

constexpr PortId kOne{1}, kTwo{2};

std::uint64_t station(std::uint16_t vlan, unsigned n) {
  const std::uint8_t mac[6] = {
      2, 0, 0, 0, static_cast<std::uint8_t>(n >> 8), static_cast<std::uint8_t>(n)};
  return MacTable::key(VlanId{vlan}, mac);
}

TEST(MacTable, LearnsMovesAndKeepsVlansApart) {
  MacTable macs(64);
  EXPECT_EQ(macs.find(station(10, 1)), std::nullopt);
  EXPECT_EQ(macs.learn(station(10, 1), kOne, 100), MacTable::Learned::kNew);
  EXPECT_EQ(macs.learn(station(10, 1), kOne, 100), MacTable::Learned::kKnown);
  EXPECT_EQ(macs.find(station(10, 1)), kOne);
  EXPECT_EQ(macs.find(station(11, 1)), std::nullopt);
  EXPECT_EQ(macs.learn(station(10, 1), kTwo, 101), MacTable::Learned::kMoved);
  EXPECT_EQ(macs.find(station(10, 1)), kTwo);
  EXPECT_EQ(macs.size(), 1u);
}

TEST(MacTable, ForgetsWhoIsSilentForLongerThanTheAge) {
  MacTable macs(64);
  macs.learn(station(10, 1), kOne, 100);
  macs.learn(station(10, 2), kOne, 101);
  macs.age(400, 300, macs.capacity());
  EXPECT_EQ(macs.size(), 2u) << "300 s old is not older than 300 s";
  macs.age(401, 300, macs.capacity());
  EXPECT_EQ(macs.find(station(10, 1)), std::nullopt);
  EXPECT_EQ(macs.find(station(10, 2)), kOne);
  EXPECT_EQ(macs.size(), 1u);
}

TEST(MacTable, AgesAFewPlacesAtATimeAndComesRound) {
  MacTable macs(64);
  for (unsigned n = 0; n < 20; ++n) macs.learn(station(10, n), kOne, 1);
  const std::uint32_t before = macs.size();
  macs.age(1000, 300, 1);
  EXPECT_GE(macs.size(), before - 1);
  for (unsigned n = 0; n < macs.capacity(); ++n) macs.age(1000, 300, 1);
  EXPECT_EQ(macs.size(), 0u);
}

TEST(MacTable, IsBoundedAndKeepsThoseItHas) {
  MacTable macs(64);
  std::vector<unsigned> in;
  unsigned refused = 0;
  for (unsigned n = 0; n < 10'000; ++n) {
    if (macs.learn(station(10, n), kOne, 1) == MacTable::Learned::kNew) {
      in.push_back(n);
    } else {
      ++refused;
    }
  }
  EXPECT_LE(macs.size(), macs.capacity());
  EXPECT_EQ(macs.size(), in.size());
  EXPECT_EQ(refused, 10'000 - in.size());
  for (const unsigned n : in) EXPECT_EQ(macs.find(station(10, n)), kOne) << n;
}

TEST(MacTable, FlushesPortsOfOneVlan) {
  MacTable macs(64);
  macs.learn(station(10, 1), kOne, 1);
  macs.learn(station(10, 2), kTwo, 1);
  macs.learn(station(20, 1), kOne, 1);
  macs.flush(VlanId{10}, PortSet::of(kOne));
  EXPECT_EQ(macs.find(station(10, 1)), std::nullopt);
  EXPECT_EQ(macs.find(station(10, 2)), kTwo);
  EXPECT_EQ(macs.find(station(20, 1)), kOne);
}

TEST(MacTable, ShowsWhatItKnows) {
  MacTable macs(64);
  macs.learn(station(4094, 0x0102), kTwo, 77);
  unsigned rows = 0;
  macs.for_each([&](const MacTable::Row& row) {
    ++rows;
    EXPECT_EQ(row.vlan, VlanId{4094});
    EXPECT_EQ(row.mac, (MacAddress{{2, 0, 0, 0, 1, 2}}));
    EXPECT_EQ(row.port, kTwo);
    EXPECT_EQ(row.seen_s, 77u);
  });
  EXPECT_EQ(rows, 1u);
}

}  // namespace
}  // namespace sluice::dataplane::mac_table_test
