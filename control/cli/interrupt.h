// SPDX-License-Identifier: BSD-3-Clause
// Ctrl-C in the shell ends the command and not the shell. Outside of it nothing is caught, and
// SIGINT ends the process as usual.
#pragma once

namespace sluice::control::cli {

void catch_interrupts();
// Since the last forget_interrupt().
bool interrupted();
void forget_interrupt();

}  // namespace sluice::control::cli
