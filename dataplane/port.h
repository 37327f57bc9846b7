// SPDX-License-Identifier: BSD-3-Clause
// One DPDK port: probed, configured, started, closed. Its numbers are read by workers, its methods
// called by the control thread.
#pragma once

#include <rte_mempool.h>
#include <rte_ring.h>

#include <cstdint>
#include <memory>
#include <string>

#include "config/config.h"
#include "shared/planes.h"
#include "shared/result.h"

namespace sluice::dataplane {

class Port {
 public:
  static constexpr std::uint16_t kDescriptors = 512;
  static constexpr unsigned kHandoffFrames = 1024;

  // Probes the device; it must become DPDK port `id`. Does not configure it.
  static Result<std::unique_ptr<Port>> probe(const config::Port& config, PortId id);
  ~Port();  // stops and closes it, and leaves its kernel interface as it was
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  // Queues for `workers`, buffers from `pool`; see rx_queues and tx_queues for what it came to.
  Status configure(unsigned workers, rte_mempool* pool);
  Status start();
  PortStatus status() const;

  const std::string& name() const { return name_; }
  std::uint16_t id() const { return id_; }
  // Received frames are spread over these; each is polled by one worker.
  std::uint16_t rx_queues() const { return rx_queues_; }
  // True: every worker has a transmit queue of its own. False: worker tx_owner() has the only one,
  // and the others hand frames over by the ring.
  bool queue_per_worker() const { return handoff_ == nullptr; }
  unsigned tx_owner() const { return id_ % workers_; }
  rte_ring* handoff() const { return handoff_; }
  bool takes_segments() const { return takes_segments_; }  // several mbufs to a frame
  std::uint16_t mtu() const { return mtu_; }

 private:
  Port() = default;
  void set_mtu();

  std::string name_;
  std::string device_;
  std::string kernel_interface_;  // whose link state counts, where the driver does not know it
  std::uint16_t id_ = 0;
  std::uint16_t mtu_ = 1500;
  unsigned workers_ = 1;
  std::uint16_t rx_queues_ = 1;
  rte_ring* handoff_ = nullptr;
  bool takes_segments_ = false;
  bool started_ = false;
};

}  // namespace sluice::dataplane
