// SPDX-License-Identifier: BSD-3-Clause
// How other threads get something done on the control thread: they queue a function and wait for
// its return. The control thread never waits for them: it runs what is queued between two events.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <vector>

#include "control/api/core.h"
#include "shared/doorbell.h"

namespace sluice::control::api {

class CommandQueue {
 public:
  using Work = std::function<void(Core&)>;

  // `bell` wakes the control thread; it outlives the queue.
  explicit CommandQueue(Doorbell& bell) : bell_(bell) {}

  // Any thread but the control thread: waits until `work` has run there. False: the daemon stops,
  // and `work` has not run and never will.
  [[nodiscard]] bool call(const Work& work);

  // Control thread. `empty` is one load, for every turn of the loop.
  bool empty() const { return !waiting_.load(std::memory_order_acquire); }
  // Runs all that is queued; `after` follows each (it carries out the effects).
  void run(Core& core, const std::function<void()>& after);
  // Refuses what is queued and what comes later.
  void close();

 private:
  enum class State { kQueued, kDone, kRefused };
  struct Item {
    const Work* work = nullptr;
    State state = State::kQueued;
  };

  Doorbell& bell_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::vector<Item*> items_;  // each lives on the stack of its waiting caller
  bool closed_ = false;
  std::atomic<bool> waiting_{false};
};

}  // namespace sluice::control::api
