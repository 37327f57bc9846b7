// SPDX-License-Identifier: BSD-3-Clause
// Start-up, election and General Query schedule: RFC 9776 §6.6.2, §8.5 to §8.7; RFC 2236 §3, §7.
// The router under test is 10.0.0.50.
#include "control/igmp/querier.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace sluice::control::igmp::querier_test {
namespace {

using State = Querier<Ipv4>::State;

constexpr Duration kTick{1};
constexpr Ipv4 kOwn = ipv4(10, 0, 0, 50);
constexpr Ipv4 kLower = ipv4(10, 0, 0, 5);
constexpr Ipv4 kHigher = ipv4(10, 0, 0, 200);

Duration s(double seconds) {
  return Duration(std::llround(seconds * 1000));
}
void req(const std::string& ids) {
  testing::Test::RecordProperty("req", ids);
}

Query<Ipv4> v3_query(std::uint8_t qrv = 2, Duration qqi = s(125), Duration mrt = s(10)) {
  return {.version = Version::kV3,
          .max_response_time = mrt,
          .robustness_variable = qrv,
          .query_interval = qqi};
}
Query<Ipv4> older_query(Version version) {
  return {.version = version, .max_response_time = s(10)};
}

struct Bench {
  explicit Bench(Querier<Ipv4>::Settings settings = {.address = kOwn}) : querier(settings) {
    querier.start(now);
  }

  // The next deadline is exactly `in` from now; a tick before it nothing happens.
  Querier<Ipv4>::Outcome step_to_deadline(Duration in) {
    EXPECT_EQ(querier.next_deadline(), now + in);
    now += in - kTick;
    const auto early = querier.advance(now);
    EXPECT_FALSE(early.send_general_query || early.querier_changed || early.parameters_changed);
    now += kTick;
    return querier.advance(now);
  }
  Querier<Ipv4>::Outcome hear(const Query<Ipv4>& query, Ipv4 from) {
    return querier.on_query(query, from, now);
  }

  TimePoint now{s(1000)};
  Querier<Ipv4> querier;
};

TEST(Rfc9776Sec8p6, StartUp) {
  req("igmp-router/QE-02 igmp-router/QE-10 igmp-router/QE-11 igmp-router/RA-03 igmp-router/TM-06 "
      "igmp-router/TM-07");
  Querier<Ipv4> querier({.address = kOwn});
  EXPECT_EQ(querier.state(), State::kNone);
  EXPECT_EQ(querier.next_deadline(), kNever);
  const auto outcome = querier.start(TimePoint{s(1000)});
  EXPECT_TRUE(outcome.send_general_query);
  EXPECT_TRUE(outcome.querier_changed);
  EXPECT_EQ(querier.state(), State::kQuerier);
  EXPECT_EQ(querier.address(), kOwn);

  Bench b;
  EXPECT_TRUE(b.step_to_deadline(s(31.25)).send_general_query);
  for (int i = 0; i < 3; ++i) {
    const auto again = b.step_to_deadline(s(125));
    EXPECT_TRUE(again.send_general_query);
    EXPECT_FALSE(again.querier_changed);
  }
}

TEST(Rfc9776Sec8p7, StartupQueryCountIsRobustness) {
  req("igmp-router/QE-02 igmp-router/TM-07");
  Bench b({.address = kOwn, .parameters = {.robustness_variable = 4, .query_interval = s(20)}});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.step_to_deadline(s(5)).send_general_query);
  EXPECT_TRUE(b.step_to_deadline(s(20)).send_general_query);
  Bench one({.address = kOwn, .parameters = {.robustness_variable = 1}});
  EXPECT_TRUE(one.step_to_deadline(s(125)).send_general_query);
}

