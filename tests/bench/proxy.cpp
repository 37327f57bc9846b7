// SPDX-License-Identifier: BSD-3-Clause
// What an event costs the control thread of a proxy, by the number of groups that there are
// (PX-16).
#include <benchmark/benchmark.h>

#include "tests/unit/proxy/world.h"

namespace sluice::control {
namespace {

std::vector<std::uint8_t> report(RecordType type, std::uint32_t group) {
  return igmp::encode(
      igmp::V3Report<Ipv4>{{{type, Ipv4{ipv4(239, 0, 0, 0).value + 256 + group}, {}}}},
      {kTheirMac, kHost});
}

// A first join and the last leave of one group, from the frames to what is sent upstream.
void join_and_leave(benchmark::State& state) {
  config::Config c = edge();
  c.vlans[2].igmp_snooping.fast_leave = true;
  Appliance box(c, kOurMac, 1);
  snooping::Effects out;
  box.start(TimePoint{}, out);
  const std::pair<PortId, bool> links[] = {{PortId{kWanPort}, true}, {PortId{kD1Port}, true}};
  box.on_links(links, TimePoint{}, out);
  const auto groups = static_cast<std::uint32_t>(state.range(0));
  const auto hear = [&](RecordType type, std::uint32_t group) {
    const auto bytes = report(type, group);
    out.clear();
    box.on_frame({PortId{kD1Port}, kD1, 0, false, bytes}, TimePoint{}, out);
  };
  for (std::uint32_t i = 0; i < groups; ++i) hear(RecordType::kChangeToExcludeMode, i);
  for (auto _ : state) {
    hear(RecordType::kChangeToExcludeMode, groups);
    hear(RecordType::kChangeToIncludeMode, groups);
    benchmark::DoNotOptimize(out.frames.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(join_and_leave)->Arg(10)->Arg(100000);

// All groups at once to the second upstream, and back.
void fail_over(benchmark::State& state) {
  Appliance box(two_upstreams(), kOurMac, 1);
  snooping::Effects out;
  box.start(TimePoint{}, out);
  const std::pair<PortId, bool> links[] = {
      {PortId{kWanPort}, true}, {PortId{kWan2Port}, true}, {PortId{kD1Port}, true}};
  box.on_links(links, TimePoint{}, out);
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(state.range(0)); ++i) {
    out.clear();
    const auto bytes = report(RecordType::kChangeToExcludeMode, i);
    box.on_frame({PortId{kD1Port}, kD1, 0, false, bytes}, TimePoint{}, out);
  }
  bool up = true;
  for (auto _ : state) {
    up = !up;
    out.clear();
    const std::pair<PortId, bool> change{PortId{kWanPort}, up};
    box.on_links({&change, 1}, TimePoint{}, out);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(fail_over)->Arg(100)->Arg(10000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace sluice::control

BENCHMARK_MAIN();
