// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/oracle.h"

#include <algorithm>
#include <sstream>

namespace sluice::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kWay = 4 * Link::kLongestDelay;  // there and back, twice

std::string seconds_text(TimePoint t) {
  if (t == kNever) return "never";
  std::ostringstream out;
  out << to_seconds(t.time_since_epoch());
  return out.str();
}

}  // namespace

Ipv4 source_address(std::size_t source) {
  return ipv4(10, 9, 9, static_cast<unsigned>(source + 1));
}

// The first report counts, or the second where the first may be lost (or overtaken, where a leave
// cuts at once); v3 repeats within 1 s, v2 within 10 s. While a v1 host counts on the segment, a v3
// host's change to INCLUDE is not heard (9776 §7.3.2), but what it answers is.
Duration Oracle::join_time(const Host& host) const {
  const std::vector<Host*>& segment = world_.hosts_on(host.settings().vlan, host.settings().port);
  const bool v1 = std::any_of(segment.begin(), segment.end(), [](const Host* other) {
    return other->settings().version == igmp::Version::kV1;
  });
  if (v1 && host.settings().version == igmp::Version::kV3) {
    const VlanPlan& plan =
        world_.scenario().vlans[world_.scenario().vlans[0].id == host.settings().vlan ? 0 : 1];
    return 2 * (plan.longest_query_interval() + plan.longest_response_interval()) + kWay;
  }
  const Scenario& scenario = world_.scenario();
  const bool second = scenario.loss == Loss::kUnsolicited || scenario.reorders;
  if (!second) return kWay;
  return kWay + (host.settings().version == igmp::Version::kV3 ? seconds(1) : seconds(10));
}

bool Oracle::must_receive(const VlanPlan& plan, PortId port, GroupIndex group, Ipv4 source) {
  if (lenient_) return false;
  // A port that was down is asked by the next General Query.
  const Duration reconnect =
      plan.longest_query_interval() + plan.longest_response_interval() + seconds(1);
  TimePoint asked_since = world_.link_up_since(port);
  if (asked_since > TimePoint{}) {
    if (plan.has_router) {
      if (!world_.link_is_up(plan.router.port)) return false;
      asked_since = std::max(asked_since, world_.link_up_since(plan.router.port));
    }
    if (asked_since + reconnect > now()) return false;
  }
  for (const Host* host : world_.hosts_on(plan.id, port)) {
    const TimePoint since = host->wanted_since(group, source);
    if (since != kNever && since + join_time(*host) <= now()) return true;
  }
  return false;
}

TimePoint Oracle::asked_about_since(const VlanPlan& plan) {
  if (!plan.has_router) return plan.snooping.send_query ? TimePoint{} : kNever;
  const Router& router = *world_.router(plan.id);
  const PortId port = plan.router.port;
  const bool asks = plan.role == Role::kBetterQuerier && router.is_on() &&
                    world_.link_is_up(port) &&
                    plan.snooping.report_policy == config::ReportPolicy::kForward;
  if (!asks) return kNever;
  // Its next General Query makes its port a router port, to which leaves are forwarded.
  return std::max(router.on_since(), world_.link_up_since(port)) + plan.longest_query_interval() +
         seconds(1);
}

bool Oracle::must_not_receive(const VlanPlan& plan, PortId port, GroupIndex group, Ipv4 source) {
  if (lenient_) return false;
  const std::vector<Host*>& hosts = world_.hosts_on(plan.id, port);
  const bool all_v3 = std::all_of(hosts.begin(), hosts.end(), [](const Host* host) {
    return host->settings().version == igmp::Version::kV3;
  });
  TimePoint idle{}, unwanted{};
  for (const Host* host : hosts) {
    idle = std::max(idle, host->idle_since(group));
    unwanted = std::max(unwanted, host->unwanted_since(group, source));
  }
  // The last of several v3 hosts has said that it leaves, RV times, and its segment was asked: by
  // us, or by the router that heard of it.
  if (all_v3 && world_.scenario().loss == Loss::kNone && idle >= asked_about_since(plan)) {
    const Duration lmqt =
        plan.snooping.robustness_variable * plan.snooping.last_member_query_interval;
    const Duration repeats = plan.snooping.robustness_variable * Duration(seconds(1));
    if (idle != kNever && idle + repeats + lmqt + kWay <= now()) return true;
  }
  if (idle != kNever && idle + plan.settle_time() <= now()) return true;
  // Under an older querier v3 hosts join without their sources.
  return !plan.older_queries && unwanted != kNever && unwanted + plan.settle_time() <= now();
}

