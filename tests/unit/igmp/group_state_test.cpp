// SPDX-License-Identifier: BSD-3-Clause
// What happens to a group's state over time: expiry (§6.3, §6.5), specific queries and their
// repetition (§6.6.1, §6.6.3), forwarding (table 7), and RFC 2236 §7 as its version 2 face. Times
// are the defaults' unless said: GMI 270 s, LMQI 1 s, LMQT 2 s.
#include "control/igmp/group_state.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/igmp/router_notation.h"

namespace sluice::control::igmp::group_state_test {
namespace {

using namespace notation;  // the RFC's own words, in a test about its rules

Router router(const char* given) {
  Router r;
  r.become(given);
  return r;
}

void req(const std::string& ids) {
  testing::Test::RecordProperty("req", ids);
}

// --- §8: values --------------------------------------------------------------------------------

TEST(Rfc9776Sec8, Defaults) {
  req("igmp-router/TM-01 igmp-router/TM-02 igmp-router/TM-03 igmp-router/TM-04 igmp-router/TM-05 "
      "igmp-router/TM-06 igmp-router/TM-07 igmp-router/TM-08 igmp-router/TM-09 igmp-router/TM-10 "
      "igmp-router/TM-11");
  const Parameters p;
  EXPECT_EQ(p.robustness_variable, 2);
  EXPECT_EQ(p.query_interval, s(125));
  EXPECT_EQ(p.query_response_interval, s(10));
  EXPECT_EQ(p.group_membership_interval(), s(270));
  EXPECT_EQ(p.other_querier_present_interval(), s(255));
  EXPECT_EQ(p.startup_query_interval(), s(31.25));
  EXPECT_EQ(p.startup_query_count(), 2);
  EXPECT_EQ(p.last_member_query_interval, s(1));
  EXPECT_EQ(p.last_member_query_count(), 2);
  EXPECT_EQ(p.last_member_query_time(), s(2));
  EXPECT_EQ(p.older_host_present_interval(), s(260));
}

TEST(Rfc9776Sec8, Formulas) {
  req("igmp-router/TM-04 igmp-router/TM-05 igmp-router/TM-07 igmp-router/TM-10 igmp-router/TM-11 "
      "igmp-router/TM-20");
  Parameters p{.robustness_variable = 3,
               .query_interval = s(60),
               .query_response_interval = s(5),
               .last_member_query_interval = s(0.5)};
  EXPECT_EQ(p.group_membership_interval(), s(190));
  EXPECT_EQ(p.other_querier_present_interval(), s(182.5));
  EXPECT_EQ(p.startup_query_interval(), s(15));
  EXPECT_EQ(p.startup_query_count(), 3);
  EXPECT_EQ(p.last_member_query_time(), s(1.5));
  EXPECT_EQ(p.older_host_present_interval(), s(185));
  p.membership_response_factor = 1;  // RFC 3376 §8.4
  EXPECT_EQ(p.group_membership_interval(), s(185));
}

TEST(Rfc9776Sec8, LoweringNeverRaises) {
  req("igmp-router/TM-21 igmp-router/QS-03");
  Router r = router("EXCLUDE {a=1.5 b=100} {} GT=1");
  r.record(TO_IN, "");
  EXPECT_EQ(r.text(), "EXCLUDE {a=1.5 b=2} {} GT=1");
  EXPECT_EQ(r.sent_text(), "Q(b) Q()") << "a is within LMQT: left as it is, not asked about";
}

TEST(Rfc9776Sec8, RunningTimersAreLeftAlone) {
  req("igmp-router/TM-25");
  Router r = router("EXCLUDE {a=100} {} GT=200");
  r.parameters.query_interval = s(20);  // GMI 60 s
  r.wait(s(1));
  EXPECT_EQ(r.text(), "EXCLUDE {a=99} {} GT=199");
  r.record(IS_IN, "b");
  EXPECT_EQ(r.text(), "EXCLUDE {a=99 b=60} {} GT=199");
}

// --- §6.3, §6.5: expiry
// ---------------------------------------------------------------------------

TEST(Rfc9776Sec6p3, SourceTimerInInclude) {
  req("igmp-router/FW-2 igmp-router/S3-02");
  Router r = router("INCLUDE {a=10 b=20}");
  r.expect_next_event(s(10));
  EXPECT_EQ(r.text(), "INCLUDE {b=10}");
  r.expect_next_event(s(10));
  EXPECT_TRUE(r.state.empty());
  EXPECT_EQ(r.state.next_deadline(), kNever);
}

TEST(Rfc9776Sec6p3, SourceTimerInExclude) {
  req("igmp-router/FW-5 igmp-router/T9-15 igmp-router/EX-2");
  Router r = router("EXCLUDE {a=10} {b} GT=20");
  r.record(ALLOW, "b");
  EXPECT_EQ(r.text(), "EXCLUDE {a=10 b=270} {} GT=20");
  r.expect_next_event(s(10));
  EXPECT_EQ(r.text(), "EXCLUDE {b=260} {a} GT=10") << "X to Y, not away";
}

TEST(Rfc9776Sec6p5, GroupTimerLeavesIncludeOfTheRunning) {
  req("igmp-router/EX-1 igmp-router/S3-01");
  Router r = router("EXCLUDE {a=50} {b} GT=20");
  r.expect_next_event(s(20));
  EXPECT_EQ(r.text(), "INCLUDE {a=30}");
  r.expect_next_event(s(30));
  EXPECT_TRUE(r.state.empty());
}

TEST(Rfc9776Sec6p5, GroupTimerWithoutSourcesEndsTheGroup) {
  req("igmp-router/EX-1 igmp-router/S3-03");
  Router r = router("EXCLUDE {} {b c} GT=20");
  r.expect_next_event(s(20));
  EXPECT_TRUE(r.state.empty());
  EXPECT_TRUE(r.state.sources().empty());
}

TEST(Rfc9776Sec6p5, SourcesExpireBeforeTheGroup) {
  req("igmp-router/EX-3");
  Router r = router("EXCLUDE {a=20} {b} GT=20");
  r.expect_next_event(s(20));
  EXPECT_TRUE(r.state.empty()) << "no zombie source: " << r.text();
}

TEST(Rfc9776Sec6p5, NothingExpiresTwiceOrEarly) {
  req("igmp-router/EX-2");
  Router r = router("EXCLUDE {a=10} {b} GT=20");
  r.advance();
  r.advance();
  EXPECT_EQ(r.text(), "EXCLUDE {a=10} {b} GT=20");
}

// An event at the very moment of a deadline finds the timer expired, whoever is called first.
TEST(Rfc9776Sec6p5, EventsSeeNoStaleTimer) {
  req("igmp-router/EX-1");
  Router r = router("EXCLUDE {a=50} {b} GT=20");
  r.now += s(20);
  r.record(BLOCK, "c");
  EXPECT_EQ(r.text(), "INCLUDE {a=30}");
}

// --- Table 7
// --------------------------------------------------------------------------------------

TEST(Rfc9776Table7, Forwarding) {
  req("igmp-router/FW-1 igmp-router/FW-2 igmp-router/FW-3 igmp-router/FW-4 igmp-router/FW-5 "
      "igmp-router/FW-6 igmp-messages/CH-09");
  Router include = router("INCLUDE {a=10 c=5}");
  EXPECT_TRUE(include.state.admits(source('a')));   // FW-1
  EXPECT_FALSE(include.state.admits(source('b')));  // FW-3
  include.wait(s(5));
  EXPECT_FALSE(include.state.admits(source('c')));  // FW-2
  EXPECT_TRUE(include.state.admits(source('a')));

  Router exclude = router("EXCLUDE {a=10} {b} GT=20");
  EXPECT_TRUE(exclude.state.admits(source('a')));   // FW-4
  EXPECT_FALSE(exclude.state.admits(source('b')));  // FW-5
  EXPECT_TRUE(exclude.state.admits(source('c')));   // FW-6
  exclude.wait(s(10));
  EXPECT_FALSE(exclude.state.admits(source('a')));  // FW-5 by expiry
  EXPECT_FALSE(State().admits(source('a'))) << "no record admits nothing";
}

TEST(Rfc9776Sec6p4p2, ForwardingStaysDuringLastMemberQueryTime) {
  req("igmp-router/T9-16");
  Router r = router("EXCLUDE {a=100} {b} GT=200");
  r.record(TO_IN, "");
  for (int ms = 0; ms < 2000; ++ms) {
    ASSERT_TRUE(r.state.admits(source('a'))) << ms;
    ASSERT_FALSE(r.state.admits(source('b'))) << ms;
    ASSERT_TRUE(r.state.admits(source('c'))) << ms;
    r.wait(kTick);
  }
  EXPECT_TRUE(r.state.empty()) << r.text();
}

// --- §6.6.3: specific queries
// ----------------------------------------------------------------------

TEST(Rfc9776Sec6p6p3p1, GroupQueryTwiceThenGone) {
  req("igmp-router/QS-01 igmp-router/QS-02 igmp-router/R2-30");
  Router r = router("EXCLUDE {} {} GT=200");
  r.record(TO_IN, "");
  EXPECT_EQ(r.sent_text(), "Q()") << "S is clear: the timer is at LMQT";
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=2");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.sent_text(), "Q()");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.sent_text(), "");
  EXPECT_TRUE(r.state.empty());
}

TEST(Rfc9776Sec6p6p3p1, GroupQueryCountIsRobustness) {
  req("igmp-router/QS-01 igmp-router/TM-09");
  for (std::uint8_t robustness : {1, 2, 3, 7}) {
    Router r;
    r.parameters.robustness_variable = robustness;
    r.parameters.last_member_query_interval = s(0.5);
    r.record(IS_EX, "");
    r.wait(s(10));
    r.record(TO_IN, "");
    int queries = 0;
    for (int half_seconds = 0; !r.state.empty(); ++half_seconds) {
      queries += r.sent_text() == "Q()" ? 1 : 0;
      r.wait(s(0.5));
      ASSERT_LE(half_seconds, 20);
    }
    EXPECT_EQ(queries, robustness);
  }
}

TEST(Rfc9776Sec6p6p3p1, AnswerSetsTheSuppressFlag) {
  req("igmp-router/QS-02 igmp-router/RA-06");
  Router r = router("EXCLUDE {} {} GT=200");  // two members
  r.record(TO_IN, "");                        // one leaves
  r.wait(s(0.4));
  r.record(IS_EX, "");  // the other answers
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=270");
  r.wait(s(0.6));
  EXPECT_EQ(r.sent_text(), "Q(S)");
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=269.4");
  EXPECT_EQ(r.state.next_deadline(), r.now + s(269.4)) << "no third query";
}

TEST(Rfc9776Sec6p6p3p1, LossOfOneQueryKeepsTheMember) {
  req("igmp-router/RA-04");
  Router r = router("EXCLUDE {} {} GT=200");
  r.record(TO_IN, "");  // this query is lost
  r.wait(s(1));         // this one arrives
  EXPECT_EQ(r.sent_text(), "Q()");
  r.wait(s(0.999));
  r.record(IS_EX, "");  // and is answered at the last moment
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=270");
}

TEST(Rfc9776Sec6p6p3p2, SourceQueriesLowerAndRepeat) {
  req("igmp-router/QS-03 igmp-router/QS-04 igmp-router/W-07");
  Router r = router("INCLUDE {a=100 b=100}");
  r.record(BLOCK, "bc");
  EXPECT_EQ(r.sent_text(), "Q(b)");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.sent_text(), "Q(b)");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.text(), "INCLUDE {a=98}");
}

