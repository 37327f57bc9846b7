// SPDX-License-Identifier: BSD-3-Clause
#include "shared/routing.h"

#include <algorithm>

#include "shared/vlan_table.h"

namespace sluice {
namespace {

bool any_contains(const std::vector<Prefix>& prefixes, Ipv4 address) {
  return std::ranges::any_of(prefixes, [&](const Prefix& p) { return p.contains(address); });
}

bool any_matches(const std::vector<RouteDomain::Rule>& rules, Ipv4 group, Ipv4 source) {
  return std::ranges::any_of(rules, [&](const auto& rule) { return rule.matches(group, source); });
}

// What no host has, or none that a router may send for: RFC 1812 §5.3.7, RFC 3927 §7.
bool stays_on_its_link(Ipv4 source) {
  return !source.is_unicast() || source.value >> 24 == 0 || source.value >> 24 == 127 ||
         source.value >> 16 == 0xA9FE;
}

}  // namespace

std::optional<VlanId> RouteDomain::upstream_of(Ipv4 group) const {
  for (const Upstream& upstream : upstreams) {
    if (upstream.groups.contains(group)) return upstream.vlan;
  }
  return std::nullopt;
}

bool RouteDomain::permits(Ipv4 group, Ipv4 source) const {
  if (any_matches(deny, group, source)) return false;
  return allow.empty() || any_matches(allow, group, source);
}

std::optional<RouteRefusal> route_refusal(const RouteDomain& domain, const VlanPolicy& ingress,
                                          Ipv4 group, Ipv4 source, std::uint8_t ttl) {
  if (std::ranges::find(domain.own_addresses, source) != domain.own_addresses.end()) {
    return RouteRefusal::kOwnSource;
  }
  const bool expected =
      ingress.route.role == RouteRole::kUpstream
          ? domain.upstream_of(group) == ingress.id && !any_contains(domain.inside, source)
          : any_contains(ingress.networks, source);
  if (!expected || stays_on_its_link(source)) return RouteRefusal::kRpfFailed;
  if (!domain.permits(group, source)) return RouteRefusal::kDenied;
  if (ttl <= 1) return RouteRefusal::kTtlExpired;
  return std::nullopt;
}

}  // namespace sluice
