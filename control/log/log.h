// SPDX-License-Identifier: BSD-3-Clause
// Writes the log: one line on stderr for each event, as its subsystem's level and the limit per
// event allow. Process-wide, like stderr itself; any thread but a worker. Until open() nothing is
// written, which is what unit tests want.
#pragma once

#include "shared/log.h"

namespace sluice::control::log {

// For systemd's journal, when stderr leads there, each line begins with its priority and has no
// time; else it begins with the time.
void open(const LogLevels& levels);

// For who would do work only to see the line not written.
bool wants(LogEvent event);
bool wants(LogEvent event, LogLevel level);
// log::write(LogEvent::kPortLink, {{"port", name}, {"state", "up"}});
void write(LogEvent event, const LogFields& fields = {});
// The same, more or less severe than the event is by itself.
void write_at(LogLevel level, LogEvent event, const LogFields& fields);

void set_level(Subsystem subsystem, LogLevel level);
LogLevels levels();

// Tells what was withheld and not told yet; `all`: at the end. To be called every second or so.
void tell_suppressed(bool all);

}  // namespace sluice::control::log
