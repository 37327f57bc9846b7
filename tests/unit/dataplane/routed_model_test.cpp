// SPDX-License-Identifier: BSD-3-Clause
// Random appliances and random frames: what the worker sends by each port, byte for byte, and the
// fate that it counts, against the model.
#include <gmock/gmock.h>

#include <random>

#include "tests/unit/dataplane/routed_model.h"
#include "tests/unit/dataplane/worker_fixture.h"

namespace sluice::dataplane::routed_model_test {
namespace {

using model::Frame;
using model::kLinkLocal;
using model::kOwn;
using model::Outcome;
using model::Ports;
using model::Proxy;
using model::Range;
using model::Vlan;
using testing::UnorderedElementsAreArray;

const std::vector<Ipv4> kGroups = {ipv4(239, 1, 1, 1), ipv4(239, 2, 1, 1), ipv4(232, 1, 1, 1),
                                   ipv4(224, 0, 1, 1), kLinkLocal};

PortSet bits(const Ports& ports) {
  PortSet result;
  for (const unsigned p : ports) result.insert(PortId{static_cast<std::uint16_t>(p)});
  return result;
}

Prefix prefix(const Range& range) {
  unsigned length = 32;
  for (std::uint32_t size = range.to.value - range.from.value; size != 0; size >>= 1) --length;
  return {range.from, static_cast<std::uint8_t>(length)};
}
const Range kEverything{ipv4(0, 0, 0, 0), ipv4(255, 255, 255, 255)};
const std::vector<Range> kRanges = {{ipv4(224, 0, 0, 0), ipv4(239, 255, 255, 255)},
                                    {ipv4(239, 0, 0, 0), ipv4(239, 255, 255, 255)},
                                    {ipv4(239, 1, 0, 0), ipv4(239, 1, 255, 255)},
                                    {ipv4(232, 0, 0, 0), ipv4(232, 255, 255, 255)}};

struct RoutedModel : WorkerFixture, model::Appliance {
  std::mt19937 random{20261121};

  unsigned pick(unsigned below) { return static_cast<unsigned>(random() % below); }
  bool chance(unsigned percent) { return pick(100) < percent; }
  Ports some(const Ports& of, unsigned percent) {
    Ports result;
    for (const unsigned p : of) {
      if (chance(percent)) result.insert(p);
    }
    return result;
  }

  void invent() {
    net.clear();
    access.clear();
    proxies.assign(2, Proxy{});
    for (unsigned id = 1, count = 4 + pick(8); id <= count; ++id) {
      Vlan& vlan = net[id];
      for (unsigned port = 0; port < kPorts; ++port) {
        if (!access.contains(port) && chance(20)) {
          access[port] = id;
          vlan.carries[port] = false;
        } else if (chance(40)) {
          vlan.carries[port] = true;
        }
      }
      vlan.up = some(vlan.ports(), 90);
      vlan.routers = some(vlan.ports(), 20);
      vlan.restricted = chance(80);
      vlan.unregistered = pick(3);
      vlan.proxy = static_cast<int>(pick(3)) - 1;
      if (vlan.proxy >= 0) {
        Proxy& proxy = proxies[static_cast<unsigned>(vlan.proxy)];
        vlan.upstream = chance(25);
        if (vlan.upstream) {
          if (chance(85)) proxy.upstreams.emplace_back(kRanges[pick(4)], id);
        } else {
          proxy.downstreams.push_back(id);
          if (chance(85)) proxy.querier_of.insert(id);
        }
      }
      for (const Ipv4 group : kGroups) {
        if (chance(40)) continue;
        vlan.entries[{group, Ipv4{}}] = some(vlan.ports(), 50);
        if (vlan.proxy >= 0 && !vlan.upstream && chance(85)) {
          proxies[static_cast<unsigned>(vlan.proxy)].members[group].insert(id);
        }
        for (unsigned host = 1; host < 3; ++host) {
          if (chance(30)) {
            vlan.entries[{group, ipv4(192, 0, 2, host)}] = some(vlan.ports(), 50);
          }
        }
      }
    }
    for (Proxy& proxy : proxies) {
      if (chance(20))
        proxy.deny.emplace_back(kRanges[pick(4)], Range{ipv4(192, 0, 2, 0), ipv4(192, 0, 2, 1)});
      if (chance(20)) proxy.allow.emplace_back(kRanges[pick(4)], kEverything);
    }
  }

