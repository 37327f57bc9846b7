// SPDX-License-Identifier: BSD-3-Clause
// EAL, started from the configuration and cleaned up at the end of its life; and the log lines of
// DPDK and its drivers, kept for debug output and for error messages. Control thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "shared/result.h"

namespace sluice::dataplane {

// Where the packet buffers come from, decided before EAL starts.
struct MemoryPlan {
  bool huge_pages = false;
  std::string note;  // said once when "auto" falls back to ordinary pages; else empty
};
// `bytes`: what the pools need. An error when huge-pages = "on" and there are too few.
Result<MemoryPlan> plan_memory(config::HugePages wish, std::size_t bytes);

class Eal {
 public:
  // Lcore 0 is the calling thread on main-core, lcore n the n-th of worker-cores. `memory_mb` is
  // for ordinary pages; huge pages are taken as needed.
  static Result<std::unique_ptr<Eal>> start(const config::Config& config, const MemoryPlan& memory,
                                            unsigned memory_mb);
  ~Eal();
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  // What DPDK said since the last call, a line each.
  static std::vector<std::string> take_log();

 private:
  Eal() = default;
};

}  // namespace sluice::dataplane
