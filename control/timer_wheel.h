// SPDX-License-Identifier: BSD-3-Clause
// Deadlines of any number of things, O(1) to set, move and cancel: a hierarchical timing wheel of
// 1 ms ticks, 16 bytes a thing. What is due comes out in (deadline, id) order, so a run repeats
// exactly. Single thread; told the time.
//
// A deadline is filed by the highest digit (base 64) in which it differs from the current tick:
// wheel = the digit's place, slot = the digit. So a wheel's occupied slots all lie after the
// current one, the lower wheel always comes first, and one bitmap per wheel finds the next slot.
// Reaching a slot of an upper wheel files its timers anew, further down; reaching one of the
// innermost makes its timers due. A deadline that is put off stays filed as it is until its slot is
// reached: most are, again and again, by every report of a host, and never come due.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <vector>

#include "shared/time.h"

namespace sluice::control {

class TimerWheel {
 public:
  // A thing with a deadline; small integers, dense (used as an index), chosen by the caller.
  using Id = std::uint32_t;

  explicit TimerWheel(TimePoint now = TimePoint{});

  // Sets or moves the deadline; kNever cancels. A deadline in the past is due at the next advance.
  void set(Id id, TimePoint deadline);
  void cancel(Id id) { set(id, kNever); }
  TimePoint deadline(Id id) const {
    return id < timers_.size() ? TimePoint(timers_[id].deadline) : kNever;
  }

  // Of no effect but on the time of a set() that follows.
  void prefetch(Id id) const {
    if (id < timers_.size()) __builtin_prefetch(&timers_[id], 1);
  }

  // Calls `due` for everything with a deadline <= now, in (deadline, id) order; each is cancelled
  // before its call, and the call may set it (or others) again, also for this same `now`.
  void advance(TimePoint now, const std::function<void(Id)>& due);

  // Never later than the earliest deadline; exact when that is within the innermost wheel and was
  // never put off.
  TimePoint next_deadline() const;
  std::size_t size() const { return size_; }

 private:
  static constexpr unsigned kDigitBits = 6;
  static constexpr unsigned kSlots = 1u << kDigitBits;
  static constexpr unsigned kWheels = (64 + kDigitBits - 1) / kDigitBits;
  static constexpr Id kNone = ~Id{0};
  static constexpr std::uint16_t kNotFiled = 0xFFFF;  // no slot: idle, or in due_

  struct Timer {
    PackedTime deadline = kNever;
    std::uint16_t slot = kNotFiled;     // not after the deadline's
    Id previous = kNone, next = kNone;  // in the slot's list
  };
  struct Due {
    TimePoint deadline;
    Id id;
    friend bool operator>(const Due& a, const Due& b) {
      return a.deadline != b.deadline ? a.deadline > b.deadline : a.id > b.id;
    }
  };

  // The next occupied slot and the first tick it stands for.
  struct Next {
    unsigned wheel, slot;
    std::uint64_t tick;
  };
  bool find_next(Next& next) const;
  void file(Id id);
  void unfile(Id id);
  void empty_slot(const Next& next);
  void fire_due(TimePoint now, const std::function<void(Id)>& due);

  std::uint64_t tick_;  // now: everything filed lies after it
  std::size_t size_ = 0;
  std::uint32_t occupied_wheels_ = 0;                    // bit w: occupied_[w] != 0
  std::array<std::uint64_t, kWheels> occupied_{};        // bit s: slot s has timers
  std::array<Id, std::size_t{kWheels} * kSlots> first_;  // of each slot's list
  std::vector<Timer> timers_;                            // by id
  // Deadlines that tick_ has reached: a heap, earliest on top. An entry whose timer has been moved
  // or cancelled since stays until it comes up.
  std::vector<Due> due_;
};

}  // namespace sluice::control
