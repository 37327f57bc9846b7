// SPDX-License-Identifier: BSD-3-Clause
// A poll-mode worker: one lcore that receives, classifies, looks up, replicates and sends, and
// never waits, locks, allocates from the heap or logs; it sleeps only when it may, and there is
// nothing to do (idle.h). Everything it counts is in WorkerCounts.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/classify.h"
#include "dataplane/counters.h"
#include "dataplane/mac_table.h"
#include "dataplane/policer.h"
#include "dataplane/punt_ring.h"
#include "dataplane/qsbr.h"
#include "dataplane/replicate.h"
#include "dataplane/rings.h"
#include "dataplane/stream.h"
#include "dataplane/transmit.h"
#include "dataplane/unwanted.h"
#include "dataplane/vlan_publisher.h"
#include "shared/doorbell.h"
#include "shared/fib.h"

namespace sluice::dataplane {

// Time for token buckets. Any lcore.
Nanoseconds tsc_nanoseconds();

// What all workers share. Outlives them.
struct WorkerShared {
  Qsbr& qsbr;
  const RcuVlanPublisher& vlans;
  Fib& fib;
  MacTable& macs;
  const PortTraits& ports;
  rte_mempool* buffers;
  rte_mempool* headers;
  const std::atomic<bool>& stop;
  Policer& policer;
  Doorbell* control = nullptr;  // rung when a frame is punted; none: nobody sleeps
  Nanoseconds (*punt_clock)() = tsc_nanoseconds;
  Nanoseconds longest_nap = 0;  // of a worker without work; 0: it polls on
};

class Worker {
 public:
  static constexpr unsigned kBurst = 32;
  struct Queue {
    PortId port;
    std::uint16_t queue;
  };

  Worker(unsigned id, const WorkerShared& shared);

  // Before run().
  void add_port(const Port& port) { transmit_.add_port(port); }
  void add_queue(Queue queue) { queues_.push_back(queue); }

  // The lcore's loop; returns when `stop` is set.
  void run() noexcept;
  bool polling() const { return polling_.load(std::memory_order_acquire); }
  // One round of the loop for frames that came in by `port`: takes the mbufs. What is to be sent
  // goes out with flush(). run() does this for what its queues receive; tests call it themselves.
  void process(PortId port, std::span<rte_mbuf*> frames, const VlanTable& vlans,
               std::uint32_t now_s);
  // True: there was something to send.
  bool send_injected(const VlanTable& vlans);
  void flush() { transmit_.flush(); }
  // After run() has returned and no other worker runs: frees everything it still holds.
  void discard();

  WorkerCounts& counts() { return counts_; }
  const WorkerCounts& counts() const { return counts_; }
  const UnwantedStreams& unwanted() const { return unwanted_; }
  const Counter& mac_moves() const { return mac_moves_; }
  const Counter& mac_no_room() const { return mac_no_room_; }
  PuntRing& punts() { return punts_; }
  Ring<Inject>& injects() { return injects_; }
  // For whoever has put something into injects().
  void wake() { bell_.ring(); }

 private:
  void nap(Nanoseconds most);

  std::span<Run> classify_all(std::span<rte_mbuf*> frames, PortId port, const VlanTable& vlans);
  void learn(const rte_mbuf* mbuf, const VlanPolicy& policy, PortId port);
  void dispatch(rte_mbuf* mbuf, const Decision& decision, PortId port);
  void prefetch_routed(std::span<const Run> runs, const VlanTable& vlans) const;
  const EgressSet* look_up(const Run& run) const;
  void forward_all(std::span<rte_mbuf*> burst, std::span<Run> runs, PortId port,
                   const VlanTable& vlans);
  void send(std::span<rte_mbuf*> frames, PortSet ports, PortId from);
  void forward(std::span<rte_mbuf*> frames, Run& run, PortId port, const VlanTable& vlans);
  void forward_group(std::span<rte_mbuf*> frames, const Run& run, PortId port,
                     const VlanTable& vlans);
  void forward_routed(std::span<rte_mbuf*> frames, const Run& run, PortSet bridged, PortId port,
                      const VlanTable& vlans);
  std::optional<RouteRefusal> find_routes(const rte_mbuf* mbuf, const Run& run,
                                          const VlanTable& vlans);
  void bridge_group(std::span<rte_mbuf*> frames, const Run& run, PortSet bridged, PortId port);
  void forward_unicast(rte_mbuf* mbuf, const Decision& decision, PortId port);
  void flood(rte_mbuf* mbuf, const Decision& decision, PortId port);
  bool punt(rte_mbuf* mbuf, const Decision& decision, PortId port, bool also_forwarded);
  bool admit(const rte_mbuf* mbuf, const Decision& decision, PortId port);
  void drop(rte_mbuf* mbuf, PortId port, RxDrop reason);
  void drop(std::span<rte_mbuf*> frames, PortId port, RxDrop reason);

  const unsigned id_;
  const WorkerShared shared_;
  const Fib::Reader groups_;
  WorkerCounts counts_;
  Transmit transmit_;
  Replicator replicator_;
  PuntRing punts_;
  Ring<Inject> injects_;
  std::vector<Queue> queues_;
  Counter mac_moves_, mac_no_room_;
  std::array<Run, kBurst> runs_;  // of the burst in hand
  RoutedForms routed_;            // of the frame in hand
  std::uint32_t now_s_ = 0;
  std::atomic<bool> polling_{false};
  UnwantedStreams unwanted_;  // large, and seldom touched
  Doorbell bell_;
};

}  // namespace sluice::dataplane
