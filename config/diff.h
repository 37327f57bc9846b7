// SPDX-License-Identifier: BSD-3-Clause
// What differs between two configuration files, key by key, and whether a running daemon can take
// it. Derived from the key table (keys.h): a key that is in the table is compared. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::config {

struct Change {
  enum class Kind : std::uint8_t { kAdded, kRemoved, kChanged };

  Kind kind = Kind::kChanged;
  std::string where;          // "[[vlan]] 10 [vlan.igmp-snooping]"
  std::string key;            // empty: the section itself
  std::string before, after;  // as they stand in a file; "none": not there and nothing by default
  bool at_once = false;       // by a reload; else by a restart

  bool operator==(const Change&) const = default;
};

// Both have passed the loader. A key that is left out has its default, so writing that down is no
// change; nor is the order of what has a name, where order means nothing.
std::vector<Change> compare(std::string_view before, std::string_view after);

}  // namespace sluice::config