TEST(Rfc9776Sec6p6p3p2, AnsweredSourceMovesToTheMessageWithTheFlag) {
  req("igmp-router/QS-04 igmp-router/QS-06 igmp-router/W-08");
  Router r = router("INCLUDE {a=100}");
  r.record(BLOCK, "a");
  EXPECT_EQ(r.sent_text(), "Q(a)");
  EXPECT_EQ(r.text(), "INCLUDE {a=2}");
  r.wait(s(0.5));
  r.record(IS_IN, "a");
  EXPECT_EQ(r.text(), "INCLUDE {a=270}");
  r.wait(s(0.5));
  EXPECT_EQ(r.sent_text(), "Q(a S)");
  r.wait(s(1));
  EXPECT_EQ(r.text(), "INCLUDE {a=268.5}");
  EXPECT_EQ(r.sent_text(), "");
}

TEST(Rfc9776Sec6p6p3p2, BothMessagesOfOneRetransmission) {
  req("igmp-router/QS-04");
  Router r = router("INCLUDE {a=100 b=100}");
  r.record(BLOCK, "ab");
  EXPECT_EQ(r.sent_text(), "Q(a b)");
  r.wait(s(0.5));
  r.record(IS_IN, "b");
  r.wait(s(0.5));
  EXPECT_EQ(r.sent_text(), "Q(b S) Q(a)");
}

