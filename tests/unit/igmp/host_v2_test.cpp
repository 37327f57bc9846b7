// SPDX-License-Identifier: BSD-3-Clause
// The host side with older queriers: compatibility mode (RFC 9776 §7.2.1) and the host machine of
// RFC 2236 §6.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/igmp/host_world.h"

namespace sluice::control::igmp::host_v2_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// --- RFC 9776 §7.2.1 -------------------------------------------------------------------------

TEST(Rfc9776Sec7p2p1, TheOldestQuerierHeardDecides) {
  RecordProperty("req",
                 "igmp-host-proxy/HC-01 igmp-host-proxy/HC-02 igmp-host-proxy/HC-03 "
                 "igmp-host-proxy/HC-05 igmp-host-proxy/PX-13 igmp-host-proxy/H2-11 "
                 "igmp-messages/CH-02");
  HostWorld world;
  EXPECT_EQ(world.host.version(world.now), Version::kV3);
  world.hear(v2_query());
  EXPECT_EQ(world.host.version(world.now), Version::kV2);
  world.run(seconds(100));
  world.hear(v1_query());
  EXPECT_EQ(world.host.version(world.now), Version::kV1);
  world.hear(v3_query());
  EXPECT_EQ(world.host.version(world.now), Version::kV1) << "the last query does not decide";
  world.run(seconds(350) - milliseconds(1));
  EXPECT_EQ(world.host.version(world.now), Version::kV1);
  world.run(milliseconds(1));
  EXPECT_EQ(world.host.version(world.now), Version::kV3) << "350 s; the v2 timer ended at 350 s";

  world.hear(v1_query());
  world.run(seconds(10));
  world.hear(v2_query());
  world.run(seconds(340));
  EXPECT_EQ(world.host.version(world.now), Version::kV2) << "v1 is over, v2 still runs";
  world.run(seconds(10));
  EXPECT_EQ(world.host.version(world.now), Version::kV3);
}

TEST(Rfc9776Sec7p2p1, ASpecificQueryDoesNotChangeTheMode) {
  RecordProperty("req", "igmp-host-proxy/HC-04 igmp-messages/CH-04 igmp-host-proxy/HC-07");
  HostWorld world;
  world.set(1, ex(""));
  world.run(seconds(5));
  world.hear(v2_query(1, seconds(1)));
  EXPECT_EQ(world.host.version(world.now), Version::kV3);
  EXPECT_EQ(world.hush(seconds(1)), "IS_EX(1, {})") << "answered in v3";
}

TEST(Rfc9776Sec7p2p1, AChangeCancelsWhatWasPending) {
  RecordProperty("req", "igmp-host-proxy/HC-06 igmp-host-proxy/HC-10");
  HostWorld world;
  world.set(1, ex(""));
  world.hear(v3_query(0, "", seconds(10)));
  world.hear(v3_query(1, "a", seconds(10)));
  world.hear(v2_query());
  const std::string said = world.hush(seconds(10));
  EXPECT_EQ(said, "v2(1)") << "only the answer to the v2 query";

  world.hear(v2_query(0, seconds(3000)));  // v2 mode until 250 s + 30000 s
  world.now += seconds(30250) - milliseconds(1);
  Host<Ipv4>::Messages out;
  world.host.advance(world.now, out);
  world.hear(v2_query(1, seconds(100)));  // an answer is pending when the mode ends
  EXPECT_EQ(world.host.version(world.now), Version::kV2);
  EXPECT_EQ(world.hush(seconds(200)), "TO_EX(1, {}) TO_EX(1, {})")
      << "cancelled, and what it would have said is said in v3";
  EXPECT_EQ(world.host.version(world.now), Version::kV3);
  world.hear(v3_query());
  EXPECT_EQ(world.hush(seconds(10)), "IS_EX(1, {})");
}

