// SPDX-License-Identifier: BSD-3-Clause
// A scrape of a whole appliance without a data plane.
#include "control/metrics/exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <set>
#include <sstream>

#include "rig.h"

namespace sluice::control::metrics {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1), kHost = ipv4(10, 77, 0, 1);

class ExporterTest : public testing::Test {
 protected:
  // As the HTTP thread would, while the loop turns on this one.
  std::string scrape() {
    auto text = std::async(std::launch::async, [&] { return *exporter_.scrape(); });
    while (text.wait_for(std::chrono::microseconds(50)) != std::future_status::ready) {
      rig_.loop.turn();
    }
    return text.get();
  }

  api::Rig rig_;
  Exporter exporter_{{.ports = rig_.ports,
                      .more_counters =
                          [this](auto& out) {
                            rig_.dispatcher.add_counters(out);
                            out.push_back(out.front());  // told twice, shown once
                          },
                      .top_groups = 1},
                     rig_.commands,
                     [] { return 12.5; }};
};

TEST_F(ExporterTest, HasEverythingOnce) {
  rig_.settle();
  rig_.join(0, kGroup, kHost);
  rig_.join(1, kGroup, ipv4(10, 77, 0, 2));
  rig_.join(1, ipv4(239, 1, 1, 2), kHost);
  Fib::Reader reader(rig_.fib, 0);
  const auto hit = reader.lookup(reader.where(api::kTen, kGroup), {});
  ASSERT_NE(hit.egress, nullptr);
  reader.count(hit, 3, 300);

  const std::string text = scrape();
  for (const char* line : {
           "# HELP sluice_group_packets_total Frames forwarded by the group's entries; group "
           "`other` is the rest of the VLAN.\n# TYPE sluice_group_packets_total counter\n",
           "sluice_group_packets_total{vlan=\"10\",group=\"239.1.1.1\"} 3\n",
           "sluice_group_bytes_total{vlan=\"10\",group=\"239.1.1.1\"} 300\n",
           "sluice_group_packets_total{vlan=\"10\",group=\"other\"} 0\n",
           "sluice_group_member_ports{vlan=\"10\",group=\"239.1.1.1\"} 2\n",
           "sluice_group_hosts{vlan=\"10\",group=\"239.1.1.1\"} 2\n",
           "sluice_vlan_groups{vlan=\"10\"} 2\n",
           "sluice_vlan_groups_in_other{vlan=\"10\"} 1\n",
           "sluice_igmp_received_total{vlan=\"10\",type=\"report_v3\",leaf=\"membership-report-v3-"
           "count\"} 3\n",
           "sluice_port_up{port=\"p1\"} 1\n",
           "sluice_port_speed_bytes_per_second{port=\"p1\"} 1250000000\n",
           "sluice_frames_dropped_total{port=\"p5\",direction=\"rx\",reason=\"vlan_not_carried\"} "
           "3\n",
           "# TYPE sluice_fib_entries gauge\nsluice_fib_entries 2\n",
           "sluice_uptime_seconds 12.5\n",
           "sluice_api_requests_total 0\n",
           "# TYPE sluice_control_turn_seconds histogram\n",
           "sluice_control_turn_seconds_bucket{le=\"1e-06\"} ",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("239.1.1.2")));

  std::set<std::string> seen;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(seen.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

// A frame's time stamp is the worker's; in this rig nobody takes it.
TEST_F(ExporterTest, TimesJoinsAndLeavesByTheWorkersStamp) {
  rig_.settle();
  rig_.join(0, kGroup, kHost);
  EXPECT_THAT(scrape(), HasSubstr("sluice_join_latency_seconds_count 0\n"));
  rig_.punts.received = std::chrono::steady_clock::now() - std::chrono::milliseconds(3);
  rig_.join(1, kGroup, kHost);
  rig_.join(1, kGroup, kHost);  // changes nothing
  const std::string text = scrape();
  EXPECT_THAT(text, HasSubstr("sluice_join_latency_seconds_bucket{le=\"0.002\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("sluice_join_latency_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("sluice_leave_latency_seconds_count 0\n"));
}

TEST_F(ExporterTest, CountsFromZeroAfterAClear) {
  rig_.settle();
  rig_.join(0, kGroup, kHost);
  Fib::Reader reader(rig_.fib, 0);
  const auto hit = reader.lookup(reader.where(api::kTen, kGroup), {});
  reader.count(hit, 3, 300);
  scrape();
  EXPECT_EQ(rig_.result(R"({"command":"clear counters"})"), api::Json::object());
  reader.count(hit, 1, 100);
  EXPECT_THAT(scrape(),
              HasSubstr("sluice_group_packets_total{vlan=\"10\",group=\"239.1.1.1\"} 1\n"));
}

TEST_F(ExporterTest, SaysNothingWhenTheDaemonStops) {
  rig_.commands.close();
  EXPECT_EQ(exporter_.scrape(), std::nullopt);
}

}  // namespace
}  // namespace sluice::control::metrics
