// SPDX-License-Identifier: BSD-3-Clause
// The whole control plane as one object: the snooping switch, the proxies that route between its
// VLANs, and the addresses that answer ARP and ping. Frames, links, commands and the time go in;
// Effects come out. Like the parts, it never reads a clock, sleeps, logs, or touches a socket:
// production and simulation run this same code. Control thread only.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "control/proxy/proxy.h"
#include "control/responder.h"
#include "control/snooping/switch.h"

namespace sluice::control {

// What outlives a restart (snooping/saved.h).
struct SavedAppliance {
  struct Proxy {
    std::string name;
    std::vector<VlanId> had_querier;
  };
  snooping::SavedSwitch switched;
  std::vector<Proxy> proxies;
};

class Appliance {
 public:
  using Effects = snooping::Effects;

  // As Switch's: `config` has passed the loader's checks, all ports count as down until on_links().
  Appliance(const config::Config& config, MacAddress mac, std::uint64_t seed);

  void start(TimePoint now, Effects& out);
  // With what was known before a restart. Until the first on_links() every link counts as up where
  // a proxy chooses its upstream.
  snooping::Restored start(SavedAppliance saved, TimePoint now, Effects& out);
  // Before on_frame() of each, of no effect but on its time.
  void look_ahead(std::span<const PuntedFrame> frames) const { switch_.look_ahead(frames); }
  void on_frame(const PuntedFrame& frame, TimePoint now, Effects& out);
  // What changed at one moment is taken together: no fail-over to an upstream that goes too.
  void on_links(std::span<const std::pair<PortId, bool>> links, TimePoint now, Effects& out);
  void advance(TimePoint now, Effects& out);
  TimePoint next_deadline() const;
  void on_fib_refused(const FibKey& key, Effects& out);
  // Applies a new configuration whose ports are the same.
  void reload(const config::Config& config, TimePoint now, Effects& out);
  // To be called when something was done to the switch itself (an operator's command): lets the
  // proxies follow. The events above do it.
  void settle(TimePoint now, Effects& out);

  snooping::Switch& snooper() { return switch_; }
  const snooping::Switch& snooper() const { return switch_; }
  // What the workers are to use; publish after every Effects with vlans_changed.
  VlanTable vlan_table() const;
  std::vector<proxy::ProxyRow> proxies(TimePoint now) const;
  std::vector<SavedAppliance::Proxy> save_proxies() const;
  // Of the proxies and interfaces; the switch has its own.
  std::vector<NamedCount> counters() const;
  void clear_counters();

 private:
  void adopt(const config::Config& config);
  snooping::Switch::Network network(VlanId vlan, TimePoint now) const;
  void carry_out(proxy::Effects& wanted, TimePoint now, Effects& out);

  snooping::Switch switch_;
  std::vector<proxy::Proxy> proxies_;
  std::vector<config::Interface> interfaces_;
  Responder responder_;
  PuntLimits punt_limits_;
  MacAddress mac_;
  bool links_unknown_ = false;  // after a restart
};

}  // namespace sluice::control
