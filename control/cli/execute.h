// SPDX-License-Identifier: BSD-3-Clause
// Sends a request and prints the answer: tables or JSON on stdout, refusals on stderr.
#pragma once

#include "control/cli/parse.h"

namespace sluice::control::cli {

// An Exit, or kInterrupted.
int execute(const Parsed& parsed);
inline constexpr int kInterrupted = 130;

// "no daemon at …", and what to do about it.
void say_no_daemon(const std::string& why);

}  // namespace sluice::control::cli