TEST(Rfc9776Sec6p6p3p2, FlagMessageIsLeftOutBesideTheGroupQuery) {
  req("igmp-router/QS-05");
  Router r = router("EXCLUDE {a=100} {} GT=200");
  r.record(TO_IN, "");
  EXPECT_EQ(r.sent_text(), "Q(a) Q()");
  r.wait(s(0.5));
  r.record(IS_IN, "a");
  r.wait(s(0.5));
  EXPECT_EQ(r.sent_text(), "Q()");
  r.wait(s(1));
  EXPECT_EQ(r.text(), "INCLUDE {a=268.5}");
}

TEST(Rfc9776Sec6p4p2, PendingQueriesAreMerged) {
  req("igmp-router/QS-06");
  Router r = router("INCLUDE {a=100 b=100 c=100}");
  r.parameters.robustness_variable = 3;  // three queries each; LMQT 3 s
  r.record(BLOCK, "a");
  EXPECT_EQ(r.sent_text(), "Q(a)");
  r.wait(s(0.25));
  r.record(BLOCK, "ab");  // a is being asked about already
  EXPECT_EQ(r.sent_text(), "Q(b)");
  r.expect_next_event(s(0.75));  // one schedule
  EXPECT_EQ(r.sent_text(), "Q(a b)");
  r.wait(s(0.5));
  r.record(BLOCK, "c");
  EXPECT_EQ(r.sent_text(), "Q(c)");
  r.expect_next_event(s(0.5));
  EXPECT_EQ(r.sent_text(), "Q(a b c)");
  r.expect_next_event(s(1));  // t = 3: a's timer and the schedule fall together
  EXPECT_EQ(r.sent_text(), "Q(c)");
  EXPECT_EQ(r.text(), "INCLUDE {b=0.25 c=1.5}");
}

