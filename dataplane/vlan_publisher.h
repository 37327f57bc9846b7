// SPDX-License-Identifier: BSD-3-Clause
// The VLAN table that workers read: one pointer, exchanged whole. Control thread, but for load().
#pragma once

#include <atomic>
#include <deque>
#include <memory>

#include "shared/grace_period.h"
#include "shared/planes.h"
#include "shared/vlan_table.h"

namespace sluice::dataplane {

class RcuVlanPublisher final : public VlanPublisher {
 public:
  explicit RcuVlanPublisher(GracePeriod& grace)
      : grace_(grace), owned_(std::make_unique<VlanTable>()), current_(owned_.get()) {}

  // Workers, between two quiescent states.
  const VlanTable& load() const { return *current_.load(std::memory_order_acquire); }

  void publish(std::unique_ptr<const VlanTable> table) override {
    current_.store(table.get(), std::memory_order_release);
    retired_.push_back({grace_.start(), std::move(owned_)});
    owned_ = std::move(table);
  }
  const VlanTable& current() const override { return *owned_; }

  void reclaim() {
    while (!retired_.empty() && grace_.passed(retired_.front().token)) retired_.pop_front();
  }

 private:
  struct Retired {
    std::uint64_t token;
    std::unique_ptr<const VlanTable> table;
  };
  GracePeriod& grace_;
  std::unique_ptr<const VlanTable> owned_;
  std::atomic<const VlanTable*> current_;
  std::deque<Retired> retired_;
};

}  // namespace sluice::dataplane
