// SPDX-License-Identifier: BSD-3-Clause
// The operator's view of the data plane: sums what the workers count and subtracts what was there
// at the last "clear". Control thread.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "dataplane/exchange.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"
#include "shared/planes.h"

namespace sluice::dataplane {

class View final : public DataplaneView {
 public:
  // All of them outlive it.
  struct Parts {
    const std::vector<std::unique_ptr<Port>>& ports;
    const std::vector<std::unique_ptr<Worker>>& workers;
    const Exchange& exchange;
    MacTable& macs;
    const rte_mempool* buffers;
    const rte_mempool* headers;
  };
  explicit View(const Parts& parts)
      : parts_(parts), zero_ports_(parts.ports.size()), unwanted_seen_(parts.workers.size()) {}

  unsigned workers() const override { return static_cast<unsigned>(parts_.workers.size()); }
  PortStatus port_status(PortId port) const override;
  PortCounters port_counters(PortId port) const override;
  std::vector<NamedCount> counters() const override;
  std::vector<MacRow> macs() const override;
  DataplaneHealth health() const override;
  PortLosses losses(PortId port) const override;
  std::vector<UnwantedStream> take_unwanted() override;
  void clear_counters() override;
  void flush_macs(VlanId vlan, PortSet ports) override { parts_.macs.flush(vlan, ports); }

 private:
  PortCounters sum_port(PortId port) const;
  // Only what counts up; gauges are added by counters().
  std::vector<NamedCount> sum_totals() const;
  using OverLimit = std::array<Counter, kPuntClasses>;
  void add_over_limit(const char* limit, OverLimit WorkerCounts::*member,
                      std::vector<NamedCount>& totals) const;

  Parts parts_;
  std::vector<PortCounters> zero_ports_;
  std::vector<NamedCount> zero_totals_;
  std::vector<UnwantedStreams::Seen> unwanted_seen_;  // of each worker
};

// The seconds that MAC addresses are stamped with, the same clock for all threads.
std::uint32_t coarse_seconds();

}  // namespace sluice::dataplane