TEST(Rfc9776Sec7p2p1, AHostSetToAnOlderVersionStaysThere) {
  RecordProperty("req", "igmp-host-proxy/PX-12 igmp-messages/V1-02");
  HostWorld v2({.version = Version::kV2});
  EXPECT_EQ(v2.set(1, in("a")), "v2(1)");
  v2.hear(v3_query());
  EXPECT_EQ(v2.host.version(v2.now), Version::kV2);
  v2.run(seconds(20));
  EXPECT_EQ(v2.set(1, in("")), "leave(1)");
  HostWorld v1({.version = Version::kV1});
  EXPECT_EQ(v1.set(1, ex("")), "v1(1)");
  v1.hear(v2_query());
  EXPECT_EQ(v1.host.version(v1.now), Version::kV1);
  EXPECT_EQ(v1.set(1, in("")), "") << "there is no leave in v1";
}

// Set to v2, a v1 querier counts for 400 s; set to v3, either older one for 250 s and ten times its
// response time.
TEST(Rfc2236Sec8p11, HowLongAnOlderQuerierCounts) {
  RecordProperty("req", "igmp-router/TM-13 igmp-host-proxy/HC-05 igmp-host-proxy/PA-04");
  const struct {
    Version set_to;
    Query<Ipv4> query;
    Version meanwhile;
    Duration present;
  } rows[] = {
      {Version::kV2, v1_query(), Version::kV1, seconds(400)},
      {Version::kV3, v1_query(), Version::kV1, seconds(350)},
      {Version::kV3, v2_query(), Version::kV2, seconds(350)},
      {Version::kV3, v2_query(0, seconds(1)), Version::kV2, seconds(260)},
      {Version::kV3, v2_query(0, milliseconds(25500)), Version::kV2, seconds(505)},
  };
  for (const auto& row : rows) {
    HostWorld world({.version = row.set_to});
    world.hear(row.query);
    world.run(row.present - milliseconds(1));
    EXPECT_EQ(world.host.version(world.now), row.meanwhile);
    world.run(milliseconds(1));
    EXPECT_EQ(world.host.version(world.now), row.set_to);
  }
}

// The one report of a join is lost, and the mode ends before its repetition.
TEST(Rfc9776Sec7p2p1, AJoinAtTheEndOfAnOlderModeIsNotForgotten) {
  RecordProperty("req", "igmp-host-proxy/HC-10");
  int fitting = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    HostWorld world({}, seed);
    world.hear(v2_query());
    world.run(seconds(350) - milliseconds(1));
    EXPECT_EQ(world.set(1, in("a")), "v2(1)");
    if (world.host.next_deadline() == world.now + milliseconds(1)) {
      const std::string said = world.hush(seconds(10));
      EXPECT_EQ(said, "ALLOW(1, {a}) ALLOW(1, {a})");
      ++fitting;
    }
  }
  EXPECT_GT(fitting, 15);

  HostWorld older;  // v1 mode ends first, v2 mode goes on
  older.hear(v2_query(0, seconds(3000)));
  older.hear(v1_query());
  older.run(seconds(350) - milliseconds(1));
  EXPECT_EQ(older.set(1, ex("")), "v1(1)");
  EXPECT_EQ(older.hush(seconds(11)), "v2(1)");
}

// --- RFC 2236 §6 -----------------------------------------------------------------------------

// In v2 mode, member of group 1, idle.
HostWorld idle(std::uint64_t seed = 1) {
  HostWorld world({.version = Version::kV2}, seed);
  world.set(1, ex(""));
  world.run(seconds(20));
  return world;
}

TEST(Rfc2236Sec6, Join) {
  RecordProperty("req",
                 "igmp-host-proxy/H2-01 igmp-host-proxy/H2-05 igmp-host-proxy/H2-10 "
                 "igmp-router/TM-12");
  std::set<Duration> times;
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    HostWorld world({.version = Version::kV2}, seed);
    EXPECT_EQ(world.set(1, ex("")), "v2(1)");
    const auto said = world.run(seconds(100));
    ASSERT_EQ(said.size(), 1u) << "one repetition";
    EXPECT_EQ(said[0].words, "v2(1)");
    EXPECT_LE(said[0].time, seconds(10));
    times.insert(said[0].time);
  }
  EXPECT_GT(times.size(), 25u);
  EXPECT_GT(*times.rbegin(), seconds(5)) << "up to 10 s, unlike v3's 1 s";
}

TEST(Rfc2236Sec6, OnlyMembershipCounts) {
  RecordProperty("req", "igmp-host-proxy/PX-12");
  HostWorld world = idle();
  EXPECT_EQ(world.set(1, in("a")), "");
  EXPECT_EQ(world.set(1, ex("b")), "");
  EXPECT_EQ(world.host.next_deadline(), kNever);
}

