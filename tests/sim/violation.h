// SPDX-License-Identifier: BSD-3-Clause
// An oracle's verdict; ends the seed.
#pragma once

#include <stdexcept>

namespace sluice::sim {

struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace sluice::sim