  void install() {
    auto table = std::make_unique<VlanTable>();
    std::vector<RouteDomain> domains(proxies.size());
    for (std::size_t i = 0; i < proxies.size(); ++i) {
      const Proxy& proxy = proxies[i];
      RouteDomain& domain = domains[i];
      domain.key = routed_key(i);
      for (const unsigned id : proxy.downstreams) {
        const PortId place{static_cast<std::uint16_t>(domain.downstreams.size())};
        domain.downstreams.push_back(VlanId{static_cast<std::uint16_t>(id)});
        domain.inside.push_back(prefix(net[id].network(id)));
        if (proxy.querier_of.contains(id)) domain.forwarding.insert(place);
      }
      for (const auto& [range, id] : proxy.upstreams) {
        domain.upstreams.push_back({prefix(range), VlanId{static_cast<std::uint16_t>(id)}});
      }
      domain.own_addresses = {proxy.own};
      for (const auto& [group, source] : proxy.allow)
        domain.allow.push_back({prefix(group), prefix(source)});
      for (const auto& [group, source] : proxy.deny)
        domain.deny.push_back({prefix(group), prefix(source)});
      for (const auto& [group, members] : proxy.members) {
        PortSet places;
        for (std::size_t place = 0; place < proxy.downstreams.size(); ++place) {
          if (members.contains(proxy.downstreams[place]))
            places.insert(PortId{static_cast<std::uint16_t>(place)});
        }
        ASSERT_TRUE(fib.set({domain.key, group, {}}, {places}));
      }
    }
    for (const auto& [id, vlan] : net) {
      VlanPolicy policy{.id = VlanId{static_cast<std::uint16_t>(id)}};
      for (const auto& [port, tagged] : vlan.carries) {
        (tagged ? policy.tagged : policy.untagged).insert(PortId{static_cast<std::uint16_t>(port)});
      }
      policy.up = bits(vlan.up);
      policy.router_ports = bits(vlan.routers);
      policy.snooping = true;
      policy.restricted = vlan.restricted;
      policy.unregistered = static_cast<UnregisteredPolicy>(vlan.unregistered);
      if (vlan.proxy >= 0) {
        policy.route = {vlan.upstream ? RouteRole::kUpstream : RouteRole::kDownstream,
                        static_cast<std::uint8_t>(vlan.proxy)};
        if (!vlan.upstream) policy.networks = {prefix(vlan.network(id))};
      }
      table->add(policy);
      for (const auto& [key, members] : vlan.entries) {  // (*,G) sorts before (S,G)
        ASSERT_TRUE(fib.set({policy.id, key.first, key.second}, {bits(members)}));
      }
    }
    for (const auto& [port, id] : access) {
      table->set_access_vlan(PortId{static_cast<std::uint16_t>(port)},
                             VlanId{static_cast<std::uint16_t>(id)});
    }
    table->set_domains(std::move(domains));
    table->set_own_mac(kOwn);
    vlans.publish(std::move(table));
  }

  void remove() {
    for (const bool any_source : {false, true}) {
      std::vector<FibKey> keys;
      fib.for_each([&](const Fib::Row& row) {
        if (row.key.any_source() == any_source) keys.push_back(row.key);
      });
      for (const FibKey& key : keys) ASSERT_TRUE(fib.erase(key));
    }
    fib.reclaim();
    vlans.reclaim();
  }

