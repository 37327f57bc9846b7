// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/proxy_world.h"

#include <cstdio>
#include <deque>

#include "shared/vlan_table.h"
#include "tests/sim/text.h"

namespace sluice::sim {
namespace {

using std::chrono::seconds;

constexpr int kMostAdvancesAtOnce = 1000;
constexpr int kMostCopies = 1000;

bool is_report(const igmp::Message<Ipv4>& message) {
  return std::holds_alternative<igmp::V1Report<Ipv4>>(message) ||
         std::holds_alternative<igmp::V2Report<Ipv4>>(message) ||
         std::holds_alternative<igmp::V3Report<Ipv4>>(message) ||
         std::holds_alternative<igmp::Leave<Ipv4>>(message);
}

std::string name(Place place) {
  return (place.node == 0 ? "top p" : "below p") + std::to_string(place.port.value);
}

}  // namespace

ProxyWorld::ProxyWorld(const ProxyScenario& scenario, bool trace)
    : scenario_(scenario),
      trace_(trace),
      dice_(scenario.seed),
      wire_(scenario.loss, scenario.reorders, scenario.duplicates, dice_),
      nodes_(scenario.nodes.size()) {
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    nodes_[n].appliance = std::make_unique<control::Appliance>(
        scenario.config(n), MacAddress{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(n + 1)}},
        scenario.seed + n);
    nodes_[n].links.resize(scenario.nodes[n].ports);
  }
  // Hosts sit everywhere but where a router or the other node is.
  std::vector<std::pair<Place, VlanId>> homes;
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    for (std::size_t d = 0; d < scenario.nodes[n].downstreams.size(); ++d) {
      for (const PortId port : scenario.nodes[n].downstreams[d].ports) {
        if (!scenario.has_hosts(n, d, port)) continue;
        homes.push_back({{n, port}, scenario.nodes[n].downstreams[d].id});
      }
    }
  }
  for (std::size_t i = 0; i < scenario.hosts; ++i) {
    const auto& [place, vlan] = homes[dice_.below(homes.size())];
    Host::Settings settings;
    settings.number = static_cast<std::uint32_t>(i);
    settings.vlan = vlan;
    settings.port = place.port;
    settings.address = address_in(vlan, 256 + static_cast<std::uint32_t>(i));
    const int dot = dice_.between(0, 99);
    settings.version = dot < scenario.v1_percent                         ? igmp::Version::kV1
                       : dot < scenario.v1_percent + scenario.v2_percent ? igmp::Version::kV2
                                                                         : igmp::Version::kV3;
    hosts_.push_back(std::make_unique<Host>(settings, clock_, dice_, [this, i](Sending sending) {
      from_host(*hosts_[i], std::move(sending));
    }));
    host_nodes_.push_back(place.node);
    segments_[place].push_back(hosts_.back().get());
  }
  for (const UpstreamPlan& upstream : scenario.nodes[0].upstreams) {
    upstream_routers_.push_back(
        std::make_unique<Router>(upstream.router, true, clock_,
                                 [this, port = upstream.port](std::vector<std::uint8_t> bytes) {
                                   from_router({0, port}, std::move(bytes));
                                 }));
  }
  heard_.resize(upstream_routers_.size());
  const VlanPlan& first = scenario_.nodes[0].downstreams[0];
  if (first.has_router) {
    foreign_ = std::make_unique<Router>(first.router, true, clock_,
                                        [this, &first](std::vector<std::uint8_t> bytes) {
                                          from_router({0, first.router.port}, std::move(bytes));
                                        });
  }
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    nodes_[n].appliance->start(clock_.now(), nodes_[n].effects);
    carry_out(n);
  }
  for (std::size_t n = 0; n < nodes_.size(); ++n) {
    for (std::size_t p = 0; p < scenario.nodes[n].ports; ++p) {
      set_link({n, PortId{static_cast<std::uint16_t>(p)}}, true);
    }
  }
}

void ProxyWorld::trace(const std::string& line) {
  if (!trace_) return;
  std::printf("%10.3f  %s\n", to_seconds(clock_.now().time_since_epoch()), line.c_str());
}

// --- What is where
// -------------------------------------------------------------------------------

