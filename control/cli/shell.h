// SPDX-License-Identifier: BSD-3-Clause
// sluicectl without a command: reads lines and runs each as the command line would. At a terminal
// with a prompt, completion and history; else line by line up to the first that fails.
#pragma once

#include "control/cli/parse.h"

namespace sluice::control::cli {

// An Exit: kNoDaemon when there is none at the start; without a terminal also what the first
// failing command gave.
int run_shell(const Options& defaults);

// `sluicectl --complete WORD...`, for bash: prints what the last word may become, one a line.
void print_completions(std::vector<std::string> words, const Options& defaults);

}  // namespace sluice::control::cli
