// SPDX-License-Identifier: BSD-3-Clause
// Reading the configuration file again while running: all or nothing. The file is read and checked
// on the calling thread (API or signal thread); the change is made on the control thread.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/diff.h"
#include "control/api/command_queue.h"
#include "shared/result.h"

namespace sluice::control::api {

struct ReloadOutcome {
  std::vector<std::string> errors;  // empty: done. Otherwise nothing has changed

  bool ok() const { return errors.empty(); }
};

// Logs its outcome, every diagnostic included.
ReloadOutcome reload(const std::string& path, CommandQueue& commands);

// What a reload of the file would change. Error, with every diagnostic of the file in `details`:
// it would be refused for what is wrong in it.
Result<std::vector<config::Change>> pending_changes(const std::string& path, CommandQueue& commands,
                                                    std::vector<std::string>& details);

// One sentence for each change that only a restart can bring about. Pure.
std::vector<std::string> needs_restart(const std::vector<config::Change>& changes);

}  // namespace sluice::control::api