TEST(Rfc9776Sec6p4p2, RepeatedLeaveChangesNothing) {
  req("igmp-router/QS-06 igmp-router/R2-12");
  Router r = router("EXCLUDE {a=100} {} GT=200");
  r.record(TO_IN, "");
  r.wait(s(0.3));
  r.record(TO_IN, "");  // the host's own repetition
  EXPECT_EQ(r.sent_text(), "");
  EXPECT_EQ(r.text(), "EXCLUDE {a=1.7} {} GT=1.7");
  r.expect_next_event(s(0.7));
  EXPECT_EQ(r.sent_text(), "Q(a) Q()");
}

TEST(Rfc9776Sec6p4p2, DeletedSourcesAreNotAskedAboutAgain) {
  req("igmp-router/QS-09");
  Router r = router("INCLUDE {a=100 b=100}");
  r.record(BLOCK, "ab");
  r.wait(s(0.5));
  r.record(IS_EX, "b");  // a deleted, b stays with its timer
  EXPECT_EQ(r.text(), "EXCLUDE {b=1.5} {} GT=270");
  r.wait(s(0.5));
  EXPECT_EQ(r.sent_text(), "Q(b)");
  r.record(TO_EX, "");  // b deleted: nothing is pending any more
  EXPECT_EQ(r.state.next_deadline(), r.now + s(270));
}

TEST(Rfc9776Sec6p4p2, WithoutReplyTheBlockedSourceMovesToY) {
  req("igmp-router/W-06");
  Router r = router("EXCLUDE {} {b} GT=200");
  r.record(BLOCK, "bc");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.sent_text(), "Q(c)");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.text(), "EXCLUDE {} {b c} GT=198");
}

TEST(Rfc9776Sec6p4p2, WithoutReplyTheModeChangeStands) {
  req("igmp-router/W-05");
  Router r = router("EXCLUDE {a=150} {b} GT=200");
  r.record(TO_IN, "b");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.sent_text(), "Q(a) Q()");
  r.expect_next_event(s(1));
  EXPECT_EQ(r.text(), "INCLUDE {b=268}");
}

