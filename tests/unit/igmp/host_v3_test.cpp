// SPDX-License-Identifier: BSD-3-Clause
// The host side in v3 mode: state changes (RFC 9776 §5.1) and answers to queries (§5.2).
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/igmp/host_world.h"

namespace sluice::control::igmp::host_v3_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A host with group 1 in `reception`, whose reports of it are over.
HostWorld settled(const Reception<Ipv4>& reception, std::uint64_t seed = 1) {
  HostWorld world({}, seed);
  world.set(1, reception);
  world.run(seconds(5));
  return world;
}

// --- §5.1 ------------------------------------------------------------------------------------

TEST(Rfc9776Sec5p1, RecordsOfAChange) {
  RecordProperty("req",
                 "igmp-host-proxy/SC-01 igmp-host-proxy/SC-02 igmp-host-proxy/SC-03 "
                 "igmp-host-proxy/SC-04 igmp-host-proxy/SC-05 igmp-messages/R3-10 "
                 "igmp-messages/R3-11 igmp-host-proxy/PX-11");
  const struct {
    Reception<Ipv4> from, to;
    const char* records;
  } rows[] = {
      {in("ab"), in("bc"), "ALLOW(1, {c}) BLOCK(1, {a})"},
      {in("a"), in("ab"), "ALLOW(1, {b})"},
      {in("ab"), in("a"), "BLOCK(1, {b})"},
      {ex("ab"), ex("bc"), "ALLOW(1, {a}) BLOCK(1, {c})"},
      {ex(""), ex("a"), "BLOCK(1, {a})"},
      {in("ab"), ex("bc"), "TO_EX(1, {bc})"},
      {ex("ab"), in("bc"), "TO_IN(1, {bc})"},
      {in(""), in("a"), "ALLOW(1, {a})"},
      {in(""), ex(""), "TO_EX(1, {})"},
      {ex("a"), in(""), "TO_IN(1, {})"},
      {in("a"), in(""), "BLOCK(1, {a})"},
  };
  for (const auto& row : rows) {
    HostWorld world = settled(row.from);
    EXPECT_EQ(world.set(1, row.to), row.records);
    EXPECT_EQ(world.set(1, row.to), "") << "unchanged (HS-04)";
  }
}

TEST(Rfc9776Sec5p1, SentRobustnessVariableTimes) {
  RecordProperty("req", "igmp-host-proxy/SC-06 igmp-host-proxy/SC-08 igmp-host-proxy/QR-14");
  std::set<Duration> delays;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    HostWorld world({}, seed);
    EXPECT_EQ(world.set(1, ex("")), "TO_EX(1, {})");
    const auto said = world.run(seconds(100));
    ASSERT_EQ(said.size(), 1u) << "RV is 2";
    EXPECT_EQ(said[0].words, "TO_EX(1, {})");
    EXPECT_GT(said[0].time, Duration(0));
    EXPECT_LE(said[0].time, seconds(1));
    delays.insert(said[0].time);
  }
  EXPECT_GT(delays.size(), 10u) << "random, on one of twenty strokes";

  HostWorld world;
  Query<Ipv4> query = v3_query();
  query.robustness_variable = 4;
  world.hear(query);
  world.set(1, in("a"));
  EXPECT_EQ(world.hush(seconds(9)), "ALLOW(1, {a}) ALLOW(1, {a}) ALLOW(1, {a})");
  query.robustness_variable = 0;  // the default again
  world.hear(query);
  world.run(seconds(20));
  world.set(2, in("a"));
  EXPECT_EQ(world.run(seconds(1)).size(), 1u);
}

TEST(Rfc9776Sec5p1, TheExampleOfTheRequirements) {
  RecordProperty("req",
                 "igmp-host-proxy/SC-15 igmp-host-proxy/SC-07 igmp-host-proxy/SC-08 "
                 "igmp-host-proxy/SC-11");
  // Seeds whose repetition comes later than the next change, as in the example.
  int fitting = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    HostWorld world({}, seed);
    EXPECT_EQ(world.set(1, in("a")), "ALLOW(1, {a})");
    if (!world.run(milliseconds(100)).empty()) continue;
    EXPECT_EQ(world.set(1, in("ab")), "ALLOW(1, {ab})") << "a for the second time, b the first";
    if (seed % 2 == 0) {
      EXPECT_EQ(world.hush(seconds(9)), "ALLOW(1, {b})") << "a has been told often enough";
      continue;
    }
    if (!world.run(milliseconds(100)).empty()) continue;
    EXPECT_EQ(world.set(1, ex("")), "TO_EX(1, {})");
    EXPECT_EQ(world.hush(seconds(9)), "TO_EX(1, {})") << "and b is spent";
    ++fitting;
  }
  EXPECT_GT(fitting, 10);
}

