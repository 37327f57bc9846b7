// SPDX-License-Identifier: BSD-3-Clause
// What the configuration tests share: ports to refer to, and diagnostics as short text.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.h"

namespace sluice::config {

// Two sound ports. Tests append it, so that the line numbers of what they test begin at 1.
inline constexpr std::string_view kPorts = R"(
[[port]]
name = "p1"
device = "net_null101"
access-vlan = 10
trunk-vlans = [40]

[[port]]
name = "p2"
device = "net_null102"
trunk-vlans = [10, 20, 30]
)";

inline LoadResult load_with_ports(std::string_view text) {
  return load(std::string(text) + std::string(kPorts), "test.toml");
}

inline std::ostream& operator<<(std::ostream& out, const Diagnostic& diagnostic) {
  return out << diagnostic.to_string();
}

inline std::string all_of(const std::vector<Diagnostic>& errors) {
  std::string text;
  for (const Diagnostic& error : errors) text += error.to_string() + '\n';
  return text;
}

}  // namespace sluice::config
