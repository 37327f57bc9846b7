// SPDX-License-Identifier: BSD-3-Clause
// rte_rcu_qsbr as a GracePeriod: workers join, say after each burst that they hold nothing, and
// leave; the control thread asks whether all have said so since a token.
#pragma once

#include <rte_rcu_qsbr.h>

#include <cstdlib>
#include <memory>

#include "shared/grace_period.h"

namespace sluice::dataplane {

class Qsbr final : public GracePeriod {
 public:
  explicit Qsbr(unsigned workers) {
    const std::size_t size = rte_rcu_qsbr_get_memsize(workers);
    rcu_.reset(static_cast<rte_rcu_qsbr*>(std::aligned_alloc(RTE_CACHE_LINE_SIZE, size)));
    rte_rcu_qsbr_init(rcu_.get(), workers);
  }

  // Control thread.
  std::uint64_t start() override { return rte_rcu_qsbr_start(rcu_.get()); }
  bool passed(std::uint64_t token) override {
    return rte_rcu_qsbr_check(rcu_.get(), token, false) == 1;
  }

  // Worker `worker`.
  void join(unsigned worker) {
    rte_rcu_qsbr_thread_register(rcu_.get(), worker);
    rte_rcu_qsbr_thread_online(rcu_.get(), worker);
  }
  void quiescent(unsigned worker) { rte_rcu_qsbr_quiescent(rcu_.get(), worker); }
  // Around a sleep: a grace period does not wait for who is offline, who holds nothing that is read
  // under RCU and, once online again, reads everything anew.
  void offline(unsigned worker) { rte_rcu_qsbr_thread_offline(rcu_.get(), worker); }
  void online(unsigned worker) { rte_rcu_qsbr_thread_online(rcu_.get(), worker); }
  void leave(unsigned worker) {
    rte_rcu_qsbr_thread_offline(rcu_.get(), worker);
    rte_rcu_qsbr_thread_unregister(rcu_.get(), worker);
  }

 private:
  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };
  std::unique_ptr<rte_rcu_qsbr, Free> rcu_;
};

}  // namespace sluice::dataplane