TEST(Rfc9776Sec5p1, AFilterModeChangeComesFirst) {
  RecordProperty("req", "igmp-host-proxy/SC-09 igmp-host-proxy/SC-10 igmp-host-proxy/SC-13");
  HostWorld world = settled(in("a"));
  EXPECT_EQ(world.set(1, ex("b")), "TO_EX(1, {b})");
  EXPECT_EQ(world.set(1, ex("bc")), "TO_EX(1, {bc})") << "the second of two; c once";
  EXPECT_EQ(world.hush(seconds(9)), "BLOCK(1, {c})") << "c for the second time";
  EXPECT_EQ(world.set(1, in("c")), "TO_IN(1, {c})");
  EXPECT_EQ(world.hush(seconds(9)), "TO_IN(1, {c})");
}

TEST(Rfc9776Sec5p1, EveryReportOfTheGroupCountsForItsSources) {
  RecordProperty("req", "igmp-host-proxy/SC-08");
  HostWorld world({.robustness_variable = 3});
  world.set(1, in("a"));
  world.run(seconds(9));
  EXPECT_EQ(world.set(1, in("ab")), "ALLOW(1, {b})");
  EXPECT_EQ(world.set(1, ex("")), "TO_EX(1, {})");
  EXPECT_EQ(world.hush(seconds(9)), "TO_EX(1, {}) TO_EX(1, {})") << "b is spent by them";
}

TEST(Rfc9776Sec5p1, ARepetitionTellsWhatIsSoNow) {
  RecordProperty("req", "igmp-host-proxy/SC-12 igmp-host-proxy/SC-14");
  HostWorld world = settled(in("a"));
  EXPECT_EQ(world.set(1, in("ab")), "ALLOW(1, {b})");
  EXPECT_EQ(world.set(1, in("a")), "BLOCK(1, {b})");
  EXPECT_EQ(world.hush(seconds(9)), "BLOCK(1, {b})");
  world = settled(ex("a"));
  EXPECT_EQ(world.set(1, ex("")), "ALLOW(1, {a})");
  EXPECT_EQ(world.set(1, ex("a")), "BLOCK(1, {a})");
}

TEST(Rfc9776Sec5p1, ALeaveIsRepeatedAndThenForgotten) {
  RecordProperty("req", "igmp-host-proxy/SC-06 igmp-host-proxy/HS-01");
  HostWorld world = settled(ex(""));
  EXPECT_EQ(world.set(1, in("")), "TO_IN(1, {})");
  EXPECT_TRUE(world.host.empty());
  EXPECT_EQ(world.hush(seconds(9)), "TO_IN(1, {})");
  EXPECT_EQ(world.host.next_deadline(), kNever);
  EXPECT_EQ(world.set(1, in("")), "");
}

TEST(Rfc9776Sec5p1, GroupsShareAReport) {
  RecordProperty("req", "igmp-host-proxy/SC-16");
  HostWorld world;
  Host<Ipv4>::Messages out;
  world.host.set(group(1), ex(""), world.now, out);
  world.host.set(group(2), in("a"), world.now, out);
  EXPECT_EQ(out.size(), 1u);
  EXPECT_EQ(text(out), "TO_EX(1, {}) ALLOW(2, {a})");
}

TEST(Rfc9776Sec5p1, EverythingAgainAfterALinkChange) {
  RecordProperty("req", "igmp-host-proxy/PX-15");
  HostWorld world;
  world.set(1, ex("a"));
  world.set(2, in("b"));
  world.run(seconds(5));
  Host<Ipv4>::Messages out;
  world.host.resend_all(world.now, out);
  EXPECT_EQ(text(out), "TO_EX(1, {a}) ALLOW(2, {b})");
  const std::string again = world.hush(seconds(9));
  EXPECT_TRUE(again == "TO_EX(1, {a}) ALLOW(2, {b})" || again == "ALLOW(2, {b}) TO_EX(1, {a})")
      << again;
}

// --- §5.2 ------------------------------------------------------------------------------------

