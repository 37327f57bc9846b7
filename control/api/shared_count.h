// SPDX-License-Identifier: BSD-3-Clause
// A count that its thread keeps and others may read.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice::control::api {

class SharedCount {
 public:
  SharedCount& operator++() { return *this += 1; }
  SharedCount& operator+=(std::uint64_t n) {
    value_.fetch_add(n, std::memory_order_relaxed);
    return *this;
  }
  SharedCount& operator=(std::uint64_t n) {
    value_.store(n, std::memory_order_relaxed);
    return *this;
  }
  operator std::uint64_t() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

}  // namespace sluice::control::api
