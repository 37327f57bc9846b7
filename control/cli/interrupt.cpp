// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/interrupt.h"

#include <poll.h>

#include <csignal>

namespace sluice::control::cli {
namespace {

volatile std::sig_atomic_t seen = 0;
bool caught = false;
sigset_t elsewhere;  // the signals that are held back before and after the shell

sigset_t interrupt_only() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

void catch_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { seen = 1; };
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  const sigset_t held = interrupt_only();
  sigprocmask(SIG_BLOCK, &held, &elsewhere);
  caught = true;
}

bool interrupted() {
  sigset_t waiting;
  return seen != 0 || (caught && sigpending(&waiting) == 0 && sigismember(&waiting, SIGINT) == 1);
}

void forget_interrupt() {
  const sigset_t held = interrupt_only();
  const timespec at_once{};
  if (caught) sigtimedwait(&held, nullptr, &at_once);
  seen = 0;
}

int wait_for_input(int fd, const timespec* longest) {
  pollfd input{fd, POLLIN, 0};
  return ppoll(&input, 1, longest, caught ? &elsewhere : nullptr);
}

}  // namespace sluice::control::cli
