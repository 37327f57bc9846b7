// SPDX-License-Identifier: BSD-3-Clause
// Commands under /sluice on DPDK's telemetry socket (dpdk-telemetry.py). DPDK knows no way to take
// a command back, so they stay there and answer nothing once this object is gone.
#pragma once

#include <vector>

#include "shared/telemetry.h"

namespace sluice::dataplane {

// One at a time. Made by the control thread after EAL has started.
class Telemetry {
 public:
  explicit Telemetry(std::vector<TelemetryCommand> commands);
  // Waits for an answer in the making: what that waits for must be let go first.
  ~Telemetry();
  Telemetry(const Telemetry&) = delete;
  Telemetry& operator=(const Telemetry&) = delete;
};

}  // namespace sluice::dataplane
