// SPDX-License-Identifier: BSD-3-Clause
// A grace period that passes when the test says so.
#pragma once

#include "shared/grace_period.h"

namespace sluice {

class GraceByHand final : public GracePeriod {
 public:
  std::uint64_t start() override { return ++started_; }
  bool passed(std::uint64_t token) override { return token <= passed_; }

  // Every reader has been quiescent: what was started so far is over.
  void pass() { passed_ = started_; }

 private:
  std::uint64_t started_ = 0;
  std::uint64_t passed_ = 0;
};

}  // namespace sluice
