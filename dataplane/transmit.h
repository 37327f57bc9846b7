// SPDX-License-Identifier: BSD-3-Clause
// What one worker has ready to send, per port, and how it gets out: by the worker's own queue, or
// over the ring of the worker that owns the port. Owns every mbuf it is given.
#pragma once

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/counters.h"
#include "dataplane/port.h"
#include "shared/ids.h"

namespace sluice::dataplane {

class Transmit {
 public:
  static constexpr unsigned kBurst = 32;

  Transmit(unsigned worker, WorkerCounts& counts) : worker_(worker), counts_(counts) {}

  void add_port(const Port& port) {
    Out& out = out_[port.id()];
    const bool own = port.queue_per_worker() || port.tx_owner() == worker_;
    out.queue = port.queue_per_worker() ? static_cast<std::uint16_t>(worker_) : std::uint16_t{0};
    out.ring = own ? nullptr : port.handoff();
    if (own && port.handoff() != nullptr) out.drain = port.handoff();
    if (out.drain != nullptr) drained_.insert(PortId{port.id()});
  }

  // To each of the ports.
  void push(PortSet ports, rte_mbuf* mbuf) {
    waiting_ = waiting_ | ports;
    ports.for_each([&](PortId port) {
      Out& out = out_[port.value];
      if (out.count == kBurst) [[unlikely]]
        flush(port);
      out.frames[out.count++] = mbuf;
    });
  }
  // The same for 1 to kBurst frames.
  void push(PortSet ports, std::span<rte_mbuf* const> frames) {
    if (frames.size() == 1) return push(ports, frames[0]);  // streams in random order: be short
    waiting_ = waiting_ | ports;
    ports.for_each([&](PortId port) {
      Out& out = out_[port.value];
      if (out.count + frames.size() > kBurst) [[unlikely]]
        flush(port);
      rte_mbuf** to = out.frames.data() + out.count;
      out.count += static_cast<unsigned>(frames.size());
      std::size_t i = 0;
      do {
        *to++ = frames[i++];
      } while (i < frames.size());
    });
  }

  void flush() {
    waiting_.for_each([this](PortId port) { flush(port); });
    waiting_ = PortSet{};
  }

  // Sends what other workers handed over for the ports that this worker owns. True: there was some.
  bool drain_handoffs() {
    bool any = false;
    drained_.for_each([&](PortId port) {
      std::array<rte_mbuf*, kBurst> frames;
      const unsigned count = rte_ring_dequeue_burst(
          out_[port.value].drain, reinterpret_cast<void**>(frames.data()), kBurst, nullptr);
      if (count == 0) return;
      any = true;
      send(port, frames.data(), count);
    });
    return any;
  }

  // At the end, when nobody sends any more: frees what is left.
  void discard() {
    waiting_.for_each([this](PortId port) {
      Out& out = out_[port.value];
      rte_pktmbuf_free_bulk(out.frames.data(), out.count);
      out.count = 0;
    });
    waiting_ = PortSet{};
  }

 private:
  struct alignas(512) Out {  // a power of two, to be found by a shift
    std::array<rte_mbuf*, kBurst> frames;
    unsigned count = 0;
    std::uint16_t queue = 0;
    rte_ring* ring = nullptr;   // to the owner; null: `queue` is ours
    rte_ring* drain = nullptr;  // from the others, when we are the owner
  };

  void flush(PortId port) {
    Out& out = out_[port.value];
    const unsigned count = out.count;
    out.count = 0;
    if (out.ring == nullptr) {
      send(port, out.frames.data(), count);
      return;
    }
    const unsigned taken = rte_ring_enqueue_burst(
        out.ring, reinterpret_cast<void**>(out.frames.data()), count, nullptr);
    if (taken < count) {
      counts_.ports[port.value][TxDrop::kHandoffFull].add(count - taken);
      rte_pktmbuf_free_bulk(out.frames.data() + taken, count - taken);
    }
  }

  void send(PortId port, rte_mbuf** frames, unsigned count) {
    std::uint64_t bytes = 0;  // read before the driver owns them
    for (unsigned i = 0; i < count; ++i) bytes += frames[i]->pkt_len;
    const unsigned sent = rte_eth_tx_burst(port.value, out_[port.value].queue, frames,
                                           static_cast<std::uint16_t>(count));
    PortCounts& counts = counts_.ports[port.value];
    if (sent < count) {
      for (unsigned i = sent; i < count; ++i) bytes -= frames[i]->pkt_len;
      counts[TxDrop::kTxFull].add(count - sent);
      rte_pktmbuf_free_bulk(frames + sent, count - sent);
    }
    counts.tx_packets.add(sent);
    counts.tx_bytes.add(bytes);
  }

  unsigned worker_;
  WorkerCounts& counts_;
  PortSet waiting_, drained_;
  std::array<Out, kMaxPorts> out_;
};

}  // namespace sluice::dataplane