TEST(Rfc9776Sec6p6p2, GeneralQueryFields) {
  req("igmp-router/QE-25");
  Bench b(
      {.address = kOwn,
       .parameters = {
           .robustness_variable = 3, .query_interval = s(60), .query_response_interval = s(5)}});
  const Query<Ipv4> query = b.querier.general_query();
  EXPECT_TRUE(query.general());
  EXPECT_EQ(query.version, Version::kV3);
  EXPECT_EQ(query.max_response_time, s(5));
  EXPECT_EQ(query.robustness_variable, 3);
  EXPECT_EQ(query.query_interval, s(60));
  EXPECT_FALSE(query.suppress_router_processing);
  EXPECT_TRUE(query.sources.empty());
}

TEST(Rfc9776Sec6p6p3, SpecificQueryFields) {
  req("igmp-router/QS-07");
  Bench b({.address = kOwn, .parameters = {.last_member_query_interval = s(0.5)}});
  SourceSet<Ipv4> sources = {ipv4(10, 1, 1, 1)};
  const Query<Ipv4> query = b.querier.specific_query(ipv4(239, 1, 1, 1), sources, true);
  EXPECT_EQ(query.group, ipv4(239, 1, 1, 1));
  EXPECT_EQ(query.max_response_time, s(0.5));
  EXPECT_EQ(query.robustness_variable, 2);
  EXPECT_EQ(query.query_interval, s(125));
  EXPECT_TRUE(query.suppress_router_processing);
  EXPECT_EQ(query.sources, sources);
}

TEST(Rfc9776Sec6p6p2, LowerAddressWins) {
  req("igmp-router/QE-12 igmp-router/QE-14 igmp-router/QE-15 igmp-router/QE-20 igmp-router/RA-02 "
      "igmp-router/TM-05");
  Bench b;
  const auto lost = b.hear(v3_query(), kLower);
  EXPECT_TRUE(lost.querier_changed);
  EXPECT_EQ(b.querier.state(), State::kNonQuerier);
  EXPECT_EQ(b.querier.address(), kLower);
  EXPECT_EQ(b.querier.next_general_query(), kNever);
  EXPECT_EQ(b.querier.other_querier_expires(), b.now + s(255));
  b.now += s(100);
  EXPECT_FALSE(b.hear(v3_query(), kLower).querier_changed);  // QE-14
  const auto won = b.step_to_deadline(s(255));               // QE-15
  EXPECT_TRUE(won.send_general_query);
  EXPECT_TRUE(won.querier_changed);
  EXPECT_EQ(b.querier.state(), State::kQuerier);
  EXPECT_TRUE(b.step_to_deadline(s(125)).send_general_query) << "no start-up queries again";
}

TEST(Rfc9776Sec6p6p2, AddressesCompareAsUnsigned) {
  req("igmp-router/QE-20");
  Bench b({.address = ipv4(192, 0, 2, 1)});
  EXPECT_FALSE(b.hear(v3_query(), ipv4(200, 0, 0, 1)).querier_changed);
  EXPECT_TRUE(b.hear(v3_query(), ipv4(100, 255, 255, 255)).querier_changed);
}

TEST(Rfc9776Sec6p6p2, HigherAddressChangesNothing) {
  req("igmp-router/QE-13");
  Bench b;
  const TimePoint next = b.querier.next_general_query();
  const auto outcome = b.hear(v3_query(7, s(10)), kHigher);
  EXPECT_FALSE(outcome.querier_changed || outcome.parameters_changed);
  EXPECT_EQ(b.querier.state(), State::kQuerier);
  EXPECT_EQ(b.querier.next_general_query(), next);
  EXPECT_EQ(b.querier.parameters(), Parameters{});
}

TEST(Rfc9776Sec6p6p2, OnlyGeneralQueriesElect) {
  req("igmp-router/QE-21");
  Bench b;
  Query<Ipv4> specific = v3_query();
  specific.group = ipv4(239, 1, 1, 1);
  EXPECT_FALSE(b.hear(specific, kLower).querier_changed);
  EXPECT_EQ(b.querier.state(), State::kQuerier);
}

TEST(Rfc4541Sec2p1p1, UnspecifiedAndOwnAddressDoNot) {
  req("igmp-router/QE-22 snooping/RP-02");
  Bench b;
  EXPECT_FALSE(b.hear(v3_query(), Ipv4{}).querier_changed);
  EXPECT_FALSE(b.hear(v3_query(), kOwn).querier_changed);
  EXPECT_EQ(b.querier.state(), State::kQuerier);
}

