// SPDX-License-Identifier: BSD-3-Clause
// One worker on net_ring ports, driven by hand. What a ring port sends comes back by its receive
// side as the very mbuf that was sent, so a test sees what each port got, and whether ports shared
// it. Every test gives back every buffer, or fails.
#pragma once

#include <gtest/gtest.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "dataplane/eal.h"
#include "dataplane/exchange.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"
#include "tests/unit/dataplane/frames.h"

namespace sluice::dataplane {

inline constexpr std::uint16_t kPorts = 8;

// EAL and its ports: once per process, as EAL wants it.
struct Bench {
  std::unique_ptr<Eal> eal;
  rte_mempool* buffers = nullptr;
  rte_mempool* headers = nullptr;
  std::vector<std::unique_ptr<Port>> ports;

  static Bench& the() {
    static Bench bench;
    return bench;
  }

 private:
  Bench() {
    config::Config config;
    config.dataplane.worker_cores = {};
    config.dataplane.main_core = 0;
    auto started = Eal::start(config, MemoryPlan{}, 64);
    if (!started) throw std::runtime_error(started.error().what);
    eal = std::move(*started);
    buffers = rte_pktmbuf_pool_create("test_buffers", 2047, 0, 0, 2176, SOCKET_ID_ANY);
    headers = rte_pktmbuf_pool_create("test_headers", 2047, 0, 0, 192, SOCKET_ID_ANY);
    for (std::uint16_t i = 0; i < kPorts; ++i) {
      config::Port port;
      port.name = "p" + std::to_string(i);
      port.device = "net_ring" + std::to_string(i);
      auto probed = Port::probe(port, PortId{i});
      if (!probed) throw std::runtime_error(probed.error().what);
      ports.push_back(std::move(*probed));
      if (const Status done = ports.back()->configure(1, buffers); !done) {
        throw std::runtime_error(done.error().what);
      }
      if (const Status done = ports.back()->start(); !done) {
        throw std::runtime_error(done.error().what);
      }
    }
  }
};

// Frame by frame, whatever comes together.
template <class Visit>
std::size_t poll(Exchange& exchange, std::size_t max, Visit visit) {
  return exchange.poll(max, [&](std::span<const PuntedFrame> frames) {
    for (const PuntedFrame& frame : frames) visit(frame);
  });
}

struct WorkerFixture : testing::Test {
  Bench& bench = Bench::the();
  Qsbr qsbr{1};
  RcuVlanPublisher vlans{qsbr};
  Fib fib{1024, 1, qsbr};
  MacTable macs{1024};
  PortTraits traits;
  std::atomic<bool> stop{false};
  Policer policer;
  static inline Nanoseconds punt_now = 0;
  std::vector<std::unique_ptr<Worker>> workers;
  const unsigned buffers_before = rte_mempool_in_use_count(bench.buffers);
  const unsigned headers_before = rte_mempool_in_use_count(bench.headers);

  WorkerFixture() {
    traits.mtu.fill(1500);
    traits.smallest_mtu = 1500;
    traits.takes_segments = PortSet(0xFF);
    workers.push_back(std::make_unique<Worker>(
        0, WorkerShared{qsbr, vlans, fib, macs, traits, bench.buffers, bench.headers, stop, policer,
                        nullptr, [] { return punt_now; }}));
    punt_now = 5'000'000'000;
    for (const auto& port : bench.ports) worker().add_port(*port);
  }

  ~WorkerFixture() override {
    workers.clear();
    EXPECT_EQ(rte_mempool_in_use_count(bench.buffers), buffers_before);
    EXPECT_EQ(rte_mempool_in_use_count(bench.headers), headers_before);
  }

  Worker& worker() { return *workers.front(); }
  PortCounts& counts(std::uint16_t port) { return worker().counts().ports[port]; }
  std::uint64_t drops(std::uint16_t port, RxDrop reason) { return counts(port)[reason].read(); }

  rte_mbuf* mbuf(const frames::Bytes& bytes) const {
    rte_mbuf* const frame = rte_pktmbuf_alloc(bench.buffers);
    std::copy(bytes.begin(), bytes.end(),
              reinterpret_cast<std::uint8_t*>(
                  rte_pktmbuf_append(frame, static_cast<std::uint16_t>(bytes.size()))));
    return frame;
  }

  void receive(std::uint16_t port, rte_mbuf* frame) {
    worker().process(PortId{port}, {&frame, 1}, vlans.load(), 1);
    worker().flush();
  }
  void receive(std::uint16_t port, const frames::Bytes& bytes) { receive(port, mbuf(bytes)); }

  // What was sent since the last call, by port, still as mbufs.
  std::multimap<std::uint16_t, rte_mbuf*> sent_mbufs() {
    std::multimap<std::uint16_t, rte_mbuf*> sent;
    for (std::uint16_t port = 0; port < kPorts; ++port) {
      rte_mbuf* frames[32];
      const std::uint16_t count = rte_eth_rx_burst(port, 0, frames, 32);
      for (std::uint16_t i = 0; i < count; ++i) sent.emplace(port, frames[i]);
    }
    return sent;
  }
  static frames::Bytes flat(const rte_mbuf* frame) {
    frames::Bytes bytes;
    for (; frame != nullptr; frame = frame->next) {
      const auto* const at = rte_pktmbuf_mtod(frame, const std::uint8_t*);
      bytes.insert(bytes.end(), at, at + frame->data_len);
    }
    return bytes;
  }
  std::multimap<std::uint16_t, frames::Bytes> sent() {
    std::multimap<std::uint16_t, frames::Bytes> all;
    for (const auto& [port, frame] : sent_mbufs()) {
      const auto one = all.emplace(port, flat(frame));
      EXPECT_EQ(frame->pkt_len, one->second.size());
      const char* wrong = "";
      EXPECT_EQ(rte_mbuf_check(frame, 1, &wrong), 0) << wrong;
      for (const rte_mbuf* segment = frame; segment != nullptr; segment = segment->next) {
        EXPECT_GT(segment->data_len, 0u) << "some devices stop at an empty descriptor";
      }
      rte_pktmbuf_free(frame);
    }
    return all;
  }
  std::vector<unsigned> sent_ports() {
    std::vector<unsigned> ports;
    for (const auto& frame : sent()) ports.push_back(frame.first);
    return ports;
  }

  // Each received frame has one fate; all together they are what was received.
  void expect_fates_add_up(std::uint64_t received) {
    std::uint64_t fates = 0;
    for (std::uint16_t port = 0; port < kPorts; ++port) {
      const PortCounts& of = counts(port);
      std::uint64_t sum = of.forwarded.read() + of.flooded.read() + of.punted.read();
      for (const Counter& drop : of.rx_drops) sum += drop.read();
      EXPECT_EQ(sum, of.rx_packets.read()) << "port " << port;
      fates += sum;
    }
    EXPECT_EQ(fates, received);
  }
};

}  // namespace sluice::dataplane
