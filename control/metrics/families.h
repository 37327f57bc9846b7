// SPDX-License-Identifier: BSD-3-Clause
// Every metric in one table: what a scrape says of it, and what docs/metrics.md prints. A counter
// that is not here is exported all the same; its help is then its name. Constant data; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::control::metrics {

inline constexpr std::string_view kPrefix = "sluice_";

enum class FamilyType { kCounter, kGauge, kHistogram };

struct Family {
  std::string_view name;    // without the prefix
  std::string_view labels;  // by blanks, for the page
  std::string_view help;    // one sentence without its full stop
};

// By subject, as the page has them.
std::span<const Family> all_families();
const Family* find_family(std::string_view name);
// A counter's name ends in "_total"; no gauge's does.
FamilyType type_of(std::string_view name);
std::string help_of(std::string_view name);

// The table of docs/metrics.md.
std::string reference_table();

}  // namespace sluice::control::metrics
