// SPDX-License-Identifier: BSD-3-Clause
// What a worker spends on a multicast frame, from the burst received to the burst sent, by how many
// ports it leaves: bridged inside its VLAN, and routed by a proxy. The ports are net_null's, which
// free what they are given, so that nothing is measured but the worker. Compare runs on one machine
// only; of interest is the ratio.
#include <benchmark/benchmark.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "dataplane/eal.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"
#include "tests/unit/dataplane/frames.h"

namespace sluice::dataplane {
namespace {

constexpr std::uint16_t kPorts = 9;  // one to receive by, eight to send by
constexpr unsigned kBurst = Worker::kBurst;
constexpr VlanId kInside{10};
constexpr VlanId kOutside{9};  // the proxy's upstream

template <class T>
T or_exit(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().what << '\n';
  std::exit(1);
}

// EAL and its ports: once per process, as EAL wants it.
struct Ports {
  std::unique_ptr<Eal> eal;
  rte_mempool* buffers = nullptr;
  rte_mempool* headers = nullptr;
  std::vector<std::unique_ptr<Port>> ports;

  static Ports& the() {
    static Ports ports;
    return ports;
  }

 private:
  Ports() {
    config::Config config;
    config.dataplane.worker_cores = {};
    config.dataplane.main_core = 0;
    eal = or_exit(Eal::start(config, MemoryPlan{}, 64));
    buffers = rte_pktmbuf_pool_create("buffers", 4095, 256, 0, 2176, SOCKET_ID_ANY);
    headers = rte_pktmbuf_pool_create("headers", 4095, 256, 0, 192, SOCKET_ID_ANY);
    for (std::uint16_t i = 0; i < kPorts; ++i) {
      config::Port port;
      port.name = "p" + std::to_string(i);
      port.device = "net_null" + std::to_string(i);
      ports.push_back(or_exit(Port::probe(port, PortId{i})));
      if (!ports.back()->configure(1, buffers) || !ports.back()->start()) std::exit(1);
    }
  }
};

struct Forwarding {
  Ports& ports = Ports::the();
  Qsbr qsbr{1};
  RcuVlanPublisher vlans{qsbr};
  Fib fib{1 << 18, 1, qsbr};
  MacTable macs{1024};
  PortTraits traits;
  std::atomic<bool> stop{false};
  Policer policer;
  std::unique_ptr<Worker> worker;
  frames::Bytes frame;
  std::uint32_t groups = 1;

  Forwarding() {
    traits.mtu.fill(1500);
    traits.smallest_mtu = 1500;
    traits.takes_segments = PortSet(~std::uint64_t{0});
    worker = std::make_unique<Worker>(0, WorkerShared{qsbr, vlans, fib, macs, traits, ports.buffers,
                                                      ports.headers, stop, policer});
    for (const auto& port : ports.ports) worker->add_port(*port);
    frame = frames::group_frame({.source = ipv4(192, 0, 2, 1), .payload = 1400});
  }

  void set(VlanId vlan, PortSet members) {
    for (std::uint32_t i = 0; i < groups; ++i) {
      if (!fib.set({vlan, Ipv4{ipv4(239, 0, 1, 0).value + i}, {}}, {members})) std::exit(1);
    }
  }

