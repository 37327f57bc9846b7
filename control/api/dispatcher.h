// SPDX-License-Identifier: BSD-3-Clause
// From a request line to an answer line. Commands are one table: name, fields taken, fields needed,
// function. State is read by running a short copy on the control thread; JSON is written here.
// API thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/api/command_queue.h"
#include "control/api/reload.h"
#include "control/api/request.h"
#include "control/api/shared_count.h"
#include "control/api/views.h"

namespace sluice::control::api {

class Dispatcher {
 public:
  struct Setup {
    std::string config_path;
    PortNames ports;
    std::function<double()> uptime_s;
    // Follows each change of what is kept over a restart, before the answer; may wait a while.
    std::function<void()> keep = [] {};
  };

  struct Answer {
    std::string line;    // a JSON object and a newline
    bool watch = false;  // the client wants events from now on
  };

  Dispatcher(Setup setup, CommandQueue& commands);

  // Never throws on account of what a client sends.
  Answer answer(std::string_view line);

  const PortNames& ports() const { return setup_.ports; }

  // What is counted off the control thread: here, by the server, and by whoever joins in. Any
  // thread.
  void add_counters(std::vector<NamedCount>& out) const;
  // Each adds its counters, or counts from zero again. Filled before any thread starts.
  struct Source {
    std::function<void(std::vector<NamedCount>&)> add;
    std::function<void()> clear;
  };
  std::vector<Source> more_counters;

 private:
  using Text = Result<std::string>;  // a JSON value
  struct Command {
    std::string_view name;
    unsigned takes, needs;
    Text (Dispatcher::*run)(const Request&);
  };
  static const Command kCommands[];

  Text status(const Request&);
  Text show_groups(const Request&);
  Text show_fib(const Request&);
  Text show_mrouters(const Request&);
  Text show_queriers(const Request&);
  Text show_ports(const Request&);
  Text show_macs(const Request&);
  Text show_counters(const Request&);
  Text show_proxy(const Request&);
  Text show_alarms(const Request&);
  Text explain_frame(const Request&);
  Text static_add(const Request&);
  Text static_del(const Request&);
  Text clear_groups(const Request&);
  Text clear_counters(const Request&);
  Text reload_config(const Request&);
  Text config_diff(const Request&);
  Text log_level(const Request&);
  Text show_log_levels(const Request&);
  Text watch(const Request&);
  Text values(const Request&);

  Text run(const Request& request);
  Text change_static(const Request& request, bool add);
  Result<std::optional<PortId>> port_of(const Request& request) const;
  // Runs `read` on the control thread after checking that the VLAN asked for exists.
  template <class Read>
  auto on_control(std::optional<VlanId> vlan, Read read)
      -> Result<std::invoke_result_t<Read, Core&>>;

  Setup setup_;
  CommandQueue& commands_;
  SharedCount requests_, malformed_, refused_;
  std::vector<std::string> details_;  // of the latest refusal: one line per error of a file
};

}  // namespace sluice::control::api
