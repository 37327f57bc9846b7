// SPDX-License-Identifier: BSD-3-Clause
// Each alarm of the data plane: raised for its reason, and cleared.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "world.h"

namespace sluice::control::health::dataplane_test {
namespace {

using testing::HasSubstr;

TEST(WorkerBehind, IsWhoAlwaysFindsAFullBurst) {
  HealthWorld w;
  w.plane.figures.workers = {{0, 0}};
  const auto work = [&](std::uint64_t polls, std::uint64_t full, int for_seconds) {
    for (int i = 0; i < for_seconds; ++i) {
      w.plane.figures.workers[0].polls += polls;
      w.plane.figures.workers[0].full_bursts += full;
      w.pass(seconds(1));
    }
  };
  work(100000, 89000, 30);
  EXPECT_THAT(w.active(), testing::IsEmpty());
  work(100000, 95000, 8);
  EXPECT_THAT(w.active(), testing::IsEmpty()) << "a peak";
  work(100000, 95000, 6);
  ASSERT_TRUE(w.find("worker-behind"));
  EXPECT_EQ(w.find("worker-behind")->worker, 0u);
  work(100000, 1000, 14);
  EXPECT_THAT(w.active(), testing::IsEmpty());
  work(10, 10, 30);
  EXPECT_THAT(w.active(), testing::IsEmpty())
      << "a worker that naps finds full bursts now and then";
}

TEST(Tables, NearTheirLimitAreToldBeforeTheyAreFull) {
  HealthWorld w;
  w.plane.figures.mac_capacity = 100;
  w.plane.figures.mbuf_capacity = 1000;
  w.plane.figures.macs = 89;
  w.plane.figures.mbufs = 899;
  w.pass(seconds(20));
  EXPECT_THAT(w.active(), testing::IsEmpty());
  w.plane.figures.macs = 90;
  w.plane.figures.mbufs = 900;
  w.pass(seconds(13));
  EXPECT_EQ(w.active(), (std::set<std::string>{"mac-table-near-limit", "mbufs-near-limit"}));
  EXPECT_THAT(w.find("mac-table-near-limit")->cause, HasSubstr("90 of 100 MAC table entries"));
  w.plane.figures.macs = w.plane.figures.mbufs = 0;
  w.pass(seconds(13));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

TEST(Tables, TheForwardingTableIsOne) {
  HealthWorld w;
  w.config.alarms.no_stream_time = Duration{0};
  w.config.alarms.near_limit = 1;
  for (std::uint32_t i = 0; i < 11; ++i) {
    w.hear(0, record(RecordType::kChangeToExcludeMode, {}, Ipv4{kGroup.value + i}));
  }
  w.pass(seconds(13));
  ASSERT_TRUE(w.find("fib-near-limit"));
}

TEST(Losses, OfAPortAreToldAtOnceAndClearedWhenTheyStop) {
  HealthWorld w;
  w.plane.lost[2] = {1000, 50};
  w.pass(seconds(5));
  EXPECT_THAT(w.active(), testing::IsEmpty()) << "what was lost before we looked is no news";
  w.plane.lost[2].missed += 1;
  w.pass(seconds(2));
  ASSERT_TRUE(w.find("rx-missed"));
  EXPECT_EQ(w.find("rx-missed")->port, PortId{2});
  EXPECT_FALSE(w.find("punt-ring-full"));
  w.plane.lost[2].punt_ring_full += 1;
  w.pass(seconds(2));
  EXPECT_TRUE(w.find("punt-ring-full"));
  w.pass(seconds(14));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

TEST(UnregisteredDropped, NamesTheStreamAndItsSource) {
  HealthWorld w;
  w.plane.unwanted = {{kVlan, PortId{1}, kGroup, ipv4(10, 9, 9, 9)}};
  w.pass(seconds(9));
  EXPECT_THAT(w.active(), testing::IsEmpty());
  w.pass(seconds(4));
  const auto alarm = w.find("unregistered-dropped");
  ASSERT_TRUE(alarm);
  EXPECT_EQ(alarm->group, kGroup);
  EXPECT_EQ(alarm->source, ipv4(10, 9, 9, 9));
  EXPECT_THAT(alarm->cause, HasSubstr("10.9.9.9 on p1 sends 239.1.1.1 into VLAN 10"));
  w.plane.unwanted.clear();
  w.pass(seconds(13));
  EXPECT_THAT(w.active(), testing::IsEmpty());
}

TEST(Counters, HaveOneForEachAlarm) {
  HealthWorld w;
  w.plane.unwanted = {{kVlan, PortId{1}, kGroup, ipv4(10, 9, 9, 9)}};
  w.pass(seconds(13));
  std::set<std::string> names;
  for (const NamedCount& count : w.monitor.counters()) names.insert(count.name);
  EXPECT_EQ(names.count("alarm_active{name=\"unregistered-dropped\",vlan=\"10\","
                        "group=\"239.1.1.1\"}"),
            1u);
  EXPECT_EQ(names.count("alarms_not_listed"), 1u);
}

}  // namespace
}  // namespace sluice::control::health::dataplane_test
