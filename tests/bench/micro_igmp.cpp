// SPDX-License-Identifier: BSD-3-Clause
// Micro-benchmarks of the protocol: the codec in both directions, every row of the router's tables
// (RFC 9776 §6.4.1, §6.4.2) and of its compatibility modes (§7.3.2), and the timer structure.
// Compare runs on one machine only.
#include <benchmark/benchmark.h>

#include <random>
#include <string>

#include "control/igmp/codec.h"
#include "control/igmp/group_state.h"
#include "control/igmp/router_tables.h"
#include "control/igmp/source_set.h"
#include "control/timer_wheel.h"

namespace sluice::control::igmp {
namespace {

constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1);
constexpr Origin kHost{MacAddress{{2, 0, 0, 0, 0, 1}}, ipv4(10, 0, 0, 1)};

// --- Codec ---------------------------------------------------------------------------------------

V3Report<Ipv4> report(std::int64_t records) {
  V3Report<Ipv4> report;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(records); ++i) {
    report.records.push_back({RecordType::kModeIsExclude, Ipv4{kGroup.value + i}, {}});
  }
  return report;
}

Query<Ipv4> query(Version version, std::int64_t sources) {
  Query<Ipv4> query;
  query.version = version;
  query.group = kGroup;
  query.max_response_time = std::chrono::seconds(1);
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(sources); ++i) {
    query.sources.push_back(Ipv4{ipv4(10, 9, 0, 1).value + i});
  }
  return query;
}

template <class Message>
void encoding(benchmark::State& state, const Message& message) {
  for (auto _ : state) benchmark::DoNotOptimize(encode(message, kHost));
  state.SetItemsProcessed(state.iterations());
}

template <class Message>
void decoding(benchmark::State& state, const Message& message) {
  const auto bytes = encode(message, kHost);
  for (auto _ : state) benchmark::DoNotOptimize(decode(bytes));
  state.SetItemsProcessed(state.iterations());
}

template <class Message>
void both(const std::string& name, const Message& message) {
  benchmark::RegisterBenchmark(("encode/" + name).c_str(), encoding<Message>, message);
  benchmark::RegisterBenchmark(("decode/" + name).c_str(), decoding<Message>, message);
}

void register_codec() {
  both("v1_report", V1Report<Ipv4>{kGroup});
  both("v2_report", V2Report<Ipv4>{kGroup});
  both("leave", Leave<Ipv4>{kGroup});
  for (const int records : {1, 182}) both("v3_report/" + std::to_string(records), report(records));
  both("v1_query", query(Version::kV1, 0));
  both("v2_query", query(Version::kV2, 0));
  for (const int sources : {0, 8, 366}) {
    both("v3_query/" + std::to_string(sources), query(Version::kV3, sources));
  }
}

// --- Router tables -------------------------------------------------------------------------------

