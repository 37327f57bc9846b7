// SPDX-License-Identifier: BSD-3-Clause
// Wakes one thread that sleeps for want of work. Whoever brings it work rings after the work is in
// place: while that thread is awake this costs one atomic instruction, and one system call, which
// does not block, for each time that it is woken. No ring is lost: the two sides take turns at one
// word, so either the ringer finds the sleeper asleep, or the sleeper, who looks for work once more
// after it has said that it sleeps, finds the work.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace sluice {

class Doorbell {
 public:
  // Any thread but the sleeper; never blocks.
  void ring() {
    if (asleep_.exchange(kAwake, std::memory_order_acq_rel) == kAsleep) wake();
  }

  // The sleeper, one thread. Returns when somebody rings, and after `most` at the latest; may
  // return early. `find_work` is called once, when who rings from now on wakes: true if there is
  // work (and it may do it), and nobody sleeps.
  template <class FindWork>
  void sleep(FindWork find_work, std::chrono::nanoseconds most) {
    asleep_.exchange(kAsleep, std::memory_order_acq_rel);
    if (!find_work()) wait(most);
    // No plain store: what a ringer has brought by now must be seen from here on.
    asleep_.exchange(kAwake, std::memory_order_acq_rel);
  }

 private:
  static constexpr std::uint32_t kAwake = 0, kAsleep = 1;

  void wake();
  void wait(std::chrono::nanoseconds most);  // while asleep_ == kAsleep

  // A line of its own: ringers write it.
  alignas(64) std::atomic<std::uint32_t> asleep_{kAwake};
};

}  // namespace sluice
