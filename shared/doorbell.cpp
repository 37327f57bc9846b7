// SPDX-License-Identifier: BSD-3-Clause
#include "shared/doorbell.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ctime>

namespace sluice {

static_assert(sizeof(std::atomic<std::uint32_t>) == 4 &&
              std::atomic<std::uint32_t>::is_always_lock_free);

void Doorbell::wake() {
  ::syscall(SYS_futex, &asleep_, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// The kernel compares the word before it puts anybody to sleep: a ring that came in between is
// seen.
void Doorbell::wait(std::chrono::nanoseconds most) {
  if (most <= most.zero()) return;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  const timespec limit{.tv_sec = static_cast<std::time_t>(seconds.count()),
                       .tv_nsec = static_cast<long>((most - seconds).count())};
  ::syscall(SYS_futex, &asleep_, FUTEX_WAIT_PRIVATE, kAsleep, &limit, nullptr, 0);
}

}  // namespace sluice
