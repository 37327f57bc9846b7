// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/explain.h"

#include <spdlog/fmt/fmt.h>

#include "control/api/json.h"

namespace sluice::control::api {
namespace {

std::string text(Ipv4 address) {
  return sluice::to_string(address);
}

std::string in_seconds(const std::optional<Duration>& left) {
  return left ? fmt::format("expires in {:.1f} s", to_seconds(*left)) : "does not expire";
}

// One explanation in the making.
class Reasoning {
 public:
  Reasoning(const Question& question, const Facts& facts, const PortNames& names)
      : question_(question), facts_(facts), names_(names) {}

  Explanation run() {
    if (!enters()) return std::move(result_);
    others_ = (policy().ports() & policy().up) - PortSet::of(question_.port);
    if (is_igmp() && policy().snooping) {
      punt();
    } else if (question_.group.is_link_local_multicast()) {
      link_local();
    } else if (!policy().snooping) {
      flood("IGMP snooping is off in VLAN {}: multicast floods", question_.vlan.value);
    } else if (!policy().restricted) {
      unsettled();
    } else if (facts_.any_source) {
      registered();
    } else {
      unregistered();
    }
    if (policy().snooping && !question_.group.is_link_local_multicast()) profiles();
    if (facts_.routing && !is_igmp() && !question_.group.is_link_local_multicast()) route();
    left_out();
    return std::move(result_);
  }

 private:
  const VlanPolicy& policy() const { return *facts_.policy; }

