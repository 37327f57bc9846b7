// SPDX-License-Identifier: BSD-3-Clause
// The set algebra, against std::set over seeded random sets.
#include "control/igmp/source_set.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace sluice::control::igmp::source_set_test {
namespace {

using Set = SourceSet<Ipv4>;

Set set(std::initializer_list<unsigned> values) {
  Set out;
  for (unsigned v : values) insert(out, Ipv4{v});
  return out;
}

TEST(SourceSet, Algebra) {
  const Set a = set({1, 2, 3, 5});
  const Set b = set({2, 3, 4});
  EXPECT_EQ(unite(a, b), set({1, 2, 3, 4, 5}));
  EXPECT_EQ(intersect(a, b), set({2, 3}));
  EXPECT_EQ(subtract(a, b), set({1, 5}));
  EXPECT_EQ(subtract(b, a), set({4}));
  EXPECT_TRUE(contains(a, Ipv4{5}));
  EXPECT_FALSE(contains(a, Ipv4{4}));
  EXPECT_TRUE(includes(a, set({1, 5})));
  EXPECT_FALSE(includes(a, b));
}

TEST(SourceSet, WithTheEmptySet) {
  const Set a = set({7, 9});
  EXPECT_EQ(unite(a, Set{}), a);
  EXPECT_EQ(unite(Set{}, a), a);
  EXPECT_TRUE(intersect(a, Set{}).empty());
  EXPECT_EQ(subtract(a, Set{}), a);
  EXPECT_TRUE(subtract(Set{}, a).empty());
  EXPECT_TRUE(includes(a, Set{}));
}

TEST(SourceSet, InsertAndEraseTellWhetherTheyDidAnything) {
  Set a;
  EXPECT_TRUE(insert(a, Ipv4{2}));
  EXPECT_TRUE(insert(a, Ipv4{1}));
  EXPECT_FALSE(insert(a, Ipv4{2}));
  EXPECT_EQ(a, set({1, 2}));
  EXPECT_TRUE(erase(a, Ipv4{1}));
  EXPECT_FALSE(erase(a, Ipv4{1}));
  EXPECT_EQ(a, set({2}));
}

TEST(SourceSet, NormalizeMakesASetOfAnyList) {
  RecordProperty("req", "igmp-messages/R3-09");
  Set unsorted;
  for (unsigned v : {3, 1, 3, 2, 1}) unsorted.push_back(Ipv4{v});
  normalize<Ipv4>(unsorted);
  EXPECT_EQ(unsorted, set({1, 2, 3}));
  Set sorted;
  for (unsigned v : {1, 1, 2, 2}) sorted.push_back(Ipv4{v});
  normalize<Ipv4>(sorted);
  EXPECT_EQ(sorted, set({1, 2}));
}

TEST(SourceSet, AgreesWithStdSet) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    std::set<Ipv4> ma, mb;
    Set a, b;
    for (unsigned n = random() % 12; n > 0; --n) {
      const Ipv4 v{static_cast<std::uint32_t>(random() % 16)};
      EXPECT_EQ(insert(a, v), ma.insert(v).second);
    }
    for (unsigned n = random() % 12; n > 0; --n) {
      const Ipv4 v{static_cast<std::uint32_t>(random() % 16)};
      EXPECT_EQ(insert(b, v), mb.insert(v).second);
    }
    std::set<Ipv4> both = ma, common, rest;
    both.insert(mb.begin(), mb.end());
    for (Ipv4 v : ma) (mb.count(v) != 0 ? common : rest).insert(v);
    const auto as_set = [](const std::set<Ipv4>& m) { return Set(m.begin(), m.end()); };
    ASSERT_EQ(a, as_set(ma));
    ASSERT_EQ(unite(a, b), as_set(both));
    ASSERT_EQ(intersect(a, b), as_set(common));
    ASSERT_EQ(subtract(a, b), as_set(rest));
  }
}

}  // namespace
}  // namespace sluice::control::igmp::source_set_test