// A querier that cannot say Q(G,X), or anything: what is not asked is not lowered.
TEST(Rfc9776Sec6p6p3, OlderQuerierVersions) {
  req("igmp-router/QS-09 igmp-router/QE-26");
  Router v2 = router("EXCLUDE {a=100} {} GT=200");
  v2.query_version = Version::kV2;
  v2.record(TO_IN, "");
  EXPECT_EQ(v2.sent_text(), "Q()");
  EXPECT_EQ(v2.text(), "EXCLUDE {a=100} {} GT=2");
  Router v1 = router("EXCLUDE {a=100} {} GT=200");
  v1.query_version = Version::kV1;
  v1.leave();
  EXPECT_EQ(v1.sent_text(), "");
  EXPECT_EQ(v1.text(), "EXCLUDE {a=100} {} GT=200");
}

// 2236 §3: a sequence begun as Querier is finished; a new one is not begun.
TEST(Rfc2236Sec3, SequenceIsFinishedAfterLosingTheElection) {
  req("igmp-router/QE-24 igmp-router/QS-08");
  Router r = router("EXCLUDE {} {} GT=200");
  r.leave();
  EXPECT_EQ(r.sent_text(), "Q()");
  r.queries = false;
  r.expect_next_event(s(1));
  EXPECT_EQ(r.sent_text(), "Q()");
  Router other = router("EXCLUDE {} {} GT=200");
  other.queries = false;
  other.leave();
  EXPECT_EQ(other.sent_text(), "");
  EXPECT_EQ(other.text(), "EXCLUDE {} {} GT=200");
}

// --- §6.6.1: queries heard
// ---------------------------------------------------------------------------

TEST(Rfc9776Sec6p6p1, QueriesWithoutTheFlagLower) {
  req("igmp-router/QS-10 igmp-router/QS-12");
  Router r = router("EXCLUDE {a=100 b=1} {c} GT=200");
  r.queries = false;
  r.hear_query("abcd", false);
  EXPECT_EQ(r.text(), "EXCLUDE {a=2 b=1} {c} GT=200") << "d is unknown: not created";
  r.hear_query("", false);
  EXPECT_EQ(r.text(), "EXCLUDE {a=2 b=1} {c} GT=2");
  r.hear_query("", false, s(20));
  EXPECT_EQ(r.text(), "EXCLUDE {a=2 b=1} {c} GT=2") << "never raised";
}

TEST(Rfc9776Sec6p6p1, QueriesWithTheFlagDoNot) {
  req("igmp-router/QS-10");
  Router r = router("EXCLUDE {a=100} {c} GT=200");
  r.queries = false;
  r.hear_query("ac", true);
  r.hear_query("", true);
  EXPECT_EQ(r.text(), "EXCLUDE {a=100} {c} GT=200");
}

TEST(Rfc9776Sec6p6p1, LastMemberQueryTimeOfTheQuery) {
  req("igmp-router/QS-11");
  Router r = router("INCLUDE {a=100 b=100}");
  r.queries = false;
  r.hear_query("a", false, s(6));  // Max Response Time 3 s, LMQC 2
  EXPECT_EQ(r.text(), "INCLUDE {a=6 b=100}");
  r.hear_query("", false, s(6));
  EXPECT_EQ(r.text(), "INCLUDE {a=6 b=100}") << "no group timer in INCLUDE";
  r.expect_next_event(s(6));
  EXPECT_EQ(r.text(), "INCLUDE {b=94}");
}

// --- RFC 2236 §7, Querier
// -----------------------------------------------------------------------------

Router v2_router(const char* given) {
  Router r;
  r.parameters.membership_response_factor = 1;  // RFC 2236 and 3376: GMI 260 s
  r.become(given);
  return r;
}

TEST(Rfc2236Sec7, NoMembersPresent) {
  req("igmp-router/R2-01 igmp-router/R2-02 igmp-router/R2-03");
  Router r = v2_router("INCLUDE {}");
  r.leave();
  EXPECT_TRUE(r.state.empty());
  EXPECT_EQ(r.sent_text(), "");
  r.v2_report();
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  EXPECT_EQ(r.state.version(r.now), Version::kV2);
  Router v1 = v2_router("INCLUDE {}");
  v1.v1_report();
  EXPECT_EQ(v1.text(), "EXCLUDE {} {} GT=260");
  EXPECT_EQ(v1.state.version(v1.now), Version::kV1);
  EXPECT_EQ(v1.state.version(v1.now + s(260) - kTick), Version::kV1);
  EXPECT_EQ(v1.state.version(v1.now + s(260)), Version::kV3) << "T1 = GMI";
}

