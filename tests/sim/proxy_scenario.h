// SPDX-License-Identifier: BSD-3-Clause
// What a seed of the proxy simulation stands for: one appliance that proxies (RFC 4605), or two in
// series, each with networks of hosts below; one or two upstream routers above the first, and what
// becomes of them. Everything is drawn from the seed.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "tests/sim/link.h"
#include "tests/sim/router.h"
#include "tests/sim/scenario.h"

namespace sluice::sim {

// What becomes of an upstream while the hosts are at it.
enum class Fate : std::uint8_t {
  kSteady,
  kLinkFlaps,
  kRouterDies,      // and comes back, several times
  kChangesVersion,  // goes on as IGMPv2, and then as IGMPv3 again
};
std::string_view to_string(Fate fate);

struct UpstreamPlan {
  VlanId vlan;
  PortId port;
  Fate fate = Fate::kSteady;
  bool has_groups = false;  // `group-ranges`: half of the groups are for it
  Router::Settings router;  // where there is one

  // How long its silence is taken for a pause (TM-05).
  Duration present_interval() const {
    return router.robustness_variable * router.query_interval + router.query_response_interval / 2;
  }
};

struct NodePlan {
  std::size_t ports = 0;
  std::vector<UpstreamPlan> upstreams;
  std::vector<VlanPlan> downstreams;  // the last port of one may lead elsewhere than to hosts
};

// The sources of streams. 0 and 1 are beyond the upstream, and so is the last one, which no host
// ever names; the others are hosts' neighbours somewhere below.
inline constexpr std::size_t kStreams = 6;
struct Stream {
  Ipv4 address;
  bool external = true;
  std::size_t node = 0, downstream = 0;  // where it is, if not external
};

struct ProxyScenario {
  std::uint64_t seed = 0;
  Loss loss = Loss::kNone;
  bool reorders = false, duplicates = false;
  Duration timer_lateness{0};
  std::size_t hosts = 0;
  int v1_percent = 0, v2_percent = 0;
  std::vector<NodePlan> nodes;  // the first is at the top; the second hangs below its last network
  bool below_flaps = false;     // the link between the two
  bool reloads = false;         // now and then the same configuration is read again
  bool strangers = false;       // send what nobody should (noise.h)
  Duration leave_delay{0};
  bool ssm = false;                   // odd groups are source-specific
  bool ssm_mapping = false;           // to source 0, for older hosts
  std::optional<std::size_t> denied;  // a stream that no odd group may have
  std::array<Stream, kStreams> streams;

  bool series() const { return nodes.size() > 1; }
  bool calm_links() const;
  bool is_ssm(GroupIndex group) const { return ssm && group % 2 == 1; }
  bool denies(GroupIndex group, std::size_t stream) const {
    return denied == stream && group % 2 == 1;
  }
  // Where the top node's network ends at the node below.
  PortId attachment() const { return nodes[0].downstreams.back().ports.back(); }
  Ipv4 own_address(std::size_t node, std::size_t downstream) const;
  bool has_hosts(std::size_t node, std::size_t downstream, PortId port) const;
  config::Config config(std::size_t node) const;
  std::string describe() const;
  // How long after its hosts nothing of a network below `node` is known at the top.
  Duration settle_time(std::size_t node) const;
};

// The groups that one of two upstreams may have for itself, and that may be source-specific.
Prefix odd_groups();
// An address in a VLAN's network, which is a /16.
Ipv4 address_in(VlanId vlan, std::uint32_t number);

ProxyScenario make_proxy_scenario(std::uint64_t seed, std::size_t hosts);

}  // namespace sluice::sim
