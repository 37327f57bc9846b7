// SPDX-License-Identifier: BSD-3-Clause
// What the workers read while the control thread writes, and what they write together. Run under
// ThreadSanitizer by `make check`; without it the assertions alone say whether an answer was ever
// a mixture.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>
#include <vector>

#include "dataplane/mac_table.h"
#include "dataplane/policer.h"
#include "dataplane/punt_ring.h"
#include "dataplane/qsbr.h"
#include "dataplane/vlan_publisher.h"
#include "shared/doorbell.h"
#include "shared/fib.h"

namespace sluice::dataplane::threads_test {
namespace {

constexpr unsigned kReaders = 3;
constexpr unsigned kChanges = 30'000;

// Readers that join, read in bursts, and leave, until the writer is done.
template <class Read, class Write>
void readers_and_writer(Qsbr& qsbr, Read read, Write write) {
  std::atomic<bool> done{false};
  std::atomic<unsigned> started{0};
  std::vector<std::thread> readers;
  for (unsigned id = 0; id < kReaders; ++id) {
    readers.emplace_back([&, id] {
      qsbr.join(id);
      started.fetch_add(1);
      while (!done.load(std::memory_order_relaxed)) {
        for (unsigned i = 0; i < 32; ++i) read(id);
        qsbr.quiescent(id);
      }
      qsbr.leave(id);
    });
  }
  while (started.load() < kReaders) std::this_thread::yield();
  write();
  done = true;
  for (std::thread& reader : readers) reader.join();
}

// Group g has either of two sets, or none; never the set of another group. The low byte of a set is
// the group's number, so that a reader can tell.
TEST(FibThreads, AReaderSeesAnEntryOldOrNew) {
  Qsbr qsbr(kReaders);
  Fib fib(1024, kReaders, qsbr);
  std::atomic<unsigned> wrong{0}, hits{0};
  const auto group = [](unsigned g) { return Ipv4{ipv4(239, 1, 0, 0).value + g}; };
  const auto read = [&](unsigned id) {
    thread_local unsigned at = 0;
    const unsigned g = ++at % 200;
    const Ipv4 source = ipv4(10, 0, 0, 1);
    const Fib::Reader reader(fib, id);
    const Fib::Hit hit = reader.lookup(reader.where(VlanId{1}, group(g)), source);
    if (hit.egress == nullptr) return;
    hits.fetch_add(1, std::memory_order_relaxed);
    if ((hit.egress->members.bits() & 0xFF) != g) wrong.fetch_add(1, std::memory_order_relaxed);
    reader.count(hit, 1, 64);
  };
  readers_and_writer(qsbr, read, [&] {
    std::mt19937 random(1);
    // On a busy machine the readers may get no turn meanwhile.
    for (unsigned i = 0; i < kChanges || hits.load() == 0; ++i) {
      const unsigned g = static_cast<unsigned>(random() % 200);
      const FibKey any{VlanId{1}, group(g), Ipv4{}};
      const FibKey exact{VlanId{1}, group(g), ipv4(10, 0, 0, 1)};
      const EgressSet set{PortSet(g | ((random() % 1000) << 8))};
      switch (random() % 4) {
        case 0:
        case 1:
          // Refused only while the readers still hold what was retired.
          static_cast<void>(static_cast<bool>(fib.set(any, set)));
          break;
        case 2:
          static_cast<void>(static_cast<bool>(fib.set(exact, set)));
          break;
        default:
          if (!fib.erase(exact)) fib.erase(any);
      }
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_GT(hits.load(), 0u);
}

// Counts that are carried over while they are summed up are there once, neither twice nor not.
TEST(FibThreads, ASumOfCountsNeverGoesBack) {
  Qsbr qsbr(kReaders);
  Fib fib(1024, kReaders, qsbr);
  constexpr VlanId kVlan{1};
  constexpr std::uint32_t kBytes = 150'000;  // carried over at every 14th
  const Ipv4 group = ipv4(239, 1, 1, 1);
  ASSERT_TRUE(fib.set({kVlan, group, {}}, EgressSet{}));
  const auto read = [&](unsigned id) {
    const Fib::Reader reader(fib, id);
    reader.count(reader.lookup(reader.where(kVlan, group), Ipv4{}), 1, kBytes);
  };
  std::uint64_t seen = 0;
  readers_and_writer(qsbr, read, [&] {
    for (unsigned i = 0; i < kChanges || seen < 1000; ++i) {
      const Fib::Row row = *fib.find({kVlan, group, {}});
      ASSERT_GE(row.packets, seen);
      ASSERT_EQ(row.bytes, row.packets * kBytes);
      seen = row.packets;
    }
  });
}

// Both halves of a policy always come from one publication.
TEST(VlanThreads, AReaderSeesOneTableWhole) {
  Qsbr qsbr(kReaders);
  RcuVlanPublisher publisher(qsbr);
  std::atomic<unsigned> wrong{0};
  const auto read = [&](unsigned) {
    const VlanPolicy* const policy = publisher.load().find(VlanId{5});
    if (policy != nullptr && policy->up != policy->untagged) wrong.fetch_add(1);
  };
  readers_and_writer(qsbr, read, [&] {
    for (unsigned i = 0; i < 500; ++i) {
      auto table = std::make_unique<VlanTable>();
      VlanPolicy policy{.id = VlanId{5}};
      policy.untagged = policy.up = PortSet(i);
      table->add(policy);
      publisher.publish(std::move(table));
      publisher.reclaim();
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
}

// Readers that now and then sleep, as a worker does that has nothing to do: what they read after it
// is whole, and what is replaced meanwhile is freed without waiting for them.
TEST(VlanThreads, AReaderMaySleepOffline) {
  Qsbr qsbr(kReaders);
  RcuVlanPublisher publisher(qsbr);
  std::array<Doorbell, kReaders> bells;
  std::atomic<unsigned> wrong{0}, sleeps{0};
  const auto read = [&](unsigned id) {
    thread_local unsigned at = 0;
    if (++at % 16 == 0) {
      qsbr.offline(id);
      bells[id].sleep([] { return false; }, std::chrono::microseconds(20));
      qsbr.online(id);
      sleeps.fetch_add(1, std::memory_order_relaxed);
    }
    const VlanPolicy* const policy = publisher.load().find(VlanId{5});
    if (policy != nullptr && policy->up != policy->untagged) wrong.fetch_add(1);
  };
  readers_and_writer(qsbr, read, [&] {
    for (unsigned i = 0; i < 500 || sleeps.load() < 100; ++i) {
      auto table = std::make_unique<VlanTable>();
      VlanPolicy policy{.id = VlanId{5}};
      policy.untagged = policy.up = PortSet(i);
      table->add(policy);
      publisher.publish(std::move(table));
      bells[i % kReaders].ring();
      publisher.reclaim();
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
}

// Who sleeps holds up nobody: a grace period passes, and one that began before it woke does not
// pass until it has been through a round.
TEST(VlanThreads, AGracePeriodPassesWhileAReaderSleeps) {
  Qsbr qsbr(1);
  qsbr.join(0);
  EXPECT_FALSE(qsbr.passed(qsbr.start()));
  qsbr.offline(0);
  EXPECT_TRUE(qsbr.passed(qsbr.start()));
  qsbr.online(0);
  const std::uint64_t token = qsbr.start();
  EXPECT_FALSE(qsbr.passed(token));
  qsbr.quiescent(0);
  EXPECT_TRUE(qsbr.passed(token));
  qsbr.leave(0);
}

// One bucket, whichever workers the frames of a port come by.
TEST(PolicerThreads, WorkersShareABucket) {
  constexpr BucketShape kShape(TokenRate{1, 10'000});
  TokenBucket bucket;
  std::atomic<unsigned> taken{0};
  std::vector<std::thread> workers;
  for (unsigned id = 0; id < kReaders; ++id) {
    workers.emplace_back([&] {
      unsigned mine = 0;
      for (unsigned i = 0; i < 10'000; ++i) mine += bucket.take(kShape, 1, 1) ? 1 : 0;
      taken.fetch_add(mine);
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(taken.load(), 10'000u);
}

// The worker at one end of the ring, the control thread at the other.
TEST(PuntRingThreads, NoPlaceIsLostAndNoneIsUsedTwice) {
  const auto ring = std::make_unique<PuntRing>();
  constexpr unsigned kFrames = 50'000;
  std::thread control([&] {
    std::array<unsigned, 4> next{};
    for (unsigned seen = 0; seen < kFrames;) {
      Punt punt;
      if (!ring->pop(punt)) {
        std::this_thread::yield();
        continue;
      }
      EXPECT_EQ(punt.tci, static_cast<std::uint16_t>(next[punt.port.value]++));
      ring->done(punt);
      ++seen;
    }
  });
  std::array<unsigned, 4> sent{};
  for (unsigned i = 0; i < kFrames; ++i) {
    const auto port = static_cast<std::uint16_t>(i % 8 == 0 ? i / 8 % 4 : 0);
    const Punt punt{.mbuf = nullptr,
                    .port = PortId{port},
                    .tci = static_cast<std::uint16_t>(sent[port]),
                    .of = PuntClass::kReports};
    while (!ring->push(punt)) std::this_thread::yield();
    ++sent[port];
  }
  control.join();
  EXPECT_EQ(ring->free_places(), kRingFrames);
}

// Stations of three kinds, known by their last byte, each only ever behind its own port: whatever
// is learned, aged and flushed meanwhile, nobody is found behind another's port.
TEST(MacThreads, NobodyIsFoundBehindAnothersPort) {
  Qsbr qsbr(kReaders);
  MacTable macs(64);  // so small that places change hands all the time
  std::atomic<unsigned> wrong{0};
  std::atomic<std::uint32_t> now{1};
  const auto read = [&](unsigned id) {
    thread_local std::mt19937 random(id);
    const std::uint8_t mac[6] = {
        2, 0, 0, 0, static_cast<std::uint8_t>(random()), static_cast<std::uint8_t>(random() % 3)};
    const std::uint64_t key = MacTable::key(VlanId{1}, mac);
    macs.learn(key, PortId{mac[5]}, now.load(std::memory_order_relaxed));
    const auto port = macs.find(key);
    if (port && port->value != mac[5]) wrong.fetch_add(1);
  };
  readers_and_writer(qsbr, read, [&] {
    for (unsigned i = 0; i < kChanges / 10; ++i) {
      now.fetch_add(1);
      macs.age(now.load(), 2, 16);
      if (i % 10 == 0) macs.flush(VlanId{1}, PortSet::of(PortId{1}));
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_LE(macs.size(), macs.capacity());
}

}  // namespace
}  // namespace sluice::dataplane::threads_test