void Oracle::judge_frame(const VlanPlan& plan, GroupIndex group, Ipv4 source, PortId ingress) {
  ++judgements_;
  const VlanPolicy* policy = world_.forwarding().vlans().find(plan.id);
  if (policy == nullptr) throw Violation("the VLAN table has lost a VLAN");
  const Ipv4 address = group_address(group);
  const PortSet egress = world_.forwarding().egress(plan.id, source, address, ingress);
  if (egress.contains(ingress))
    complain(plan, ingress, group, source, "goes back where it came from");

  const bool open = !policy->restricted || (policy->unregistered == UnregisteredPolicy::kFlood &&
                                            !world_.forwarding().registered(plan.id, address));
  for (PortId port : plan.ports) {
    if (port == ingress) continue;
    if (!world_.link_is_up(port)) {
      if (egress.contains(port)) complain(plan, port, group, source, "goes to a port that is down");
      continue;
    }
    if (must_receive(plan, port, group, source)) {
      ++musts_;
      if (!egress.contains(port))
        complain(plan, port, group, source, "is wanted and does not come");
    } else if (!open && egress.contains(port) && !policy->router_ports.contains(port) &&
               must_not_receive(plan, port, group, source)) {
      complain(plan, port, group, source, "comes and has not been wanted for long");
    } else if (!open) {
      ++must_nots_;
    }
  }
}

void Oracle::judge_vlan(const VlanPlan& plan) {
  const VlanPolicy* policy = world_.forwarding().vlans().find(plan.id);
  if (policy == nullptr) throw Violation("the VLAN table has lost a VLAN");
  for (PortId port : plan.ports) {
    const RouterPortTerm term = world_.router_port_term(plan.id, port);
    const bool is = policy->router_ports.contains(port);
    const std::string name =
        "p" + std::to_string(port.value) + " in vlan " + std::to_string(plan.id.value);
    if (!is && now() < term.must_until) {
      throw Violation(name + " has to be a router port until " + seconds_text(term.must_until));
    }
    if (is && now() >= term.may_until + world_.scenario().timer_lateness) {
      throw Violation(name + " is still a router port; its time ended at " +
                      seconds_text(term.may_until));
    }
  }

  Router* router = world_.router(plan.id);
  if (plan.snooping.send_query) {
    // Our own first queries were answered long ago.
    const Duration first = plan.longest_response_interval() + seconds(1);
    if (!policy->restricted && now() >= TimePoint{} + first) {
      throw Violation("vlan " + std::to_string(plan.id.value) +
                      " floods although it has a querier");
    }
  } else if (policy->restricted && router != nullptr && !router->is_on() &&
             now() >= world_.router_port_term(plan.id, plan.router.port).may_until + seconds(1)) {
    throw Violation("vlan " + std::to_string(plan.id.value) + " restricts without a querier");
  }
  if (router != nullptr && router->is_on()) judge_router(plan, *router);
}

