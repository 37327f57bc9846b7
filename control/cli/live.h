// SPDX-License-Identifier: BSD-3-Clause
// Values for completion, from the running daemon.
#pragma once

#include <chrono>

#include "control/cli/complete.h"

namespace sluice::control::cli {

// Who types does not wait longer for a list.
inline constexpr std::chrono::milliseconds kPatience{300};

// Asks the daemon at `socket`; nothing when it is not there or does not answer within kPatience.
LiveValues live_values(const std::string& socket);

}  // namespace sluice::control::cli
