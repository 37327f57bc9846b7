// SPDX-License-Identifier: BSD-3-Clause
// How much of what comes in may go up to the control thread: a token bucket for each class of
// frames at each port, and one in each VLAN. Set by [punt-limit], read by the workers as part of
// the VLAN table. Plain values; any thread.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice {

enum class PuntClass : std::uint8_t {
  kQueries,
  kReports,  // and leaves, and IGMP of no known type
  kPimMrd,   // PIM hellos and multicast router discovery (RFC 4286)
  kLocal,    // ARP for an own address, and whatever comes to the own MAC address
};
inline constexpr std::array<std::string_view, 4> kPuntClassNames = {"queries", "reports", "pim-mrd",
                                                                    "local"};
inline constexpr std::size_t kPuntClasses = kPuntClassNames.size();

// A bucket of `burst` tokens into which `rate` flow a second; rate 0: no limit. A frame takes one
// token, and one with reports as many as it has group records.
struct TokenRate {
  std::uint32_t rate = 0;
  std::uint32_t burst = 1;

  constexpr bool limited() const { return rate != 0; }
  constexpr bool operator==(const TokenRate&) const = default;
};

struct PuntLimit {
  TokenRate port, vlan;
  constexpr bool operator==(const PuntLimit&) const = default;
};

// By class. Why these numbers: docs/protection.md.
using PuntLimits = std::array<PuntLimit, kPuntClasses>;
inline constexpr PuntLimits kDefaultPuntLimits = {{
    {.port = {10'000, 16'384}, .vlan = {20'000, 16'384}},
    {.port = {100'000, 131'072}, .vlan = {400'000, 600'000}},
    {.port = {1'000, 4'096}, .vlan = {1'000, 1'024}},
    {.port = {2'000, 2'000}, .vlan = {8'000, 8'000}},
}};

// The same as the workers use it, in time: what one token is worth, and a full bucket.
using Nanoseconds = std::uint64_t;

struct BucketShape {
  Nanoseconds token = 0;  // 0: no limit
  Nanoseconds full = 0;

  constexpr BucketShape() = default;
  constexpr explicit BucketShape(TokenRate rate)
      : token(rate.limited() ? std::max<Nanoseconds>(1, 1'000'000'000 / rate.rate) : 0),
        full(token * rate.burst) {}
};

struct PuntShape {
  BucketShape port, vlan;
};
using PuntShapes = std::array<PuntShape, kPuntClasses>;

constexpr PuntShapes shapes_of(const PuntLimits& limits) {
  PuntShapes shapes;
  for (std::size_t i = 0; i < kPuntClasses; ++i) {
    shapes[i] = {BucketShape(limits[i].port), BucketShape(limits[i].vlan)};
  }
  return shapes;
}

}  // namespace sluice