// The router on its port must know of every group that somebody wants, and by "proxy" of nothing
// else and of the right sources.
void Oracle::judge_router(const VlanPlan& plan, Router& router) {
  if (lenient_) return;
  const Duration to_know = 2 * (plan.longest_query_interval() + plan.longest_response_interval());
  const bool queries = router.last_query() + plan.longest_query_interval() + seconds(1) > now();
  const TimePoint heard_since = std::max(router.on_since(), world_.link_up_since(plan.router.port));
  if (!queries || !world_.link_is_up(plan.router.port) || heard_since + to_know > now()) {
    return;
  }
  const bool proxy = plan.snooping.report_policy == config::ReportPolicy::kProxy;
  for (GroupIndex group = 0; group < kGroups; ++group) {
    for (std::size_t s = 0; s <= kSources; ++s) {
      const Ipv4 source = source_address(s);
      bool wanted = false, long_unwanted = true;
      for (PortId port : plan.ports) {
        if (port == plan.router.port) continue;
        for (const Host* host : world_.hosts_on(plan.id, port)) {
          const TimePoint since = host->wanted_since(group, source);
          const TimePoint not_since = host->unwanted_since(group, source);
          const Duration known = join_time(*host) + (proxy ? Duration(seconds(2)) : to_know);
          wanted = wanted || (since != kNever && since + known <= now() &&
                              world_.link_up_since(port) + to_know <= now());
          long_unwanted = long_unwanted && not_since != kNever &&
                          not_since + plan.settle_time() + router.membership_interval() <= now();
        }
      }
      const bool told = proxy ? router.told_wants(group, source)
                              : router.last_support(group) + router.membership_interval() > now();
      const std::string frame = "(" + to_string(source) + "," + to_string(group_address(group)) +
                                ") in vlan " + std::to_string(plan.id.value);
      ++judgements_;
      if (wanted && !told) throw Violation("the router has not been told that hosts want " + frame);
      if (proxy && told && long_unwanted && !plan.older_queries) {
        throw Violation("the router is told that somebody wants " + frame + "; nobody does");
      }
    }
  }
}

void Oracle::judge_all() {
  for (const VlanPlan& plan : world_.scenario().vlans) {
    judge_vlan(plan);
    for (PortId ingress : {plan.ports.front(), plan.ports.back()}) {
      for (GroupIndex group = 0; group < kGroups; ++group) {
        for (std::size_t s = 0; s <= kSources; ++s) {
          judge_frame(plan, group, source_address(s), ingress);
        }
      }
    }
  }
}

void Oracle::judge_empty() {
  const auto rows = world_.core().groups({}, now());
  if (!rows.empty()) {
    throw Violation(std::to_string(rows.size()) + " groups are left although nobody wants any; " +
                    to_string(rows.front().group) + " on p" +
                    std::to_string(rows.front().port.value));
  }
  if (world_.forwarding().size() != 0) {
    throw Violation(std::to_string(world_.forwarding().size()) +
                    " forwarding entries are left without groups");
  }
}

void Oracle::complain(const VlanPlan& plan, PortId port, GroupIndex group, Ipv4 source,
                      const std::string& what) {
  std::ostringstream out;
  out << "(" << to_string(source) << "," << to_string(group_address(group)) << ") in vlan "
      << plan.id.value << " at p" << port.value << " " << what << ".\n  Hosts there:";
  for (const Host* host : world_.hosts_on(plan.id, port)) {
    const Wish& wish = host->wish(group);
    out << "\n    " << to_string(host->settings().address) << " v"
        << static_cast<int>(host->settings().version)
        << (wish.exclude ? " EXCLUDE {" : " INCLUDE {");
    for (Ipv4 s : wish.sources) out << ' ' << to_string(s);
    out << " } wanted since " << seconds_text(host->wanted_since(group, source))
        << ", unwanted since " << seconds_text(host->unwanted_since(group, source));
  }
  out << "\n  The switch has:";
  for (const auto& row : world_.core().groups({plan.id, group_address(group), port}, now())) {
    out << (row.filter_mode == igmp::FilterMode::kExclude ? "\n    EXCLUDE {" : "\n    INCLUDE {");
    for (const auto& s : row.sources) {
      out << ' ' << to_string(s.address) << (s.forwarding ? "+" : "-");
    }
    out << " } v" << static_cast<int>(row.version) << " expires in "
        << (row.expire ? to_seconds(*row.expire) : -1.0);
  }
  throw Violation(out.str());
}

}  // namespace sluice::sim
