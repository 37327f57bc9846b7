// SPDX-License-Identifier: BSD-3-Clause
// What decides whether and where a proxy (RFC 4605) routes a frame, apart from the group table.
// Part of the VLAN table, so that a change of querier or upstream is one publication and touches no
// entry. The workers, `explain` and the simulation all decide by this. Any thread; plain values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "shared/address.h"
#include "shared/ids.h"

namespace sluice {

// A proxy's groups stand in the group table under a number past every VLAN, as (*,G) entries. The
// members of such an entry are not ports but places in RouteDomain::downstreams; which ports of a
// downstream get the frame stands in that VLAN's own entries, and nowhere else.
constexpr VlanId routed_key(std::size_t proxy) {
  return VlanId{static_cast<std::uint16_t>(kVlanIds + proxy)};
}
inline constexpr std::size_t kMostProxies = 64;
inline constexpr std::size_t kMostDownstreams = kMaxPorts;  // of one proxy

// A VLAN's part in a proxy.
struct RouteRole {
  enum Role : std::uint8_t { kNone, kUpstream, kDownstream };
  Role role = kNone;
  std::uint8_t domain = 0;  // place in VlanTable::domains()
};

struct RouteDomain {
  struct Upstream {
    Prefix groups;
    VlanId vlan;
  };
  struct Rule {
    Prefix group, source;
    bool matches(Ipv4 g, Ipv4 s) const { return group.contains(g) && source.contains(s); }
  };

  VlanId key;
  std::vector<VlanId> downstreams;
  PortSet forwarding;               // places of those that have a link and obey us (PF-01)
  std::vector<Upstream> upstreams;  // those in use; the first that holds a group has it
  std::vector<Ipv4> own_addresses;
  std::vector<Prefix> inside;  // all downstream networks: nothing from there comes from upstream
  std::vector<Rule> allow, deny;

  // None: no upstream that could have the group is up.
  std::optional<VlanId> upstream_of(Ipv4 group) const;
  bool permits(Ipv4 group, Ipv4 source) const;
};

// Why a frame is not routed, though it may still be bridged inside its VLAN.
enum class RouteRefusal : std::uint8_t {
  kOwnSource,   // its source is one of our addresses
  kRpfFailed,   // not from where its source is: another upstream is in use, or the wrong network,
                // or no host's address at all
  kDenied,      // the proxy's allow and deny lists
  kTtlExpired,  // TTL 0 or 1 (PF-07)
};
inline constexpr std::array<std::string_view, 4> kRouteRefusalLabels = {
    "own_source", "rpf_failed", "proxy_denied", "ttl_expired"};

struct VlanPolicy;
// `ingress` belongs to `domain`.
std::optional<RouteRefusal> route_refusal(const RouteDomain& domain, const VlanPolicy& ingress,
                                          Ipv4 group, Ipv4 source, std::uint8_t ttl);

}  // namespace sluice