TEST(Rfc9776Sec5p2, GeneralQuery) {
  RecordProperty("req",
                 "igmp-host-proxy/QR-2 igmp-host-proxy/QR-6 igmp-host-proxy/QR-11 "
                 "igmp-messages/Q3-08");
  std::set<Duration> times;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    HostWorld world({}, seed);
    world.set(1, in("a"));
    world.set(2, ex("b"));
    world.run(seconds(5));
    Query<Ipv4> query = v3_query();
    query.suppress_router_processing = seed % 2 == 0;  // a host does not mind
    EXPECT_EQ(world.hear(query), "") << "never at once";
    const auto said = world.run(seconds(60));
    ASSERT_EQ(said.size(), 1u);
    EXPECT_EQ(said[0].words, "IS_IN(1, {a}) IS_EX(2, {b})");
    EXPECT_GT(said[0].time, seconds(5));
    EXPECT_LE(said[0].time, seconds(15));
    times.insert(said[0].time);
  }
  EXPECT_GT(times.size(), 25u);
}

TEST(Rfc9776Sec5p2, NoStateNoAnswer) {
  RecordProperty("req", "igmp-host-proxy/HS-07 igmp-host-proxy/QR-10");
  HostWorld world;
  world.hear(v3_query());
  world.hear(v3_query(1));
  EXPECT_EQ(world.host.next_deadline(), kNever);
}

TEST(Rfc9776Sec5p2, AnAnswerThatComesSoonerDoes) {
  RecordProperty("req", "igmp-host-proxy/QR-1");
  HostWorld world = settled(in("a"));
  world.hear(v3_query(0, "", milliseconds(1)));
  const TimePoint due = world.host.next_deadline();
  world.hear(v3_query());
  world.hear(v3_query(1, "", seconds(10)));
  world.hear(v3_query(1, "a", seconds(10)));
  EXPECT_EQ(world.host.next_deadline(), due);
  EXPECT_EQ(world.hush(seconds(60)), "IS_IN(1, {a})") << "one answer for all";
}

TEST(Rfc9776Sec5p2, AGeneralAnswerAnswersWhatWaits) {
  RecordProperty("req", "igmp-host-proxy/QR-10");
  HostWorld world = settled(in("ab"));
  world.hear(v3_query(1, "a", seconds(2000)));
  world.hear(v3_query(0, "", milliseconds(1)));
  EXPECT_EQ(world.hush(seconds(3000)), "IS_IN(1, {ab})");
}

TEST(Rfc9776Sec5p2, ASoonerGeneralQueryReplaces) {
  RecordProperty("req", "igmp-host-proxy/QR-2");
  HostWorld world = settled(in("a"));
  world.hear(v3_query(0, "", seconds(3000)));
  world.hear(v3_query(0, "", milliseconds(1)));
  EXPECT_EQ(world.host.next_deadline(), world.now + milliseconds(1));
  EXPECT_EQ(world.hush(seconds(4000)), "IS_IN(1, {a})");
}

TEST(Rfc9776Sec5p2, SpecificQueries) {
  RecordProperty("req",
                 "igmp-host-proxy/QR-3 igmp-host-proxy/QR-7 igmp-host-proxy/QR-8 "
                 "igmp-host-proxy/QR-9 igmp-host-proxy/QR-10");
  const struct {
    Reception<Ipv4> state;
    const char* asked;
    const char* answer;
  } rows[] = {
      {in("ab"), "", "IS_IN(1, {ab})"},  {ex("a"), "", "IS_EX(1, {a})"},
      {in("ab"), "bc", "IS_IN(1, {b})"}, {in("ab"), "cd", ""},
      {ex("ab"), "bc", "IS_IN(1, {c})"}, {ex("ab"), "ab", ""},
      {ex(""), "a", "IS_IN(1, {a})"},
  };
  for (const auto& row : rows) {
    HostWorld world = settled(row.state);
    EXPECT_EQ(world.hear(v3_query(1, row.asked, seconds(1))), "");
    EXPECT_EQ(world.hear(v3_query(2, row.asked, seconds(1))), "") << "another group";
    EXPECT_EQ(world.hush(seconds(1)), row.answer);
    EXPECT_EQ(world.hush(seconds(60)), "");
    world.hear(v3_query(1, "", seconds(1)));
    EXPECT_FALSE(world.hush(seconds(1)).empty()) << "nothing is left of the list";
  }
}

