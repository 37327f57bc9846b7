// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/matrix.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace sluice::control::web::matrix_test {
namespace {

using Sort = MatrixQuery::Sort;

// Groups 239.0.0.0 on in VLANs 10 and 20 by turns, busier the further on, three of the same rate.
Sample sample(std::uint32_t groups) {
  Sample sample;
  for (std::uint32_t i = 0; i < groups; ++i) {
    GroupLine line;
    line.vlan = VlanId{static_cast<std::uint16_t>(i % 2 == 0 ? 10 : 20)};
    line.group = Ipv4{ipv4(239, 0, 0, 0).value + i};
    line.members = PortSet(i % 3 == 0 ? 0b111 : 0b001);
    line.rate = {true, static_cast<double>(i / 3), static_cast<double>(groups - i / 3)};
    sample.groups.push_back(line);
  }
  std::sort(sample.groups.begin(), sample.groups.end(), [](const auto& a, const auto& b) {
    return std::pair(a.vlan, a.group) < std::pair(b.vlan, b.group);
  });
  return sample;
}

std::vector<std::uint32_t> offsets(const MatrixPage& page) {
  std::vector<std::uint32_t> list;
  for (const GroupLine* line : page.rows) {
    list.push_back(line->group.value - ipv4(239, 0, 0, 0).value);
  }
  return list;
}

TEST(Matrix, PagesMeetWithoutGapOrOverlap) {
  const Sample all = sample(1000);
  for (const Sort sort :
       {Sort::kGroup, Sort::kVlan, Sort::kBytes, Sort::kPackets, Sort::kMembers}) {
    for (const bool descending : {false, true}) {
      MatrixQuery query;
      query.sort = sort;
      query.descending = descending;
      query.limit = MatrixQuery::kMostRows;
      std::vector<std::uint32_t> whole, paged;
      for (query.offset = 0; query.offset < 1000; query.offset += 200) {
        for (const std::uint32_t row : offsets(find_page(all, query, {}))) whole.push_back(row);
      }
      query.limit = 37;
      for (query.offset = 0; query.offset < 1000; query.offset += 37) {
        const MatrixPage page = find_page(all, query, {});
        EXPECT_EQ(page.total, 1000u);
        for (const std::uint32_t row : offsets(page)) paged.push_back(row);
      }
      EXPECT_EQ(paged, whole);
      std::vector<std::uint32_t> sorted = paged;
      std::sort(sorted.begin(), sorted.end());
      EXPECT_EQ(std::unique(sorted.begin(), sorted.end()) - sorted.begin(), 1000);
    }
  }
}

TEST(Matrix, Orders) {
  const Sample all = sample(9);
  const auto order = [&](Sort sort, bool descending) {
    MatrixQuery query;
    query.sort = sort;
    query.descending = descending;
    return offsets(find_page(all, query, {}));
  };
  using List = std::vector<std::uint32_t>;
  EXPECT_EQ(order(Sort::kGroup, true), (List{8, 7, 6, 5, 4, 3, 2, 1, 0}));
  EXPECT_EQ(order(Sort::kVlan, false), (List{0, 2, 4, 6, 8, 1, 3, 5, 7}));
  EXPECT_EQ(order(Sort::kPackets, true), (List{6, 7, 8, 3, 4, 5, 0, 1, 2}));  // equals by group
  EXPECT_EQ(order(Sort::kBytes, true), (List{0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(order(Sort::kMembers, true), (List{0, 3, 6, 1, 2, 4, 5, 7, 8}));
}

TEST(Matrix, Filters) {
  const Sample all = sample(300);
  MatrixQuery query;
  query.limit = 1;
  query.vlan = VlanId{20};
  EXPECT_EQ(find_page(all, query, {}).total, 150u);
  query.port = PortId{1};
  EXPECT_EQ(find_page(all, query, {}).total, 50u);
  query = {};
  query.search = *AddressPattern::parse("239.0.1.");
  EXPECT_EQ(find_page(all, query, {}).total, 44u);
  query.search = *AddressPattern::parse("10.0.0.1");
  EXPECT_EQ(find_page(all, query, {}).total, 0u);
  const std::vector<snooping::HostMembership> found = {
      {VlanId{10}, PortId{0}, ipv4(239, 0, 0, 4)},
      {VlanId{10}, PortId{1}, ipv4(239, 0, 0, 6)},
      {VlanId{10}, PortId{1}, ipv4(239, 9, 9, 9)}};  // gone meanwhile
  EXPECT_EQ(offsets(find_page(all, query, found)), (std::vector<std::uint32_t>{4, 6}));
  query.port = PortId{1};
  EXPECT_EQ(offsets(find_page(all, query, found)), (std::vector<std::uint32_t>{6}));
}

TEST(Matrix, BeyondTheEndIsEmpty) {
  const Sample all = sample(10);
  MatrixQuery query;
  query.offset = 4'000'000'000;
  EXPECT_TRUE(find_page(all, query, {}).rows.empty());
  query.offset = 8;
  EXPECT_EQ(find_page(all, query, {}).rows.size(), 2u);
  EXPECT_TRUE(find_page(Sample{}, query, {}).rows.empty());
}

}  // namespace
}  // namespace sluice::control::web::matrix_test
