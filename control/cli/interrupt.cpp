// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/interrupt.h"

#include <csignal>

namespace sluice::control::cli {
namespace {

volatile std::sig_atomic_t seen = 0;

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { seen = 1; };
  sigemptyset(&action.sa_mask);  // no SA_RESTART: what waits returns
  sigaction(SIGINT, &action, nullptr);
}

bool interrupted() {
  return seen != 0;
}

void forget_interrupt() {
  seen = 0;
}

}  // namespace sluice::control::cli
