// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/proxy_scenario.h"

#include <sstream>

namespace sluice::sim {
namespace {

using std::chrono::seconds;

constexpr std::uint32_t kOurNumber = 200;     // of the appliance in its networks
constexpr std::uint32_t kForeignQuerier = 5;  // lower, so it wins
constexpr std::uint32_t kUpstreamRouter = 250;

VlanPlan draw_downstream(Dice& dice, VlanId id, std::size_t first_port, std::size_t ports,
                         Loss loss) {
  VlanPlan plan;
  plan.id = id;
  for (std::size_t p = 0; p < ports; ++p) {
    plan.ports.push_back(PortId{static_cast<std::uint16_t>(first_port + p)});
  }
  config::IgmpSnooping& s = plan.snooping;
  s.robustness_variable = static_cast<std::uint8_t>(dice.between(2, 3));
  s.query_interval = seconds(dice.between(20, 40));
  s.query_max_response_time = seconds(dice.between(4, 8));
  s.report_policy = static_cast<config::ReportPolicy>(dice.below(3));
  s.unregistered = static_cast<UnregisteredPolicy>(dice.below(3));
  s.explicit_tracking = dice.chance(60);
  s.fast_leave = s.explicit_tracking && loss != Loss::kUnsolicited && dice.chance(40);
  const bool unstable = loss == Loss::kNone || loss == Loss::kStorm;
  if (unstable && dice.chance(10)) {  // an old network: its hosts speak v2
    s.igmp_version = 2;
    plan.older_queries = true;
  }
  return plan;
}

// Another router comes and goes in the network, and is the querier while it is there.
void add_foreign_querier(VlanPlan& plan) {
  plan.role = Role::kDyingQuerier;
  plan.has_router = true;
  plan.router = {.vlan = plan.id,
                 .port = plan.ports.back(),
                 .address = address_in(plan.id, kForeignQuerier),
                 .version = igmp::Version::kV3,
                 .robustness_variable = plan.snooping.robustness_variable,
                 .query_interval = plan.snooping.query_interval,
                 .query_response_interval = plan.snooping.query_max_response_time};
}

UpstreamPlan draw_upstream(Dice& dice, VlanId vlan, PortId port, Loss loss) {
  UpstreamPlan plan{.vlan = vlan, .port = port, .router = {}};
  switch (loss) {
    case Loss::kNone:
    case Loss::kStorm:
      plan.fate = static_cast<Fate>(dice.below(4));
      break;
    case Loss::kUnsolicited:
      plan.fate = dice.chance(50) ? Fate::kSteady : Fate::kLinkFlaps;
      break;
    default:
      plan.fate = Fate::kSteady;
  }
  plan.router = {.vlan = vlan,
                 .port = port,
                 .address = address_in(vlan, kUpstreamRouter),
                 .version = igmp::Version::kV3,
                 .robustness_variable = dice.between(2, 3),
                 .query_interval = seconds(dice.between(20, 40)),
                 .query_response_interval = seconds(dice.between(4, 8))};
  if (plan.fate == Fate::kSteady && dice.chance(15)) plan.router.version = igmp::Version::kV2;
  return plan;
}

config::Interface interface(VlanId vlan, std::uint32_t number) {
  return {.name = "vlan" + std::to_string(vlan.value),
          .vlan = vlan,
          .address = address_in(vlan, number),
          .prefix_length = 16,
          .source_networks = {}};
}

}  // namespace

Ipv4 address_in(VlanId vlan, std::uint32_t number) {
  return Ipv4{ipv4(10, vlan.value, 0, 0).value + number};
}

Prefix odd_groups() {
  return {group_address(1), 24};
}

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::kSteady:
      return "steady";
    case Fate::kLinkFlaps:
      return "link flaps";
    case Fate::kRouterDies:
      return "router dies";
    case Fate::kChangesVersion:
      return "changes version";
  }
  return "?";
}

bool ProxyScenario::calm_links() const {
  for (const UpstreamPlan& upstream : nodes[0].upstreams) {
    if (upstream.fate != Fate::kSteady) return false;
  }
  return !below_flaps;
}

Ipv4 ProxyScenario::own_address(std::size_t node, std::size_t downstream) const {
  return address_in(nodes[node].downstreams[downstream].id, kOurNumber);
}

bool ProxyScenario::has_hosts(std::size_t node, std::size_t downstream, PortId port) const {
  const VlanPlan& plan = nodes[node].downstreams[downstream];
  if (port != plan.ports.back()) return true;
  const bool attached = series() && node == 0 && downstream + 1 == nodes[0].downstreams.size();
  return !attached && !plan.has_router;
}

