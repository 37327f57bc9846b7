// SPDX-License-Identifier: BSD-3-Clause
// Deadlines of any number of things, O(1) to set, move and cancel: a hierarchical timing wheel of
// 1 ms ticks. What is due comes out in (deadline, id) order, so a run repeats exactly. Single
// thread; told the time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "shared/time.h"

namespace sluice::control {

class TimerWheel {
 public:
  // A thing with a deadline; small integers, dense (used as an index), chosen by the caller.
  using Id = std::uint32_t;

  explicit TimerWheel(TimePoint now = TimePoint{});
  ~TimerWheel();

  // Sets or moves the deadline; kNever cancels. A deadline in the past is due at the next advance.
  void set(Id id, TimePoint deadline);
  void cancel(Id id) { set(id, kNever); }
  TimePoint deadline(Id id) const;

  // Calls `due` for everything with a deadline <= now, in (deadline, id) order; each is cancelled
  // before its call, and the call may set it (or others) again, also for this same `now`.
  void advance(TimePoint now, const std::function<void(Id)>& due);

  // Never later than the earliest deadline; exact when that is within the innermost wheel.
  TimePoint next_deadline() const;
  std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::control