TEST(Rfc9776Sec4p1p5, SuppressFlagDoesNotHinder) {
  req("igmp-router/QE-23");
  Bench b;
  Query<Ipv4> query = v3_query();
  query.suppress_router_processing = true;
  EXPECT_TRUE(b.hear(query, kLower).querier_changed);
}

TEST(Rfc4541Sec2p1p1, WithoutAddressGivesWayToAnyQuerier) {
  req("snooping/QI-01 snooping/QI-03");
  Bench b({.address = Ipv4{}});
  EXPECT_EQ(b.querier.state(), State::kQuerier);
  EXPECT_TRUE(b.hear(v3_query(), kHigher).querier_changed);
  EXPECT_EQ(b.querier.state(), State::kNonQuerier);
  EXPECT_TRUE(b.step_to_deadline(s(255)).send_general_query);
}

TEST(Rfc9776Sec6p6p2, WhoDoesNotTakePart) {
  req("snooping/QI-01");
  Bench b({.participates = false, .address = kOwn});
  EXPECT_EQ(b.querier.state(), State::kNone);
  EXPECT_EQ(b.querier.address(), std::nullopt);
  EXPECT_TRUE(b.hear(v3_query(), kHigher).querier_changed);
  EXPECT_EQ(b.querier.address(), kHigher);
  const auto gone = b.step_to_deadline(s(255));
  EXPECT_TRUE(gone.querier_changed);
  EXPECT_FALSE(gone.send_general_query);
  EXPECT_EQ(b.querier.state(), State::kNone);
  EXPECT_EQ(b.querier.next_deadline(), kNever);
}

TEST(Rfc9776Sec4p1p6, RobustnessOfTheQuerierIsAdopted) {
  req("igmp-router/TM-23");
  Bench b;
  EXPECT_TRUE(b.hear(v3_query(3), kLower).parameters_changed);
  EXPECT_EQ(b.querier.parameters().robustness_variable, 3);
  EXPECT_EQ(b.querier.other_querier_expires(), b.now + s(3 * 125 + 5));
  EXPECT_TRUE(b.hear(v3_query(0), kLower).parameters_changed) << "0: as configured";
  EXPECT_EQ(b.querier.parameters().robustness_variable, 2);
}

TEST(Rfc9776Sec4p1p7, QueryIntervalOfTheQuerierIsAdopted) {
  req("igmp-router/TM-24");
  Bench b;
  b.hear(v3_query(2, s(20), s(4)), kLower);
  EXPECT_EQ(b.querier.parameters().query_interval, s(20));
  EXPECT_EQ(b.querier.parameters().group_membership_interval(), s(2 * 20 + 2 * 4));
  EXPECT_EQ(b.querier.latest_max_response_time(), s(4));
  b.hear(v3_query(2, s(0)), kLower);
  EXPECT_EQ(b.querier.parameters().query_interval, s(125)) << "0: as configured";
  b.hear(older_query(Version::kV2), kLower);
  EXPECT_EQ(b.querier.parameters().query_interval, s(125)) << "v2 does not say";
  EXPECT_EQ(b.querier.parameters().robustness_variable, 2);
  b.hear(v3_query(4, s(20)), kLower);
  b.step_to_deadline(s(4 * 20 + 5));
  EXPECT_EQ(b.querier.parameters(), Parameters{}) << "our own again";
}