std::optional<Place> ProxyWorld::other_end(Place place) const {
  if (!scenario_.series()) return std::nullopt;
  const Place above{0, scenario_.attachment()};
  const Place below{1, scenario_.nodes[1].upstreams[0].port};
  if (place == above) return below;
  if (place == below) return above;
  return std::nullopt;
}

VlanId ProxyWorld::vlan_of(Place place) const {
  return nodes_[place.node].forwarding.vlans().access_vlan(place.port);
}

Router* ProxyWorld::router_at(Place place) {
  if (place.node != 0) return nullptr;
  for (const auto& router : upstream_routers_) {
    if (router->settings().port == place.port) return router.get();
  }
  return foreign_ != nullptr && foreign_->settings().port == place.port ? foreign_.get() : nullptr;
}

const std::vector<Host*>& ProxyWorld::hosts_at(Place place) const {
  static const std::vector<Host*> kNobody;
  const auto at = segments_.find(place);
  return at == segments_.end() ? kNobody : at->second;
}

std::uint64_t ProxyWorld::segment(Place place) const {
  return (std::uint64_t{place.node} << 32) | (std::uint64_t{vlan_of(place).value} << 16) |
         place.port.value;
}

void ProxyWorld::reload(std::size_t n) {
  trace(n == 0 ? "top reloads" : "below reloads");
  Node& node = nodes_[n];
  node.appliance->reload(scenario_.config(n), clock_.now(), node.effects);
  carry_out(n);
}

void ProxyWorld::set_link(Place place, bool up) {
  for (const Place end : {place, other_end(place).value_or(place)}) {
    Node& node = nodes_[end.node];
    LinkState& state = node.links[end.port.value];
    if (state.up == up) continue;
    state.up = up;
    state.since = clock_.now();
    trace(name(end) + (up ? " up" : " down"));
    const std::pair<PortId, bool> change[] = {{end.port, up}};
    node.appliance->on_links(change, clock_.now(), node.effects);
    carry_out(end.node);
  }
}

// --- Time
// ----------------------------------------------------------------------------------------

void ProxyWorld::run_until(TimePoint end) {
  int advances_at_once = 0;
  for (;;) {
    TimePoint due = kNever;
    std::size_t whose = 0;
    for (std::size_t n = 0; n < nodes_.size(); ++n) {
      const TimePoint deadline = nodes_[n].appliance->next_deadline();
      if (deadline == kNever || deadline + scenario_.timer_lateness >= due) continue;
      due = deadline + scenario_.timer_lateness;
      whose = n;
    }
    if (std::min(due, clock_.next()) > end) break;
    if (due > clock_.next()) {
      clock_.step();
      continue;
    }
    advances_at_once = due > clock_.now() ? 0 : advances_at_once + 1;
    if (advances_at_once > kMostAdvancesAtOnce) throw Violation("advance() makes no progress");
    clock_.move_to(due);
    ++advances_;
    nodes_[whose].appliance->advance(clock_.now(), nodes_[whose].effects);
    carry_out(whose);
  }
  clock_.move_to(end);
}

// --- Frames into a node
// --------------------------------------------------------------------------

void ProxyWorld::from_host(const Host& host, Sending sending) {
  const Place place{node_of(host), host.settings().port};
  if (!link_is_up(place)) return;
  const igmp::Packet packet = decoded(sending.bytes);
  if (trace_) trace(name(place) + " host " + text(packet));
  const std::vector<Duration> copies = wire_.carry(sending, storm_);
  if (copies.empty()) trace("    lost");
  if (!copies.empty() || sending.purpose != Purpose::kUnsolicited) {
    const auto tell = [&](Ipv4 group, igmp::Version version) {
      for (Host* other : hosts_at(place)) {
        if (other != &host) other->hear_report(group_index(group), version);
      }
    };
    if (const auto* v2 = std::get_if<igmp::V2Report<Ipv4>>(&packet.message)) {
      tell(v2->group, igmp::Version::kV2);
    } else if (const auto* v1 = std::get_if<igmp::V1Report<Ipv4>>(&packet.message)) {
      tell(v1->group, igmp::Version::kV1);
    }
  }
  for (Duration delay : copies) {
    clock_.after(delay, [this, place, bytes = sending.bytes] { to_node(place, bytes); });
  }
}

