// SPDX-License-Identifier: BSD-3-Clause
// The control thread's ends of the rings: punted frames lent as bytes, port by port in turn, frames
// of its own turned into mbufs. Control thread only.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/fair_queue.h"
#include "dataplane/worker.h"
#include "shared/planes.h"

namespace sluice::dataplane {

class Exchange final : public PuntSource, public FrameSink {
 public:
  // `workers` and `buffers` outlive it.
  Exchange(const std::vector<std::unique_ptr<Worker>>& workers, rte_mempool* buffers)
      : workers_(workers), buffers_(buffers), waiting_(workers.size() * kRingFrames) {}
  ~Exchange() override;

  // Frames of the ports in turn, whichever worker they came by.
  std::size_t poll(std::size_t max, const std::function<void(const PuntedFrame&)>& visit) override;
  // Frames leave by the first worker, which can reach every port.
  bool send(const OutFrame& frame) override;

  std::uint64_t ring_full() const { return ring_full_; }
  std::uint64_t no_mbuf() const { return no_mbuf_; }

 private:
  struct Waiting {
    Punt punt;
    std::uint32_t worker;
  };
  void fetch();
  void lend(const Punt& punt, const std::function<void(const PuntedFrame&)>& visit);

  const std::vector<std::unique_ptr<Worker>>& workers_;
  rte_mempool* buffers_;
  FairQueue<Waiting> waiting_;
  std::array<std::uint8_t, 16384> scratch_;
  std::uint64_t ring_full_ = 0;
  std::uint64_t no_mbuf_ = 0;
};

}  // namespace sluice::dataplane
