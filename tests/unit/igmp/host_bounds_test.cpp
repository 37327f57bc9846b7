// SPDX-License-Identifier: BSD-3-Clause
// The host side at its limits: floods of queries, queriers that change their mind, answers of any
// size, long source lists, SSM ranges (RFC 4604), and what is said again after a link change.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "control/igmp/codec.h"
#include "tests/unit/igmp/host_world.h"

namespace sluice::control::igmp::host_bounds_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMtu = 1500;

std::vector<GroupRecord<Ipv4>> records(const Host<Ipv4>::Messages& messages) {
  std::vector<GroupRecord<Ipv4>> out;
  for (const auto& message : messages) {
    const auto& said = std::get<V3Report<Ipv4>>(message).records;
    out.insert(out.end(), said.begin(), said.end());
  }
  return out;
}

SourceSet<Ipv4> many_sources(std::size_t count) {
  SourceSet<Ipv4> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(Ipv4{0x0A000000 + static_cast<std::uint32_t>(i)});
  }
  return out;
}

// `count` groups that want any source, whose reports are over.
HostWorld with_groups(std::uint32_t count, Host<Ipv4>::Settings settings = {}) {
  HostWorld world(settings);
  Host<Ipv4>::Messages quiet;
  for (std::uint32_t i = 1; i <= count; ++i) world.host.set(group(i), ex(""), world.now, quiet);
  world.run(seconds(11));
  return world;
}

// --- Floods ----------------------------------------------------------------------------------

TEST(Rfc9776Sec9p1, AFloodOfQueriesHasOneAnswerPending) {
  RecordProperty("req", "igmp-host-proxy/QR-12");
  HostWorld world = with_groups(100);
  for (int i = 0; i < 10'000; ++i) {
    world.hear(v3_query(0));
    world.hear(v3_query(1));
    world.hear(v3_query(2, "abc"));
  }
  std::map<std::uint32_t, int> answers;
  Host<Ipv4>::Messages out;
  world.host.advance(world.now + seconds(10), out);
  for (const auto& record : records(out)) ++answers[record.group.value];
  EXPECT_EQ(answers.size(), 100u);
  // One of its own before the one to the General Queries at most.
  for (const auto& [address, count] : answers) EXPECT_LE(count, 2) << address;
  EXPECT_EQ(world.host.next_deadline(), kNever);
}

TEST(Rfc9776Sec9p1, AFloodOfOlderQueriesHasOneAnswerPending) {
  RecordProperty("req", "igmp-host-proxy/QR-12");
  HostWorld world = with_groups(1000, {.version = Version::kV2});
  Host<Ipv4>::Messages out;
  std::size_t said = 0;
  for (int i = 0; i < 20'000; ++i) {  // a second of them, each to be answered within a second
    out.clear();
    world.now += Duration(i % 20 == 0 ? 1 : 0);
    world.host.on_query(v2_query(0, seconds(1)), world.now, out);
    said += out.size();
  }
  EXPECT_LE(said, 3000u) << "a group answers again only after it has answered";
  out.clear();
  world.host.advance(world.now + seconds(1), out);
  EXPECT_LE(out.size(), 1000u);
  EXPECT_EQ(world.hush(seconds(20)), "") << "and that is all";
}

// Ten times a second is often enough to look at every group (the bound is on work, so the test
// counts timers that a second query would have moved).
TEST(Rfc9776Sec9p1, AFloodOfOlderQueriesVisitsTheGroupsOnce) {
  HostWorld world = with_groups(1000, {.version = Version::kV2});
  world.hear(v2_query(0, seconds(10)));
  const TimePoint first = world.host.next_deadline();
  world.now += milliseconds(1);
  world.hear(v2_query(0, milliseconds(1)));
  EXPECT_EQ(world.host.next_deadline(), first);
  world.now += milliseconds(100);
  world.hear(v2_query(0, milliseconds(1)));
  EXPECT_EQ(world.host.next_deadline(), world.now + milliseconds(1));
}

