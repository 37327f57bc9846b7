// SPDX-License-Identifier: BSD-3-Clause
// When may memory that workers could still be reading be used again? Implemented in dataplane/ by
// rte_rcu_qsbr; by hand in tests. Control thread only; never blocks.
#pragma once

#include <cstdint>

namespace sluice {

class GracePeriod {
 public:
  virtual ~GracePeriod() = default;

  // Call after the old data has been unlinked. Returns a token.
  virtual std::uint64_t start() = 0;
  // True once every worker has been quiescent since start() returned this token.
  virtual bool passed(std::uint64_t token) = 0;
};

}  // namespace sluice
