// SPDX-License-Identifier: BSD-3-Clause
// What a seed stands for: ports, VLANs and their configuration, who queries, what the wire does,
// who the hosts are. Everything is drawn from the seed.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"
#include "tests/sim/link.h"
#include "tests/sim/router.h"

namespace sluice::sim {

enum class Role : std::uint8_t {
  kOwnQuerier,      // nobody else queries
  kOwnUnaddressed,  // the same, from 0.0.0.0
  kBetterQuerier,   // a v3 router with a lower address, all the time
  kDyingQuerier,    // the same, but it dies, comes back and dies again: the switch takes over
  kWorseQuerier,    // a router with a higher address, v3 or v2: gives way (v2: the switch follows)
  kOlderQuerier,    // a v2 router with a lower address
  kListenerOnly,    // send-query = false and a v3 router that dies in the end: nobody queries
};
std::string_view to_string(Role role);

struct VlanPlan {
  VlanId id;
  Role role = Role::kOwnQuerier;
  config::IgmpSnooping snooping;
  std::vector<PortId> ports;  // the last one leads to the router, where there is one
  Router::Settings router;
  bool has_router = false;
  bool older_queries = false;  // v2 queries may be heard: hosts speak v2 for a while

  // The longest each interval can be, whoever is querier.
  Duration longest_query_interval() const;
  Duration longest_response_interval() const;
  Duration membership_interval() const;
  // After this long without wanting, nothing may come any more, whatever was lost on the way: an
  // older host's mode ends, the next query passes (a new querier may have to take over first), and
  // the state that it made visible times out.
  Duration settle_time() const;
};

struct Scenario {
  std::uint64_t seed = 0;
  Loss loss = Loss::kNone;
  bool reorders = false;
  bool duplicates = false;
  bool links_flap = false;
  Duration timer_lateness{0};  // an event loop runs timers a little after their time
  std::size_t ports = 0;
  std::size_t hosts = 0;
  int v1_percent = 0, v2_percent = 0;
  std::array<VlanPlan, 2> vlans;

  config::Config config() const;
  std::string describe() const;
  Duration settle_time() const { return std::max(vlans[0].settle_time(), vlans[1].settle_time()); }
};

// `hosts` at most; most seeds use fewer.
Scenario make_scenario(std::uint64_t seed, std::size_t hosts);

}  // namespace sluice::sim
