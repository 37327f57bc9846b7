// SPDX-License-Identifier: BSD-3-Clause
// What the workers read while the control thread writes, and what they write together. Run under
// ThreadSanitizer by `make check`; without it the assertions alone say whether an answer was ever
// a mixture.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "dataplane/mac_table.h"
#include "dataplane/qsbr.h"
#include "dataplane/vlan_publisher.h"
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
    const std::uint32_t hash = Fib::hash(VlanId{1}, group(g), Ipv4{});
    const Fib::Reader reader(fib, id);
    const Fib::Hit hit = reader.lookup(hash, VlanId{1}, group(g), source);
    if (hit.egress == nullptr) return;
    hits.fetch_add(1, std::memory_order_relaxed);
    if ((hit.egress->members.bits() & 0xFF) != g) wrong.fetch_add(1, std::memory_order_relaxed);
    reader.count(hit.entry, 1, 64);
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
