// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/event_feed.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace sluice::control::api {

EventFeed::EventFeed() : wake_fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (wake_fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

EventFeed::~EventFeed() {
  ::close(wake_fd_);
}

void EventFeed::publish(const snooping::Event& event, std::chrono::system_clock::time_point time) {
  if (next_ != nullptr) next_->publish(event, time);
  if (watchers_.load(std::memory_order_relaxed) == 0) return;
  if (!ring_.push(StampedEvent{time, event})) lost_.fetch_add(1, std::memory_order_relaxed);
  wake();
}

void EventFeed::wake() {
  if (signalled_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  // Cannot block, and cannot fail but by overflow, when the reader is awake anyway.
  [[maybe_unused]] const auto written = ::write(wake_fd_, &one, sizeof one);
}

void EventFeed::acknowledge() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(wake_fd_, &count, sizeof count);
  // Before the ring is read: what is published from here on wakes us again.
  signalled_.exchange(false, std::memory_order_acq_rel);
}

}  // namespace sluice::control::api
