// SPDX-License-Identifier: BSD-3-Clause
// Alarms as log lines. Control thread.
#pragma once

#include "control/api/views.h"
#include "control/health/alarm.h"

namespace sluice::control {

void log_alarm(const health::Alarm& alarm, bool raised, const api::PortNames& ports);

}  // namespace sluice::control
