// SPDX-License-Identifier: BSD-3-Clause
// The appliance's core between segments of hosts and routers, in virtual time. World moves frames
// and carries out effects; Oracle (oracle.h) judges.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "control/igmp/codec.h"
#include "control/snooping/switch.h"
#include "tests/sim/clock.h"
#include "tests/sim/forwarding.h"
#include "tests/sim/host.h"
#include "tests/sim/link.h"
#include "tests/sim/router.h"
#include "tests/sim/scenario.h"
#include "tests/sim/violation.h"

namespace sluice::sim {

// Until when a port has to be, and may be, a router port for the queries that came in by it.
struct RouterPortTerm {
  TimePoint must_until{};
  TimePoint may_until{};
};

class World {
 public:
  World(const Scenario& scenario, bool trace);

  Clock& clock() { return clock_; }
  Dice& dice() { return dice_; }
  const Scenario& scenario() const { return scenario_; }
  const Forwarding& forwarding() const { return forwarding_; }
  control::snooping::Switch& core() { return switch_; }

  // Runs everything due until `end`.
  void run_until(TimePoint end);
  void set_link(PortId port, bool up);
  void set_storm(bool storm) { storm_ = storm; }
  bool link_is_up(PortId port) const { return links_[port.value].up; }
  TimePoint link_up_since(PortId port) const { return links_[port.value].since; }

  std::vector<std::unique_ptr<Host>>& hosts() { return hosts_; }
  const std::vector<Host*>& hosts_on(VlanId vlan, PortId port) const;
  Router* router(VlanId vlan);
  RouterPortTerm router_port_term(VlanId vlan, PortId port) const;

  std::uint64_t frames_in() const { return frames_in_; }
  std::uint64_t advances() const { return advances_; }
  void trace(const std::string& line);

 private:
  using Segment = std::pair<VlanId, PortId>;

  void from_host(const Host& host, Sending sending);
  void from_router(const Router& router, std::vector<std::uint8_t> bytes);
  void to_switch(VlanId vlan, PortId port, std::vector<std::uint8_t> bytes);
  void to_segment(VlanId vlan, PortId port, const igmp::Packet& packet);
  void note_query(VlanId vlan, PortId port, const igmp::Packet& packet);
  void carry_out();
  void send_out(const OutFrame& frame);
  const VlanPlan& plan(VlanId vlan) const;

  Scenario scenario_;
  bool trace_;
  Clock clock_;
  Dice dice_;
  Link wire_;
  Forwarding forwarding_;
  control::snooping::Switch switch_;
  control::snooping::Effects effects_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<Segment, std::vector<Host*>> segments_;
  std::map<VlanId, std::unique_ptr<Router>> routers_;
  std::map<Segment, RouterPortTerm> terms_;
  std::map<VlanId, PortSet> routers_before_;  // the latest turn
  struct LinkState {
    bool up = false;
    TimePoint since{};
  };
  std::vector<LinkState> links_;
  bool storm_ = false;
  std::uint64_t frames_in_ = 0;
  std::uint64_t advances_ = 0;
};

}  // namespace sluice::sim
