// SPDX-License-Identifier: BSD-3-Clause
// Copies what the dashboard shows from the control thread, in slices so small that none of them
// keeps it from a report for long. HTTP thread only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "control/api/command_queue.h"
#include "control/web/sample.h"

namespace sluice::control::web {

class Sampler {
 public:
  Sampler(api::CommandQueue& commands, std::size_t ports) : commands_(commands), ports_(ports) {}

  // Takes the next sample. False: the daemon stops.
  bool take();
  // Lets go of what is there: nobody looks, and a rate over the time until somebody does again is
  // none.
  void forget() { latest_ = Sample{}; }
  // Number 0: nothing was taken yet.
  const Sample& latest() const { return latest_; }

  // The groups that hosts which `wanted` accepts asked for, and through which ports. At most
  // kMostFound memberships. None: the daemon stops.
  using GroupPorts = std::vector<snooping::HostMembership>;
  static constexpr std::size_t kMostFound = 100'000;
  std::optional<GroupPorts> find_hosts(const std::function<bool(Ipv4)>& wanted) const;

 private:
  // Of the forwarding table's places, and of memberships and hosts: some tens of microseconds.
  static constexpr std::uint32_t kSlice = 2048;
  static constexpr std::size_t kPortsAtOnce = 4;

  bool copy_ports(Sample& sample) const;
  bool copy_vlans(Sample& sample) const;
  bool copy_flows(Sample& sample) const;

  api::CommandQueue& commands_;
  std::size_t ports_;
  Sample latest_;
  std::uint64_t taken_ = 0;
};

}  // namespace sluice::control::web