TEST(Rfc2236Sec6, IdleMemberAnswersAQuery) {
  RecordProperty("req", "igmp-host-proxy/H2-03 igmp-host-proxy/H2-05");
  for (const auto& query : {v2_query(), v2_query(1), v3_query(1, "a")}) {
    HostWorld world = idle();
    EXPECT_EQ(world.hear(query), "");
    EXPECT_EQ(world.hush(seconds(10)), "v2(1)");
    EXPECT_EQ(world.hush(seconds(100)), "");
  }
  HostWorld other = idle();
  other.hear(v2_query(2));
  EXPECT_EQ(other.hush(seconds(10)), "") << "another group";
}

TEST(Rfc2236Sec6, DelayingMemberHurriesOnly) {
  RecordProperty("req", "igmp-host-proxy/H2-02");
  HostWorld world = idle();
  world.hear(v2_query(0, seconds(20)));
  const TimePoint first = world.host.next_deadline();
  world.hear(v2_query(0, seconds(25)));
  EXPECT_EQ(world.host.next_deadline(), first) << "not delayed further";
  world.hear(v2_query(1, milliseconds(1)));
  EXPECT_EQ(world.host.next_deadline(), world.now + milliseconds(1));
  EXPECT_EQ(world.hush(seconds(100)), "v2(1)") << "one answer";
}

TEST(Rfc2236Sec6, ReportOfAnother) {
  RecordProperty("req",
                 "igmp-host-proxy/H2-04 igmp-host-proxy/H2-07 igmp-host-proxy/H2-08 "
                 "igmp-host-proxy/H2-09 igmp-host-proxy/H2-12 igmp-messages/V1-03");
  HostWorld world = idle();
  world.hear(v2_query());
  world.host.on_other_report(group(1), world.now);
  EXPECT_EQ(world.hush(seconds(10)), "") << "suppressed";
  EXPECT_EQ(world.set(1, in("")), "") << "not the last reporter: no leave";

  HostWorld reporter = idle();
  reporter.host.on_other_report(group(1), reporter.now);  // idle: no notice
  reporter.host.on_other_report(group(9), reporter.now);  // no member
  EXPECT_EQ(reporter.set(1, in("")), "leave(1)");

  HostWorld again = idle();
  again.hear(v2_query());
  again.host.on_other_report(group(1), again.now);
  again.run(milliseconds(100));  // what comes sooner counts as the same query
  again.hear(v2_query());
  EXPECT_EQ(again.hush(seconds(10)), "v2(1)");
  EXPECT_EQ(again.set(1, in("")), "leave(1)") << "the last reporter again";
}

TEST(Rfc2236Sec6, LeaveWhileDelaying) {
  RecordProperty("req", "igmp-host-proxy/H2-06");
  HostWorld world = idle();
  world.hear(v2_query());
  EXPECT_EQ(world.set(1, in("")), "leave(1)");
  EXPECT_EQ(world.hush(seconds(100)), "") << "the timer is stopped";
  EXPECT_EQ(world.set(1, ex("")), "v2(1)") << "and a member again";
}

TEST(Rfc2236Sec6, V1QuerierHearsNoLeave) {
  RecordProperty("req", "igmp-host-proxy/H2-09 igmp-host-proxy/HC-07 igmp-messages/V1-01");
  HostWorld world = idle();
  world.hear(v1_query());
  const auto said = world.run(seconds(10));
  ASSERT_EQ(said.size(), 1u) << "within 10 s";
  EXPECT_EQ(said[0].words, "v1(1)");
  EXPECT_EQ(world.set(1, in("")), "");
}

TEST(Rfc2236Sec3, GroupsDelayIndependently) {
  RecordProperty("req", "igmp-host-proxy/H2-13");
  HostWorld world({.version = Version::kV2});
  for (std::uint32_t i = 1; i <= 100; ++i) world.set(i, ex(""));
  world.run(seconds(20));
  world.hear(v2_query());
  const auto said = world.run(seconds(10));
  EXPECT_GT(said.size(), 80u);
}

}  // namespace
}  // namespace sluice::control::igmp::host_v2_test
