// SPDX-License-Identifier: BSD-3-Clause
// The control thread's ends of the rings: punted frames lent as bytes, port by port in turn, frames
// of its own turned into mbufs. Control thread only.
#pragma once

#include <array>
#include <chrono>
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
      : workers_(workers),
        buffers_(buffers),
        waiting_(workers.size() * kRingFrames),
        scratch_(kBytesTogether + kLongestFrame),
        most_punts_(workers.size()) {}
  ~Exchange() override;

  // Frames of the ports in turn, whichever worker they came by.
  std::size_t poll(std::size_t max, const Visit& visit) override;
  // Frames leave by the first worker, which can reach every port.
  bool send(const OutFrame& frame) override;

  // Frames that have come up from a worker and wait, and the most that ever did.
  std::size_t punts(std::size_t worker) const { return workers_[worker]->punts().waiting(); }
  std::size_t most_punts(std::size_t worker) const { return most_punts_[worker]; }
  std::size_t injects() const {
    return kRingFrames - workers_.front()->injects().write_available();
  }
  std::size_t most_injects() const { return most_injects_; }

  std::uint64_t ring_full() const { return ring_full_; }
  std::uint64_t no_mbuf() const { return no_mbuf_; }

 private:
  static constexpr std::uint32_t kLongestFrame = 16384;  // what comes up of a longer one

  struct Waiting {
    Punt punt;
    std::uint32_t worker;
  };
  // One moment by both clocks.
  struct Moment {
    std::chrono::steady_clock::time_point time;
    std::uint64_t cycles;
  };
  // What is worked off before the rings are looked at again: so many frames, or as soon as they
  // have so many bytes, since one large report costs as much as eight small ones. Whoever comes
  // meanwhile waits for no more than that.
  static constexpr std::size_t kTogether = 8;
  static constexpr std::uint32_t kBytesTogether = 512;

  void fetch();
  std::span<const Waiting> take(std::size_t most);
  PuntedFrame lend(const Punt& punt, const Moment& now, std::uint8_t*& room) const;

  const std::vector<std::unique_ptr<Worker>>& workers_;
  rte_mempool* buffers_;
  FairQueue<Waiting> waiting_;
  std::array<Waiting, kTogether> together_;
  std::vector<std::uint8_t> scratch_;
  std::vector<std::size_t> most_punts_;  // by worker
  std::size_t most_injects_ = 0;
  std::uint64_t ring_full_ = 0;
  std::uint64_t no_mbuf_ = 0;
};

}  // namespace sluice::dataplane