TimePoint ProxyWorld::in_order(Place place, bool out, Duration delay) {
  TimePoint& busy_until = nodes_[place.node].links[place.port.value].busy_until[out ? 0 : 1];
  busy_until = std::max(busy_until, clock_.now() + delay);
  return busy_until;
}

void ProxyWorld::from_router(Place place, std::vector<std::uint8_t> bytes) {
  if (!link_is_up(place)) return;
  const igmp::Packet packet = decoded(bytes);
  if (trace_) trace(name(place) + " router " + text(packet));
  // A foreign querier's queries go on to the hosts, where they may be lost.
  const bool last_hop = router_at(place) != foreign_.get();
  const auto* query = std::get_if<igmp::Query<Ipv4>>(&packet.message);
  const std::vector<Duration> copies =
      query != nullptr && last_hop ? wire_.carry_query(*query, segment(place) | 1u << 31, storm_)
                                   : wire_.carry({{}, Purpose::kOther, 0}, storm_);
  if (copies.empty()) return trace("    lost");
  clock_.at(in_order(place, false, copies.front()),
            [this, place, bytes = std::move(bytes)] { to_node(place, bytes); });
}

void ProxyWorld::note_query(Place place, const igmp::Packet& packet) {
  const auto* const query = std::get_if<igmp::Query<Ipv4>>(&packet.message);
  if (place.node != 0 || query == nullptr || !query->general()) return;
  for (std::size_t u = 0; u < heard_.size(); ++u) {
    const UpstreamPlan& plan = scenario_.nodes[0].upstreams[u];
    if (plan.port != place.port) continue;
    const bool silent = heard_[u].last == TimePoint::min() ||
                        clock_.now() - heard_[u].last > plan.present_interval() - seconds(1);
    if (silent) heard_[u].after_silence = clock_.now();
    heard_[u].last = clock_.now();
  }
}

void ProxyWorld::inject(Place place, const std::vector<std::uint8_t>& bytes) {
  const auto packet = igmp::decode(bytes);
  const bool whole = std::holds_alternative<igmp::Packet>(packet);
  trace(name(place) + " stranger " + (whole ? text(std::get<igmp::Packet>(packet)) : "broken"));
  hand_over(place, bytes);
}

void ProxyWorld::to_node(Place place, const std::vector<std::uint8_t>& bytes) {
  const igmp::Packet packet = decoded(bytes);
  if (trace_) trace("  -> " + name(place) + ": " + text(packet));
  if (link_is_up(place)) note_query(place, packet);
  hand_over(place, bytes);
}

void ProxyWorld::hand_over(Place place, const std::vector<std::uint8_t>& bytes) {
  if (!link_is_up(place)) return;
  ++frames_in_;
  Node& node = nodes_[place.node];
  node.appliance->on_frame({.port = place.port,
                            .vlan = vlan_of(place),
                            .tci = 0,
                            .also_forwarded = false,
                            .bytes = bytes},
                           clock_.now(), node.effects);
  carry_out(place.node);
}

// --- Out of a node
// -------------------------------------------------------------------------------

void ProxyWorld::carry_out(std::size_t n) {
  Node& node = nodes_[n];
  for (const control::snooping::FibChange& change : node.effects.fib) {
    if (trace_) {
      trace("    fib " + to_string(change.key.source) + "," + to_string(change.key.group) +
            " vlan " + std::to_string(change.key.vlan.value) + " = " +
            (change.members ? std::to_string(change.members->bits()) : "none"));
    }
    const std::string complaint = node.forwarding.apply(change);
    if (!complaint.empty()) throw Violation("forwarding entry " + complaint);
  }
  if (node.effects.vlans_changed) node.forwarding.publish(node.appliance->vlan_table());
  const std::vector<OutFrame> frames = std::move(node.effects.frames);
  node.effects.clear();
  for (const OutFrame& frame : frames) send_out(n, frame);
}

std::vector<Duration> ProxyWorld::carry(const igmp::Packet& packet, Place place) {
  if (const auto* query = std::get_if<igmp::Query<Ipv4>>(&packet.message)) {
    return wire_.carry_query(*query, segment(place), storm_);
  }
  if (const auto* report = std::get_if<igmp::V3Report<Ipv4>>(&packet.message)) {
    return router_at(place) != nullptr ? wire_.carry_upstream(*report, segment(place), storm_)
                                       : wire_.carry_report(*report, segment(place), storm_);
  }
  return wire_.carry({{}, Purpose::kOther, 0}, storm_);
}

