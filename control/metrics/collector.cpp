// SPDX-License-Identifier: BSD-3-Clause
#include "control/metrics/collector.h"

#include <algorithm>
#include <map>

#include "control/api/counters.h"

namespace sluice::control::metrics {
namespace {

using Clock = std::chrono::steady_clock;

// What one command may take of the control thread's time, and how much is done between two looks at
// the clock.
constexpr std::chrono::microseconds kPiece{200};
constexpr std::uint32_t kPlacesAtOnce = 256;
constexpr std::size_t kGroupsAtOnce = 8;

}  // namespace

Collector::Collector(Setup setup, api::CommandQueue& commands)
    : setup_(std::move(setup)), commands_(commands), traffic_(setup_.top_groups) {}

std::optional<std::vector<NamedCount>> Collector::counters() {
  std::optional<std::vector<NamedCount>> counts = api::collect_counters(commands_, setup_.ports);
  if (counts && setup_.more_counters) setup_.more_counters(*counts);
  return counts;
}

std::optional<std::vector<PortFigures>> Collector::ports() {
  std::vector<PortFigures> ports;
  const bool ran = commands_.call([&](api::Core& core) {
    for (std::uint16_t i = 0; i < setup_.ports.size(); ++i) {
      const PortId port{i};
      ports.push_back({setup_.ports[port], core.view.port_status(port),
                       core.view.port_counters(port), core.snooper().port_drops(port)});
    }
  });
  if (!ran) return std::nullopt;
  return ports;
}

std::optional<LoopTimes> Collector::times() {
  LoopTimes times;
  if (!commands_.call([&](api::Core& core) { times = core.times; })) return std::nullopt;
  return times;
}

const GroupTraffic* Collector::groups() {
  return read_table() && count_hosts() ? &traffic_ : nullptr;
}

bool Collector::read_table() {
  std::map<VlanId, Traffic> departed;
  std::uint64_t resets = 0;
  if (!commands_.call([&](api::Core& core) {
        departed = core.departed.by_vlan();
        resets = core.departed.resets();
      })) {
    return false;
  }
  if (resets != resets_) traffic_.reset();
  resets_ = resets;

  traffic_.begin();
  std::vector<Fib::Row> rows;
  std::uint32_t from = 0;
  do {
    rows.clear();
    const bool ran = commands_.call([&](api::Core& core) {
      const Clock::time_point end = Clock::now() + kPiece;
      do {
        from = core.fib.for_each_from(from, kPlacesAtOnce,
                                      [&](const Fib::Row& row) { rows.push_back(row); });
      } while (from != 0 && Clock::now() < end);
      resets = core.departed.resets();
    });
    if (!ran) return false;
    for (const Fib::Row& row : rows) traffic_.add(row);
  } while (from != 0 && resets == resets_);
  // Cleared in the middle: half of it is from before.
  if (resets != resets_) return read_table();
  traffic_.finish(departed, Clock::now());
  return true;
}

bool Collector::count_hosts() {
  std::vector<GroupFigures>& groups = traffic_.groups();
  for (std::size_t at = 0; at < groups.size();) {
    const bool ran = commands_.call([&](api::Core& core) {
      const Clock::time_point end = Clock::now() + kPiece;
      do {
        const std::size_t stop = std::min(at + kGroupsAtOnce, groups.size());
        for (; at < stop; ++at) {
          groups[at].hosts = core.snooper().hosts(groups[at].key.vlan, groups[at].key.group);
        }
      } while (at < groups.size() && Clock::now() < end);
    });
    if (!ran) return false;
  }
  return true;
}

}  // namespace sluice::control::metrics