  // Only headers are written anew: a frame that was edited in place has other ones.
  void run(benchmark::State& state) {
    std::uint32_t next = 0;
    for (auto _ : state) {
      rte_mbuf* burst[kBurst];
      if (rte_pktmbuf_alloc_bulk(ports.buffers, burst, kBurst) != 0) std::exit(1);
      for (rte_mbuf* const mbuf : burst) {
        auto* const bytes = reinterpret_cast<std::uint8_t*>(
            rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(frame.size())));
        std::copy_n(frame.begin(), 64, bytes);
        // A checksum is there, but it is the device that has looked at it.
        mbuf->ol_flags = RTE_MBUF_F_RX_IP_CKSUM_GOOD;
        next = (next + 7919) % groups;
        bytes[31] = static_cast<std::uint8_t>(next >> 16);
        bytes[32] = static_cast<std::uint8_t>(1 + (next >> 8));
        bytes[33] = static_cast<std::uint8_t>(next);
      }
      worker->process(PortId{0}, burst, vlans.load(), 1);
      worker->flush();
    }
    state.SetItemsProcessed(state.iterations() * kBurst);
    std::uint64_t sent = 0;
    for (std::uint16_t i = 0; i < kPorts; ++i) {
      sent += worker->counts().ports[i].tx_packets.read();
    }
    state.counters["copies"] =
        static_cast<double>(sent) / static_cast<double>(state.iterations() * kBurst);
  }
};

PortSet first_ports(std::int64_t count) {
  return PortSet(((std::uint64_t{1} << count) - 1) << 1);
}

void bridged(benchmark::State& state) {
  Forwarding world;
  world.groups = static_cast<std::uint32_t>(state.range(1));
  const PortSet all((1u << kPorts) - 1);
  auto table = std::make_unique<VlanTable>();
  table->add({.id = kInside, .untagged = all, .up = all, .snooping = true, .restricted = true});
  table->set_access_vlan(PortId{0}, kInside);
  world.vlans.publish(std::move(table));
  world.set(kInside, first_ports(state.range(0)));
  world.run(state);
}
BENCHMARK(bridged)->ArgNames({"copies", "groups"})->ArgsProduct({{1, 8}, {1, 32768}});

// From the upstream, on a port of its own, to as many networks as there are VLANs; the copies are
// spread over them.
void routed(benchmark::State& state, bool tagged) {
  Forwarding world;
  const auto copies = static_cast<std::uint16_t>(state.range(0));
  const auto networks = static_cast<std::uint16_t>(state.range(1));
  world.groups = static_cast<std::uint32_t>(state.range(2));
  auto table = std::make_unique<VlanTable>();
  RouteDomain domain{.key = routed_key(0), .upstreams = {{Prefix{}, kOutside}}};
  table->add({.id = kOutside,
              .untagged = PortSet(1),
              .up = PortSet(1),
              .snooping = true,
              .restricted = true,
              .unregistered = UnregisteredPolicy::kDrop,
              .route = {RouteRole::kUpstream, 0}});
  table->set_access_vlan(PortId{0}, kOutside);
  for (std::uint16_t i = 0; i < networks; ++i) {
    const VlanId vlan{static_cast<std::uint16_t>(kInside.value + i)};
    PortSet members;
    for (unsigned port = i; port < copies; port += networks) {
      members.insert(PortId{static_cast<std::uint16_t>(port + 1)});
    }
    table->add({.id = vlan,
                .untagged = tagged ? PortSet{} : members,
                .tagged = tagged ? members : PortSet{},
                .up = members,
                .snooping = true,
                .restricted = true,
                .route = {RouteRole::kDownstream, 0}});
    domain.downstreams.push_back(vlan);
    domain.forwarding.insert(PortId{i});
    world.set(vlan, members);
  }
  world.set(domain.key, domain.forwarding);
  table->set_domains({domain});
  table->set_own_mac(MacAddress{{2, 0, 0, 0, 0, 99}});
  world.vlans.publish(std::move(table));
  world.run(state);
}
BENCHMARK_CAPTURE(routed, untagged, false)
    ->ArgNames({"copies", "networks", "groups"})
    ->Args({1, 1, 1})
    ->Args({8, 1, 1})
    ->Args({8, 8, 1})
    ->Args({1, 1, 32768})
    ->Args({8, 1, 32768});
BENCHMARK_CAPTURE(routed, tagged, true)
    ->ArgNames({"copies", "networks", "groups"})
    ->Args({1, 1, 1})
    ->Args({8, 1, 1})
    ->Args({8, 8, 1});

}  // namespace
}  // namespace sluice::dataplane

BENCHMARK_MAIN();
