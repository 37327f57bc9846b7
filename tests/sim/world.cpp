// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/world.h"

#include <cstdio>

#include "tests/sim/text.h"

namespace sluice::sim {
namespace {

constexpr MacAddress kSwitchMac{{2, 0, 0, 0, 0, 1}};
constexpr int kMostAdvancesAtOnce = 1000;

bool is_report(const igmp::Message<Ipv4>& message) {
  return std::holds_alternative<igmp::V1Report<Ipv4>>(message) ||
         std::holds_alternative<igmp::V2Report<Ipv4>>(message) ||
         std::holds_alternative<igmp::V3Report<Ipv4>>(message) ||
         std::holds_alternative<igmp::Leave<Ipv4>>(message);
}

}  // namespace

World::World(const Scenario& scenario, bool trace)
    : scenario_(scenario),
      trace_(trace),
      dice_(scenario.seed),
      wire_(scenario.loss, scenario.reorders, scenario.duplicates, dice_),
      switch_(scenario.config(), kSwitchMac, scenario.seed),
      links_(scenario.ports) {
  for (std::size_t i = 0; i < scenario.hosts; ++i) {
    const VlanPlan& plan = scenario.vlans[i % 2];
    // Hosts sit on every port but the router's; the trunk's are tagged.
    const std::size_t places = plan.ports.size() - (plan.has_router ? 1 : 0);
    Host::Settings settings;
    settings.number = static_cast<std::uint32_t>(i);
    settings.vlan = plan.id;
    settings.port = plan.ports[dice_.below(places)];
    settings.address = Ipv4{ipv4(10, 77, 128, 0).value + static_cast<std::uint32_t>(i)};
    const int dot = dice_.between(0, 99);
    settings.version = dot < scenario.v1_percent                         ? igmp::Version::kV1
                       : dot < scenario.v1_percent + scenario.v2_percent ? igmp::Version::kV2
                                                                         : igmp::Version::kV3;
    hosts_.push_back(std::make_unique<Host>(settings, clock_, dice_, [this, i](Sending sending) {
      from_host(*hosts_[i], std::move(sending));
    }));
    segments_[{settings.vlan, settings.port}].push_back(hosts_.back().get());
  }
  for (const VlanPlan& plan : scenario.vlans) {
    if (!plan.has_router) continue;
    const VlanId vlan = plan.id;
    routers_[vlan] = std::make_unique<Router>(
        plan.router, plan.snooping.report_policy == config::ReportPolicy::kProxy, clock_,
        [this, vlan](std::vector<std::uint8_t> bytes) {
          from_router(*routers_[vlan], std::move(bytes));
        });
  }
  switch_.start(clock_.now(), effects_);
  carry_out();
  for (std::size_t p = 0; p < scenario.ports; ++p) {
    set_link(PortId{static_cast<std::uint16_t>(p)}, true);
  }
}

void World::trace(const std::string& line) {
  if (!trace_) return;
  std::printf("%10.3f  %s\n", to_seconds(clock_.now().time_since_epoch()), line.c_str());
}

const VlanPlan& World::plan(VlanId vlan) const {
  return scenario_.vlans[scenario_.vlans[0].id == vlan ? 0 : 1];
}

const std::vector<Host*>& World::hosts_on(VlanId vlan, PortId port) const {
  static const std::vector<Host*> kNobody;
  const auto at = segments_.find({vlan, port});
  return at == segments_.end() ? kNobody : at->second;
}

Router* World::router(VlanId vlan) {
  const auto at = routers_.find(vlan);
  return at == routers_.end() ? nullptr : at->second.get();
}

RouterPortTerm World::router_port_term(VlanId vlan, PortId port) const {
  const auto at = terms_.find({vlan, port});
  return at == terms_.end() ? RouterPortTerm{} : at->second;
}

void World::set_link(PortId port, bool up) {
  if (links_[port.value].up == up) return;
  links_[port.value] = {up, clock_.now()};
  if (!up) {
    std::erase_if(terms_, [port](const auto& entry) { return entry.first.second == port; });
  }
  trace("p" + std::to_string(port.value) + (up ? " up" : " down"));
  switch_.on_link(port, up, clock_.now(), effects_);
  carry_out();
  if (!up && !switch_.groups({.vlan = {}, .group = {}, .port = port}, clock_.now()).empty()) {
    throw Violation("memberships outlive the link of p" + std::to_string(port.value));
  }
}

// The core's timers and the world's events, whichever is next.
void World::run_until(TimePoint end) {
  int advances_at_once = 0;
  for (;;) {
    const TimePoint deadline = switch_.next_deadline();
    const TimePoint due = deadline == kNever ? kNever : deadline + scenario_.timer_lateness;
    const TimePoint next = std::min(due, clock_.next());
    if (next > end) break;
    if (due <= clock_.next()) {
      advances_at_once = due > clock_.now() ? 0 : advances_at_once + 1;
      if (advances_at_once > kMostAdvancesAtOnce) throw Violation("advance() makes no progress");
      clock_.move_to(due);
      ++advances_;
      switch_.advance(clock_.now(), effects_);
      carry_out();
    } else {
      clock_.step();
    }
  }
  clock_.move_to(end);
}

// --- Frames into the switch
// --------------------------------------------------------------------------

void World::from_host(const Host& host, Sending sending) {
  const VlanId vlan = host.settings().vlan;
  const PortId port = host.settings().port;
  if (!link_is_up(port)) return;
  const igmp::Packet packet = decoded(sending.bytes);
  if (trace_) trace("p" + std::to_string(port.value) + " host " + text(packet));
  const std::vector<Duration> copies = wire_.carry(sending, storm_);
  if (copies.empty()) trace("    lost");
  // The neighbours on the segment hear it whether or not the switch does; but an unsolicited report
  // is lost for all, or it would silence the one answer to a specific query for nothing.
  if (!copies.empty() || sending.purpose != Purpose::kUnsolicited) {
    const auto tell = [&](Ipv4 group, igmp::Version version) {
      for (Host* other : hosts_on(vlan, port)) {
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
    clock_.after(delay, [this, vlan, port, bytes = sending.bytes]() mutable {
      to_switch(vlan, port, std::move(bytes));
    });
  }
}

void World::from_router(const Router& router, std::vector<std::uint8_t> bytes) {
  const VlanId vlan = router.settings().vlan;
  const PortId port = router.settings().port;
  const igmp::Packet packet = decoded(bytes);
  if (trace_) trace("p" + std::to_string(port.value) + " router " + text(packet));
  // In the bounded modes the last hop loses; two hops that lose one of two each would lose two.
  for (Duration delay : wire_.carry({{}, Purpose::kOther, 0}, storm_)) {
    clock_.after(delay,
                 [this, vlan, port, bytes]() mutable { to_switch(vlan, port, std::move(bytes)); });
  }
}

void World::to_switch(VlanId vlan, PortId port, std::vector<std::uint8_t> bytes) {
  if (!link_is_up(port)) return;
  const igmp::Packet packet = decoded(bytes);
  if (trace_) trace("  p" + std::to_string(port.value) + " -> switch: " + text(packet));
  note_query(vlan, port, packet);
  ++frames_in_;
  const bool tagged = forwarding_.vlans().find(vlan)->tagged.contains(port);
  switch_.on_frame({.port = port,
                    .vlan = vlan,
                    .tci = tagged ? vlan.value : std::uint16_t{0},
                    .also_forwarded = false,
                    .bytes = bytes},
                   clock_.now(), effects_);
  carry_out();
}

// What the contract promises of a port on which this query came in.
void World::note_query(VlanId vlan, PortId port, const igmp::Packet& packet) {
  const auto* query = std::get_if<igmp::Query<Ipv4>>(&packet.message);
  if (query == nullptr || packet.source.is_unspecified()) return;
  const VlanPlan& here = plan(vlan);
  const int rv = query->robustness_variable != 0 ? query->robustness_variable
                                                 : here.snooping.robustness_variable;
  const Duration interval =
      query->query_interval != Duration{0} ? query->query_interval : here.snooping.query_interval;
  // A specific query's response time is not the link's Query Response Interval: either reading.
  RouterPortTerm& term = terms_[{vlan, port}];
  term.must_until = clock_.now() + rv * interval + query->max_response_time / 2;
  term.may_until =
      std::max(term.may_until, clock_.now() + rv * interval + here.longest_response_interval() / 2);
}

// --- Out of the switch
// ---------------------------------------------------------------------------------

void World::carry_out() {
  for (const control::snooping::FibChange& change : effects_.fib) {
    if (trace_) {
      trace("    fib " + to_string(change.key.source) + "," + to_string(change.key.group) +
            " vlan " + std::to_string(change.key.vlan.value) + " = " +
            (change.members ? std::to_string(change.members->bits()) : "none"));
    }
    const std::string complaint = forwarding_.apply(change);
    if (!complaint.empty()) throw Violation("forwarding entry " + complaint);
  }
  for (const VlanPolicy& policy : forwarding_.vlans().policies()) {
    routers_before_[policy.id] = policy.router_ports;
  }
  if (effects_.vlans_changed) forwarding_.publish(switch_.vlan_table());
  const std::vector<OutFrame> frames = std::move(effects_.frames);
  effects_.clear();
  for (const OutFrame& frame : frames) send_out(frame);
}

void World::send_out(const OutFrame& frame) {
  const igmp::Packet packet = decoded(frame.bytes);
  const VlanPolicy* policy = forwarding_.vlans().find(frame.vlan);
  if (policy == nullptr || !(frame.ports - policy->ports()).empty()) {
    throw Violation("a frame leaves its VLAN " + std::to_string(frame.vlan.value) + ": " +
                    text(packet));
  }
  // A turn that ends a router port's time may first have sent a report there.
  const PortSet routers = policy->router_ports | routers_before_[frame.vlan];
  if (is_report(packet.message) && !(frame.ports - routers).empty()) {
    throw Violation("a report goes to a port that leads to no router: " + text(packet));
  }
  if (trace_ && !std::holds_alternative<igmp::MrdSolicitation>(packet.message)) {
    trace("  switch -> ports " + std::to_string(frame.ports.bits()) + ": " + text(packet));
  }
  const auto* query = std::get_if<igmp::Query<Ipv4>>(&packet.message);
  const auto* report = std::get_if<igmp::V3Report<Ipv4>>(&packet.message);
  const bool proxy = plan(frame.vlan).snooping.report_policy == config::ReportPolicy::kProxy;
  frame.ports.for_each([&](PortId port) {
    if (!link_is_up(port)) return;
    const std::uint64_t segment = (std::uint64_t{frame.vlan.value} << 16) | port.value;
    std::vector<Duration> copies;
    if (query != nullptr) {
      copies = wire_.carry_query(*query, segment, storm_);
    } else if (report != nullptr && proxy) {
      copies = wire_.carry_report(*report, segment, storm_);
    } else {
      copies = wire_.carry({{}, Purpose::kOther, 0}, storm_);
    }
    for (Duration delay : copies) {
      clock_.after(delay, [this, vlan = frame.vlan, port, packet] {
        if (link_is_up(port)) to_segment(vlan, port, packet);
      });
    }
  });
}

void World::to_segment(VlanId vlan, PortId port, const igmp::Packet& packet) {
  Router* router = this->router(vlan);
  const bool routers_port = router != nullptr && router->settings().port == port;
  if (const auto* query = std::get_if<igmp::Query<Ipv4>>(&packet.message)) {
    for (Host* host : hosts_on(vlan, port)) host->hear_query(*query);
    if (routers_port) router->hear_query(*query, packet.source);
  } else if (routers_port) {
    router->hear_report(packet.message);
  }
}

}  // namespace sluice::sim