Duration ProxyScenario::settle_time(std::size_t node) const {
  Duration time = leave_delay + seconds(5);
  for (std::size_t n = 0; n <= node; ++n) {
    Duration longest{0};
    for (const VlanPlan& plan : nodes[n].downstreams) {
      longest = std::max(longest, plan.settle_time());
    }
    time += longest;
  }
  return time;
}

ProxyScenario make_proxy_scenario(std::uint64_t seed, std::size_t hosts) {
  Dice dice(seed * 0x9E3779B97F4A7C15ull + 7);
  ProxyScenario scenario;
  scenario.seed = seed;
  scenario.loss = static_cast<Loss>(seed % 6);
  scenario.reorders = dice.chance(60);
  scenario.duplicates = dice.chance(60);
  scenario.timer_lateness = Duration(dice.chance(30) ? dice.between(1, 15) : 0);
  scenario.hosts = std::max<std::size_t>(6, hosts / static_cast<std::size_t>(dice.between(1, 10)));
  if (dice.chance(60)) {
    scenario.v2_percent = dice.between(5, 60);
    scenario.v1_percent = dice.chance(50) ? dice.between(1, 15) : 0;
  }
  const bool series = dice.chance(60);
  const bool two_upstreams = dice.chance(60);
  scenario.ssm = dice.chance(30);
  scenario.ssm_mapping = scenario.ssm && dice.chance(50);
  if (dice.chance(25)) scenario.leave_delay = seconds(dice.between(2, 20));
  scenario.reloads = dice.chance(25);
  scenario.strangers = dice.chance(25);
  if (dice.chance(25)) scenario.denied = dice.below(kStreams - 1);

  NodePlan& top = scenario.nodes.emplace_back();
  for (std::uint16_t u = 0; u < (two_upstreams ? 2 : 1); ++u) {
    top.upstreams.push_back(
        draw_upstream(dice, VlanId{static_cast<std::uint16_t>(101 + u)}, PortId{u}, scenario.loss));
  }
  if (two_upstreams && dice.chance(30)) top.upstreams[1].has_groups = true;
  std::size_t port = top.upstreams.size();
  for (const std::uint16_t vlan : {std::uint16_t{10}, std::uint16_t{20}}) {
    const auto ports = static_cast<std::size_t>(dice.between(2, 5));
    top.downstreams.push_back(draw_downstream(dice, VlanId{vlan}, port, ports, scenario.loss));
    port += ports;
  }
  top.ports = port;
  const bool unstable = scenario.loss == Loss::kNone || scenario.loss == Loss::kStorm;
  if (unstable && dice.chance(40) && !top.downstreams[0].older_queries) {
    add_foreign_querier(top.downstreams[0]);
    scenario.v1_percent = 0;  // a v1 host does not answer what another router asks
  }

  if (series) {
    NodePlan& below = scenario.nodes.emplace_back();
    UpstreamPlan uplink;
    uplink.vlan = VlanId{103};
    uplink.port = PortId{0};
    below.upstreams.push_back(uplink);
    port = 1;
    for (const std::uint16_t vlan : {std::uint16_t{30}, std::uint16_t{40}}) {
      const auto ports = static_cast<std::size_t>(dice.between(1, 4));
      below.downstreams.push_back(draw_downstream(dice, VlanId{vlan}, port, ports, scenario.loss));
      port += ports;
    }
    below.ports = port;
    scenario.below_flaps =
        (scenario.loss == Loss::kNone || scenario.loss == Loss::kUnsolicited) && dice.chance(30);
  }

  scenario.streams[0].address = ipv4(192, 0, 2, 1);
  scenario.streams[1].address = ipv4(192, 0, 2, 2);
  const auto inside = [&](std::size_t node, std::size_t downstream) {
    const VlanId vlan = scenario.nodes[node].downstreams[downstream].id;
    return Stream{address_in(vlan, 77), false, node, downstream};
  };
  scenario.streams[2] = inside(0, 0);
  scenario.streams[3] = inside(0, 1);
  scenario.streams[4] = series ? inside(1, 0) : Stream{ipv4(192, 0, 2, 3), true, 0, 0};
  scenario.streams[5].address = ipv4(198, 51, 100, 9);
  return scenario;
}

