// SPDX-License-Identifier: BSD-3-Clause
// The dashboard behind its real listener, before the appliance of tests/unit/api/rig.h.
#include "control/web/dashboard.h"

#include <gtest/gtest.h>

#include <future>

#include "control/web/page.h"
#include "control/web/views.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/web/peer.h"

namespace sluice::control::web::dashboard_test {
namespace {

using api::Json;
using api::kTen;
using std::chrono::milliseconds;

const Ipv4 kGroup = ipv4(239, 1, 1, 1);

class DashboardTest : public testing::Test {
 protected:
  DashboardTest() {
    auto opened = HttpServer::open("dashboard", "127.0.0.1:0");
    EXPECT_TRUE(opened) << opened.error().what;
    server_ = std::move(*opened);
    box_.feed.pass_on_to(feed_);
    dashboard_ = std::make_unique<Dashboard>(
        Dashboard::Setup{box_.ports, [] { return 12.5; }, box_.commands, feed_}, *server_);
    server_->start();
    box_.settle();
  }
  ~DashboardTest() override {
    box_.commands.close();
    server_->stop();
  }

  // As a browser would, while the loop turns here.
  std::string raw(const std::string& path) {
    auto answer = std::async(std::launch::async, [&] {
      Peer peer(server_->port());
      peer.say("GET " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      return peer.to_the_end();
    });
    while (answer.wait_for(milliseconds(1)) != std::future_status::ready) box_.loop.turn();
    return answer.get();
  }
  Json get(const std::string& path, int status = 200) {
    const std::string text = raw(path);
    EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 " + std::to_string(status)) << path << "\n" << text;
    return Json::parse(text.substr(text.find("\r\n\r\n") + 4));
  }
  std::string refusal(const std::string& path, int status = 400) {
    return get(path, status)["error"].get<std::string>();
  }

  api::Rig box_;
  api::EventFeed feed_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<Dashboard> dashboard_;
};

TEST_F(DashboardTest, ServesItsFilesAndNothingFromElsewhere) {
  ASSERT_GT(page_files().size(), 5u);
  for (const PageFile& file : page_files()) {
    const std::string text = raw(std::string(file.path));
    EXPECT_EQ(text.substr(0, 12), "HTTP/1.1 200") << file.path;
    EXPECT_NE(text.find("Content-Security-Policy: default-src 'none'; script-src 'self'"),
              std::string::npos);
    EXPECT_TRUE(text.ends_with(file.bytes)) << file.path;
    // A namespace is no request.
    const bool svg = file.bytes.find("http://www.w3.org/2000/svg") != std::string_view::npos;
    EXPECT_EQ(file.bytes.find("http"),
              svg ? file.bytes.find("http://www.w3.org/2000/svg") : std::string_view::npos)
        << file.path;
    EXPECT_EQ(file.bytes.find("https://"), std::string_view::npos) << file.path;
  }
  EXPECT_EQ(raw("/page.css").substr(0, 12), "HTTP/1.1 404");
}

TEST_F(DashboardTest, Summary) {
  box_.join(0, kGroup, ipv4(10, 77, 0, 1));
  box_.hear_querier(3, ipv4(10, 77, 0, 9));
  const Json summary = get("/api/summary");
  EXPECT_EQ(summary["uptime"], 12.5);
  EXPECT_EQ(summary["groups"], 1);
  ASSERT_EQ(summary["ports"].size(), 5u);
  EXPECT_EQ(summary["ports"][0]["groups"], 1);
  EXPECT_EQ(summary["ports"][0]["link"], "up");
  EXPECT_EQ(summary["ports"][0]["dropped"], 4);
  ASSERT_EQ(summary["vlans"].size(), 2u);
  EXPECT_EQ(summary["vlans"][0]["querier"]["address"], "10.77.0.9");
  EXPECT_EQ(summary["vlans"][0]["router-ports"], Json::array({3}));
  EXPECT_EQ(summary["vlans"][0]["settled"], true);
  EXPECT_EQ(summary["vlans"][1]["querier"], nullptr);  // VLAN 20 does not snoop
  EXPECT_TRUE(summary["alarms"].is_array());
}

TEST_F(DashboardTest, MatrixIsPagedSearchedAndMeasured) {
  for (std::uint8_t i = 0; i < 30; ++i) {
    box_.join(static_cast<std::uint16_t>(i % 3), ipv4(239, 1, 1, i), ipv4(10, 77, 0, i % 3 + 1));
  }
  Json page = get("/api/groups?limit=5&offset=10");
  EXPECT_EQ(page["total"], 30);
  ASSERT_EQ(page["rows"].size(), 5u);
  EXPECT_EQ(page["rows"][0]["group"], "239.1.1.10");
  EXPECT_EQ(page["rows"][0]["members"], Json::array({1}));
  EXPECT_EQ(page["rows"][0]["bps"], nullptr);
  EXPECT_EQ(get("/api/groups?search=239.1.1.2")["total"], 11);
  EXPECT_EQ(get("/api/groups?sort=group&order=descending&limit=1")["rows"][0]["group"],
            "239.1.1.29");
  // A stream begins; two looks a second apart measure it.
  const Fib::Reader worker(box_.fib, 0);
  worker.count(worker.lookup(worker.where(kTen, kGroup), Ipv4{}), 1000, 125'000);
  box_.now += milliseconds(1000);
  const auto measured = [&] {
    page = get("/api/groups?search=239.1.1.1&sort=bytes&order=descending");
    return page["rows"][0]["pps"] == 1000;
  };
  for (int i = 0; i < 40 && !measured(); ++i) std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(page["rows"][0]["group"], "239.1.1.1");
  EXPECT_EQ(page["rows"][0]["pps"], 1000);
  EXPECT_EQ(page["rows"][0]["bps"], 1'000'000);
  EXPECT_EQ(page["peak-bps"], 1'000'000);
}

TEST_F(DashboardTest, HostsAreFoundByAddress) {
  box_.join(0, kGroup, ipv4(10, 77, 0, 1));
  box_.join(1, kGroup, ipv4(10, 77, 0, 2));
  box_.join(1, ipv4(239, 1, 1, 2), ipv4(10, 77, 0, 2));
  const Json page = get("/api/groups?search=10.77.0.2");
  EXPECT_EQ(page["search"], "hosts");
  EXPECT_EQ(page["total"], 2);
  EXPECT_EQ(get("/api/groups?search=10.77.0.1&port=p1")["total"], 1);
  EXPECT_EQ(get("/api/groups?search=10.77.0.2&port=p1")["total"], 0);
  EXPECT_EQ(get("/api/groups?search=10.77.0.")["total"], 2);
  EXPECT_EQ(get("/api/groups?search=10.99")["total"], 0);
}

TEST_F(DashboardTest, OneGroupAndOnePort) {
  box_.join(0, kGroup, ipv4(10, 77, 0, 1));
  box_.hear(1, api::Rig::record(igmp::RecordType::kAllowNewSources, kGroup, {ipv4(10, 9, 9, 9)}),
            ipv4(10, 77, 0, 2));
  box_.hear_querier(3, ipv4(10, 77, 0, 9));
  const Json group = get("/api/group?vlan=10&group=239.1.1.1");
  EXPECT_EQ(group["router-ports"], Json::array({"p4"}));
  ASSERT_EQ(group["flows"].size(), 2u);
  EXPECT_EQ(group["flows"][1]["source"], "10.9.9.9");
  EXPECT_EQ(group["flows"][1]["ports"], Json::array({"p1", "p2"}));
  ASSERT_EQ(group["members"].size(), 2u);
  EXPECT_EQ(group["members"][0]["hosts"][0]["address"], "10.77.0.1");
  EXPECT_EQ(group["members"][1]["sources"][0]["address"], "10.9.9.9");

  const Json port = get("/api/port?name=p2");
  EXPECT_EQ(port["rx"]["drops"]["vlan_not_carried"], 3);
  EXPECT_EQ(port["vlans"][0]["vlan"], 10);
  ASSERT_EQ(port["members"].size(), 1u);
  EXPECT_EQ(port["members"][0]["hosts"][0]["address"], "10.77.0.2");
  const Json router = get("/api/port?name=p4")["routers"];
  ASSERT_EQ(router.size(), 1u);
  EXPECT_EQ(router[0]["address"], "10.77.0.9");
  EXPECT_EQ(router[0]["querier"], true);
}

TEST_F(DashboardTest, ManyHostsAreShortened) {
  for (std::uint16_t i = 0; i < 250; ++i) {
    box_.join(0, kGroup, ipv4(10, 77, 1, static_cast<std::uint8_t>(i)));
  }
  const Json member = get("/api/group?vlan=10&group=239.1.1.1")["members"][0];
  EXPECT_EQ(member["hosts"].size(), kMostHostsShown);
  EXPECT_EQ(member["host-count"], 250);
}

TEST_F(DashboardTest, RefusesWithASentence) {
  EXPECT_EQ(refusal("/api/groups?limit=201"), "limit = 201 is not a number from 1 to 200");
  EXPECT_EQ(refusal("/api/groups?limit=0"), "limit = 0 is not a number from 1 to 200");
  EXPECT_EQ(refusal("/api/groups?offset=-1"), "offset = -1 is not a number from 0 to 4294967295");
  EXPECT_EQ(refusal("/api/groups?vlan=4095"), "vlan = 4095 is not a number from 1 to 4094");
  EXPECT_EQ(refusal("/api/groups?sort=size"),
            "sort = size is none of group, vlan, bytes, packets, members");
  EXPECT_EQ(refusal("/api/groups?colour=red"),
            "there is no parameter colour; known ones are search, vlan, port, sort, order, offset, "
            "limit");
  EXPECT_EQ(refusal("/api/groups?search=" + std::string(65, '1')),
            "search has 65 bytes; at most 64 are allowed");
  EXPECT_NE(refusal("/api/groups?search=%00%FF").find("is no address"), std::string::npos);
  EXPECT_EQ(refusal("/api/summary?x"), "/api/summary takes no parameters, such as x");
  EXPECT_EQ(refusal("/api/group?vlan=10"), "vlan and group are needed");
  EXPECT_EQ(refusal("/api/group?vlan=10&group=10.1.1.1"),
            "group = 10.1.1.1 is not a group; groups lie in 224.0.0.0/4");
  EXPECT_EQ(refusal("/api/group?vlan=10&group=239.1.1.1", 404),
            "nobody wants 239.1.1.1 in VLAN 10");
  EXPECT_EQ(refusal("/api/port"), "name is needed: which port?");
  EXPECT_EQ(refusal("/api/port?name=p9", 404), "there is no port p9");
  EXPECT_EQ(refusal("/api/groups?port=p9", 404), "there is no port p9");
}

TEST_F(DashboardTest, EventsComeAsTheyHappenAndNotTooMany) {
  box_.join(0, kGroup, ipv4(10, 77, 0, 1));
  Peer peer(server_->port());
  peer.say("GET /api/events HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(peer.until("event: hello").find("text/event-stream"), std::string::npos);
  const std::string earlier = peer.until("\"group\":\"239.1.1.1\"");  // before we came
  EXPECT_NE(earlier.find("event: change"), std::string::npos);
  // Ten thousand at once: some are shown, of the others it is said how many they are.
  for (std::uint32_t i = 0; i < 10'000; ++i) {
    feed_.publish({.type = snooping::EventType::kGroupJoined,
                   .vlan = kTen,
                   .group = Ipv4{ipv4(239, 2, 0, 0).value + i}},
                  std::chrono::system_clock::now());
  }
  const std::string text = peer.until("event: skipped\ndata: {");
  std::size_t changes = 0;
  for (std::size_t at = 0; (at = text.find("event: change", at)) != std::string::npos; ++at) {
    ++changes;
  }
  EXPECT_GT(changes, 0u);
  EXPECT_LE(changes, 10 * Dashboard::kEventsAtOnce);
}

}  // namespace
}  // namespace sluice::control::web::dashboard_test
