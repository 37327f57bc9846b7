// SPDX-License-Identifier: BSD-3-Clause
// What a membership costs. A program of its own: a sanitizer's heap is another one.
#include <gtest/gtest.h>
#include <malloc.h>

#include "tests/unit/snooping/world.h"

namespace sluice::control::snooping::memory_test {
namespace {

using V2 = igmp::V2Report<Ipv4>;

TEST(Memory, AtMost256BytesForAMembership) {
  RecordProperty("req", "snooping/MS-02");
  World w([](auto& s) {
    s.explicit_tracking = false;
    s.report_policy = config::ReportPolicy::kForward;
  });
  constexpr std::uint32_t kGroups = 20000;
  w.hear(0, V2{kGroup});
  const std::size_t before = mallinfo2().uordblks;
  for (std::uint32_t i = 1; i <= kGroups; ++i) {
    w.out.clear();
    w.sw.on_frame({PortId{0}, kVlan, 0, false, frame(V2{Ipv4{kGroup.value + i}}, kHost)}, w.now,
                  w.out);
  }
  EXPECT_LE((mallinfo2().uordblks - before) / kGroups, 256u);
}

}  // namespace
}  // namespace sluice::control::snooping::memory_test
