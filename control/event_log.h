// SPDX-License-Identifier: BSD-3-Clause
// Events as log lines: what an operator wants to see at "info", joins and leaves at "debug".
// Control thread.
#pragma once

#include "control/api/views.h"
#include "control/snooping/effects.h"

namespace sluice::control {

void log_event(const snooping::Event& event, const api::PortNames& ports);

}  // namespace sluice::control
