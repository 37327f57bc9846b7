// SPDX-License-Identifier: BSD-3-Clause
// What a worker tells of streams that nobody joined, and what it drops where no router shall be.
#include "dataplane/unwanted.h"

#include <gmock/gmock.h>

#include <tuple>

#include "tests/unit/dataplane/worker_fixture.h"

namespace sluice::dataplane::unwanted_test {
namespace {

using frames::group_frame;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr VlanId kVlan{10};
constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1), kSource = ipv4(10, 9, 9, 9);
using Row = std::tuple<VlanId, PortId, Ipv4, Ipv4>;

std::vector<Row> look(const UnwantedStreams& streams, UnwantedStreams::Seen& seen) {
  std::vector<Row> rows;
  streams.visit_new(seen, [&](VlanId vlan, PortId port, Ipv4 group, Ipv4 source) {
    rows.emplace_back(vlan, port, group, source);
  });
  return rows;
}

TEST(UnwantedStreams, AreToldOnceForEachTimeTheyCame) {
  UnwantedStreams streams;
  UnwantedStreams::Seen seen{};
  EXPECT_THAT(look(streams, seen), IsEmpty());
  streams.note(VlanId{4094}, PortId{63}, kGroup, kSource, 7);
  EXPECT_THAT(look(streams, seen), ElementsAre(Row{VlanId{4094}, PortId{63}, kGroup, kSource}));
  EXPECT_THAT(look(streams, seen), IsEmpty());
  streams.note(VlanId{4094}, PortId{63}, kGroup, kSource, 1);
  EXPECT_EQ(look(streams, seen).size(), 1u);
}

TEST(UnwantedStreams, KeepsTheLatestOfThoseThatMeet) {
  UnwantedStreams streams;
  UnwantedStreams::Seen seen{};
  constexpr std::uint32_t kMany = 10000;
  for (std::uint32_t i = 0; i < kMany; ++i) {
    streams.note(kVlan, PortId{0}, Ipv4{kGroup.value + i}, Ipv4{kSource.value + i}, 1);
  }
  const std::vector<Row> rows = look(streams, seen);
  EXPECT_EQ(rows.size(), UnwantedStreams::kPlaces);
  for (const auto& [vlan, port, group, source] : rows) {
    EXPECT_EQ(group.value - kGroup.value, source.value - kSource.value) << "of one stream";
  }
}

struct UnwantedTest : WorkerFixture {
  UnwantedTest() {
    policy.id = kVlan;
    policy.untagged = policy.up = PortSet(0b111);
    policy.snooping = policy.restricted = true;
    publish();
  }
  void publish() {
    auto table = std::make_unique<VlanTable>();
    table->add(policy);
    for (std::uint16_t port = 0; port < 3; ++port) table->set_access_vlan(PortId{port}, kVlan);
    vlans.publish(std::move(table));
  }
  VlanPolicy policy;
};

TEST_F(UnwantedTest, AWorkerNotesWhatItDropsUnregisteredAndNothingElse) {
  UnwantedStreams::Seen seen{};
  receive(0, group_frame({.source = kSource, .destination = kGroup}));
  sent();
  EXPECT_THAT(look(worker().unwanted(), seen), IsEmpty()) << "it was flooded";
  policy.unregistered = UnregisteredPolicy::kDrop;
  publish();
  receive(1, group_frame({.source = kSource, .destination = kGroup}));
  EXPECT_THAT(look(worker().unwanted(), seen), ElementsAre(Row{kVlan, PortId{1}, kGroup, kSource}));
  ASSERT_TRUE(fib.set({kVlan, kGroup, Ipv4{}}, {PortSet(0b010)}));
  receive(1, group_frame({.source = kSource, .destination = kGroup}));
  EXPECT_THAT(look(worker().unwanted(), seen), IsEmpty()) << "registered, and the viewer sends it";
}

TEST_F(UnwantedTest, RouterGuardDropsPim) {
  RecordProperty("req", "snooping/RP-11 snooping/SE-02");
  policy.router_guard = PortSet(0b001);
  publish();
  const auto hello = group_frame({.destination = kAllPimRouters, .protocol = 103});
  receive(0, hello);
  EXPECT_THAT(sent_ports(), IsEmpty());
  EXPECT_EQ(drops(0, RxDrop::kRouterGuard), 1u);
  Punt punt;
  EXPECT_FALSE(worker().punts().pop(punt));
  receive(1, hello);
  EXPECT_THAT(sent_ports(), ElementsAre(0, 2)) << "the other ports are as ever";
  ASSERT_TRUE(worker().punts().pop(punt));
  rte_pktmbuf_free(punt.mbuf);
}

}  // namespace
}  // namespace sluice::dataplane::unwanted_test
