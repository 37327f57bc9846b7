// SPDX-License-Identifier: BSD-3-Clause
// Small values that the views, explain and the JSON writer share. Any thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "shared/fib.h"
#include "shared/planes.h"
#include "shared/vlan_table.h"

namespace sluice::control::api {

// Names of ports by PortId. Ports do not change while the daemon runs.
class PortNames {
 public:
  explicit PortNames(std::vector<std::string> names) : names_(std::move(names)) {}

  std::string operator[](PortId port) const;
  std::optional<PortId> find(const std::string& name) const;
  std::string sentence(PortSet ports) const;  // "p1, p2"; "none"
  std::size_t size() const { return names_.size(); }

 private:
  std::vector<std::string> names_;
};

// An entry and what leaves by it: its members and the VLAN's router ports (the worker adds these
// itself, so that a router port that comes or goes touches no entry).
struct FibView {
  Fib::Row row;
  PortSet ports;
};
FibView fib_view(const Fib::Row& row, const VlanPolicy* policy);

// A proxy's entry: the downstreams that want the group.
struct RoutedView {
  Fib::Row row;
  std::string proxy;
  std::vector<std::string> downstreams;
};
RoutedView routed_view(const Fib::Row& row, const config::Config& config);

struct PortView {
  PortId port;
  PortStatus status;
  PortCounters counters;
  std::vector<NamedCount> control_drops;  // of frames that the worker handed up
};

}  // namespace sluice::control::api
