// SPDX-License-Identifier: BSD-3-Clause
// What each worker counts: one writer, relaxed, on cache lines of its own. Anyone may read; sums
// and "clear" are the reader's business (view.h).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "dataplane/drop_reasons.h"
#include "shared/ids.h"

namespace sluice::dataplane {

class Counter {
 public:
  void add(std::uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  std::uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct alignas(64) PortCounts {
  Counter rx_packets, rx_bytes, tx_packets, tx_bytes;
  // Fates of received frames; with rx_drops they add up to rx_packets.
  Counter forwarded, flooded, punted;
  Counter punt_copies;  // frames that were flooded and also shown to the control thread
  Counter routed;       // frames that a proxy sent to another network, bridged too or not
  std::array<Counter, kRxDrops> rx_drops;
  std::array<Counter, kTxDrops> tx_drops;
  Counter not_shown;  // frames that were flooded and, being too many, not shown

  Counter& operator[](RxDrop reason) { return rx_drops[static_cast<std::size_t>(reason)]; }
  Counter& operator[](TxDrop reason) { return tx_drops[static_cast<std::size_t>(reason)]; }
};

struct alignas(64) WorkerCounts {
  Counter bursts, idle_polls, injected;
  Counter naps;              // while there was nothing to do
  Counter busy_cycles;       // of the rounds that had something to do
  Counter full_bursts;       // receptions of as many frames as one takes: there may be more
  Counter injected_no_port;  // every port of it had gone down meanwhile
  std::array<Counter, kRouteRefusalLabels.size()> route_refused;  // bridged nevertheless or not
  std::array<PortCounts, kMaxPorts> ports;
  // What [punt-limit] refused, by class: by the port's limit, by the VLAN's.
  std::array<Counter, kPuntClasses> over_port_limit, over_vlan_limit;
};

}  // namespace sluice::dataplane
