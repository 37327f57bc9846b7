// SPDX-License-Identifier: BSD-3-Clause
// Every counter of both planes under its Prometheus name without the `sluice_` prefix.
#pragma once

#include <optional>
#include <vector>

#include "control/api/command_queue.h"
#include "control/api/views.h"

namespace sluice::control::api {

// Asks the control thread in pieces, so that none takes it long however many VLANs there are. What
// was cleared for one VLAN counts from there. Any thread but the control thread. None: the daemon
// is stopping.
std::optional<std::vector<NamedCount>> collect_counters(CommandQueue& commands,
                                                        const PortNames& ports);

}  // namespace sluice::control::api
