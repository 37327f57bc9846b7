// SPDX-License-Identifier: BSD-3-Clause
// AddressIndex against a map, Slab's numbers, and the six-byte time.
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "shared/address_index.h"
#include "shared/slab.h"
#include "shared/time.h"

namespace sluice::containers_test {
namespace {

TEST(AddressIndex, AgreesWithAMap) {
  std::mt19937 random(3);
  AddressIndex index;
  std::map<Ipv4, std::uint32_t> model;
  EXPECT_EQ(index.find(Ipv4{1}), AddressIndex::kNone);
  index.erase(Ipv4{1});
  for (std::uint32_t round = 0; round < 200'000; ++round) {
    // Fewer and more by turns, so that it is erased from while full of clusters.
    const Ipv4 address{
        static_cast<std::uint32_t>(random() % (round % 50'000 < 25'000 ? 4000 : 40))};
    if (random() % 2 == 0) {
      index.erase(address);
      model.erase(address);
    } else if (model.try_emplace(address, round).second) {
      index.insert(address, round);
    }
    const auto known = model.find(address);
    ASSERT_EQ(index.find(address), known == model.end() ? AddressIndex::kNone : known->second);
    ASSERT_EQ(index.size(), model.size());
  }
  for (std::uint32_t i = 0; i < 4000; ++i) {
    const auto known = model.find(Ipv4{i});
    ASSERT_EQ(index.find(Ipv4{i}), known == model.end() ? AddressIndex::kNone : known->second);
  }
}

TEST(Slab, NumbersAreUsedAgainAndThingsStay) {
  Slab<int> slab;
  std::vector<int*> places;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    ASSERT_EQ(slab.allocate(), i);
    slab[i] = static_cast<int>(i) + 1;
    places.push_back(&slab[i]);
  }
  for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_EQ(&slab[i], places[i]);
  slab.release(500);
  EXPECT_EQ(slab.used(), 999u);
  EXPECT_EQ(slab.allocate(), 500u);
  EXPECT_EQ(slab[500], 0);
  EXPECT_EQ(slab.end(), 1000u);
}

TEST(PackedTime, IsExactAndKeepsTheEnds) {
  for (const std::int64_t ms : {0L, 1L, -1L, 65535L, 65536L, -65536L, 0x7FFFFFFFL, 0x80000000L,
                                0xFFFFFFFFL, 0x100000000L, -0x100000000L, (1L << 47) - 2}) {
    const TimePoint t{Duration(ms)};
    EXPECT_EQ(TimePoint(PackedTime(t)), t) << ms;
  }
  EXPECT_EQ(TimePoint(PackedTime(kNever)), kNever);
  EXPECT_EQ(TimePoint(PackedTime(TimePoint::min())), TimePoint::min());
  EXPECT_EQ(TimePoint(PackedTime(TimePoint(Duration(1L << 50)))), kNever);
}

}  // namespace
}  // namespace sluice::containers_test