void ProxyWorld::send_out(std::size_t n, const OutFrame& frame) {
  const VlanPolicy* const policy = nodes_[n].forwarding.vlans().find(frame.vlan);
  if (policy == nullptr || !(frame.ports - policy->ports()).empty()) {
    throw Violation("a frame leaves its VLAN " + std::to_string(frame.vlan.value));
  }
  const bool upstream = policy->route.role == RouteRole::kUpstream;
  const auto read = igmp::decode(frame.bytes);
  if (!std::holds_alternative<igmp::Packet>(read)) return;  // what strangers broke, flooded
  const igmp::Packet& packet = std::get<igmp::Packet>(read);
  if (upstream && std::holds_alternative<igmp::Query<Ipv4>>(packet.message)) {
    throw Violation("a query goes upstream (PX-02): " + text(packet));
  }
  frame.ports.for_each([&](PortId port) {
    const Place place{n, port};
    if (!link_is_up(place)) return;
    if (trace_ && !std::holds_alternative<igmp::MrdSolicitation>(packet.message)) {
      trace("  " + name(place) + " ->: " + text(packet));
    }
    const std::vector<Duration> copies = carry(packet, place);
    if (copies.empty()) return trace("    lost");
    if (const std::optional<Place> other = other_end(place)) {
      clock_.at(in_order(place, true, copies.front()),
                [this, to = *other, bytes = frame.bytes] { to_node(to, bytes); });
      return;
    }
    if (is_report(packet.message) && router_at(place) == nullptr && !upstream) {
      throw Violation("a report goes to a port that leads to no router: " + text(packet));
    }
    if (router_at(place) != nullptr) {
      clock_.at(in_order(place, true, copies.front()), [this, place, packet = packet] {
        if (link_is_up(place)) to_segment(place, packet);
      });
      return;
    }
    for (const Duration delay : copies) {
      clock_.after(delay, [this, place, packet = packet] {
        if (link_is_up(place)) to_segment(place, packet);
      });
    }
  });
}

void ProxyWorld::to_segment(Place place, const igmp::Packet& packet) {
  Router* const router = router_at(place);
  if (const auto* query = std::get_if<igmp::Query<Ipv4>>(&packet.message)) {
    for (Host* host : hosts_at(place)) host->hear_query(*query);
    if (router != nullptr) router->hear_query(*query, packet.source);
  } else if (router != nullptr) {
    router->hear_report(packet.message);
  }
}

// --- Data
// ----------------------------------------------------------------------------------------

std::map<Place, int> ProxyWorld::send_data(Place from, Ipv4 source, Ipv4 group,
                                           std::uint8_t ttl) const {
  struct Frame {
    Place in;
    std::uint8_t ttl;
  };
  std::map<Place, int> copies;
  std::deque<Frame> waiting = {{from, ttl}};
  int sent = 0;
  while (!waiting.empty()) {
    const Frame frame = waiting.front();
    waiting.pop_front();
    if (!link_is_up(frame.in)) continue;
    const std::size_t n = frame.in.node;
    const Forwarding& forwarding = nodes_[n].forwarding;
    const VlanTable& vlans = forwarding.vlans();
    const VlanPolicy& ingress = *vlans.find(vlan_of(frame.in));
    const auto send = [&](PortSet ports, std::uint8_t left) {
      ports.for_each([&](PortId port) {
        const Place out{n, port};
        ++copies[out];
        if (++sent > kMostCopies) throw Violation("a frame goes round and round");
        if (const std::optional<Place> other = other_end(out)) waiting.push_back({*other, left});
      });
    };
    send(forwarding.egress(ingress.id, source, group, frame.in.port), frame.ttl);
    if (!ingress.routed()) continue;
    if (route_refusal(*vlans.domain(ingress), ingress, group, source, frame.ttl)) continue;
    for_each_routed(
        vlans, ingress, group, source,
        [&](VlanId vlan, Ipv4 g, Ipv4 s) { return forwarding.find(vlan, g, s); },
        [&](const VlanPolicy&, PortSet ports) {
          send(ports, static_cast<std::uint8_t>(frame.ttl - 1));
        });
  }
  return copies;
}

}  // namespace sluice::sim
