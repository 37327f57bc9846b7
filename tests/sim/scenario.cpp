// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/scenario.h"

#include <sstream>

namespace sluice::sim {
namespace {

using std::chrono::seconds;

constexpr std::size_t kTrunkPort = 0;  // carries both VLANs, tagged; all others are access ports

Role draw_role(Dice& dice, Loss loss) {
  // A querier that dies and a lossy query or answer do not go together: a membership interval
  // allows for one missed round, not for that and a take-over. A v2 querier cancels what v3 hosts
  // still have to repeat (9776 §7.2.1), so it does not go with lost repetitions.
  switch (loss) {
    case Loss::kNone:  // where leaves can be judged by their promptness
      if (dice.chance(40)) return dice.chance(50) ? Role::kOwnQuerier : Role::kBetterQuerier;
      return static_cast<Role>(dice.below(7));
    case Loss::kStorm:
      return static_cast<Role>(dice.below(7));
    case Loss::kUnsolicited: {
      constexpr Role kAllowed[] = {Role::kOwnQuerier, Role::kOwnUnaddressed, Role::kBetterQuerier,
                                   Role::kDyingQuerier};
      return kAllowed[dice.below(4)];
    }
    case Loss::kSpecificQueries:
      // The model router knows no S flag: what it asks a second time has to arrive.
      return dice.chance(70) ? Role::kOwnQuerier : Role::kOwnUnaddressed;
    default: {
      constexpr Role kAllowed[] = {Role::kOwnQuerier, Role::kOwnUnaddressed, Role::kBetterQuerier};
      return kAllowed[dice.below(3)];
    }
  }
}

VlanPlan draw_vlan(Dice& dice, VlanId id, const Scenario& scenario, std::size_t first_port,
                   std::size_t last_port) {
  VlanPlan plan;
  plan.id = id;
  plan.role = draw_role(dice, scenario.loss);
  plan.ports.push_back(PortId{kTrunkPort});
  for (std::size_t p = first_port; p <= last_port; ++p) {
    plan.ports.push_back(PortId{static_cast<std::uint16_t>(p)});
  }

  config::IgmpSnooping& s = plan.snooping;
  // An answer that overtakes a leave is set right by the leave's repetition.
  const bool in_order = !scenario.reorders && !scenario.duplicates;
  s.robustness_variable = static_cast<std::uint8_t>(
      scenario.loss == Loss::kNone && plan.role == Role::kOwnQuerier && dice.chance(20) && in_order
          ? 1
          : dice.between(2, 3));
  s.query_interval = seconds(dice.between(20, 40));
  s.query_max_response_time = seconds(dice.between(4, 8));
  s.send_query = plan.role != Role::kListenerOnly;
  s.querier_source = plan.role == Role::kOwnUnaddressed ? Ipv4{} : ipv4(10, 77, id.value, 100);
  s.report_policy = static_cast<config::ReportPolicy>(dice.below(3));
  s.unregistered = static_cast<UnregisteredPolicy>(dice.below(3));
  s.explicit_tracking = dice.chance(60);
  // Without tracking, fast leave cuts other hosts of the segment by design.
  s.fast_leave = s.explicit_tracking && scenario.loss != Loss::kUnsolicited && dice.chance(40);

  plan.has_router = plan.role != Role::kOwnQuerier && plan.role != Role::kOwnUnaddressed;
  Router::Settings& r = plan.router;
  r.vlan = id;
  r.port = plan.ports.back();
  r.address = ipv4(10, 77, id.value, plan.role == Role::kWorseQuerier ? 200u : 5u);
  r.version =
      plan.role == Role::kOlderQuerier || (plan.role == Role::kWorseQuerier && dice.chance(30))
          ? igmp::Version::kV2
          : igmp::Version::kV3;
  plan.older_queries = plan.has_router && r.version == igmp::Version::kV2;
  r.robustness_variable = s.robustness_variable;
  r.query_interval = s.query_interval;
  r.query_response_interval = s.query_max_response_time;
  if (r.version == igmp::Version::kV3) {  // says its own; a v2 querier cannot
    r.query_interval = seconds(dice.between(20, 40));
    r.query_response_interval = seconds(dice.between(4, 8));
  }
  return plan;
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::kOwnQuerier:
      return "own querier";
    case Role::kOwnUnaddressed:
      return "own querier without address";
    case Role::kBetterQuerier:
      return "better querier";
    case Role::kDyingQuerier:
      return "dying querier";
    case Role::kWorseQuerier:
      return "worse querier";
    case Role::kOlderQuerier:
      return "older querier";
    case Role::kListenerOnly:
      return "listener only";
  }
  return "?";
}

Duration VlanPlan::longest_query_interval() const {
  return std::max(snooping.query_interval, has_router ? router.query_interval : Duration{0});
}
Duration VlanPlan::longest_response_interval() const {
  return std::max(snooping.query_max_response_time,
                  has_router ? router.query_response_interval : Duration{0});
}
Duration VlanPlan::membership_interval() const {
  return snooping.robustness_variable * longest_query_interval() + 2 * longest_response_interval();
}
Duration VlanPlan::settle_time() const {
  const Duration older_host =
      snooping.robustness_variable * longest_query_interval() + longest_response_interval();
  const Duration take_over = older_host;
  return older_host + take_over + longest_query_interval() + longest_response_interval() +
         membership_interval() + seconds(5);
}

Scenario make_scenario(std::uint64_t seed, std::size_t hosts) {
  Dice dice(seed * 0x9E3779B97F4A7C15ull + 1);
  Scenario scenario;
  scenario.seed = seed;
  scenario.loss = static_cast<Loss>(seed % 6);  // each kind in turn, all in six seeds
  scenario.reorders = dice.chance(60);
  scenario.duplicates = dice.chance(60);
  scenario.links_flap = scenario.loss == Loss::kNone && dice.chance(40);
  scenario.timer_lateness = Duration(dice.chance(30) ? dice.between(1, 15) : 0);
  scenario.ports = static_cast<std::size_t>(dice.between(5, 24));
  // One seed in eight is crowded.
  const std::size_t some =
      dice.chance(12) ? hosts : hosts / static_cast<std::size_t>(dice.between(4, 20));
  scenario.hosts = std::max<std::size_t>(some, 4);
  if (dice.chance(60)) {
    scenario.v2_percent = dice.between(5, 60);
    scenario.v1_percent = dice.chance(50) ? dice.between(1, 15) : 0;
  }
  const std::size_t half = scenario.ports / 2;
  scenario.vlans[0] = draw_vlan(dice, VlanId{10}, scenario, 1, half);
  scenario.vlans[1] = draw_vlan(dice, VlanId{20}, scenario, half + 1, scenario.ports - 1);
  for (const VlanPlan& plan : scenario.vlans) {  // flapping: no querier of uncertain standing
    if (plan.role != Role::kOwnQuerier && plan.role != Role::kBetterQuerier) {
      scenario.links_flap = false;
    }
  }
  // A v1 host does not answer the specific query that another port's leave brings from a router.
  for (const VlanPlan& plan : scenario.vlans) {
    if (plan.has_router) scenario.v1_percent = 0;
  }
  return scenario;
}

config::Config Scenario::config() const {
  config::Config config;
  for (std::size_t p = 0; p < ports; ++p) {
    config::Port port;
    port.name = "p" + std::to_string(p);
    port.device = "net_null" + std::to_string(p);
    if (p == kTrunkPort) {
      port.trunk_vlans = {vlans[0].id, vlans[1].id};
    } else {
      port.access_vlan = p <= ports / 2 ? vlans[0].id : vlans[1].id;
    }
    config.ports.push_back(port);
  }
  for (const VlanPlan& plan : vlans) {
    config.vlans.push_back({.id = plan.id, .igmp_snooping = plan.snooping});
  }
  return config;
}

std::string Scenario::describe() const {
  std::ostringstream out;
  out << "seed " << seed << ": " << ports << " ports, " << hosts << " hosts (v1 " << v1_percent
      << "%, v2 " << v2_percent << "%), loss: " << to_string(loss)
      << (reorders ? ", reordering" : "") << (duplicates ? ", duplicating" : "")
      << (links_flap ? ", links flap" : "");
  if (timer_lateness > Duration{0}) out << ", timers late by " << timer_lateness.count() << " ms";
  for (const VlanPlan& plan : vlans) {
    constexpr std::string_view kPolicies[] = {"proxy", "suppress", "forward"};
    constexpr std::string_view kUnregistered[] = {"flood", "mrouter-only", "drop"};
    const config::IgmpSnooping& s = plan.snooping;
    out << "\n  vlan " << plan.id.value << ": " << to_string(plan.role)
        << (plan.older_queries ? " (v2)" : "") << ", RV " << int{s.robustness_variable} << ", QI "
        << to_seconds(s.query_interval) << ", QRI " << to_seconds(s.query_max_response_time)
        << ", reports " << kPolicies[static_cast<std::size_t>(s.report_policy)] << ", unregistered "
        << kUnregistered[static_cast<std::size_t>(s.unregistered)]
        << (s.explicit_tracking ? ", tracking" : "") << (s.fast_leave ? ", fast leave" : "");
    if (plan.has_router) {
      out << ", router QI " << to_seconds(plan.router.query_interval) << " QRI "
          << to_seconds(plan.router.query_response_interval) << " on p" << plan.router.port.value;
    }
  }
  return out.str();
}

}  // namespace sluice::sim