TEST(Rfc9776Sec5p2, SpecificQueriesAddUp) {
  RecordProperty("req", "igmp-host-proxy/QR-4 igmp-host-proxy/QR-5");
  HostWorld world = settled(in("abc"));
  world.hear(v3_query(1, "a", seconds(2000)));
  world.hear(v3_query(1, "b", milliseconds(1)));
  EXPECT_EQ(world.host.next_deadline(), world.now + milliseconds(1)) << "the sooner of the two";
  EXPECT_EQ(world.hush(seconds(3000)), "IS_IN(1, {ab})");

  world.hear(v3_query(1, "a", seconds(20)));
  world.hear(v3_query(1, "", milliseconds(1)));
  EXPECT_EQ(world.hush(seconds(60)), "IS_IN(1, {abc})") << "group-specific: all of it";

  world.hear(v3_query(1, "", seconds(20)));
  world.hear(v3_query(1, "a", milliseconds(1)));
  EXPECT_EQ(world.hush(seconds(60)), "IS_IN(1, {abc})") << "it was pending for all";
}

TEST(Rfc9776Sec5p2, TooManySourcesAskedMeansAll) {
  RecordProperty("req", "igmp-host-proxy/QR-12");
  HostWorld world = settled(ex("a"));
  Query<Ipv4> query = v3_query(1, "b", seconds(1));
  for (unsigned i = 0; i < 400; ++i) query.sources.push_back(Ipv4{0x0A000000 + i});
  world.hear(query);
  EXPECT_EQ(world.hush(seconds(1)), "IS_EX(1, {a})");
}

TEST(Rfc9776Sec5p2, ZeroResponseTimeIsTheSmallestDelay) {
  RecordProperty("req", "igmp-messages/FP-06");
  HostWorld world = settled(in("a"));
  EXPECT_EQ(world.hear(v3_query(0, "", Duration(0))), "");
  EXPECT_EQ(world.hush(milliseconds(1)), "IS_IN(1, {a})");
}

TEST(Rfc9776Sec5p2, ManyGroupsAreSpread) {
  RecordProperty("req", "igmp-host-proxy/PA-07 igmp-host-proxy/QR-11");
  constexpr std::uint32_t kGroups = 100'000;
  HostWorld world;
  Host<Ipv4>::Messages quiet;
  for (std::uint32_t i = 1; i <= kGroups; ++i) {
    world.host.set(group(i), ex(""), world.now, quiet);
  }
  world.run(seconds(5));
  Host<Ipv4>::Messages out;
  world.host.on_query(v3_query(), world.now, out);
  const TimePoint end = world.now + seconds(10);
  std::set<std::uint32_t> seen;
  std::size_t bursts = 0, greatest = 0;
  while (world.host.next_deadline() != kNever) {
    const TimePoint now = world.host.next_deadline();
    ASSERT_LE(now, end) << "within the response time";
    out.clear();
    world.host.advance(now, out);
    if (out.empty()) continue;
    ++bursts;
    const auto& records = std::get<V3Report<Ipv4>>(out[0]).records;
    greatest = std::max(greatest, records.size());
    for (const auto& record : records) EXPECT_TRUE(seen.insert(record.group.value).second);
  }
  EXPECT_EQ(seen.size(), kGroups) << "no group is missing";
  EXPECT_EQ(bursts, 547u);
  EXPECT_LE(greatest, 183u) << "one frame at a time";
}

TEST(Rfc9776Sec5p2, QueriesDuringALongAnswerStarveNobody) {
  constexpr std::uint32_t kGroups = 1000;
  HostWorld world;
  Host<Ipv4>::Messages out;
  for (std::uint32_t i = 1; i <= kGroups; ++i) world.host.set(group(i), ex(""), world.now, out);
  world.run(seconds(5));
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 12; ++i) {  // a query every second, each with 10 s to answer
    out.clear();
    world.host.on_query(v3_query(), world.now, out);
    const TimePoint end = world.now + seconds(1);
    while (world.host.next_deadline() <= end) {
      world.now = world.host.next_deadline();
      world.host.advance(world.now, out);
    }
    world.now = end;
    for (const auto& message : out) {
      for (const auto& record : std::get<V3Report<Ipv4>>(message).records) {
        seen.insert(record.group.value);
      }
    }
  }
  EXPECT_EQ(seen.size(), kGroups);
}

TEST(Rfc9776Sec7p2p2, OtherHostsReportsSuppressNothing) {
  RecordProperty("req", "igmp-host-proxy/HC-09");
  HostWorld world = settled(ex(""));
  world.hear(v3_query());
  world.host.on_other_report(group(1), world.now);
  EXPECT_EQ(world.hush(seconds(10)), "IS_EX(1, {})");
}

}  // namespace
}  // namespace sluice::control::igmp::host_v3_test