TEST(Rfc2236Sec7, MembersPresent) {
  req("igmp-router/R2-04 igmp-router/R2-05 igmp-router/R2-06 igmp-router/R2-07");
  Router r = v2_router("EXCLUDE {} {} GT=100");
  r.v2_report();
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  r.wait(s(1));
  r.v1_report();
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  EXPECT_EQ(r.state.version(r.now), Version::kV1);

  Router leaving = v2_router("EXCLUDE {} {} GT=100");
  leaving.leave();
  EXPECT_EQ(leaving.sent_text(), "Q()");
  EXPECT_EQ(leaving.text(), "EXCLUDE {} {} GT=2");

  Router silent = v2_router("EXCLUDE {} {} GT=100");
  silent.expect_next_event(s(100));
  EXPECT_TRUE(silent.state.empty());
}

TEST(Rfc2236Sec7, CheckingMembership) {
  req("igmp-router/R2-08 igmp-router/R2-09 igmp-router/R2-10 igmp-router/R2-11 igmp-router/R2-12");
  Router v2 = v2_router("EXCLUDE {} {} GT=100");
  v2.leave();
  v2.wait(s(0.5));
  v2.v2_report();
  EXPECT_EQ(v2.text(), "EXCLUDE {} {} GT=260");
  EXPECT_EQ(v2.state.version(v2.now), Version::kV2);
  v2.wait(s(2));
  EXPECT_EQ(v2.sent_text(), "") << "R is stopped";
  EXPECT_EQ(v2.text(), "EXCLUDE {} {} GT=258");

  Router v1 = v2_router("EXCLUDE {} {} GT=100");
  v1.leave();
  v1.wait(s(0.5));
  v1.v1_report();
  EXPECT_EQ(v1.text(), "EXCLUDE {} {} GT=260");
  EXPECT_EQ(v1.state.version(v1.now), Version::kV1);
  v1.wait(s(2));
  EXPECT_EQ(v1.sent_text(), "");

  Router silent = v2_router("EXCLUDE {} {} GT=100");
  silent.leave();
  silent.wait(s(0.5));
  silent.leave();  // R2-12: no restart
  EXPECT_EQ(silent.sent_text(), "");
  silent.expect_next_event(s(0.5));
  EXPECT_EQ(silent.sent_text(), "Q()");
  silent.wait(s(0.5));
  silent.leave();  // also between the last query and the end
  EXPECT_EQ(silent.sent_text(), "");
  silent.expect_next_event(s(0.5));
  EXPECT_TRUE(silent.state.empty());
}

TEST(Rfc2236Sec7, Version1MembersPresent) {
  req("igmp-router/R2-13 igmp-router/R2-14 igmp-router/R2-15 igmp-router/R2-16 igmp-router/R2-17");
  Router r = v2_router("INCLUDE {}");
  r.v1_report();
  r.wait(s(10));
  r.leave();  // R2-17
  EXPECT_EQ(r.sent_text(), "");
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=250");
  r.v2_report();  // R2-13: T only
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  EXPECT_EQ(r.state.version(r.now), Version::kV1);
  r.expect_next_event(s(250));  // R2-15
  EXPECT_EQ(r.state.version(r.now), Version::kV2);
  r.v1_report();  // R2-14 (and R2-05)
  r.wait(s(10));
  r.v1_report();
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  EXPECT_EQ(r.state.version(r.now + s(260) - kTick), Version::kV1);
  r.wait(s(260));  // R2-16
  EXPECT_TRUE(r.state.empty());
}

TEST(Rfc2236Sec7, WorkedCheck) {
  req("igmp-router/R2-30");
  Router r = v2_router("EXCLUDE {} {} GT=100");
  r.leave();
  r.wait(s(1));
  EXPECT_EQ(r.sent_text(), "Q()");
  r.wait(s(0.5));
  r.v2_report();
  r.wait(s(0.5));
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=259.5");
}

// --- RFC 2236 §7, Non-Querier
// ---------------------------------------------------------------------------

