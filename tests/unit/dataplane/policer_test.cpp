// SPDX-License-Identifier: BSD-3-Clause
// The way up under load, in virtual time: token buckets, the ring that ports share, whose turn it
// is, and when a worker may nap.
#include "dataplane/policer.h"

#include <gmock/gmock.h>

#include <memory>
#include <vector>

#include "dataplane/classify.h"
#include "dataplane/fair_queue.h"
#include "dataplane/idle.h"
#include "dataplane/punt_ring.h"
#include "tests/unit/dataplane/frames.h"

namespace sluice::dataplane {
namespace {

using testing::ElementsAre;

constexpr Nanoseconds kSecond = 1'000'000'000;
constexpr Nanoseconds kStart = 1000 * kSecond;
constexpr auto kReports = static_cast<std::size_t>(PuntClass::kReports);

// How many of `tries` single tokens at this moment there are.
unsigned taken(TokenBucket& bucket, const BucketShape& shape, unsigned tries, Nanoseconds now) {
  unsigned count = 0;
  for (unsigned i = 0; i < tries; ++i) count += bucket.take(shape, 1, now) ? 1 : 0;
  return count;
}

TEST(TokenBucket, GivesItsBurstAndThenItsRate) {
  constexpr BucketShape kShape(TokenRate{1000, 50});
  TokenBucket bucket;
  EXPECT_EQ(taken(bucket, kShape, 60, kStart), 50u);
  EXPECT_EQ(taken(bucket, kShape, 5, kStart + 999'999), 0u);
  EXPECT_EQ(taken(bucket, kShape, 5, kStart + 1'000'000), 1u);
  EXPECT_EQ(taken(bucket, kShape, 60, kStart + 11'000'000), 10u);
  EXPECT_EQ(taken(bucket, kShape, 60, kStart + 9 * kSecond), 50u) << "never more than full";
  unsigned second = 0;  // a flood at a million a second
  for (Nanoseconds at = 0; at < kSecond; at += 1000) {
    second += bucket.take(kShape, 1, kStart + 9 * kSecond + at) ? 1 : 0;
  }
  EXPECT_EQ(second, 999u);
}

TEST(TokenBucket, TakesLargeOnesWholeAndNeverForGood) {
  constexpr BucketShape kShape(TokenRate{1000, 100});
  TokenBucket bucket;
  EXPECT_TRUE(bucket.take(kShape, 60, kStart));
  EXPECT_FALSE(bucket.take(kShape, 60, kStart)) << "40 are left";
  EXPECT_TRUE(bucket.take(kShape, 40, kStart)) << "and still there";
  EXPECT_FALSE(bucket.take(kShape, 180, kStart + kSecond / 20));
  EXPECT_TRUE(bucket.take(kShape, 180, kStart + kSecond / 10)) << "as much as a full bucket";
}

TEST(TokenBucket, ZeroIsNoLimitAndAnotherLimitHoldsAtOnce) {
  TokenBucket bucket;
  EXPECT_EQ(taken(bucket, BucketShape(TokenRate{0, 1}), 100'000, kStart), 100'000u);
  constexpr BucketShape kSlow(TokenRate{1, 1000});
  EXPECT_EQ(taken(bucket, kSlow, 2000, kStart), 1000u);  // full again in 1000 s
  constexpr BucketShape kFast(TokenRate{1000, 10});
  EXPECT_EQ(taken(bucket, kFast, 20, kStart), 0u);
  EXPECT_EQ(taken(bucket, kFast, 20, kStart + kSecond), 10u);
}

TEST(Policer, APortThatFloodsCostsNoOtherPortAndNoOtherClass) {
  constexpr PuntShapes kShapes = shapes_of(kDefaultPuntLimits);
  const auto policer = std::make_unique<Policer>();
  const auto admit = [&](PuntClass of, std::uint16_t port, std::uint16_t vlan) {
    return policer->admit(kShapes, of, PortId{port}, VlanId{vlan}, 1, kStart);
  };
  for (std::uint32_t i = 0; i < kDefaultPuntLimits[kReports].port.burst; ++i) {
    ASSERT_EQ(admit(PuntClass::kReports, 1, 10), Admission::kAdmitted);
  }
  EXPECT_EQ(admit(PuntClass::kReports, 1, 10), Admission::kPortLimit);
  EXPECT_EQ(admit(PuntClass::kReports, 1, 20), Admission::kPortLimit);
  EXPECT_EQ(admit(PuntClass::kReports, 2, 10), Admission::kAdmitted);
  EXPECT_EQ(admit(PuntClass::kQueries, 1, 10), Admission::kAdmitted);
  EXPECT_EQ(admit(PuntClass::kPimMrd, 1, 10), Admission::kAdmitted);
  EXPECT_EQ(admit(PuntClass::kLocal, 1, 10), Admission::kAdmitted);
}

TEST(Policer, AVlanHasALimitOfItsOwn) {
  PuntLimits limits{};
  for (PuntLimit& limit : limits) limit.vlan = {10, 5};
  const PuntShapes shapes = shapes_of(limits);
  const auto policer = std::make_unique<Policer>();
  const auto admit = [&](std::uint16_t port, std::uint16_t vlan,
                         PuntClass of = PuntClass::kReports) {
    return policer->admit(shapes, of, PortId{port}, VlanId{vlan}, 1, kStart);
  };
  for (std::uint16_t port = 0; port < 5; ++port) EXPECT_EQ(admit(port, 4094), Admission::kAdmitted);
  EXPECT_EQ(admit(6, 4094), Admission::kVlanLimit);
  EXPECT_EQ(admit(6, 1), Admission::kAdmitted);
  EXPECT_EQ(admit(6, 4094, PuntClass::kQueries), Admission::kAdmitted) << "nor is it of a class";
}

// docs/protection.md: 64k groups on each of 8 ports of a VLAN, refreshed after a general query.
TEST(Policer, TheDefaultsLetAGeneralQueryOf64kGroupsBeAnswered) {
  constexpr PuntShapes kShapes = shapes_of(kDefaultPuntLimits);
  constexpr std::uint32_t kGroups = 65'536, kPorts = 8, kRecords = 180;
  const auto policer = std::make_unique<Policer>();
  unsigned refused = 0;
  const auto send = [&](std::uint16_t port, std::uint32_t bytes, Nanoseconds at) {
    refused += policer->admit(kShapes, PuntClass::kReports, PortId{port}, VlanId{10},
                              report_tokens(bytes), at) == Admission::kAdmitted
                   ? 0
                   : 1;
  };
  // IGMPv3: each host says all it wants at one moment, all of them at the same one.
  for (std::uint16_t port = 0; port < kPorts; ++port) {
    for (std::uint32_t n = 0; n < kGroups; n += kRecords) send(port, 46 + 8 * kRecords, kStart);
  }
  EXPECT_EQ(refused, 0u);
  // IGMPv2: a report for each group, over 10 seconds.
  for (std::uint32_t n = 0; n < kGroups; ++n) {
    for (std::uint16_t port = 0; port < kPorts; ++port) {
      send(port, 60, kStart + 10 * kSecond + n * (10 * kSecond / kGroups));
    }
  }
  EXPECT_EQ(refused, 0u);
}

TEST(ReportTokens, AreItsGroupRecords) {
  EXPECT_EQ(report_tokens(46), 1u);           // IGMPv2
  EXPECT_EQ(report_tokens(60), 1u);           // the same, padded
  EXPECT_EQ(report_tokens(46 + 8), 1u);       // IGMPv3: one record
  EXPECT_EQ(report_tokens(46 + 2 * 8), 2u);   // two
  EXPECT_EQ(report_tokens(46 + 8 + 16), 3u);  // one with four sources
  EXPECT_EQ(report_tokens(46 + 180 * 8), 180u);
}

TEST(PuntClasses, AreKnownByTheType) {
  VlanTable vlans;
  VlanPolicy policy{.id = VlanId{10}};
  policy.untagged = PortSet(1);
  policy.snooping = true;
  policy.address = ipv4(10, 1, 0, 254);
  vlans.add(policy);
  vlans.set_access_vlan(PortId{0}, VlanId{10});
  vlans.set_own_mac(MacAddress{{2, 0, 0, 0, 0, 9}});
  const auto class_of = [&](const frames::Bytes& bytes) {
    return classify({.bytes = bytes.data(), .length = static_cast<std::uint32_t>(bytes.size())},
                    PortId{0}, vlans)
        .punted;
  };
  const auto igmp = [&](std::uint8_t type, unsigned options) {
    frames::Bytes bytes = frames::group_frame({.protocol = 2, .options = options});
    bytes[34 + 4 * options] = type;
    return class_of(bytes);
  };
  for (const unsigned options : {0u, 1u}) {
    EXPECT_EQ(igmp(0x11, options), PuntClass::kQueries);
    for (const std::uint8_t type : {0x12, 0x16, 0x17, 0x22, 0x2F, 0x33, 0xFF}) {
      EXPECT_EQ(igmp(type, options), PuntClass::kReports) << unsigned{type};
    }
    for (const std::uint8_t type : {0x30, 0x31, 0x32}) {
      EXPECT_EQ(igmp(type, options), PuntClass::kPimMrd) << unsigned{type};
    }
  }
  EXPECT_EQ(class_of(frames::group_frame({.protocol = 2, .payload = 0})), PuntClass::kReports);
  EXPECT_EQ(class_of(frames::group_frame({.destination = kAllPimRouters, .protocol = 103})),
            PuntClass::kPimMrd);
  EXPECT_EQ(class_of(frames::arp_frame(policy.address)), PuntClass::kLocal);
  EXPECT_EQ(class_of(frames::plain_frame(vlans.own_mac())), PuntClass::kLocal);
}

struct SharedRing : testing::Test {
  std::unique_ptr<PuntRing> ring = std::make_unique<PuntRing>();

  // How many of a flood of `tries` find room.
  std::size_t push(std::uint16_t port, std::size_t tries, PuntClass of = PuntClass::kReports) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < tries; ++i) {
      count += ring->push(Punt{.mbuf = nullptr, .port = PortId{port}, .of = of}) ? 1 : 0;
    }
    return count;
  }
  void work_off(std::size_t count) {
    Punt punt;
    for (std::size_t i = 0; i < count && ring->pop(punt); ++i) ring->done(punt);
  }
};

TEST_F(SharedRing, APortMayHoldAsMuchAsIsFree) {
  EXPECT_EQ(push(0, 10'000), kRingFrames / 2);
  EXPECT_EQ(push(1, 10'000), kRingFrames / 4);
  EXPECT_EQ(push(2, 10'000), kRingFrames / 8);
  EXPECT_EQ(push(3, 1), 1u) << "a port that was quiet";
  EXPECT_EQ(push(0, 1), 0u);
  work_off(kRingFrames / 4);  // all of them port 0's
  EXPECT_GT(push(0, 10'000), 0u);
}

TEST_F(SharedRing, ReportsOfAllPortsLeaveRoomForQueries) {
  for (int round = 0; round < 100; ++round) {
    for (std::uint16_t port = 0; port < 32; ++port) push(port, 4096);
  }
  EXPECT_GT(ring->free_places(), 0u);
  EXPECT_EQ(push(0, 20, PuntClass::kQueries), 20u) << "even by a port that has its full share";
  EXPECT_EQ(push(0, 1, PuntClass::kLocal), 0u);
  EXPECT_GT(push(1, 10'000, PuntClass::kQueries), 0u);
  EXPECT_EQ(push(2, 1, PuntClass::kPimMrd), 1u) << "and they leave room for each other";
}

TEST_F(SharedRing, NeverHoldsMoreThanItHasPlacesFor) {
  std::size_t pushed = 0;
  for (std::uint16_t port = 0; port < 64; ++port) {
    pushed += push(port, 10'000, PuntClass::kQueries) + push(port, 10'000);
  }
  EXPECT_LE(pushed, kRingFrames);
  Punt punt;
  std::size_t popped = 0;
  while (ring->pop(punt)) ++popped;
  EXPECT_EQ(popped, pushed);
  EXPECT_EQ(push(0, 1), 0u) << "popped is not done";
}

TEST(FairQueue, PortsTakeTurns) {
  FairQueue<int> queue(8);
  for (const int item : {10, 11, 12, 13}) queue.push(PortId{1}, item);
  queue.push(PortId{63}, 630);
  queue.push(PortId{0}, 0);
  std::vector<int> order;
  int item = 0;
  for (int i = 0; i < 3 && queue.pop(item); ++i) order.push_back(item);
  EXPECT_THAT(order, ElementsAre(0, 10, 630));
  queue.push(PortId{5}, 50);
  order.clear();
  while (queue.pop(item)) order.push_back(item);
  EXPECT_THAT(order, ElementsAre(11, 50, 12, 13)) << "each port's own in its order";
  EXPECT_EQ(queue.room(), 8u);
}

TEST(FairQueue, PlacesAreUsedAgainForEver) {
  FairQueue<std::uint32_t> queue(3);
  std::uint32_t in = 0, out = 0, item = 0;
  for (int round = 0; round < 100; ++round) {
    while (queue.room() > 0) queue.push(PortId{static_cast<std::uint16_t>(in % 64)}, in), ++in;
    while (queue.pop(item)) ++out;
    ASSERT_EQ(in, out);
  }
}

TEST(Naps, GrowWhileThereIsNothingToDoAndNeverBeyondTheLongest) {
  Naps naps(50'000);
  EXPECT_EQ(naps.after(true, kStart), 0u);
  EXPECT_EQ(naps.after(false, kStart + Naps::kAwake - 1), 0u) << "awake for a while";
  std::vector<Nanoseconds> lengths;
  Nanoseconds now = kStart + Naps::kAwake;
  for (int i = 0; i < 5; ++i) {
    lengths.push_back(naps.after(false, now));
    now += lengths.back();
  }
  EXPECT_THAT(lengths, ElementsAre(8'000, 16'000, 32'000, 50'000, 50'000));
  EXPECT_EQ(naps.after(true, now), 0u);
  EXPECT_EQ(naps.after(false, now + 10), 0u) << "work keeps it awake";
  EXPECT_EQ(naps.after(false, now + Naps::kAwake), Naps::kFirst) << "and it begins anew";
}

TEST(Naps, AreShorterThanTheFirstWhenTheOperatorSaysSo) {
  Naps naps(1'000);
  EXPECT_EQ(naps.after(false, kStart), 1'000u);
  EXPECT_EQ(naps.after(false, kStart + 1'000), 1'000u);
  EXPECT_FALSE(Naps(0).allowed());
}

}  // namespace
}  // namespace sluice::dataplane
