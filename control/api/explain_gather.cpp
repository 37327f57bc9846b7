// SPDX-License-Identifier: BSD-3-Clause
// The facts that an explanation is made of, copied on the control thread.
#include <algorithm>
#include <deque>

#include "control/api/core.h"
#include "control/api/explain.h"

namespace sluice::control::api {
namespace {

constexpr std::uint8_t kLivelyTtl = 64;  // the question says nothing of it

std::string interface_in(const config::Config& config, VlanId vlan) {
  const auto at = std::ranges::find(config.interfaces, vlan, &config::Interface::vlan);
  return at == config.interfaces.end() ? "VLAN " + std::to_string(vlan.value) : at->name;
}

Routing gather_routing(const Question& question, const Core& core) {
  const VlanTable& vlans = core.vlans.current();
  const VlanPolicy& ingress = *vlans.find(question.vlan);
  const RouteDomain& domain = *vlans.domain(ingress);
  const config::Proxy& proxy = core.config.proxies[ingress.route.domain];
  const Ipv4 source = question.source.value_or(Ipv4{});

  Routing routing;
  routing.proxy = proxy.name;
  routing.from_upstream = ingress.route.role == RouteRole::kUpstream;
  if (question.source) {
    routing.refused = route_refusal(domain, ingress, question.group, source, kLivelyTtl);
  }
  if (const auto upstream = domain.upstream_of(question.group)) {
    routing.upstream = interface_in(core.config, *upstream);
  }
  routing.ssm = std::ranges::any_of(
      proxy.ssm_range, [&](const Prefix& range) { return range.contains(question.group); });
  if (routing.refused) return routing;

  std::deque<EgressSet> read;  // what was looked up stays where it is
  const auto lookup = [&](VlanId vlan, Ipv4 group, Ipv4 from) -> const EgressSet* {
    const auto any_source = core.fib.find(FibKey{vlan, group, Ipv4{}});
    if (!any_source) return nullptr;
    const auto exact = core.fib.find(FibKey{vlan, group, from});
    return &read.emplace_back((exact ? exact : any_source)->egress);
  };
  for_each_routed(
      vlans, ingress, question.group, source, lookup, [&](const VlanPolicy& policy, PortSet ports) {
        routing.legs.push_back({interface_in(core.config, policy.id), policy.id, ports});
      });
  if (const EgressSet* const wanted = lookup(domain.key, question.group, Ipv4{})) {
    (wanted->members - domain.forwarding).for_each([&](PortId place) {
      routing.silent.push_back(interface_in(core.config, domain.downstreams[place.value]));
    });
  }
  return routing;
}

}  // namespace

Facts gather(const Question& question, const Core& core) {
  Facts facts;
  const VlanTable& vlans = core.vlans.current();
  if (const VlanPolicy* policy = vlans.find(question.vlan)) facts.policy = *policy;
  const auto entry = [&](Ipv4 source) {
    auto row = core.fib.find(FibKey{question.vlan, question.group, source});
    if (row) core.zero.apply(*row);
    return row;
  };
  facts.any_source = entry(Ipv4{});
  if (question.source) facts.exact_source = entry(*question.source);
  facts.groups = core.snooper().groups({question.vlan, question.group, std::nullopt}, core.now);
  facts.mrouters = core.snooper().mrouters(question.vlan, core.now);
  const auto queriers = core.snooper().queriers(question.vlan, core.now);
  if (!queriers.empty()) facts.querier = queriers.front();
  if (const config::Vlan* vlan = core.config.find_vlan(question.vlan)) {
    facts.report_policy = vlan->igmp_snooping.report_policy;
  }
  if (facts.policy) {
    facts.policy->ports().for_each([&](PortId port) {
      auto profile =
          core.snooper().refusing_profile(question.vlan, port, question.group, question.source);
      if (profile) facts.refused.emplace_back(port, std::move(*profile));
    });
  }
  if (facts.policy && facts.policy->routed()) facts.routing = gather_routing(question, core);
  return facts;
}

}  // namespace sluice::control::api
