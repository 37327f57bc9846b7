// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/command_queue.h"

#include <utility>

namespace sluice::control::api {

bool CommandQueue::call(const Work& work) {
  Item item{&work};
  std::unique_lock lock(mutex_);
  if (closed_) return false;
  items_.push_back(&item);
  waiting_.store(true, std::memory_order_release);
  bell_.ring();
  answered_.wait(lock, [&] { return item.state != State::kQueued; });
  return item.state == State::kDone;
}

void CommandQueue::run(Core& core, const std::function<void()>& after) {
  std::vector<Item*> items;
  {
    const std::lock_guard lock(mutex_);
    items = std::exchange(items_, {});
    waiting_.store(false, std::memory_order_release);
  }
  for (Item* item : items) {
    (*item->work)(core);
    after();
    const std::lock_guard lock(mutex_);
    item->state = State::kDone;  // the caller may return, and *item be gone, once we unlock
  }
  answered_.notify_all();
}

void CommandQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (Item* item : std::exchange(items_, {})) item->state = State::kRefused;
  waiting_.store(false, std::memory_order_release);
  answered_.notify_all();
}

}  // namespace sluice::control::api
