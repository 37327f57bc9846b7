// SPDX-License-Identifier: BSD-3-Clause
// What --json prints, against the operator contract: names, order, units, nulls, empty lists.
#include <gtest/gtest.h>

#include "control/log/log.h"
#include "rig.h"

namespace sluice::control::api::json_test {
namespace {

constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1);
constexpr Ipv4 kHost = ipv4(10, 77, 0, 1);

std::vector<std::string> keys(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

using Keys = std::vector<std::string>;

TEST(Contract, StatusSaysRunning) {
  Rig box;
  const Json status = box.result(R"({"command":"status"})");
  EXPECT_EQ(status["state"], "running");
  EXPECT_EQ(status["version"], SLUICE_VERSION);
  EXPECT_EQ(status["uptime"], 12.5);
  EXPECT_EQ(status["workers"], 2);
  EXPECT_EQ(status["ports"], 5);
}

TEST(Contract, EmptyListsAreThere) {
  Rig box;
  EXPECT_EQ(box.answer(R"({"command":"show groups"})").line,
            "{\"ok\":true,\"result\":{\"groups\":[]}}\n");
  EXPECT_EQ(box.answer(R"({"command":"show fib"})").line,
            "{\"ok\":true,\"result\":{\"entries\":[],\"routed\":[]}}\n");
  EXPECT_EQ(box.answer(R"({"command":"show mrouters"})").line,
            "{\"ok\":true,\"result\":{\"mrouters\":[]}}\n");
  EXPECT_EQ(box.answer(R"({"command":"show proxy"})").line,
            "{\"ok\":true,\"result\":{\"proxies\":[]}}\n");
}

TEST(Contract, DynamicGroup) {
  Rig box;
  box.settle();
  box.join(0, kGroup, kHost);
  box.pass(std::chrono::seconds(1));
  const Json groups = box.result(R"({"command":"show groups"})")["groups"];
  ASSERT_EQ(groups.size(), 1u) << groups;
  const Json& row = groups[0];
  EXPECT_EQ(keys(row), (Keys{"vlan", "port", "group", "filter-mode", "version", "type", "up-time",
                             "expire", "last-reporter", "sources", "hosts"}));
  EXPECT_EQ(row["vlan"], 10);
  EXPECT_EQ(row["port"], "p1");
  EXPECT_EQ(row["group"], "239.1.1.1");
  EXPECT_EQ(row["filter-mode"], "exclude");
  EXPECT_EQ(row["version"], 3);
  EXPECT_EQ(row["type"], "dynamic");
  EXPECT_EQ(row["up-time"], 1.0);
  EXPECT_EQ(row["expire"], 269.0);  // 2 x 125 + 2 x 10, a second ago
  EXPECT_EQ(row["last-reporter"], "10.77.0.1");
  EXPECT_EQ(row["sources"], Json::array());
  ASSERT_EQ(row["hosts"].size(), 1u);
  EXPECT_EQ(row["hosts"][0]["address"], "10.77.0.1");
  EXPECT_TRUE(row["hosts"][0]["expire"].is_number());
}

TEST(Contract, SourcesOfAnIncludeGroup) {
  Rig box;
  box.settle();
  box.hear(0, Rig::record(igmp::RecordType::kAllowNewSources, kGroup, {ipv4(10, 9, 9, 9)}), kHost);
  const Json row = box.result(R"({"command":"show groups"})")["groups"].at(0);
  EXPECT_EQ(row["filter-mode"], "include");
  ASSERT_EQ(row["sources"].size(), 1u);
  EXPECT_EQ(keys(row["sources"][0]), (Keys{"address", "expire", "forwarding"}));
  EXPECT_EQ(row["sources"][0]["address"], "10.9.9.9");
  EXPECT_EQ(row["sources"][0]["expire"], 270.0);
  EXPECT_EQ(row["sources"][0]["forwarding"], true);
}

TEST(Contract, StaticGroupNeverExpires) {
  Rig box;
  const Json done =
      box.ask(R"({"command":"static add","vlan":10,"group":"239.1.1.1","port":"p3"})");
  EXPECT_EQ(done["ok"], true) << done;
  const Json row = box.result(R"({"command":"show groups"})")["groups"].at(0);
  EXPECT_EQ(row["type"], "static");
  EXPECT_TRUE(row["expire"].is_null());
  EXPECT_TRUE(row["last-reporter"].is_null());
  EXPECT_EQ(row["port"], "p3");
  box.ask(R"({"command":"static del","vlan":10,"group":"239.1.1.1","port":"p3"})");
  EXPECT_EQ(box.result(R"({"command":"show groups"})")["groups"], Json::array());
}

TEST(Contract, FibIsSortedAndHoldsRouterPorts) {
  Rig box;
  box.settle();
  box.hear_querier(3, ipv4(10, 77, 0, 9));
  box.join(1, ipv4(239, 1, 1, 2), kHost);
  box.hear(0, Rig::record(igmp::RecordType::kAllowNewSources, kGroup, {ipv4(10, 9, 9, 9)}), kHost);
  const Json entries = box.result(R"({"command":"show fib"})")["entries"];
  ASSERT_EQ(entries.size(), 3u) << entries;
  EXPECT_EQ(keys(entries[0]), (Keys{"vlan", "group", "source", "ports", "packets", "bytes"}));
  EXPECT_EQ(entries[0]["source"], "*");
  EXPECT_EQ(entries[0]["ports"], Json({"p4"}));
  EXPECT_EQ(entries[1]["source"], "10.9.9.9");
  EXPECT_EQ(entries[1]["ports"], Json({"p1", "p4"}));
  EXPECT_EQ(entries[2]["group"], "239.1.1.2");
  EXPECT_EQ(entries[2]["ports"], Json({"p2", "p4"}));
  EXPECT_EQ(box.result(R"({"command":"show fib","group":"239.1.1.2"})")["entries"].size(), 1u);
}

TEST(Contract, FibCountersAndTheirZero) {
  Rig box;
  box.settle();
  box.join(0, kGroup, kHost);
  const auto count = [&](unsigned worker, unsigned packets) {
    const Fib::Reader reader(box.fib, worker);
    const Fib::Hit hit = reader.lookup(reader.where(kTen, kGroup), kHost);
    ASSERT_NE(hit.egress, nullptr);
    reader.count(hit, packets, packets * 100);
  };
  count(0, 2);
  const auto packets = [&] {
    return box.result(R"({"command":"show fib"})")["entries"].at(0)["packets"].get<int>();
  };
  EXPECT_EQ(packets(), 2);
  box.ask(R"({"command":"clear counters","vlan":20})");
  EXPECT_EQ(packets(), 2);
  box.ask(R"({"command":"clear counters","vlan":10})");
  EXPECT_EQ(packets(), 0);
  EXPECT_EQ(box.view.cleared, 0);
  count(1, 3);
  EXPECT_EQ(packets(), 3);
  box.ask(R"({"command":"clear counters"})");
  EXPECT_EQ(packets(), 0);
  EXPECT_EQ(box.view.cleared, 1);
}

TEST(Contract, CountersOfOneVlanAndTheirZero) {
  Rig box;
  const auto reports = [&](const char* vlan) {
    const Json all = box.result(R"({"command":"show counters"})");
    return all.at("igmp_received_total{vlan=\"" + std::string(vlan) + "\",type=\"report_v3\"}");
  };
  box.join(0, kGroup, kHost);
  box.join(1, kGroup, kHost);
  EXPECT_EQ(reports("10"), 2);
  box.ask(R"({"command":"clear counters","vlan":10})");
  EXPECT_EQ(reports("10"), 0);
  box.join(0, kGroup, kHost);
  EXPECT_EQ(reports("10"), 1);
  box.ask(R"({"command":"clear counters","vlan":10})");
  EXPECT_EQ(reports("10"), 0) << "from the second zero, not from the first";
  const Json all = box.result(R"({"command":"show counters"})");
  EXPECT_EQ(all["snooping_groups{vlan=\"10\"}"], 1) << "what is there is there";
}

// They come in pieces, some VLANs at a time.
TEST(Contract, CountersOfEveryVlanAreThereOnce) {
  config::Config many = lab();
  for (std::uint16_t id = 100; id < 200; ++id) {
    many.vlans.push_back({VlanId{id}, {}});
    many.ports[3].trunk_vlans.push_back(VlanId{id});
  }
  Rig box(many);
  std::size_t pieces = 0, most = 0;
  std::optional<VlanId> vlan;
  do {
    std::vector<NamedCount> piece;
    const bool first = !vlan;
    vlan = box.appliance.snooper().counters(vlan, 30, piece);
    const auto of_vlans = std::ranges::count_if(
        piece, [](const NamedCount& count) { return count.name.starts_with("snooping_groups{"); });
    most = std::max(most, static_cast<std::size_t>(of_vlans));
    const auto others = std::ranges::count(piece, "snooping_memberships", &NamedCount::name);
    EXPECT_EQ(others, first ? 1 : 0);
    ++pieces;
  } while (vlan);
  EXPECT_EQ(pieces, 4u);  // 101 VLANs
  EXPECT_EQ(most, 30u);

  const std::string text = box.answer(R"({"command":"show counters"})").line;
  for (const char* name : {"snooping_groups{vlan=\\\"10\\\"}", "snooping_groups{vlan=\\\"100\\\"}",
                           "snooping_groups{vlan=\\\"199\\\"}", "snooping_memberships",
                           "fib_entries", "alarms_not_listed"}) {
    const std::size_t at = text.find(name);
    ASSERT_NE(at, text.npos) << name;
    EXPECT_EQ(text.find(name, at + 1), text.npos) << name;
  }
}

TEST(Contract, MroutersLearnedAndTheirFields) {
  Rig box;
  box.hear_querier(3, ipv4(10, 77, 0, 9));
  const Json row = box.result(R"({"command":"show mrouters"})")["mrouters"].at(0);
  EXPECT_EQ(keys(row), (Keys{"vlan", "port", "type", "learned-from", "address", "expire"}));
  EXPECT_EQ(row["port"], "p4");
  EXPECT_EQ(row["type"], "dynamic");
  EXPECT_EQ(row["learned-from"], "query");
  EXPECT_EQ(row["address"], "10.77.0.9");
  EXPECT_EQ(row["expire"], 255.0);
}

TEST(Contract, Queriers) {
  Rig box;
  Json row = box.result(R"({"command":"show queriers"})")["queriers"].at(0);
  EXPECT_EQ(keys(row),
            (Keys{"vlan", "state", "address", "version", "expire", "next-query", "settled"}));
  EXPECT_EQ(row["state"], "querier");
  EXPECT_EQ(row["address"], "10.77.0.254");
  EXPECT_TRUE(row["expire"].is_null());
  EXPECT_TRUE(row["next-query"].is_number());
  EXPECT_EQ(row["settled"], false);
  box.settle();
  box.hear_querier(3, ipv4(10, 77, 0, 9));
  row = box.result(R"({"command":"show queriers"})")["queriers"].at(0);
  EXPECT_EQ(row["state"], "non-querier");
  EXPECT_EQ(row["address"], "10.77.0.9");
  EXPECT_EQ(row["expire"], 255.0);
  EXPECT_TRUE(row["next-query"].is_null());
  EXPECT_EQ(row["settled"], true);
}

TEST(Contract, PortsShowOnlyReasonsThatHappened) {
  Rig box;
  const Json ports = box.result(R"({"command":"show ports"})")["ports"];
  ASSERT_EQ(ports.size(), 5u);
  EXPECT_EQ(keys(ports[0]), (Keys{"name", "link", "speed-mbps", "mac", "rx", "tx"}));
  EXPECT_EQ(ports[0]["rx"].dump(), R"({"packets":7,"bytes":700,"drops":{"vlan_not_carried":3}})");
  EXPECT_EQ(ports[0]["tx"].dump(), R"({"packets":5,"bytes":500,"drops":{"tx_full":1}})");
  EXPECT_EQ(ports[0]["mac"], "02:00:00:00:00:01");
  EXPECT_EQ(box.result(R"({"command":"show ports","port":"p2"})")["ports"].at(0)["name"], "p2");
}

TEST(Contract, MalformedFramesShowInTheCounters) {
  Rig box;
  auto bytes = igmp::encode(igmp::V2Report<Ipv4>{kGroup}, {MacAddress{}, kHost});
  bytes.back() ^= 0xFF;
  box.punts.frames.push_back({PortId{0}, kTen, bytes});
  box.loop.turn();
  const Json counters = box.result(R"({"command":"show counters"})");
  EXPECT_EQ(counters[R"(igmp_dropped_total{port="p1",reason="bad_igmp_checksum"})"], 1) << counters;
  EXPECT_EQ(box.result(R"({"command":"show ports","port":"p1"})")["ports"].at(
                0)["rx"]["drops"]["bad_igmp_checksum"],
            1);
  EXPECT_EQ(box.result(R"({"command":"show groups"})")["groups"], Json::array());
}

TEST(Contract, CountersAreFlatAndNumbers) {
  Rig box;
  const Json counters = box.result(R"({"command":"show counters"})");
  EXPECT_EQ(counters[R"(port_rx_packets_total{port="p1"})"], 7);
  EXPECT_EQ(counters[R"(frames_dropped_total{port="p1",direction="rx",reason="vlan_not_carried"})"],
            3);
  EXPECT_EQ(counters[R"(worker_bursts_total{worker="0"})"], 9);
  for (const auto& [name, value] : counters.items()) {
    EXPECT_TRUE(value.is_number_unsigned()) << name;
  }
}

TEST(Contract, MacsFiltered) {
  Rig box;
  EXPECT_EQ(box.result(R"({"command":"show macs","vlan":10})").dump(),
            R"({"macs":[{"vlan":10,"mac":"02:00:00:00:09:08","port":"p1","age":0.5}]})");
}

TEST(Contract, EventLine) {
  const PortNames names({"p1"});
  StampedEvent event{
      std::chrono::system_clock::time_point(std::chrono::milliseconds(1767323045678)),
      {snooping::EventType::kGroupJoined, kTen, PortId{0}, kGroup, std::nullopt, kHost}};
  EXPECT_EQ(to_text(to_json(event, names)),
            R"({"time":"2026-01-02T03:04:05.678Z","event":"group-joined","vlan":10,"port":"p1",)"
            R"("group":"239.1.1.1","source":"*","address":"10.77.0.1"})");
}

TEST(Contract, LogLevel) {
  Rig box;
  EXPECT_EQ(box.ask(R"({"command":"log-level","level":"debug"})")["ok"], true);
  EXPECT_EQ(log::levels()[0], LogLevel::kDebug);
  EXPECT_EQ(box.ask(R"({"command":"log-level","subsystem":"igmp","level":"warn"})")["ok"], true);
  const Json shown = box.result(R"({"command":"show log-levels"})");
  for (const Json& row : shown["log-levels"]) {
    EXPECT_EQ(row["level"], row["subsystem"] == "igmp" ? "warn" : "debug") << row;
  }
}

TEST(Contract, ClearGroupsForgetsAndKeepsStatics) {
  Rig box;
  box.settle();
  box.join(0, kGroup, kHost);
  box.ask(R"({"command":"static add","vlan":10,"group":"239.1.1.2","port":"p3"})");
  EXPECT_EQ(box.ask(R"({"command":"clear groups","vlan":10})")["ok"], true);
  const Json groups = box.result(R"({"command":"show groups"})")["groups"];
  ASSERT_EQ(groups.size(), 1u) << groups;
  EXPECT_EQ(groups[0]["type"], "static");
  EXPECT_EQ(box.result(R"({"command":"show fib"})")["entries"].size(), 1u);
}

// Who completes a line goes on as far as all values agree: also when there are too many to tell.
TEST(Values, OfTooManyTheFirstAndTheLast) {
  Rig box;
  const auto values = [&](const std::string& prefix) {
    return box.result(R"({"command":"values","of":"group","prefix":")" + prefix + "\"}")["values"];
  };
  const auto add = [&](const std::string& group) {
    box.ask(R"({"command":"static add","vlan":10,"port":"p1","group":")" + group + "\"}");
  };
  add("239.2.0.0");  // first in the table or last, it is told
  for (int i = 0; i < 250; ++i) add("239.1.1." + std::to_string(i));
  add("239.3.0.0");
  const Json all = values("2");
  EXPECT_EQ(all.size(), 200u);
  EXPECT_EQ(all.front(), "239.1.1.0");
  EXPECT_EQ(all.back(), "239.3.0.0");
  EXPECT_EQ(values("239.1.1.24").size(), 11u);
  EXPECT_EQ(values("239.4").dump(), "[]");
  EXPECT_NE(box.refusal(R"({"command":"values","of":"colour"})"), "");
}

}  // namespace
}  // namespace sluice::control::api::json_test
