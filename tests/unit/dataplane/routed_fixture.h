// SPDX-License-Identifier: BSD-3-Clause
// A worker whose VLANs are a proxy's. Upstreams are VLAN 9 (untagged on port 0, tagged on 5), and
// VLAN 8 (untagged on port 6) for 232.0.0.0/8. Downstreams are VLAN 10 (untagged on ports 1 and 2,
// tagged on 5) with 10.1.0.0/16, and VLAN 20 (untagged on port 3, tagged on 4 and 5) with
// 10.2.0.0/16. VLAN 30, on port 7, is in no proxy. Who is not registered gets nothing.
#pragma once

#include "tests/unit/dataplane/worker_fixture.h"

namespace sluice::dataplane {

inline constexpr VlanId kWan{9};
inline constexpr VlanId kOtherWan{8};
inline constexpr VlanId kLan{10};
inline constexpr VlanId kOtherLan{20};
inline constexpr MacAddress kOwn{{2, 0, 0, 0, 0, 0x99}};
inline constexpr Ipv4 kFar = ipv4(192, 0, 2, 7);  // a source beyond the upstream
inline constexpr Ipv4 kNear = ipv4(10, 1, 0, 7);  // in VLAN 10
inline constexpr Ipv4 kChannel = ipv4(239, 1, 1, 1);

struct RoutedFixture : WorkerFixture {
  std::map<std::uint16_t, VlanPolicy> policies;
  RouteDomain domain{.key = routed_key(0),
                     .downstreams = {kLan, kOtherLan},
                     .forwarding = PortSet(0b11),
                     .upstreams = {{{ipv4(232, 0, 0, 0), 8}, kOtherWan}, {Prefix{}, kWan}},
                     .own_addresses = {ipv4(192, 0, 2, 254), ipv4(10, 1, 0, 254)},
                     .inside = {{ipv4(10, 1, 0, 0), 16}, {ipv4(10, 2, 0, 0), 16}}};
  std::map<std::uint32_t, std::uint64_t> wanted;  // by group: the proxy's entry

  RoutedFixture() {
    add(kWan, 0b00000001, 0b00100000, RouteRole::kUpstream);
    add(kOtherWan, 0b01000000, 0, RouteRole::kUpstream);
    add(kLan, 0b00000110, 0b00100000, RouteRole::kDownstream);
    add(kOtherLan, 0b00001000, 0b00110000, RouteRole::kDownstream);
    add(VlanId{30}, 0b10000000, 0, RouteRole::kNone);
    policies[10].networks = {{ipv4(10, 1, 0, 0), 16}};
    policies[20].networks = {{ipv4(10, 2, 0, 0), 16}};
    publish();
  }

  void add(VlanId vlan, std::uint64_t untagged, std::uint64_t tagged, RouteRole::Role role) {
    VlanPolicy& policy = policies[vlan.value];
    policy.id = vlan;
    policy.untagged = PortSet(untagged);
    policy.tagged = PortSet(tagged);
    policy.up = policy.ports();
    policy.snooping = policy.restricted = true;
    policy.unregistered = UnregisteredPolicy::kDrop;
    policy.route = {role, 0};
  }

  void publish() {
    auto table = std::make_unique<VlanTable>();
    for (const auto& one : policies) {
      const VlanPolicy& policy = one.second;
      table->add(policy);
      policy.untagged.for_each([&](PortId port) { table->set_access_vlan(port, policy.id); });
    }
    table->set_domains({domain});
    table->set_own_mac(kOwn);
    vlans.publish(std::move(table));
  }

  void join(VlanId vlan, std::uint64_t ports, Ipv4 group = kChannel, Ipv4 source = {}) {
    ASSERT_TRUE(fib.set({vlan, group, source}, EgressSet{PortSet(ports)}));
    for (std::size_t place = 0; place < domain.downstreams.size(); ++place) {
      if (domain.downstreams[place] != vlan) continue;
      std::uint64_t& places = wanted[group.value];
      places |= std::uint64_t{1} << place;
      ASSERT_TRUE(fib.set({domain.key, group, {}}, EgressSet{PortSet(places)}));
    }
  }

  std::uint64_t refused(RouteRefusal reason) {
    return worker().counts().route_refused[static_cast<std::size_t>(reason)].read();
  }

  // The same frame after it was routed.
  static frames::Bytes routed(frames::Ip ip, std::optional<unsigned> tci = {}) {
    --ip.ttl;
    return frames::group_frame(ip, tci, kOwn);
  }
};

}  // namespace sluice::dataplane
