// SPDX-License-Identifier: BSD-3-Clause
// What DPDK's telemetry socket shows under /sluice: the figures of the metrics, in rows.
#pragma once

#include <vector>

#include "control/metrics/collector.h"
#include "shared/telemetry.h"

namespace sluice::control::metrics {

// The most groups that one answer holds: DPDK bounds it to 16 KiB.
inline constexpr std::size_t kTelemetryGroups = 100;

// `collector` is theirs alone, and outlives them.
std::vector<TelemetryCommand> telemetry_commands(Collector& collector);

}  // namespace sluice::control::metrics
