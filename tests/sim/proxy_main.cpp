// SPDX-License-Identifier: BSD-3-Clause
// Simulation of the proxy in virtual time: hosts of all versions below one appliance or two in
// series, upstream routers that come, go and change, links that fail, and loss, judged by an
// oracle. A failing seed is printed and can be replayed: sim_proxy --seed N --trace.
#include <cstdio>
#include <optional>
#include <string>

#include "tests/sim/noise.h"
#include "tests/sim/proxy_oracle.h"
#include "tests/sim/seeds.h"

namespace sluice::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kActiveTime = seconds(400);
constexpr Duration kStormTime = seconds(100);
constexpr int kStorms = 2;
constexpr Duration kBetweenChangesOfOneHost = seconds(60);
constexpr Duration kLeastBetweenChanges = milliseconds(150);
// An older querier counts for 250 s and ten of its response times (RFC 9776 §8.12).
constexpr Duration kOlderQuerierPresent = seconds(330);

class Run {
 public:
  Run(const ProxyScenario& scenario, bool trace)
      : scenario_(scenario),
        world_(scenario_, trace),
        oracle_(world_),
        dice_(scenario.seed ^ 0x51D) {}

  void run(Totals& totals) {
    start_routers();
    if (scenario_.loss == Loss::kStorm) {
      for (int i = 0; i < kStorms; ++i) {
        oracle_.set_lenient(true);
        world_.set_storm(true);
        live(kStormTime);
        world_.set_storm(false);
        calm_down();
        world_.run_until(now() + settle_time());
        oracle_.set_lenient(false);
        oracle_.judge_all();
      }
    } else {
      live(kActiveTime);
      calm_down();
    }
    for (auto& host : world_.hosts()) {
      for (GroupIndex group = 0; group < kGroups; ++group) host->want(group, Wish{});
    }
    world_.run_until(now() + settle_time());
    oracle_.judge_empty();
    const std::uint64_t before = world_.advances();
    world_.run_until(now() + seconds(100));
    if (world_.advances() - before > 500) throw Violation("timers are left without groups");

    totals.frames += world_.frames_in();
    totals.judgements += oracle_.judgements();
    totals.musts += oracle_.musts();
    totals.must_nots += oracle_.must_nots();
    totals.simulated += now() - TimePoint{};
  }

  TimePoint now() { return world_.clock().now(); }

 private:
  // Hosts change their minds, routers and links come and go, the oracle looks at random moments.
  void live(Duration time) {
    const TimePoint end = now() + time;
    TimePoint change = now(), judgement = now();
    TimePoint trouble = now() + dice_.within(seconds(60));
    TimePoint power = now() + dice_.within(time / 3);
    const Duration mean = kBetweenChangesOfOneHost / static_cast<int>(scenario_.hosts);
    while (now() < end) {
      const TimePoint next = std::min({change, judgement, trouble, power, end});
      world_.run_until(next);
      if (change <= next) {
        change = next + dice_.within(std::max(2 * mean, Duration{2}));
        change_a_mind();
      }
      if (judgement <= next) {
        judgement = next + dice_.within(seconds(4));
        judge_some();
      }
      if (trouble <= next) {
        trouble = next + seconds(5) + dice_.within(seconds(60));
        flap_a_link();
        if (scenario_.reloads) world_.reload(dice_.below(scenario_.nodes.size()));
      }
      if (power <= next) {
        power = next + time / 3 + dice_.within(time / 8);
        change_routers();
      }
    }
  }

  void change_a_mind() {
    Host& host = *world_.hosts()[dice_.below(world_.hosts().size())];
    const GroupIndex group =
        std::min({dice_.below(kGroups), dice_.below(kGroups), dice_.below(kGroups)});
    if (now() - host.last_change(group) < kLeastBetweenChanges && now() > TimePoint{}) return;
    Wish wish;
    if (host.settings().version != igmp::Version::kV3) {
      wish.exclude = host.wish(group).nothing();
    } else if (dice_.chance(60)) {
      wish.exclude = dice_.chance(50);
      if (!wish.exclude || dice_.chance(50)) {
        for (std::size_t s = 0; s + 1 < kStreams; ++s) {
          if (dice_.chance(35)) wish.sources.insert(scenario_.streams[s].address);
        }
      }
    }
    world_.trace("wish of " + to_string(host.settings().address) + " on " +
                 (world_.node_of(host) == 0 ? "top p" : "below p") +
                 std::to_string(host.settings().port.value) + " for " +
                 to_string(group_address(group)) + (wish.exclude ? " EXCLUDE " : " INCLUDE ") +
                 std::to_string(wish.sources.size()));
    host.want(group, wish);
    if (dice_.chance(40)) {  // look again where something has just happened
      world_.clock().after(dice_.within(seconds(9)), [this, group] { judge_group(group); });
    }
  }

  void judge_group(GroupIndex group) {
    for (std::size_t stream = 0; stream < kStreams; ++stream) {
      const bool far = dice_.chance(80);
      oracle_.judge_data(stream, group,
                         far ? std::uint8_t{64} : static_cast<std::uint8_t>(dice_.between(0, 3)));
    }
  }

