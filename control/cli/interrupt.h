// SPDX-License-Identifier: BSD-3-Clause
// Ctrl-C in the shell ends the command and not the shell. Outside of it nothing is caught, and
// SIGINT ends the process as usual. In the shell SIGINT is held back but while it waits for input,
// so that none comes unseen between a look and the wait.
#pragma once

#include <ctime>

namespace sluice::control::cli {

void catch_interrupts();
// Since the last forget_interrupt().
bool interrupted();
void forget_interrupt();

// As poll(): 1, there is something to read from `fd`, 0 after the longest time (nullptr: none), -1
// with errno, EINTR after a signal.
int wait_for_input(int fd, const timespec* longest);

}  // namespace sluice::control::cli
