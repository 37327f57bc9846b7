// SPDX-License-Identifier: BSD-3-Clause
// Every counter of both planes under its Prometheus name without the `sluice_` prefix.
#pragma once

#include <vector>

#include "control/api/core.h"
#include "control/api/views.h"

namespace sluice::control::api {

// Control thread. What was cleared for one VLAN counts from there.
std::vector<NamedCount> collect_counters(const Core& core, const PortNames& ports);

}  // namespace sluice::control::api
