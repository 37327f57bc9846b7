// SPDX-License-Identifier: BSD-3-Clause
// The host side speaking to the router side, over a link that loses one message: does the router
// come to know what the host wants, without a General Query?
#include <gtest/gtest.h>

#include <optional>

#include "control/igmp/group_state.h"
#include "control/igmp/merge.h"
#include "tests/unit/igmp/host_world.h"

namespace sluice::control::igmp::host_router_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One group. What the host says reaches the router at once, but for the message with the number
// `lost`; the router's specific queries reach the host.
struct HostAndRouter {
  HostAndRouter(std::uint64_t seed, std::optional<int> lost) : world({}, seed), lost(lost) {}

  RouterContext context() const { return {parameters, world.now}; }

  void hear(const Host<Ipv4>::Messages& messages) {
    for (const auto& message : messages) {
      const int number = said++;
      words += (words.empty() ? "" : " ") + text(Host<Ipv4>::Messages{message});
      if (number == lost) continue;
      if (const auto* v3 = std::get_if<V3Report<Ipv4>>(&message)) {
        for (const auto& record : v3->records) {
          router.on_record(record.type, record.sources, context(), queries);
        }
      } else if (std::holds_alternative<V2Report<Ipv4>>(message)) {
        router.on_v2_report(context(), queries);
      } else if (std::holds_alternative<Leave<Ipv4>>(message)) {
        router.on_leave(context(), queries);
      }
    }
    ask();
  }
  void ask() {
    GroupState<Ipv4>::Queries sent;
    sent.swap(queries);
    for (const auto& query : sent) {
      Query<Ipv4> asked = v3_query(1, "", parameters.last_member_query_interval);
      asked.sources = query.sources;
      world.hear(asked);
    }
  }
  void set(const Reception<Ipv4>& reception) {
    Host<Ipv4>::Messages out;
    world.host.set(group(1), reception, world.now, out);
    hear(out);
  }
  void run(Duration span) {
    const TimePoint end = world.now + span;
    for (;;) {
      const TimePoint next = std::min(world.host.next_deadline(), router.next_deadline());
      if (next > end) break;
      world.now = std::max(world.now, next);
      Host<Ipv4>::Messages out;
      world.host.advance(world.now, out);
      hear(out);
      router.advance(context(), queries);
      ask();
    }
    world.now = end;
  }
  void expect(const Reception<Ipv4>& wanted) {
    for (const char* letter : {"a", "b", "c", "z"}) {
      const Ipv4 source = sources(letter).front();
      const bool wants = (wanted.mode == FilterMode::kExclude) != contains(wanted.sources, source);
      EXPECT_EQ(router.admits(source), wants) << "source " << letter;
    }
  }

  HostWorld world;
  std::optional<int> lost;
  Parameters parameters;
  GroupState<Ipv4> router;
  GroupState<Ipv4>::Queries queries;
  int said = 0;
  std::string words;
};

TEST(HostAcceptance, AnyOneReportMayBeLost) {
  RecordProperty("req", "igmp-host-proxy/PA-08 igmp-host-proxy/SC-06 igmp-host-proxy/PX-11");
  const Reception<Ipv4> wishes[] = {in(""), in("a"), in("ab"), in("c"),
                                    ex(""), ex("a"), ex("ab"), ex("c")};
  for (const auto& first : wishes) {
    for (const auto& second : wishes) {
      for (const auto& third : wishes) {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
          int messages = 1;
          for (int lost = -1; lost < messages; ++lost) {
            HostAndRouter link(seed, lost);
            link.set(first);
            link.run(seconds(30));
            link.expect(first);
            link.set(second);
            link.run(milliseconds(300 * static_cast<int>(seed - 1)));  // the third may cut in
            link.set(third);
            link.run(seconds(30));
            link.expect(third);
            if (HasFailure()) {
              FAIL() << "seed " << seed << ", lost: message " << lost << " of " << link.words;
            }
            if (lost < 0) messages = link.said;
          }
        }
      }
    }
  }
}

// Two v2 hosts behind a proxy are one member upstream.
TEST(HostAcceptance, TwoHostsAreOneMember) {
  RecordProperty("req", "igmp-host-proxy/PA-02 igmp-host-proxy/PX-06 igmp-host-proxy/PX-14");
  HostAndRouter upstream(1, std::nullopt);
  GroupState<Ipv4> downstream;
  GroupState<Ipv4>::Queries asked;
  Parameters parameters;
  const auto now = [&] { return upstream.world.now; };
  const auto merged = [&] {
    const Reception<Ipv4> one[] = {
        subscription(downstream.filter_mode(), downstream.forwarded_sources(),
                     downstream.blocked_sources(), downstream.version(now()))};
    upstream.set(merge<Ipv4>(one));
  };
  const auto run = [&](Duration span) {
    const TimePoint end = now() + span;
    while (downstream.next_deadline() <= end) {
      upstream.run(downstream.next_deadline() - now());
      downstream.advance({parameters, now()}, asked);
      merged();
    }
    upstream.run(end - now());
  };
  downstream.on_v2_report({parameters, now()}, asked);
  merged();
  run(seconds(5));
  EXPECT_EQ(upstream.words, "TO_EX(1, {}) TO_EX(1, {})") << "RV times";
  downstream.on_v2_report({parameters, now()}, asked);  // the second member
  merged();
  run(seconds(5));
  downstream.on_leave({parameters, now()}, asked);  // the first leaves, the second answers
  merged();
  run(milliseconds(500));
  downstream.on_v2_report({parameters, now()}, asked);
  merged();
  run(seconds(5));
  EXPECT_EQ(upstream.words, "TO_EX(1, {}) TO_EX(1, {})") << "and never again";
  const TimePoint left = now();
  downstream.on_leave({parameters, now()}, asked);  // the last
  merged();
  run(seconds(2) - milliseconds(1));
  EXPECT_EQ(upstream.words, "TO_EX(1, {}) TO_EX(1, {})") << "the Last Member Query Time first";
  run(milliseconds(1));
  EXPECT_EQ(now() - left, seconds(2));
  EXPECT_EQ(upstream.words, "TO_EX(1, {}) TO_EX(1, {}) TO_IN(1, {})");
  run(seconds(1));
  EXPECT_EQ(upstream.words, "TO_EX(1, {}) TO_EX(1, {}) TO_IN(1, {}) TO_IN(1, {})");
  run(seconds(2));
  EXPECT_TRUE(upstream.router.empty());
}

// Source by source, then any source, then back.
TEST(HostAcceptance, SourcesThenAnySourceThenSources) {
  RecordProperty("req", "igmp-host-proxy/PA-03");
  HostAndRouter upstream(1, std::nullopt);
  upstream.set(in("a"));
  upstream.run(seconds(5));
  upstream.set(in("ab"));
  upstream.run(seconds(5));
  EXPECT_EQ(upstream.words, "ALLOW(1, {a}) ALLOW(1, {a}) ALLOW(1, {b}) ALLOW(1, {b})");
  upstream.words.clear();
  upstream.set(ex(""));
  upstream.run(seconds(5));
  EXPECT_EQ(upstream.words, "TO_EX(1, {}) TO_EX(1, {})");
  upstream.words.clear();
  upstream.set(in("ab"));
  upstream.run(seconds(5));
  EXPECT_EQ(upstream.words.substr(0, 14), "TO_IN(1, {ab})");
  upstream.expect(in("ab"));
}

}  // namespace
}  // namespace sluice::control::igmp::host_router_test