config::Config ProxyScenario::config(std::size_t node) const {
  const NodePlan& plan = nodes[node];
  config::Config config;
  for (std::size_t p = 0; p < plan.ports; ++p) {
    config::Port port;
    port.name = "p" + std::to_string(p);
    port.device = "net_null" + std::to_string(p);
    config.ports.push_back(port);
  }
  config::Proxy proxy;
  proxy.name = "edge";
  proxy.upstream_leave_delay = leave_delay;
  proxy.ssm_range.clear();
  if (ssm) proxy.ssm_range.push_back(odd_groups());
  if (ssm_mapping) proxy.ssm_maps.push_back({odd_groups(), {streams[0].address}});
  if (denied) proxy.deny.push_back({odd_groups(), {streams[*denied].address, 32}});
  for (const UpstreamPlan& upstream : plan.upstreams) {
    config.ports[upstream.port.value].access_vlan = upstream.vlan;
    config::IgmpSnooping snooping;
    if (node > 0) {
      snooping = nodes[0].downstreams.back().snooping;
    } else {  // for what a v2 querier does not say
      snooping.robustness_variable = static_cast<std::uint8_t>(upstream.router.robustness_variable);
      snooping.query_interval = upstream.router.query_interval;
      snooping.query_max_response_time = upstream.router.query_response_interval;
    }
    snooping.send_query = false;
    config.vlans.push_back({.id = upstream.vlan, .igmp_snooping = snooping});
    proxy.upstreams.push_back({config.interfaces.size(), {}});
    if (upstream.has_groups) proxy.upstreams.back().group_ranges.push_back(odd_groups());
    config.interfaces.push_back(interface(upstream.vlan, kOurNumber));
    if (node > 0) {  // its address is one of the network above
      config.interfaces.back().address = address_in(nodes[0].downstreams.back().id, kOurNumber + 1);
    }
  }
  for (const VlanPlan& downstream : plan.downstreams) {
    for (const PortId port : downstream.ports) {
      config.ports[port.value].access_vlan = downstream.id;
    }
    config.vlans.push_back({.id = downstream.id, .igmp_snooping = downstream.snooping});
    proxy.downstreams.push_back(config.interfaces.size());
    config.interfaces.push_back(interface(downstream.id, kOurNumber));
  }
  if (node == 0 && series()) {
    for (const VlanPlan& below : nodes[1].downstreams) {
      config.interfaces.back().source_networks.push_back({address_in(below.id, 0), 16});
    }
  }
  config.proxies.push_back(proxy);
  return config;
}

std::string ProxyScenario::describe() const {
  std::ostringstream out;
  out << "seed " << seed << ": " << hosts << " hosts (v1 " << v1_percent << "%, v2 " << v2_percent
      << "%), loss: " << to_string(loss) << (reorders ? ", reordering" : "")
      << (duplicates ? ", duplicating" : "") << (below_flaps ? ", link below flaps" : "")
      << (reloads ? ", reloads" : "") << (strangers ? ", strangers" : "");
  if (timer_lateness > Duration{0}) out << ", timers late by " << timer_lateness.count() << " ms";
  if (leave_delay > Duration{0}) out << ", leave delay " << to_seconds(leave_delay);
  if (ssm) out << ", SSM" << (ssm_mapping ? " with mapping" : "");
  if (denied) out << ", stream " << *denied << " denied";
  for (const NodePlan& node : nodes) {
    out << (&node == &nodes[0] ? "\n top" : "\n below") << ", " << node.ports << " ports";
    for (const UpstreamPlan& upstream : node.upstreams) {
      out << "\n  upstream vlan " << upstream.vlan.value << " on p" << upstream.port.value;
      if (&node != &nodes[0]) continue;
      out << ": " << to_string(upstream.fate) << ", v" << static_cast<int>(upstream.router.version)
          << ", RV " << upstream.router.robustness_variable << ", QI "
          << to_seconds(upstream.router.query_interval) << ", QRI "
          << to_seconds(upstream.router.query_response_interval)
          << (upstream.has_groups ? ", odd groups only" : "");
    }
    for (const VlanPlan& plan : node.downstreams) {
      const config::IgmpSnooping& s = plan.snooping;
      out << "\n  downstream vlan " << plan.id.value << " on p" << plan.ports.front().value
          << " to p" << plan.ports.back().value << ": v" << int{s.igmp_version} << ", RV "
          << int{s.robustness_variable} << ", QI " << to_seconds(s.query_interval) << ", QRI "
          << to_seconds(s.query_max_response_time) << ", unregistered "
          << static_cast<int>(s.unregistered) << (s.explicit_tracking ? ", tracking" : "")
          << (s.fast_leave ? ", fast leave" : "") << (plan.has_router ? ", foreign querier" : "");
    }
  }
  return out.str();
}

}  // namespace sluice::sim
