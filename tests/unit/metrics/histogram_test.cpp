// SPDX-License-Identifier: BSD-3-Clause
#include "shared/histogram.h"

#include <gtest/gtest.h>

#include <numeric>

namespace sluice {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, CountsByUpperBound) {
  EXPECT_EQ(Histogram::kBounds.front(), 1us);
  EXPECT_EQ(Histogram::kBounds[1], 2us);
  EXPECT_EQ(Histogram::kBounds[3], 10us);
  EXPECT_EQ(Histogram::kBounds.back(), 10s);

  Histogram times;
  times.add(0ns);
  times.add(1us);
  times.add(1001ns);
  times.add(10s);
  times.add(11s);
  EXPECT_EQ(times.counts()[0], 2u);
  EXPECT_EQ(times.counts()[1], 1u);
  EXPECT_EQ(times.counts()[21], 1u);
  EXPECT_EQ(times.counts()[22], 1u);
  EXPECT_EQ(std::accumulate(times.counts().begin(), times.counts().end(), 0u), 5u);
  EXPECT_EQ(times.sum(), 21s + 2001ns);
}

}  // namespace
}  // namespace sluice