TEST(Rfc9776Sec8p8, EncodedValuesAreTheOnesUsed) {
  req("igmp-router/TM-22");
  Bench b({.address = kOwn,
           .parameters = {.query_interval = s(135), .query_response_interval = s(100)}});
  // 135 s is said as 128 s; 1000 tenths as 992.
  EXPECT_EQ(b.querier.parameters().query_interval, s(128));
  EXPECT_EQ(b.querier.parameters().query_response_interval, s(99.2));
  EXPECT_EQ(b.querier.general_query().query_interval, s(128));
  EXPECT_EQ(b.querier.general_query().max_response_time, s(99.2));
  EXPECT_TRUE(b.step_to_deadline(s(32)).send_general_query);
  EXPECT_TRUE(b.step_to_deadline(s(128)).send_general_query);
  // A version 2 code is linear and ends at 25.5 s.
  Bench v2({.version = Version::kV2,
            .address = kOwn,
            .parameters = {.query_response_interval = s(100)}});
  EXPECT_EQ(v2.querier.general_query().max_response_time, s(25.5));
}

TEST(Rfc9776Sec7p3p1, ConfiguredOlderVersions) {
  req("igmp-router/QE-26");
  Bench v2({.version = Version::kV2, .address = kOwn});
  EXPECT_EQ(v2.querier.version(), Version::kV2);
  EXPECT_EQ(v2.querier.general_query().version, Version::kV2);
  EXPECT_EQ(v2.querier.general_query().robustness_variable, 0);
  EXPECT_EQ(v2.querier.general_query().query_interval, s(0));
  EXPECT_EQ(v2.querier.specific_query(ipv4(239, 1, 1, 1), {}, false).version, Version::kV2);
  Bench v1({.version = Version::kV1, .address = kOwn});
  EXPECT_EQ(v1.querier.general_query().version, Version::kV1);
  EXPECT_EQ(v1.querier.parameters().query_response_interval, s(10));
}

TEST(Rfc9776Sec7p3p1, TheOldestVersionOnTheNetworkIsUsed) {
  req("igmp-router/QE-27");
  Bench b;
  b.hear(older_query(Version::kV2), kHigher);  // we stay the querier, and speak v2
  EXPECT_EQ(b.querier.state(), State::kQuerier);
  EXPECT_EQ(b.querier.version(), Version::kV2);
  EXPECT_EQ(b.querier.general_query().version, Version::kV2);
  const TimePoint heard = b.now;
  while (b.querier.next_deadline() < heard + s(255)) {
    b.now = b.querier.next_deadline();
    b.querier.advance(b.now);
    EXPECT_EQ(b.querier.version(), Version::kV2);
  }
  b.now = heard + s(255);
  b.querier.advance(b.now);
  EXPECT_EQ(b.querier.version(), Version::kV3);

  Bench lost;  // a lower v2 querier that dies: our first query is v3 again
  lost.hear(older_query(Version::kV2), kLower);
  EXPECT_EQ(lost.querier.version(), Version::kV2);
  EXPECT_TRUE(lost.step_to_deadline(s(255)).send_general_query);
  EXPECT_EQ(lost.querier.general_query().version, Version::kV3);
}

TEST(Reload, QuerierKeepsWhatStillMakesSense) {
  req("igmp-router/TM-25");
  Bench b;
  b.step_to_deadline(s(31.25));
  b.now += s(1);
  Querier<Ipv4>::Settings settings{.address = kOwn, .parameters = {.query_interval = s(20)}};
  const auto shorter = b.querier.reconfigure(settings, b.now);
  EXPECT_TRUE(shorter.parameters_changed);
  EXPECT_FALSE(shorter.send_general_query);
  EXPECT_TRUE(b.step_to_deadline(s(20)).send_general_query);

  settings.participates = false;
  EXPECT_TRUE(b.querier.reconfigure(settings, b.now).querier_changed);
  EXPECT_EQ(b.querier.state(), State::kNone);
  settings.participates = true;
  const auto back = b.querier.reconfigure(settings, b.now);
  EXPECT_TRUE(back.send_general_query && back.querier_changed);

  b.hear(v3_query(), kLower);
  EXPECT_FALSE(b.querier.reconfigure(settings, b.now).querier_changed);
  settings.address = ipv4(10, 0, 0, 1);  // now better than the other
  EXPECT_TRUE(b.querier.reconfigure(settings, b.now).send_general_query);
  EXPECT_EQ(b.querier.state(), State::kQuerier);
}

}  // namespace
}  // namespace sluice::control::igmp::querier_test
