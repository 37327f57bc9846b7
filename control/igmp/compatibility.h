// SPDX-License-Identifier: BSD-3-Clause
// What a group's compatibility mode does to a message before the router tables see it. RFC 9776
// §7.3.2, CM-02..CM-08. Constants; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "control/igmp/messages.h"

namespace sluice::control::igmp {

enum class Treatment : std::uint8_t {
  kAsIs,
  kWithoutSources,  // TO_EX (x) is taken as TO_EX ({})
  kIgnored,
};

struct CompatibilityRow {
  RecordType record;
  Treatment v1, v2, v3;  // in this group compatibility mode

  constexpr Treatment in(Version mode) const {
    return mode == Version::kV1 ? v1 : mode == Version::kV2 ? v2 : v3;
  }
};

// A v1 or v2 report counts as IS_EX ({}) and a Leave as TO_IN ({}) (§7.3.2), so six rows do.
inline constexpr std::array<CompatibilityRow, 6> kCompatibility = [] {
  using enum RecordType;
  using enum Treatment;
  // clang-format off
  return std::array<CompatibilityRow, 6>{{
      // record              in v1 mode       in v2 mode       in v3 mode
      {kModeIsInclude,       kAsIs,           kAsIs,           kAsIs},
      {kModeIsExclude,       kAsIs,           kAsIs,           kAsIs},
      {kChangeToIncludeMode, kIgnored,        kAsIs,           kAsIs},
      {kChangeToExcludeMode, kWithoutSources, kWithoutSources, kAsIs},
      {kAllowNewSources,     kAsIs,           kAsIs,           kAsIs},
      {kBlockOldSources,     kIgnored,        kIgnored,        kAsIs},
  }};
  // clang-format on
}();

constexpr Treatment treatment(RecordType record, Version mode) {
  return kCompatibility[static_cast<std::size_t>(record) - 1].in(mode);
}

namespace detail {
constexpr bool compatibility_rows_are_in_wire_order() {
  for (std::size_t i = 0; i < kCompatibility.size(); ++i) {
    if (static_cast<std::size_t>(kCompatibility[i].record) != i + 1) return false;
  }
  return true;
}
}  // namespace detail
static_assert(detail::compatibility_rows_are_in_wire_order(), "treatment() indexes by record type");

}  // namespace sluice::control::igmp
