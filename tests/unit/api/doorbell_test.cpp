// SPDX-License-Identifier: BSD-3-Clause
// The control thread asleep: who brings work wakes it, at once and every time, and nothing else
// does. Real threads; under ThreadSanitizer too.
#include "shared/doorbell.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <boost/lockfree/spsc_queue.hpp>
#include <ctime>
#include <random>
#include <thread>

#include "rig.h"

namespace sluice::control::api::doorbell_test {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Nobody pauses so long, but who sleeps through a ring.
constexpr auto kAges = 2s;

// Several ringers, each with something of its own to bring; the next thing follows when the last
// was taken, after a while that is now and then just what the sleeper needs to fall asleep.
TEST(Doorbell, NoRingIsLost) {
  constexpr unsigned kRingers = 2, kRounds = 30'000;
  Doorbell bell;
  struct alignas(64) Post {
    std::atomic<unsigned> brought{0}, taken{0};
  };
  std::array<Post, kRingers> posts;
  const auto take = [&] {
    bool any = false;
    for (Post& post : posts) {
      const unsigned brought = post.brought.load(std::memory_order_acquire);
      any |= brought != post.taken.load(std::memory_order_relaxed);
      post.taken.store(brought, std::memory_order_release);
    }
    return any;
  };
  std::vector<std::thread> ringers;
  for (unsigned i = 0; i < kRingers; ++i) {
    ringers.emplace_back([&, i] {
      std::minstd_rand random(i + 1);
      for (unsigned round = 1; round <= kRounds; ++round) {
        for (auto pause = random() % 2000; pause > 0; --pause) asm volatile("");
        posts[i].brought.store(round, std::memory_order_release);
        bell.ring();
        while (posts[i].taken.load(std::memory_order_acquire) != round) std::this_thread::yield();
      }
    });
  }
  unsigned overslept = 0;
  const auto all_taken = [&] {
    return std::ranges::all_of(posts, [](const Post& post) { return post.taken == kRounds; });
  };
  while (!all_taken() && overslept == 0) {
    const auto before = Clock::now();
    bell.sleep(take, kAges);
    overslept += Clock::now() - before >= kAges;
    take();
  }
  while (!all_taken()) take();
  for (std::thread& ringer : ringers) ringer.join();
  EXPECT_EQ(overslept, 0u);
}

TEST(Doorbell, WithoutARingItSleepsAsLongAsItMay) {
  Doorbell bell;
  bell.ring();  // nobody sleeps: of no effect on who sleeps later
  const auto before = Clock::now();
  bell.sleep([] { return false; }, 20ms);
  EXPECT_GE(Clock::now() - before, 20ms);
  bell.sleep([] { return true; }, kAges);
  bell.sleep([] { return false; }, 0ns);
  bell.sleep([] { return false; }, -1ns);
  EXPECT_LT(Clock::now() - before, kAges);
}

// A loop in its own thread, over the rig's planes but with a ring as between two threads.
class RunningLoop {
 public:
  RunningLoop()
      : loop_({box_.config, box_.appliance, box_.fib, punts_, box_.sink, box_.vlans, box_.view,
               box_.commands, box_.feed, box_.bell, box_.ports, [this] { return now(); },
               [](const auto&) {}, [](TimePoint) {}}),
        thread_([this] { loop_.run(stop_); }) {}
  ~RunningLoop() {
    stop_ = true;
    box_.bell.ring();
    thread_.join();
  }

  void hear(std::vector<std::uint8_t> frame) {
    punts_.ring.push(std::move(frame));
    box_.bell.ring();
  }
  bool registered(Ipv4 group) {
    bool found = false;
    EXPECT_TRUE(box_.commands.call([&](Core& core) {
      found = core.fib.find({kTen, group, Ipv4{}}).has_value();
    }));
    return found;
  }
  std::size_t taken() const { return punts_.taken.load(); }
  std::chrono::nanoseconds cpu_time() {
    clockid_t clock;
    pthread_getcpuclockid(thread_.native_handle(), &clock);
    timespec time;
    clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
  }

 private:
  struct Ring : PuntSource {
    boost::lockfree::spsc_queue<std::vector<std::uint8_t>> ring{64};
    std::atomic<std::size_t> taken{0};

    std::size_t poll(std::size_t, const Visit& visit) override {
      std::vector<std::uint8_t> bytes;
      if (!ring.pop(bytes)) return 0;
      const PuntedFrame frame{PortId{0}, kTen, 0, false, bytes};
      visit({&frame, 1});
      taken.fetch_add(1);
      return 1;
    }
  };

  TimePoint now() const {
    return TimePoint(std::chrono::duration_cast<Duration>(Clock::now() - started_));
  }

  Rig box_;
  Ring punts_;
  const Clock::time_point started_ = Clock::now();
  std::atomic<bool> stop_{false};
  Loop loop_;
  std::thread thread_;
};

TEST(SleepingLoop, WakesForFramesCommandsAndStop) {
  constexpr unsigned kRounds = 200;
  const auto before = Clock::now();
  {
    RunningLoop loop;
    for (unsigned i = 0; i < kRounds; ++i) {
      const Ipv4 group = ipv4(239, 1, 1, i);
      std::this_thread::sleep_for(1ms);  // it sleeps by now
      loop.hear(igmp::encode(igmp::V2Report<Ipv4>{group},
                             {MacAddress{{2, 0, 0, 0, 1, 1}}, ipv4(10, 77, 0, 1)}));
      while (loop.taken() <= i) std::this_thread::yield();
      EXPECT_TRUE(loop.registered(group));
    }
  }
  // By its own timers alone it would wake once in kHousekeeping.
  EXPECT_LT(Clock::now() - before, kRounds * Loop::kHousekeeping / 2);
}

TEST(SleepingLoop, SleepsWhenThereIsNothingToDo) {
  RunningLoop loop;
  std::this_thread::sleep_for(50ms);
  const auto before = loop.cpu_time();
  std::this_thread::sleep_for(300ms);
  EXPECT_LT(loop.cpu_time() - before, 60ms);
}

}  // namespace
}  // namespace sluice::control::api::doorbell_test
