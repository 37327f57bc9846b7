// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/counter_zero.h"

namespace sluice::control::api {

void CounterZero::reset() {
  entries_.clear();
  counters_.clear();
}

void CounterZero::clear_vlan(VlanId vlan, const Fib& fib, const std::vector<NamedCount>& counters) {
  fib.for_each([&](const Fib::Row& row) {
    if (row.key.vlan == vlan) entries_[row.key] = Offset{row.packets, row.bytes};
  });
  for (const NamedCount& counter : counters) {
    if (counter.name.find("_total{") != std::string::npos) counters_[counter.name] = counter.value;
  }
}

void CounterZero::apply(Fib::Row& row) const {
  const auto at = entries_.find(row.key);
  if (at == entries_.end()) return;
  row.packets -= at->second.packets;
  row.bytes -= at->second.bytes;
}

void CounterZero::apply(NamedCount& counter) const {
  const auto at = counters_.find(counter.name);
  // A VLAN that was taken away and has come again counts from zero.
  if (at != counters_.end() && counter.value >= at->second) counter.value -= at->second;
}

std::size_t CounterZero::HashKey::operator()(const FibKey& key) const noexcept {
  return std::hash<Ipv4>{}(key.group) ^ (std::hash<Ipv4>{}(key.source) << 1) ^ key.vlan.value;
}

}  // namespace sluice::control::api