TEST(Rfc2236Sec7, NonQuerier) {
  req("igmp-router/N2-01 igmp-router/N2-02 igmp-router/N2-03 igmp-router/N2-04 igmp-router/N2-05");
  Router r = v2_router("INCLUDE {}");
  r.queries = false;
  r.v2_report();  // N2-01
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  r.wait(s(60));
  r.v2_report();  // N2-02
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  r.leave();  // ignored (§3)
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  r.hear_query("", false);  // N2-03
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=2");
  r.wait(s(1));
  EXPECT_EQ(r.sent_text(), "");
  r.v2_report();  // N2-05
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=260");
  r.hear_query("", false);
  r.wait(s(1));
  r.hear_query("", false);  // N2-03: only if larger
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=1") << r.text();
  r.expect_next_event(s(1));  // N2-04
  EXPECT_TRUE(r.state.empty());
}

// --- Acceptance
// ---------------------------------------------------------------------------------------

TEST(RouterAcceptance, SilentHostIsRemovedAfterMembershipInterval) {
  req("igmp-router/RA-05");
  Router r;
  r.record(TO_EX, "");
  r.wait(s(0.7));
  r.record(TO_EX, "");  // its repetition
  r.expect_next_event(s(270));
  EXPECT_TRUE(r.state.empty());
}

TEST(RouterAcceptance, LossOfOneReportOfAPair) {
  req("igmp-router/RA-04");
  Router r;  // the first TO_EX is lost; the repetition alone makes the member
  r.record(TO_EX, "");
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=270");
  r.wait(s(125 + 10));  // the answer to one General Query is lost; to the next it arrives
  r.wait(s(125));
  EXPECT_FALSE(r.state.empty());
  r.record(IS_EX, "");
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=270");
}

TEST(RouterAcceptance, ManySourcesAreAskedAboutInOneRow) {
  req("igmp-router/RA-08");
  Sources many;
  for (unsigned i = 1; i <= 500; ++i) insert(many, Ipv4{0x0A000000 + i});
  Router r;
  r.state.on_record(ALLOW, many, r.context(), r.sent);
  r.now += s(1);
  r.state.on_record(TO_IN, {}, r.context(), r.sent);
  ASSERT_EQ(r.sent.size(), 1u);
  EXPECT_EQ(r.sent[0].sources.size(), 500u) << "the codec splits it to fit the MTU";
  r.wait(s(1));
  ASSERT_EQ(r.sent.size(), 1u);
  EXPECT_EQ(r.sent[0].sources.size(), 500u);
  r.wait(s(1));
  EXPECT_TRUE(r.state.empty());
}

// --- Fast leave
// ----------------------------------------------------------------------------------------

TEST(FastLeave, CutDoesAtOnceWhatExpiryWould) {
  req("snooping/EX-01");
  Router r = router("EXCLUDE {a=100 b=100} {c} GT=200");
  r.record(TO_IN, "b");
  EXPECT_EQ(r.sent_text(), "Q(a) Q()");
  r.state.cut(set("a"), true, r.context());
  EXPECT_EQ(r.text(), "INCLUDE {b=270}");
  EXPECT_EQ(r.state.next_deadline(), r.now + s(270)) << "nothing is pending";
  r.record(TO_IN, "");
  r.state.cut(set("b"), true, r.context());
  EXPECT_TRUE(r.state.empty());
  EXPECT_EQ(r.state.next_deadline(), kNever);
}

TEST(FastLeave, CutOfOneSourceInExcludeBlocksIt) {
  req("snooping/EX-01");
  Router r = router("EXCLUDE {a=100 b=100} {} GT=200");
  r.record(BLOCK, "ab");
  r.state.cut(set("a"), false, r.context());
  EXPECT_EQ(r.text(), "EXCLUDE {b=2} {a} GT=200");
  r.wait(s(1));
  EXPECT_EQ(r.sent_text(), "Q(b)");
}

// --- Memory
// --------------------------------------------------------------------------------------------

TEST(Memory, NoHeapWithoutSources) {
  req("snooping/MS-02");
  EXPECT_LE(sizeof(State), 96u);
  Router r = router("EXCLUDE {a=10} {b} GT=200");
  r.record(IS_EX, "");
  EXPECT_EQ(r.state.sources().capacity(), 0u);
}

}  // namespace
}  // namespace sluice::control::igmp::group_state_test
