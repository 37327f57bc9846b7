// SPDX-License-Identifier: BSD-3-Clause
#include "control/metrics/sample.h"

#include <gtest/gtest.h>

namespace sluice::control::metrics {
namespace {

TEST(Sample, IsTakenApart) {
  const auto plain = parse_sample("fib_entries");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->family, "fib_entries");
  EXPECT_TRUE(plain->labels.empty());

  const auto labelled = parse_sample(R"(a_total{vlan="10",type="query_v3",x="a\"b\\c\nd,}"})");
  ASSERT_TRUE(labelled);
  EXPECT_EQ(labelled->family, "a_total");
  EXPECT_EQ(labelled->labels,
            (Labels{{"vlan", "10"}, {"type", "query_v3"}, {"x", "a\"b\\c\nd,}"}}));
}

TEST(Sample, RefusesWhatIsNone) {
  for (const char* text : {"", "1a", "a b", "a{", "a{x}", "a{x=1}", "a{x=\"1\"", "a{x=\"1\"}b",
                           "a{x=\"1\"y=\"2\"}", "a{x=\"1\\t\"}", "a{,}", "a{x=\"1\",}"}) {
    EXPECT_FALSE(parse_sample(text)) << text;
  }
}

}  // namespace
}  // namespace sluice::control::metrics
