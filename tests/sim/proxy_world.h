// SPDX-License-Identifier: BSD-3-Clause
// Appliances that proxy, between hosts and upstream routers, in virtual time. ProxyWorld moves
// frames and carries out effects, and answers where a frame of data would come out of it all;
// ProxyOracle (proxy_oracle.h) judges.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/appliance.h"
#include "control/igmp/codec.h"
#include "tests/sim/clock.h"
#include "tests/sim/forwarding.h"
#include "tests/sim/host.h"
#include "tests/sim/link.h"
#include "tests/sim/proxy_scenario.h"
#include "tests/sim/router.h"
#include "tests/sim/violation.h"

namespace sluice::sim {

// A port of a node, and the segment behind it.
struct Place {
  std::size_t node = 0;
  PortId port;
  auto operator<=>(const Place&) const = default;
};

class ProxyWorld {
 public:
  ProxyWorld(const ProxyScenario& scenario, bool trace);

  Clock& clock() { return clock_; }
  Dice& dice() { return dice_; }
  const ProxyScenario& scenario() const { return scenario_; }
  control::Appliance& appliance(std::size_t node) { return *nodes_[node].appliance; }
  const Forwarding& forwarding(std::size_t node) const { return nodes_[node].forwarding; }

  void run_until(TimePoint end);
  void set_storm(bool storm) { storm_ = storm; }
  // A frame that a stranger sends into the segment behind a port, and that the node gets.
  void inject(Place place, const std::vector<std::uint8_t>& bytes);
  // Reads the same configuration again.
  void reload(std::size_t node);
  // Of the link behind a port; the one between two nodes is set at both ends.
  void set_link(Place place, bool up);
  bool link_is_up(Place place) const { return link(place).up; }
  TimePoint link_since(Place place) const { return link(place).since; }

  std::vector<std::unique_ptr<Host>>& hosts() { return hosts_; }
  std::size_t node_of(const Host& host) const { return host_nodes_[host.settings().number]; }
  const std::vector<Host*>& hosts_at(Place place) const;
  Router& upstream_router(std::size_t upstream) { return *upstream_routers_[upstream]; }
  Router* foreign_querier() { return foreign_.get(); }
  // When a General Query last came in from the router of an upstream of the top node, and when one
  // last came after a silence that may have been taken for its end.
  struct Heard {
    TimePoint last = TimePoint::min();
    TimePoint after_silence = TimePoint::min();
  };
  const Heard& heard(std::size_t upstream) const { return heard_[upstream]; }

  // How many copies of one frame of data, sent into the segment behind `from`, come out at each
  // port of each node, now. Throws Violation when it goes round.
  std::map<Place, int> send_data(Place from, Ipv4 source, Ipv4 group, std::uint8_t ttl) const;

  std::uint64_t frames_in() const { return frames_in_; }
  std::uint64_t advances() const { return advances_; }
  void trace(const std::string& line);

 private:
  struct LinkState {
    bool up = false;
    TimePoint since{};
    TimePoint busy_until[2] = {};  // out, in: routers and nodes get what was sent in its order
  };
  struct Node {
    std::unique_ptr<control::Appliance> appliance;
    control::Appliance::Effects effects;
    Forwarding forwarding;
    std::vector<LinkState> links;
  };

  const LinkState& link(Place place) const { return nodes_[place.node].links[place.port.value]; }
  std::optional<Place> other_end(Place place) const;
  VlanId vlan_of(Place place) const;
  Router* router_at(Place place);
  std::uint64_t segment(Place place) const;
  TimePoint in_order(Place place, bool out, Duration delay);

  void from_host(const Host& host, Sending sending);
  void from_router(Place place, std::vector<std::uint8_t> bytes);
  void note_query(Place place, const igmp::Packet& packet);
  void hand_over(Place place, const std::vector<std::uint8_t>& bytes);
  void to_node(Place place, const std::vector<std::uint8_t>& bytes);
  void carry_out(std::size_t node);
  void send_out(std::size_t node, const OutFrame& frame);
  std::vector<Duration> carry(const igmp::Packet& packet, Place place);
  void to_segment(Place place, const igmp::Packet& packet);

  ProxyScenario scenario_;
  bool trace_;
  Clock clock_;
  Dice dice_;
  Link wire_;
  std::vector<Node> nodes_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<std::size_t> host_nodes_;
  std::map<Place, std::vector<Host*>> segments_;
  std::vector<std::unique_ptr<Router>> upstream_routers_;
  std::vector<Heard> heard_;  // of each
  std::unique_ptr<Router> foreign_;
  bool storm_ = false;
  std::uint64_t frames_in_ = 0, advances_ = 0;
};

}  // namespace sluice::sim
