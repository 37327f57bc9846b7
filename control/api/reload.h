// SPDX-License-Identifier: BSD-3-Clause
// Reading the configuration file again while running: all or nothing. The file is read and checked
// on the calling thread (API or signal thread); the change is made on the control thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "control/api/command_queue.h"

namespace sluice::control::api {

struct ReloadOutcome {
  std::vector<std::string> errors;  // empty: done. Otherwise nothing has changed

  bool ok() const { return errors.empty(); }
};

// Logs its outcome, every diagnostic included.
ReloadOutcome reload(const std::string& path, CommandQueue& commands);

// One sentence for each difference that only a restart can bring about: ports, cores, buffers, the
// control socket. Pure.
std::vector<std::string> needs_restart(const config::Config& running, const config::Config& wanted);

}  // namespace sluice::control::api
