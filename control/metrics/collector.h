// SPDX-License-Identifier: BSD-3-Clause
// Copies out everything that there is to show. It asks the control thread piece by piece, so that
// no piece holds that thread up for longer than about a quarter of a millisecond, however large the
// tables are; sums and choices are made by the caller's thread. Any thread but the control thread,
// one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "control/api/command_queue.h"
#include "control/api/views.h"
#include "control/loop_times.h"
#include "control/metrics/group_traffic.h"

namespace sluice::control::metrics {

struct PortFigures {
  std::string name;
  PortStatus status;
  PortCounters counters;
  std::vector<NamedCount> control_drops;
};

class Collector {
 public:
  struct Setup {
    api::PortNames ports;
    // What is counted off the control thread.
    std::function<void(std::vector<NamedCount>&)> more_counters;
    std::size_t top_groups = 1000;
  };

  Collector(Setup setup, api::CommandQueue& commands);

  // None: the daemon is stopping.
  std::optional<std::vector<NamedCount>> counters();
  std::optional<std::vector<PortFigures>> ports();
  std::optional<LoopTimes> times();
  // A reading of the whole forwarding table; see group_traffic.h. Good until the next one.
  const GroupTraffic* groups();

 private:
  // False: the daemon is stopping.
  bool read_table();
  bool count_hosts();

  Setup setup_;
  api::CommandQueue& commands_;
  GroupTraffic traffic_;
  std::uint64_t resets_ = 0;
};

}  // namespace sluice::control::metrics