TEST(Rfc9776Sec5p2, AnAnswerWantedAtOnceIsStillSpread) {
  RecordProperty("req", "igmp-messages/FP-06 igmp-host-proxy/QR-11");
  HostWorld world = with_groups(10'000);
  world.hear(v3_query(0, "", Duration(0)));
  std::set<std::uint32_t> seen;
  Host<Ipv4>::Messages out;
  for (int ms = 1; ms <= 60; ++ms) {
    out.clear();
    world.host.advance(world.now + milliseconds(ms), out);
    EXPECT_LE(records(out).size(), 183u) << "one frame a millisecond";
    for (const auto& record : records(out)) seen.insert(record.group.value);
  }
  EXPECT_EQ(seen.size(), 10'000u);
}

// --- Answers of any size ---------------------------------------------------------------------

TEST(Rfc9776Sec5p2, GroupsWithSourcesAreSpreadByTheirSize) {
  RecordProperty("req", "igmp-host-proxy/PA-07 igmp-host-proxy/QR-11 igmp-messages/SZ-01");
  constexpr std::uint32_t kGroups = 2000;
  HostWorld world;
  Host<Ipv4>::Messages quiet;
  for (std::uint32_t i = 1; i <= kGroups; ++i) {  // of 0 to 400 sources
    const bool include = i % 2 == 0;
    world.host.set(group(i),
                   {include ? FilterMode::kInclude : FilterMode::kExclude,
                    many_sources(include ? i % 400 + 1 : i % 400)},
                   world.now, quiet);
  }
  world.run(seconds(5));
  world.hear(v3_query(0, "", seconds(10)));
  const TimePoint start = world.now;
  std::set<std::uint32_t> seen;
  std::map<std::int64_t, std::size_t> bytes_by_second;
  Host<Ipv4>::Messages out;
  while (world.host.next_deadline() != kNever) {
    world.now = world.host.next_deadline();
    ASSERT_LE(world.now - start, seconds(10)) << "within the response time";
    out.clear();
    world.host.advance(world.now, out);
    std::size_t frames = 0;
    for (const auto& report : split(records(out), kMtu)) {
      ++frames;
      const std::size_t size = encode(report, {}).size() - 14;
      EXPECT_LE(size, kMtu);
      bytes_by_second[(world.now - start - milliseconds(1)) / seconds(1)] += size;
      for (const auto& record : report.records) seen.insert(record.group.value);
    }
    EXPECT_LE(frames, 3u) << "a frame's worth, and what the last record has too much";
  }
  EXPECT_EQ(seen.size(), kGroups) << "no group is missing";
  std::size_t least = SIZE_MAX, most = 0;
  for (std::int64_t second = 0; second < 9; ++second) {  // the last turns may be over by the tenth
    least = std::min(least, bytes_by_second[second]);
    most = std::max(most, bytes_by_second[second]);
  }
  EXPECT_GT(least, most / 2) << "evenly";
}

TEST(Rfc9776Sec5p2, AGroupThatJoinsBeforeTheAnswerDisplacesNone) {
  RecordProperty("req", "igmp-host-proxy/QR-6");
  HostWorld world = with_groups(3);
  for (std::uint32_t i = 4; i <= 6; ++i) {
    world.hear(v3_query(0, "", seconds(10)));
    world.set(i, ex(""));
    const std::string said = world.hush(seconds(10));
    for (std::uint32_t g = 1; g <= i; ++g) {
      EXPECT_NE(said.find("IS_EX(" + std::to_string(g) + ", {})"), std::string::npos) << said;
    }
  }
}

TEST(Rfc9776Sec5p2, AnAnswerThatGrowsIsStillInTime) {
  RecordProperty("req", "igmp-host-proxy/QR-2 igmp-host-proxy/QR-6");
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    HostWorld world({}, seed);
    Host<Ipv4>::Messages out;
    for (std::uint32_t i = 1; i <= 180; ++i) world.host.set(group(i), ex(""), world.now, out);
    world.run(seconds(5));
    world.hear(v3_query(0, "", seconds(10)));
    const TimePoint end = world.now + seconds(10);
    for (std::uint32_t i = 181; i <= 400; ++i) world.host.set(group(i), ex(""), world.now, out);
    out.clear();
    while (world.host.next_deadline() <= end) {
      world.now = world.host.next_deadline();
      world.host.advance(world.now, out);
    }
    std::set<std::uint32_t> seen;
    for (const auto& record : records(out)) {
      if (record.type == RecordType::kModeIsExclude) seen.insert(record.group.value);
    }
    EXPECT_EQ(seen.size(), 400u) << "seed " << seed;
  }
}

TEST(Rfc9776Sec2, LongListsAreReportedWhole) {
  RecordProperty("req", "igmp-host-proxy/HS-06 igmp-messages/SZ-03");
  for (const std::size_t count : {64u, 365u, 1000u}) {
    HostWorld world;
    Host<Ipv4>::Messages out;
    world.host.set(group(1), {FilterMode::kInclude, many_sources(count)}, world.now, out);
    SourceSet<Ipv4> told;
    for (const auto& report : split(records(out), kMtu)) {
      for (const auto& record : report.records) told = unite(told, record.sources);
    }
    EXPECT_EQ(told, many_sources(count));
  }
}

// --- Queriers that change --------------------------------------------------------------------

// Whatever was heard before, the next General Query of the version in force brings everything.
TEST(Rfc9776Sec7p2p1, AQuerierThatFlapsLosesNothing) {
  RecordProperty("req", "igmp-host-proxy/HC-06 igmp-host-proxy/HC-10 igmp-host-proxy/PX-13");
  HostWorld world = with_groups(3);
  world.set(4, in("a"));
  std::size_t told = 0;
  for (int round = 0; round < 40; ++round) {
    const Query<Ipv4> query = round % 4 == 1   ? v2_query(0, seconds(1))
                              : round % 4 == 3 ? v1_query()
                                               : v3_query(0, "", seconds(2));
    world.now += milliseconds(10 * round);
    world.hear(query);
    if (round % 5 == 0) world.hear(v2_query(3, seconds(1)));
    const Version version = world.host.version(world.now);
    const std::string said = world.hush(seconds(round % 3 == 0 ? 400 : 11));
    for (std::uint32_t g = 1; g <= 4; ++g) {
      const std::string v3 = g == 4 ? "IS_IN(4, {a})" : "IS_EX(" + std::to_string(g) + ", {})";
      const std::string older = (version == Version::kV2 ? "v2(" : "v1(") + std::to_string(g) + ")";
      EXPECT_NE(said.find(version == Version::kV3 ? v3 : older), std::string::npos)
          << "round " << round << ", group " << g << ": " << said;
      ++told;
    }
  }
  EXPECT_EQ(told, 160u);
  world.run(seconds(400));
  EXPECT_EQ(world.host.version(world.now), Version::kV3);
  EXPECT_EQ(world.set(4, in("ab")), "ALLOW(4, {b})") << "as ever";
}

TEST(Rfc9776Sec7p2p1, AnOlderQuerierRightAfterAnotherIsAnsweredToo) {
  RecordProperty("req", "igmp-host-proxy/HC-06");
  HostWorld world = with_groups(1);
  world.hear(v2_query());
  world.hear(v1_query());
  EXPECT_EQ(world.hush(seconds(10)), "v1(1)");
}

// --- After a link change ---------------------------------------------------------------------

TEST(Rfc4605Sec4p1, WhatIsSaidAgainIncludesWhatWasBeingSaid) {
  RecordProperty("req", "igmp-host-proxy/PX-15");
  const struct {
    Reception<Ipv4> from, to;
    const char* records;
  } rows[] = {
      {in("ab"), in("a"), "ALLOW(1, {a}) BLOCK(1, {b})"},
      {in("ab"), in(""), "BLOCK(1, {ab})"},
      {ex(""), in("a"), "TO_IN(1, {a})"},
      {ex(""), in(""), "TO_IN(1, {})"},
      {in("a"), ex("b"), "TO_EX(1, {b})"},
      {ex("b"), ex(""), "TO_EX(1, {})"},
  };
  for (const auto& row : rows) {
    HostWorld world;
    world.set(1, row.from);
    world.run(seconds(5));
    world.set(1, row.to);  // lost with the link
    Host<Ipv4>::Messages out;
    world.host.resend_all(world.now, out);
    EXPECT_EQ(text(out), row.records);
    EXPECT_EQ(world.hush(seconds(5)), row.records) << "robustness-variable times in all";
    EXPECT_EQ(world.host.next_deadline(), kNever);
  }
}

TEST(Rfc4605Sec4p1, SaidAgainToAnOlderQuerier) {
  RecordProperty("req", "igmp-host-proxy/PX-15 igmp-host-proxy/PX-12");
  HostWorld world = with_groups(2);
  world.hear(v2_query());
  world.run(seconds(10));
  Host<Ipv4>::Messages out;
  world.host.resend_all(world.now, out);
  EXPECT_EQ(text(out), "v2(1) v2(2)");
  EXPECT_EQ(world.run(seconds(10)).size(), 2u) << "each once more";
}

}  // namespace
}  // namespace sluice::control::igmp::host_bounds_test
