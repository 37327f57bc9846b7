// SPDX-License-Identifier: BSD-3-Clause
// How long something took, over and over: counts by upper bound, as Prometheus has them. Fixed
// size, no allocation. One thread; copy it to read it elsewhere.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>

namespace sluice {

class Histogram {
 public:
  using Nanoseconds = std::chrono::nanoseconds;

  // A microsecond to ten seconds; one step is a factor of 2 or 2.5.
  static constexpr std::array<Nanoseconds, 22> kBounds = [] {
    std::array<Nanoseconds, 22> bounds{};
    std::int64_t decade = 1000;
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      constexpr std::int64_t kSteps[] = {1, 2, 5};
      bounds[i] = Nanoseconds(decade * kSteps[i % 3]);
      if (i % 3 == 2) decade *= 10;
    }
    return bounds;
  }();

  void add(Nanoseconds time) {
    const auto at = std::lower_bound(kBounds.begin(), kBounds.end(), time);
    ++counts_[static_cast<std::size_t>(at - kBounds.begin())];
    sum_ += time;
  }

  // Of `kBounds[i]` and less, but more than the bound before; the last is of all that took longer.
  const std::array<std::uint64_t, kBounds.size() + 1>& counts() const { return counts_; }
  Nanoseconds sum() const { return sum_; }

 private:
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  Nanoseconds sum_{0};
};

}  // namespace sluice
