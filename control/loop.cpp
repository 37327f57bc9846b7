// SPDX-License-Identifier: BSD-3-Clause
#include "control/loop.h"

#include <algorithm>
#include <utility>

#include "control/alarm_log.h"
#include "control/event_log.h"
#include "control/log/log.h"

namespace sluice::control {
namespace {

using SteadyClock = std::chrono::steady_clock;

// How long it looks for more work before it sleeps. A report now and then is followed by none, and
// what shares the core is waiting for it. After a sleep that was over so soon that it was not worth
// its two system calls there is more to come, and to look for it saves the workers a system call
// each time.
constexpr auto kPatience = std::chrono::microseconds(2),
               kMorePatience = std::chrono::microseconds(36);
constexpr auto kSleepWorthIt = std::chrono::microseconds(20);

}  // namespace

Loop::Loop(Parts parts)
    : parts_(std::move(parts)),
      health_({.config = parts_.config,
               .snooper = parts_.appliance.snooper(),
               .fib = parts_.fib,
               .view = parts_.view,
               .port_name = [this](PortId port) { return parts_.ports[port]; }}) {}

snooping::Restored Loop::prepare(SavedAppliance* saved) {
  const TimePoint now = parts_.clock();
  snooping::Restored restored;
  if (saved != nullptr) {
    restored = parts_.appliance.start(std::move(*saved), now, effects_);
  } else {
    parts_.appliance.start(now, effects_);
  }
  prepared_ = true;
  carry_out();
  return restored;
}

void Loop::start() {
  if (!prepared_) prepare();
  poll_links(parts_.clock());
  effects_.vlans_changed = true;
  carry_out();
}

bool Loop::turn() {
  const TimePoint now = parts_.clock();
  // Read only when there is work: idle turns are many.
  std::optional<SteadyClock::time_point> busy_since;
  const auto busy = [&] {
    if (!busy_since) busy_since = SteadyClock::now();
  };
  parts_.punts.poll(kPuntBatch, [&](std::span<const PuntedFrame> frames) {
    busy();
    parts_.appliance.look_ahead(frames);
    for (const PuntedFrame& frame : frames) {
      parts_.appliance.on_frame(frame, now, effects_);
      Histogram* const times = reaction();
      carry_out();
      if (times != nullptr && frame.received) times->add(SteadyClock::now() - *frame.received);
    }
  });
  if (parts_.appliance.next_deadline() <= now) {
    busy();
    parts_.appliance.advance(now, effects_);
    carry_out();
  }
  if (!parts_.commands.empty()) {
    busy();
    api::Core core{.appliance = parts_.appliance,
                   .fib = parts_.fib,
                   .vlans = parts_.vlans,
                   .view = parts_.view,
                   .config = parts_.config,
                   .zero = zero_,
                   .departed = departed_,
                   .times = times_,
                   .health = health_,
                   .now = now,
                   .out = effects_,
                   .more_counters = parts_.more_counters};
    parts_.commands.run(core, [&] {
      parts_.appliance.settle(now, effects_);
      carry_out();
    });
  }
  if (now >= next_links_) {
    next_links_ = now + kLinkInterval;
    poll_links(now);
    carry_out();
  }
  if (now >= next_housekeeping_) {
    next_housekeeping_ = now + kHousekeeping;
    parts_.maintain(now);
    look_after_health(now);
  }
  if (busy_since) times_.turn.add(SteadyClock::now() - *busy_since);
  return busy_since.has_value();
}

void Loop::run(const std::atomic<bool>& stop) {
  const auto stopped = [&] { return stop.load(std::memory_order_relaxed); };
  auto last_busy = SteadyClock::now();
  auto patience = kPatience;
  while (!stopped()) {
    const bool busy = turn();
    const auto now = SteadyClock::now();
    if (busy) last_busy = now;
    if (now - last_busy < patience) continue;
    bool found = false;
    const auto find_work = [&] { return (found |= turn()) || stopped(); };
    parts_.bell.sleep(find_work, until_next());
    const auto woken = SteadyClock::now();
    if (found) last_busy = woken;
    patience = woken - now < kSleepWorthIt ? kMorePatience : kPatience;
  }
}

// Until the first thing that happens by itself.
Duration Loop::until_next() const {
  const TimePoint next =
      std::min({parts_.appliance.next_deadline(), next_links_, next_housekeeping_});
  return next - parts_.clock();
}

void Loop::poll_links(TimePoint now) {
  links_.clear();
  parts_.poll_links([&](PortId port, bool up) {
    log::write(LogEvent::kPortLink, {{"port", parts_.ports[port]}, {"state", up ? "up" : "down"}});
    links_.emplace_back(port, up);
    if (up) return;
    for (const VlanPolicy& policy : parts_.vlans.current().policies()) {
      if (policy.ports().contains(port)) parts_.view.flush_macs(policy.id, PortSet::of(port));
    }
  });
  if (!links_.empty()) parts_.appliance.on_links(links_, now, effects_);
}

void Loop::look_after_health(TimePoint now) {
  health_changes_.clear();
  health_.advance(now, health_changes_);
  for (const auto& [raised, alarm] : health_changes_) {
    using snooping::EventType;
    parts_.feed.publish({.type = raised ? EventType::kAlarmRaised : EventType::kAlarmCleared,
                         .vlan = alarm.vlan.value_or(VlanId{}),
                         .port = alarm.port,
                         .group = alarm.group,
                         .source = alarm.source,
                         .address = std::nullopt,
                         .alarm = alarm.name},
                        std::chrono::system_clock::now());
    log_alarm(alarm, raised, parts_.ports);
  }
}

// In this order: a frame that answers a change finds the change made.
void Loop::carry_out() {
  std::size_t done = 0;
  while (done < effects_.fib.size()) {
    for (; done < effects_.fib.size(); ++done) apply(snooping::FibChange(effects_.fib[done]));
    // May add to the list. What there was room for later in the list is not refused.
    for (const FibKey& key : std::exchange(refused_, {})) {
      if (!parts_.fib.find(key)) parts_.appliance.on_fib_refused(key, effects_);
    }
  }
  if (effects_.vlans_changed) {
    parts_.vlans.publish(std::make_unique<VlanTable>(parts_.appliance.vlan_table()));
  }
  for (const OutFrame& frame : effects_.frames) parts_.frames.send(frame);
  for (const snooping::Event& event : effects_.events) {
    parts_.feed.publish(event, std::chrono::system_clock::now());
    log_event(event, parts_.ports);
  }
  effects_.clear();
}

Histogram* Loop::reaction() {
  if (effects_.fib.empty()) return nullptr;
  Histogram* times = nullptr;
  for (const snooping::Event& event : effects_.events) {
    switch (event.type) {
      case snooping::EventType::kGroupJoined:
      case snooping::EventType::kSourceAdded:
        return &times_.join;
      case snooping::EventType::kGroupLeft:
      case snooping::EventType::kSourceRemoved:
        times = &times_.leave;
        break;
      default:
        break;
    }
  }
  return times;
}

void Loop::apply(const snooping::FibChange& change) {
  if (!change.members) {
    const auto row = parts_.fib.find(change.key);
    if (parts_.fib.erase(change.key)) departed_.add(*row);
    zero_.forget(change.key);
    return;
  }
  if (const Status set = parts_.fib.set(change.key, {*change.members}); !set) {
    log::write(LogEvent::kFibRefused, {{"reason", set.error().what}});
    refused_.push_back(change.key);
  }
}

}  // namespace sluice::control
