// SPDX-License-Identifier: BSD-3-Clause
// The control thread's loop: punted frames, timers, links and commands go into the appliance; what
// it wants done is carried out. While there is work it polls, so that a join takes effect in
// microseconds; when there has been none for a moment it sleeps until the next timer, or until who
// brings work rings. Knows the data plane by shared/planes.h only.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <vector>

#include "config/config.h"
#include "control/api/command_queue.h"
#include "control/api/event_feed.h"
#include "control/api/views.h"
#include "control/appliance.h"
#include "control/health/monitor.h"
#include "shared/doorbell.h"
#include "shared/planes.h"

namespace sluice::control {

class Loop {
 public:
  // All of them outlive the loop.
  struct Parts {
    config::Config& config;
    Appliance& appliance;
    Fib& fib;
    PuntSource& punts;
    FrameSink& frames;
    VlanPublisher& vlans;
    DataplaneView& view;
    api::CommandQueue& commands;
    api::EventFeed& feed;
    Doorbell& bell;  // rung for punted frames, for commands, and for `stop`
    const api::PortNames& ports;
    std::function<TimePoint()> clock;
    // Reports each port whose link changed since the last call; the first call reports all.
    std::function<void(const std::function<void(PortId, bool up)>&)> poll_links;
    // Ageing and reclaiming, every kHousekeeping or so.
    std::function<void(TimePoint)> maintain;
    std::function<std::vector<NamedCount>()> more_counters = {};
  };
  static constexpr Duration kLinkInterval = std::chrono::milliseconds(100);
  static constexpr Duration kHousekeeping = std::chrono::milliseconds(50);
  static constexpr std::size_t kPuntBatch = 64;

  explicit Loop(Parts parts);

  // Starts the appliance: static entries, and what was known before a restart, are in the
  // forwarding table when it returns. Before the workers poll.
  snooping::Restored prepare(SavedAppliance* saved = nullptr);
  // Links, VLAN table, first queries. Prepares, if nobody has.
  void start();
  // One turn. True: there was something to do.
  bool turn();
  // Turns until `stop`, which is to be rung for; sleeps when idle.
  void run(const std::atomic<bool>& stop);

 private:
  void carry_out();
  void apply(const snooping::FibChange& change);
  // Where the time that the effects in hand take is counted; nullptr: nowhere.
  Histogram* reaction();
  void poll_links(TimePoint now);
  void look_after_health(TimePoint now);
  Duration until_next() const;

  Parts parts_;
  api::CounterZero zero_;
  DepartedTraffic departed_;
  LoopTimes times_;
  health::Monitor health_;
  snooping::Effects effects_;
  std::vector<FibKey> refused_;  // of the list that is being carried out
  bool prepared_ = false;
  std::vector<std::pair<PortId, bool>> links_;      // scratch
  std::vector<health::Transition> health_changes_;  // scratch
  TimePoint next_links_{};
  TimePoint next_housekeeping_{};
};

}  // namespace sluice::control
