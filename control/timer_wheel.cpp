// SPDX-License-Identifier: BSD-3-Clause
#include "control/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace sluice::control {
namespace {

// Ticks are unsigned and ordered as the time points are, negative ones included.
constexpr std::uint64_t kZero = std::uint64_t{1} << 63;

constexpr std::uint64_t to_tick(TimePoint t) {
  return static_cast<std::uint64_t>(t.time_since_epoch().count()) + kZero;
}
constexpr TimePoint to_time(std::uint64_t tick) {
  return TimePoint(Duration(static_cast<std::int64_t>(tick - kZero)));
}

}  // namespace

TimerWheel::TimerWheel(TimePoint now) : tick_(to_tick(now)) {
  first_.fill(kNone);
}

void TimerWheel::set(Id id, TimePoint wanted) {
  const TimePoint deadline = PackedTime(wanted);
  if (id >= timers_.size()) {
    if (deadline == kNever) return;
    timers_.resize(std::size_t{id} + 1);
  }
  Timer& timer = timers_[id];
  const TimePoint before = timer.deadline;
  if (before == deadline) return;
  timer.deadline = deadline;
  const bool put_off = before != kNever && deadline != kNever && deadline > before;
  if (put_off && timer.slot != kNotFiled) return;
  if (before != kNever) {
    unfile(id);
    --size_;
  }
  if (deadline == kNever) return;
  ++size_;
  file(id);
}

void TimerWheel::file(Id id) {
  Timer& timer = timers_[id];
  const std::uint64_t tick = to_tick(timer.deadline);
  if (tick <= tick_) {
    due_.push_back({timer.deadline, id});
    std::push_heap(due_.begin(), due_.end(), std::greater<>{});
    return;
  }
  const unsigned wheel = (std::bit_width(tick ^ tick_) - 1) / kDigitBits;
  const auto digit = static_cast<unsigned>((tick >> (wheel * kDigitBits)) & (kSlots - 1));
  const unsigned slot = wheel * kSlots + digit;
  timer.slot = static_cast<std::uint16_t>(slot);
  timer.previous = kNone;
  timer.next = first_[slot];
  if (timer.next != kNone) timers_[timer.next].previous = id;
  first_[slot] = id;
  occupied_[wheel] |= std::uint64_t{1} << digit;
  occupied_wheels_ |= 1u << wheel;
}

void TimerWheel::unfile(Id id) {
  Timer& timer = timers_[id];
  if (timer.slot == kNotFiled) return;
  if (timer.next != kNone) timers_[timer.next].previous = timer.previous;
  if (timer.previous != kNone) {
    timers_[timer.previous].next = timer.next;
  } else {
    first_[timer.slot] = timer.next;
    if (timer.next == kNone) {
      const unsigned wheel = timer.slot / kSlots;
      occupied_[wheel] &= ~(std::uint64_t{1} << (timer.slot % kSlots));
      if (occupied_[wheel] == 0) occupied_wheels_ &= ~(1u << wheel);
    }
  }
  timer.slot = kNotFiled;
}

bool TimerWheel::find_next(Next& next) const {
  if (occupied_wheels_ == 0) return false;
  next.wheel = static_cast<unsigned>(std::countr_zero(occupied_wheels_));
  next.slot = static_cast<unsigned>(std::countr_zero(occupied_[next.wheel]));
  // The current tick with this digit replaced and the lower ones zero.
  const unsigned shift = next.wheel * kDigitBits;
  const std::uint64_t above =
      shift + kDigitBits >= 64 ? 0 : ~std::uint64_t{0} << (shift + kDigitBits);
  next.tick = (tick_ & above) | (std::uint64_t{next.slot} << shift);
  return true;
}

void TimerWheel::empty_slot(const Next& next) {
  const unsigned slot = next.wheel * kSlots + next.slot;
  Id id = first_[slot];
  first_[slot] = kNone;
  occupied_[next.wheel] &= ~(std::uint64_t{1} << next.slot);
  if (occupied_[next.wheel] == 0) occupied_wheels_ &= ~(1u << next.wheel);
  while (id != kNone) {
    const Id following = timers_[id].next;
    timers_[id].slot = kNotFiled;
    file(id);
    id = following;
  }
}

void TimerWheel::fire_due(TimePoint now, const std::function<void(Id)>& due) {
  while (!due_.empty() && due_.front().deadline <= now) {
    const Due entry = due_.front();
    std::pop_heap(due_.begin(), due_.end(), std::greater<>{});
    due_.pop_back();
    if (timers_[entry.id].deadline != entry.deadline) continue;  // moved or cancelled since
    timers_[entry.id].deadline = kNever;
    --size_;
    due(entry.id);
  }
}

void TimerWheel::advance(TimePoint now, const std::function<void(Id)>& due) {
  const std::uint64_t target = to_tick(now);
  fire_due(now, due);
  Next next;
  while (find_next(next) && next.tick <= target) {
    tick_ = next.tick;
    empty_slot(next);
    fire_due(now, due);
  }
  tick_ = std::max(tick_, target);
}

TimePoint TimerWheel::next_deadline() const {
  // A stale top only makes this early, which the contract allows.
  if (!due_.empty()) return due_.front().deadline;
  Next next;
  return find_next(next) ? to_time(next.tick) : kNever;
}

}  // namespace sluice::control