constexpr const char* kRecords[] = {"IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};

SourceSet<Ipv4> sources(std::uint32_t first, std::uint32_t count) {
  SourceSet<Ipv4> set;
  for (std::uint32_t i = 0; i < count; ++i)
    set.push_back(Ipv4{ipv4(10, 9, 0, 1).value + first + i});
  return set;
}

// A row as the tables have it: sets in, sets and actions out. Every set of the row is inhabited.
void row(benchmark::State& state, const RouterRow<Ipv4>& row, std::uint32_t each) {
  const RouterSets<Ipv4> sets{sources(0, 2 * each), row.state == FilterMode::kExclude
                                                        ? sources(2 * each, 2 * each)
                                                        : SourceSet<Ipv4>{}};
  const SourceSet<Ipv4> record = sources(each, 4 * each);
  for (auto _ : state) benchmark::DoNotOptimize(row.apply(sets, record));
  state.SetItemsProcessed(state.iterations());
}

// The same in a group's state, timers and queries included.
void group(benchmark::State& state, const RouterRow<Ipv4>& row, std::uint32_t each) {
  const Parameters parameters;
  GroupState<Ipv4>::Queries queries;
  const SourceSet<Ipv4> record = sources(each, 4 * each);
  for (auto _ : state) {
    state.PauseTiming();
    GroupState<Ipv4> group;
    RouterContext context{.parameters = parameters, .now = TimePoint{}};
    group.on_record(RecordType::kModeIsInclude, sources(0, 2 * each), context, queries);
    if (row.state == FilterMode::kExclude) {
      group.on_record(RecordType::kModeIsExclude, sources(0, 4 * each), context, queries);
    }
    context.now += std::chrono::seconds(1);
    queries.clear();
    state.ResumeTiming();
    group.on_record(row.record, record, context, queries);
  }
  state.SetItemsProcessed(state.iterations());
}

enum class Older { kV1Report, kV2Report, kLeave };

// What the compatibility modes make of older messages; the group stays as it is, but for its
// timers.
void older(benchmark::State& state, Older what) {
  const Parameters parameters;
  const RouterContext context{.parameters = parameters, .now = TimePoint{}};
  GroupState<Ipv4>::Queries queries;
  GroupState<Ipv4> group;
  group.on_v2_report(context, queries);
  for (auto _ : state) {
    if (what == Older::kV1Report) group.on_v1_report(context, queries);
    if (what == Older::kV2Report) group.on_v2_report(context, queries);
    if (what == Older::kLeave) group.on_leave(context, queries);
    queries.clear();
  }
  state.SetItemsProcessed(state.iterations());
}

void register_rows() {
  for (const RouterRow<Ipv4>& entry : router_rows<Ipv4>()) {
    const std::string name = std::string(entry.section) +
                             (entry.state == FilterMode::kInclude ? "/INCLUDE/" : "/EXCLUDE/") +
                             kRecords[static_cast<std::size_t>(entry.record) - 1];
    for (const std::uint32_t each : {1u, 16u}) {
      benchmark::RegisterBenchmark(("row/" + name + "/" + std::to_string(each)).c_str(), row, entry,
                                   each);
    }
    benchmark::RegisterBenchmark(("group/" + name).c_str(), group, entry, 1);
  }
  benchmark::RegisterBenchmark("row/7.3.2/v1_report", older, Older::kV1Report);
  benchmark::RegisterBenchmark("row/7.3.2/v2_report", older, Older::kV2Report);
  benchmark::RegisterBenchmark("row/7.3.2/leave", older, Older::kLeave);
}

// --- Timers --------------------------------------------------------------------------------------

TimePoint within(std::mt19937& random, int seconds) {
  return TimePoint(
      Duration(1 + static_cast<int>(random() % (1000u * static_cast<unsigned>(seconds)))));
}

// Among so many that run.
TimerWheel wheel_of(std::int64_t timers, std::mt19937& random) {
  TimerWheel wheel;
  for (std::uint32_t i = 0; i < static_cast<std::uint32_t>(timers); ++i) {
    wheel.set(i, within(random, 260));
  }
  return wheel;
}

void timer_add_and_cancel(benchmark::State& state) {
  std::mt19937 random(1);
  TimerWheel wheel = wheel_of(state.range(0), random);
  const auto id = static_cast<TimerWheel::Id>(state.range(0));
  for (auto _ : state) {
    wheel.set(id, within(random, 260));
    wheel.cancel(id);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(timer_add_and_cancel)->Arg(10)->Arg(10'000)->Arg(1'000'000);

// As a report does: to a little later than the last one.
void timer_put_off(benchmark::State& state) {
  std::mt19937 random(1);
  TimerWheel wheel = wheel_of(state.range(0), random);
  const auto timers = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) {
    const TimerWheel::Id id = random() % timers;
    wheel.set(id, wheel.deadline(id) + Duration(1));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(timer_put_off)->Arg(10)->Arg(10'000)->Arg(1'000'000);

// To any time, sooner or later.
void timer_move(benchmark::State& state) {
  std::mt19937 random(1);
  TimerWheel wheel = wheel_of(state.range(0), random);
  const auto timers = static_cast<std::uint32_t>(state.range(0));
  for (auto _ : state) wheel.set(random() % timers, within(random, 260));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(timer_move)->Arg(10)->Arg(10'000)->Arg(1'000'000);

// One tick; what is due is set again, 260 s later.
void timer_advance(benchmark::State& state) {
  std::mt19937 random(1);
  TimerWheel wheel = wheel_of(state.range(0), random);
  TimePoint now{};
  std::int64_t due = 0;
  for (auto _ : state) {
    now += Duration(1);
    wheel.advance(now, [&](TimerWheel::Id id) {
      wheel.set(id, now + std::chrono::seconds(260));
      ++due;
    });
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["due"] = static_cast<double>(due) / static_cast<double>(state.iterations());
}
BENCHMARK(timer_advance)->Arg(10)->Arg(10'000)->Arg(1'000'000);

}  // namespace
}  // namespace sluice::control::igmp

int main(int argc, char** argv) {
  sluice::control::igmp::register_codec();
  sluice::control::igmp::register_rows();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
}
