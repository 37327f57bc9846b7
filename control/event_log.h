// SPDX-License-Identifier: BSD-3-Clause
// What happens to memberships, routers and queriers as log lines: the names of `watch`, the levels
// of shared/log.h. Control thread.
#pragma once

#include "control/api/views.h"
#include "control/snooping/effects.h"
#include "shared/log.h"

namespace sluice::control {

void log_event(const snooping::Event& event, const api::PortNames& ports);

// The same name in both vocabularies.
LogEvent log_event_of(snooping::EventType type);

}  // namespace sluice::control
