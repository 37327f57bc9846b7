// SPDX-License-Identifier: BSD-3-Clause
// A counter's name taken apart: `igmp_received_total{vlan="10",type="query_v3"}` is a family and
// its labels. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::control::metrics {

using Labels = std::vector<std::pair<std::string, std::string>>;

struct Sample {
  std::string family;
  Labels labels;  // in the order of the name
};

// None when the text is no metric name, or its labels are not well-formed (in a value `\"`, `\\`
// and
// `\n` stand for a quote, a backslash and a new line).
std::optional<Sample> parse_sample(std::string_view name);

}  // namespace sluice::control::metrics
