// SPDX-License-Identifier: BSD-3-Clause
// Alarms as log lines. Control thread.
#pragma once

#include "control/api/views.h"
#include "control/health/alarm.h"
#include "shared/log.h"

namespace sluice::control {

// A critical one that is raised is an error.
LogLevel log_level_of(const health::Alarm& alarm, bool raised);

void log_alarm(const health::Alarm& alarm, bool raised, const api::PortNames& ports);

}  // namespace sluice::control
