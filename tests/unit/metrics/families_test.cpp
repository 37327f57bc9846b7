// SPDX-License-Identifier: BSD-3-Clause
// The table of metrics against the committed page, and against itself.
#include "control/metrics/families.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace sluice::control::metrics {
namespace {

TEST(Families, AreOnTheCommittedPage) {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/metrics.md");
  std::ostringstream page;
  page << file.rdbuf();
  EXPECT_NE(page.str().find(reference_table()), std::string::npos)
      << "replace the table of docs/metrics.md by what build/control/metrics/metrics_reference "
         "says";
}

TEST(Families, StandOnceAndAreNamedAsPrometheusWants) {
  std::set<std::string_view> seen;
  for (const Family& family : all_families()) {
    EXPECT_TRUE(seen.insert(family.name).second) << family.name;
    EXPECT_FALSE(family.help.ends_with('.')) << family.name;
    EXPECT_FALSE(family.name.starts_with(kPrefix)) << family.name;
  }
  EXPECT_EQ(type_of("port_rx_bytes_total"), FamilyType::kCounter);
  EXPECT_EQ(type_of("fib_entries"), FamilyType::kGauge);
  EXPECT_EQ(type_of("join_latency_seconds"), FamilyType::kHistogram);
  EXPECT_EQ(help_of("something_new_total"), "something new total.");
}

}  // namespace
}  // namespace sluice::control::metrics
