// SPDX-License-Identifier: BSD-3-Clause
// Virtual time: things to do at an instant, done in the order of (time, order of asking), so that a
// seed replays exactly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "shared/time.h"

namespace sluice::sim {

class Clock {
 public:
  TimePoint now() const { return now_; }
  TimePoint next() const { return events_.empty() ? kNever : events_.top().at; }

  void at(TimePoint when, std::function<void()> what) {
    events_.push({std::max(when, now_), order_++, std::move(what)});
  }
  void after(Duration delay, std::function<void()> what) { at(now_ + delay, std::move(what)); }

  // Moves to `when`, which lies before every waiting event.
  void move_to(TimePoint when) { now_ = std::max(now_, when); }
  // Does the next event.
  void step() {
    std::function<void()> what = std::move(const_cast<Event&>(events_.top()).what);
    now_ = events_.top().at;
    events_.pop();
    what();
  }

 private:
  struct Event {
    TimePoint at;
    std::uint64_t order;
    std::function<void()> what;
    bool operator<(const Event& other) const {  // for a queue whose top is the earliest
      return std::pair(other.at, other.order) < std::pair(at, order);
    }
  };
  std::priority_queue<Event> events_;
  TimePoint now_{};
  std::uint64_t order_ = 0;
};

// Seeded; the same on every platform (the standard's distributions are not).
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t n) { return engine_() % n; }
  // first..last, both included
  int between(int first, int last) {
    return first + static_cast<int>(below(static_cast<std::uint64_t>(last - first + 1)));
  }
  bool chance(int percent) { return below(100) < static_cast<std::uint64_t>(percent); }
  // In (0, longest]
  Duration within(Duration longest) {
    return longest <= Duration{1} ? Duration{1}
                                  : Duration(1 + static_cast<std::int64_t>(below(
                                                     static_cast<std::uint64_t>(longest.count()))));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace sluice::sim