  void judge_some() {
    oracle_.judge_upstreams();
    judge_group(dice_.below(kGroups));
    if (scenario_.strangers) make_noise();
    const std::size_t node = dice_.below(scenario_.nodes.size());
    const auto port = static_cast<std::uint16_t>(dice_.below(scenario_.nodes[node].ports));
    oracle_.judge_spoofed({node, PortId{port}}, dice_.below(kStreams), dice_.below(kGroups));
  }

  void make_noise() {
    const std::size_t n = dice_.below(scenario_.nodes.size());
    const NodePlan& node = scenario_.nodes[n];
    const VlanPlan& network = node.downstreams[dice_.below(node.downstreams.size())];
    if (n == 0 && dice_.chance(30)) {
      const UpstreamPlan& upstream = node.upstreams[dice_.below(node.upstreams.size())];
      world_.inject({n, upstream.port},
                    upstream_noise(dice_, upstream.router, address_in(upstream.vlan, 60000)));
    } else {
      world_.inject({n, network.ports[0]},
                    downstream_noise(dice_, network.snooping.robustness_variable,
                                     address_in(network.id, 60000)));
    }
  }

  void flap_a_link() {
    std::vector<Place> links;
    for (const UpstreamPlan& upstream : scenario_.nodes[0].upstreams) {
      if (upstream.fate == Fate::kLinkFlaps) links.push_back({0, upstream.port});
    }
    if (scenario_.below_flaps) links.push_back({0, scenario_.attachment()});
    if (links.empty()) return;
    const Place link = links[dice_.below(links.size())];
    if (!world_.link_is_up(link)) return;
    world_.set_link(link, false);
    world_.clock().after(dice_.within(seconds(20)), [this, link] { world_.set_link(link, true); });
  }

  void start_routers() {
    const auto start = [this](Router& router) {
      world_.clock().after(dice_.within(seconds(10)), [&router] { router.power(true); });
    };
    for (std::size_t u = 0; u < scenario_.nodes[0].upstreams.size(); ++u) {
      start(world_.upstream_router(u));
    }
    if (world_.foreign_querier() != nullptr) start(*world_.foreign_querier());
  }

  void change_routers() {
    for (std::size_t u = 0; u < scenario_.nodes[0].upstreams.size(); ++u) {
      Router& router = world_.upstream_router(u);
      const Fate fate = scenario_.nodes[0].upstreams[u].fate;
      if (fate == Fate::kRouterDies && dice_.chance(70)) {
        router.power(!router.is_on());
        world_.trace("upstream router " + std::to_string(u) + (router.is_on() ? " on" : " off"));
      } else if (fate == Fate::kChangesVersion) {
        const bool older = router.settings().version == igmp::Version::kV3;
        router.power(false);
        router.set_version(older ? igmp::Version::kV2 : igmp::Version::kV3);
        router.power(true);
        world_.trace("upstream router " + std::to_string(u) + (older ? " is v2" : " is v3"));
      }
    }
    if (Router* const other = world_.foreign_querier()) {
      other->power(!other->is_on());
      world_.trace(std::string("foreign querier") + (other->is_on() ? " on" : " off"));
    }
  }

  // Everything on and up, as the end of a run wants it.
  void calm_down() {
    world_.run_until(now() + seconds(21));  // links that flapped are up
    for (std::size_t u = 0; u < scenario_.nodes[0].upstreams.size(); ++u) {
      world_.upstream_router(u).power(true);
    }
  }

  Duration settle_time() const {
    Duration time = scenario_.settle_time(scenario_.nodes.size() - 1) + seconds(200);
    for (const UpstreamPlan& upstream : scenario_.nodes[0].upstreams) {
      if (upstream.fate == Fate::kChangesVersion) time += kOlderQuerierPresent;
    }
    return time;
  }

  const ProxyScenario scenario_;
  ProxyWorld world_;
  ProxyOracle oracle_;
  Dice dice_;
};

// True when the seed holds.
bool run_seed(std::uint64_t seed, std::size_t hosts, bool trace, Totals& totals) {
  const ProxyScenario scenario = make_proxy_scenario(seed, hosts);
  if (trace) std::printf("%s\n", scenario.describe().c_str());
  std::optional<Run> run;
  try {
    run.emplace(scenario, trace);
    run->run(totals);
    return true;
  } catch (const Violation& violation) {
    std::printf("FAILED %s\nat %.3f s: %s\n\nReplay: sim_proxy --hosts %zu --seed %llu --trace\n",
                scenario.describe().c_str(), run ? to_seconds(run->now() - TimePoint{}) : 0.0,
                violation.what(), hosts, static_cast<unsigned long long>(seed));
    return false;
  }
}

}  // namespace
}  // namespace sluice::sim

int main(int argc, char** argv) {
  return sluice::sim::run_seeds(argc, argv,
                                {.title = "Simulation of the proxy in virtual time",
                                 .hosts = 200,
                                 .must = "what must be",
                                 .must_not = "what must not",
                                 .run = sluice::sim::run_seed});
}