  Frame invent_frame() {
    Frame frame;
    frame.port = pick(kPorts);
    if (!access.contains(frame.port) || chance(60)) {
      std::vector<unsigned> trunk = {99};
      for (const auto& [id, vlan] : net) {
        const auto at = vlan.carries.find(frame.port);
        if (at != vlan.carries.end() && at->second) trunk.push_back(id);
      }
      frame.tci = (pick(16) << 12) |
                  trunk[trunk.size() == 1 ? 0 : 1 + pick(static_cast<unsigned>(trunk.size() - 1))];
    }
    const unsigned vlan = frame.tci ? *frame.tci & 0xFFF : access[frame.port];
    const std::vector<Ipv4> sources = {
        ipv4(192, 0, 2, 1),   ipv4(192, 0, 2, 1),   ipv4(192, 0, 2, 2),
        ipv4(10, vlan, 1, 1), ipv4(10, vlan, 1, 1), ipv4(10, 1 + pick(11), 1, 1),
        ipv4(10, vlan, 1, 2), ipv4(192, 0, 2, 254), ipv4(127, 0, 0, 1)};
    frame.ip.source = sources[pick(static_cast<unsigned>(sources.size()))];
    frame.ip.destination = kGroups[pick(static_cast<unsigned>(kGroups.size()))];
    frame.ip.ttl = static_cast<std::uint8_t>(chance(10) ? pick(3) : 1 + pick(255));
    frame.ip.id = pick(65536);
    frame.ip.payload = pick(100);
    frame.ip.options = chance(10) ? pick(11) : 0;
    frame.inner_tag = chance(3);
    if (chance(3)) frame.from = kOwn;
    return frame;
  }

  // The fates counted at a port, each as often as it was.
  std::map<std::string, std::uint64_t> fates(unsigned port) {
    const PortCounts& of = counts(static_cast<std::uint16_t>(port));
    std::map<std::string, std::uint64_t> all = {{"forwarded", of.forwarded.read()},
                                                {"flooded", of.flooded.read()},
                                                {"punted", of.punted.read()}};
    for (std::size_t i = 0; i < kRxDrops; ++i)
      all[std::string(kRxDropLabels[i])] = of.rx_drops[i].read();
    return all;
  }
};

TEST_F(RoutedModel, TheWorkerDoesWhatTheRulesSay) {
  RecordProperty("req",
                 "igmp-host-proxy/PF-01 igmp-host-proxy/PF-02 igmp-host-proxy/PF-03 "
                 "igmp-host-proxy/PF-04 igmp-host-proxy/PF-07 igmp-host-proxy/PF-08 "
                 "igmp-host-proxy/MU-03");
  std::map<std::string, unsigned> seen;
  unsigned routed_copies = 0;
  for (unsigned round = 0; round < 1000; ++round) {
    invent();
    install();
    for (unsigned n = 0; n < 60; ++n) {
      const Frame frame = invent_frame();
      const Outcome outcome = expected(frame);
      auto fate = fates(frame.port);
      const auto routed_before = counts(static_cast<std::uint16_t>(frame.port)).routed.read();
      receive(static_cast<std::uint16_t>(frame.port), frame.bytes(frame.ip, frame.from, frame.tci));
      const auto all = sent();
      ASSERT_THAT(all, UnorderedElementsAreArray(outcome.sent))
          << "round " << round << ", frame " << n;
      ++fate[outcome.fate];
      ASSERT_EQ(fates(frame.port), fate) << outcome.fate << ", round " << round << ", frame " << n;
      ASSERT_EQ(counts(static_cast<std::uint16_t>(frame.port)).routed.read(),
                routed_before + (outcome.routed ? 1 : 0));
      ++seen[outcome.fate];
      if (outcome.routed) routed_copies += static_cast<unsigned>(outcome.sent.size());
    }
    remove();
  }
  for (const char* const fate :
       {"forwarded", "flooded", "no_member", "unregistered_group", "no_egress_port", "own_source",
        "rpf_failed", "proxy_denied", "ttl_expired", "vlan_not_carried"}) {
    EXPECT_GT(seen[fate], 10u) << fate;
  }
  EXPECT_GT(routed_copies, 10000u);
}

}  // namespace
}  // namespace sluice::dataplane::routed_model_test
