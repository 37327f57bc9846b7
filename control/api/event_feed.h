// SPDX-License-Identifier: BSD-3-Clause
// Events on their way from the control thread to those who watch. A bounded ring that the control
// thread fills without ever waiting, and an eventfd that wakes the API thread. Nobody watching
// costs one load per event; a full ring costs the watchers events, which they are told.
#pragma once

#include <atomic>
#include <boost/lockfree/spsc_queue.hpp>
#include <chrono>
#include <cstdint>

#include "control/snooping/effects.h"

namespace sluice::control::api {

struct StampedEvent {
  std::chrono::system_clock::time_point time;
  snooping::Event event;
};

class EventFeed {
 public:
  EventFeed();
  ~EventFeed();
  EventFeed(const EventFeed&) = delete;
  EventFeed& operator=(const EventFeed&) = delete;

  // Everything published here is published there too. Before the first event.
  void pass_on_to(EventFeed& next) { next_ = &next; }

  // Control thread.
  void publish(const snooping::Event& event, std::chrono::system_clock::time_point time);

  // API thread. `wake_fd` is readable when there is something to drain, or after wake().
  int wake_fd() const { return wake_fd_; }
  void watchers(std::size_t count) { watchers_.store(count, std::memory_order_relaxed); }
  // Visits what has come; returns how many events were lost before these.
  template <class Visit>
  std::uint64_t drain(Visit visit) {
    acknowledge();
    ring_.consume_all([&](const StampedEvent& event) { visit(event); });
    return lost_.exchange(0, std::memory_order_relaxed);
  }

  // Any thread.
  void wake();

 private:
  static constexpr std::size_t kCapacity = 16384;

  void acknowledge();

  boost::lockfree::spsc_queue<StampedEvent> ring_{kCapacity};
  std::atomic<std::size_t> watchers_{0};
  std::atomic<std::uint64_t> lost_{0};
  std::atomic<bool> signalled_{false};  // so that a burst of events is one write()
  int wake_fd_;
  EventFeed* next_ = nullptr;
};

}  // namespace sluice::control::api