  template <class... Args>
  void say(fmt::format_string<Args...> format, Args&&... args) {
    result_.why.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  template <class... Args>
  void flood(fmt::format_string<Args...> format, Args&&... args) {
    say(format, std::forward<Args>(args)...);
    result_.verdict = Verdict::kFlood;
    wanted_ = policy().ports();
    result_.ports = others_;
  }

  bool is_igmp() const { return question_.igmp || question_.group == kAllIgmpv3Routers; }

  bool enters() {
    const std::string port = names_[question_.port];
    const unsigned vlan = question_.vlan.value;
    if (!facts_.policy || !policy().ports().contains(question_.port)) {
      say("{} does not carry VLAN {}: the frame is dropped on arrival", port, vlan);
      return false;
    }
    if (policy().untagged.contains(question_.port)) {
      say("{} takes untagged frames into VLAN {}", port, vlan);
    } else {
      say("{} carries VLAN {} tagged", port, vlan);
    }
    if (!policy().up.contains(question_.port)) {
      say("{} has no link: nothing comes in there now; this is what would happen", port);
    }
    return true;
  }

  void punt() {
    if (question_.igmp) {
      say("IGMP goes to the control plane, which forwards it itself");
    } else {
      say("{} is for IGMP reports, which go to the control plane", text(question_.group));
    }
    say("queries go to all ports of the VLAN, reports to router ports only: {}",
        names_.sentence((policy().router_ports & policy().up) - PortSet::of(question_.port)));
    if (facts_.report_policy == config::ReportPolicy::kProxy) {
      say("report-policy is proxy: the switch sends router ports one merged report of its own");
    }
    if (policy().router_guard.contains(question_.port)) {
      say("router-guard on {}: queries, PIM and MRD from there are dropped",
          names_[question_.port]);
    }
    result_.verdict = Verdict::kPunt;
    wanted_ = policy().router_ports;
    result_.ports = wanted_ & others_;
    router_ports(wanted_);
  }

  void link_local() {
    flood("{} is in 224.0.0.0/24, which always floods its VLAN (RFC 4541 section 2.1.2)",
          text(question_.group));
    if (question_.group == kAllPimRouters && policy().snooping) {
      say("the control plane reads a copy of PIM hellos to learn router ports");
    }
  }

  void unsettled() {
    const unsigned vlan = question_.vlan.value;
    if (!facts_.querier || facts_.querier->state == snooping::QuerierState::kNone) {
      flood("VLAN {} has no querier, so it is not restricted: multicast floods", vlan);
    } else {
      flood(
          "VLAN {} is not settled: its querier's first response time has not passed, so "
          "multicast floods",
          vlan);
    }
  }

  void registered() {
    const bool exact = question_.source && facts_.exact_source;
    const Fib::Row& row = exact ? *facts_.exact_source : *facts_.any_source;
    if (exact) {
      say("VLAN {} is settled; entry ({}, {}) applies: it wins over (*, G)", question_.vlan.value,
          text(*question_.source), text(question_.group));
    } else if (question_.source) {
      say("VLAN {} is settled; entry (*, {}) applies: {} has no entry of its own",
          question_.vlan.value, text(question_.group), text(*question_.source));
    } else {
      say("VLAN {} is settled; entry (*, {}) applies", question_.vlan.value, text(question_.group));
    }
    result_.entry = fib_view(row, &policy());
    wanted_ = result_.entry->ports;
    result_.ports = wanted_ & others_;
    result_.verdict = result_.ports.empty() ? Verdict::kDrop : Verdict::kForward;
    for (const snooping::GroupRow& group : facts_.groups) membership(group, row.egress.members);
    router_ports(policy().router_ports);
  }

  // Why this membership makes its port an egress port, or does not.
  void membership(const snooping::GroupRow& group, PortSet members) {
    const bool member = members.contains(group.port);
    const std::string port = names_[group.port];
    const snooping::SourceRow* source = nullptr;
    for (const snooping::SourceRow& row : group.sources) {
      if (question_.source && row.address == *question_.source) source = &row;
    }
    if (group.is_static) {
      const bool names_it = group.sources.empty() || source != nullptr;
      if (names_it) say("{} is a member: static group", port);
      return;
    }
    std::string made = fmt::format("{} mode, IGMPv{}", to_string(group.filter_mode),
                                   static_cast<int>(group.version));
    if (group.last_reporter) {
      made += fmt::format(", last report from {}", text(*group.last_reporter));
    }
    if (source != nullptr && source->forwarding) {
      say("{} is a member: it asked for source {}, which {} ({})", port, text(source->address),
          in_seconds(source->expire), made);
    } else if (source != nullptr) {
      say("{} has joined {} but wants nothing of source {} ({}); {}", port, text(group.group),
          text(source->address), made, in_seconds(group.expire));
    } else if (group.filter_mode == igmp::FilterMode::kExclude) {
      say("{} is a member of {}: {}; {}", port, text(group.group), made, in_seconds(group.expire));
    } else if (!member) {
      say("{} has joined {} for other sources only ({})", port, text(group.group), made);
    }
  }

  void router_ports(PortSet ports) {
    for (const snooping::MrouterRow& router : facts_.mrouters) {
      if (!ports.contains(router.port)) continue;
      if (router.learned_from == snooping::LearnedFrom::kStatic) {
        say("{} is a router port: static", names_[router.port]);
        continue;
      }
      say("{} is a router port: learned from {} of {}, {}", names_[router.port],
          to_string(router.learned_from), router.address ? text(*router.address) : "?",
          in_seconds(router.expire));
    }
  }

  void unregistered() {
    say("nobody has joined {} in VLAN {}: it is unregistered", text(question_.group),
        question_.vlan.value);
    if (!facts_.groups.empty()) {
      say("there are memberships, but the forwarding table had no room for them");
    }
    switch (policy().unregistered) {
      case UnregisteredPolicy::kFlood:
        flood("the VLAN's policy is unregistered = \"flood\": all its ports");
        return;
      case UnregisteredPolicy::kRouterPortsOnly:
        say("the VLAN's policy is unregistered = \"mrouter-only\": router ports only");
        result_.verdict = Verdict::kRouterPortsOnly;
        wanted_ = policy().router_ports;
        result_.ports = wanted_ & others_;
        router_ports(wanted_);
        return;
      case UnregisteredPolicy::kDrop:
        say("the VLAN's policy is unregistered = \"drop\"");
        result_.verdict = Verdict::kDrop;
        return;
    }
  }

  // What the proxy does with the frame, whatever became of it inside its VLAN.
  void route() {
    const Routing& routing = *facts_.routing;
    const std::string group = text(question_.group);
    say("VLAN {} is {} proxy {}", question_.vlan.value,
        routing.from_upstream ? "an upstream of" : "a downstream of", routing.proxy);
    if (routing.refused) {
      say("not routed: {}", why_refused(*routing.refused));
      return;
    }
    const bool nobody_here = result_.ports.empty();
    if (routing.upstream) say("the upstream of {} is {}", group, *routing.upstream);
    if (!question_.source) say("whether it passes RPF depends on its source");
    for (const Routing::Leg& leg : routing.legs) {
      say("routed to {} (VLAN {}): {}; TTL less one, our source MAC", leg.interface, leg.vlan.value,
          names_.sentence(leg.ports));
      result_.ports = result_.ports | leg.ports;
    }
    for (const std::string& interface : routing.silent) {
      say("not routed to {}: it is wanted there, but we are not the querier", interface);
    }
    if (routing.legs.empty() && routing.silent.empty()) {
      say("not routed: nobody behind {} wants it", routing.proxy);
      if (routing.ssm) {
        say("{} is in the SSM range: joins that name no source count for nothing (RFC 4604)",
            group);
      }
    }
    result_.routed = routing.legs;
    if (!routing.legs.empty() && nobody_here) result_.verdict = Verdict::kForward;
  }

  std::string why_refused(RouteRefusal refusal) const {
    const std::string source = text(*question_.source);
    switch (refusal) {
      case RouteRefusal::kOwnSource:
        return fmt::format("{} is an address of this appliance", source);
      case RouteRefusal::kRpfFailed:
        if (!facts_.routing->from_upstream) {
          return fmt::format("{} is not in a network of this downstream (RPF)", source);
        }
        return fmt::format("{} is in a downstream network, or another upstream has {} (RPF)",
                           source, text(question_.group));
      case RouteRefusal::kDenied:
        return fmt::format("the proxy's allow and deny lists refuse {} from {}",
                           text(question_.group), source);
      case RouteRefusal::kTtlExpired:
        break;
    }
    return "its TTL is spent";
  }

  // Why some ports will never be members.
  void profiles() {
    for (const auto& [port, profile] : facts_.refused) {
      if (question_.igmp && port != question_.port) continue;
      say("group-profile {} refuses joins of {} on {}", profile,
          question_.source ? fmt::format("({}, {})", text(*question_.source), text(question_.group))
                           : fmt::format("(*, {})", text(question_.group)),
          names_[port]);
    }
  }

  // Ports that the lane asks for but that get nothing.
  void left_out() {
    const PortSet ingress = PortSet::of(question_.port);
    if (result_.verdict != Verdict::kPunt && wanted_.contains(question_.port)) {
      say("{} is where the frame came in: nothing goes back", names_[question_.port]);
    }
    const PortSet down = (wanted_ & policy().ports()) - policy().up - ingress;
    if (!down.empty()) say("no link, left out: {}", names_.sentence(down));
    if (result_.ports.empty() && result_.verdict != Verdict::kPunt) {
      say("no port is left: the frame goes nowhere");
    }
  }

  const Question& question_;
  const Facts& facts_;
  const PortNames& names_;
  PortSet others_;  // ports of the VLAN with a link, without the ingress port
  PortSet wanted_;  // what the lane asks for, before links and ingress are looked at
  Explanation result_;
};

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kForward:
      return "forward";
    case Verdict::kFlood:
      return "flood";
    case Verdict::kRouterPortsOnly:
      return "mrouter-only";
    case Verdict::kDrop:
      return "drop";
    case Verdict::kPunt:
      return "punt";
  }
  return "";
}

Explanation explain(const Question& question, const Facts& facts, const PortNames& names) {
  return Reasoning(question, facts, names).run();
}

}  // namespace sluice::control::api
