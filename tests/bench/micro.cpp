// SPDX-License-Identifier: BSD-3-Clause
// Micro-benchmarks of what every frame or every report passes: classifier, group look-up and
// publication, codec, a join through the whole switch. Compare runs on one machine only.
#include <benchmark/benchmark.h>

#include <random>

#include "control/igmp/codec.h"
#include "control/snooping/switch.h"
#include "dataplane/classify.h"
#include "shared/fib.h"
#include "tests/unit/dataplane/frames.h"
#include "tests/unit/shared/grace_by_hand.h"
#include "tests/unit/snooping/world.h"

namespace sluice {
namespace {

constexpr VlanId kVlan{10};
constexpr std::uint32_t kFirstGroup = ipv4(239, 0, 0, 0).value;

void classify_frame(benchmark::State& state) {
  VlanTable vlans;
  vlans.add({.id = kVlan,
             .untagged = PortSet(0b1111),
             .up = PortSet(0b1111),
             .snooping = true,
             .restricted = true});
  vlans.set_access_vlan(PortId{0}, kVlan);
  const auto bytes = dataplane::frames::group_frame({});
  const dataplane::FrameInfo frame{.bytes = bytes.data(),
                                   .length = static_cast<std::uint32_t>(bytes.size())};
  for (auto _ : state) benchmark::DoNotOptimize(dataplane::classify(frame, PortId{0}, vlans));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(classify_frame);

// Groups in random order, as they come from the wire.
void look_up(benchmark::State& state) {
  const auto groups = static_cast<std::uint32_t>(state.range(0));
  GraceByHand grace;
  Fib fib(groups, 1, grace);
  for (std::uint32_t i = 0; i < groups; ++i) {
    if (!fib.set({kVlan, Ipv4{kFirstGroup + i}, Ipv4{}}, {PortSet(1 + i % 15)})) std::abort();
  }
  const Fib::Reader reader(fib, 0);
  std::mt19937 random(1);
  std::vector<Ipv4> order(1 << 16);
  for (Ipv4& group : order)
    group = Ipv4{kFirstGroup + static_cast<std::uint32_t>(random() % groups)};
  std::size_t at = 0;
  for (auto _ : state) {
    const Ipv4 group = order[at++ % order.size()];
    benchmark::DoNotOptimize(reader.lookup(reader.where(kVlan, group), ipv4(10, 0, 0, 1)));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(look_up)->Arg(1)->Arg(1024)->Arg(65536)->Arg(1 << 20);

// One entry's ports, changed to and fro among many.
void publish(benchmark::State& state) {
  const auto groups = static_cast<std::uint32_t>(state.range(0));
  GraceByHand grace;
  Fib fib(groups, 1, grace);
  for (std::uint32_t i = 0; i < groups; ++i) {
    if (!fib.set({kVlan, Ipv4{kFirstGroup + i}, Ipv4{}}, {PortSet(1)})) std::abort();
  }
  std::uint32_t i = 0;
  for (auto _ : state) {
    const FibKey key{kVlan, Ipv4{kFirstGroup + i % groups}, Ipv4{}};
    benchmark::DoNotOptimize(fib.set(key, {PortSet(1 + (++i % 15))}));
    grace.pass();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(publish)->Arg(10)->Arg(65536);

void decode_v3_report(benchmark::State& state) {
  control::igmp::V3Report<Ipv4> report;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(state.range(0)); ++i) {
    report.records.push_back(
        {control::igmp::RecordType::kModeIsExclude, Ipv4{kFirstGroup + i}, {}});
  }
  const auto bytes =
      control::igmp::encode(report, {MacAddress{{2, 0, 0, 0, 0, 1}}, ipv4(10, 0, 0, 1)});
  for (auto _ : state) benchmark::DoNotOptimize(control::igmp::decode(bytes));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(decode_v3_report)->Arg(1)->Arg(180);

// A new group's report, from the frame to the effects, among as many groups as there are by then.
void join(benchmark::State& state) {
  using control::snooping::World;
  control::snooping::Switch snooper(World::configure({}), control::snooping::kOurMac, 1);
  control::snooping::Effects effects;
  snooper.start(TimePoint{}, effects);
  std::uint32_t i = 0;
  for (auto _ : state) {
    const auto bytes = control::igmp::encode(
        control::igmp::V2Report<Ipv4>{Ipv4{kFirstGroup + 256 + i++ % 1000000}},
        {MacAddress{{2, 0, 0, 0, 0, 1}}, ipv4(10, 0, 0, 1)});
    effects.clear();
    snooper.on_frame({PortId{0}, kVlan, 0, false, bytes}, TimePoint{}, effects);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(join);

}  // namespace
}  // namespace sluice

BENCHMARK_MAIN();
