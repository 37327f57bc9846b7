// SPDX-License-Identifier: BSD-3-Clause
// Simulation in virtual time: hosts of all versions behind the ports of the appliance's core, over
// a wire that delays, reorders, duplicates and loses, judged by an oracle. A failing seed is
// printed and can be replayed: sim --seed N --trace.
#include <cstdio>
#include <optional>
#include <string>

#include "tests/sim/oracle.h"
#include "tests/sim/seeds.h"
#include "tests/sim/world.h"

namespace sluice::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kActiveTime = seconds(400);
constexpr Duration kStormTime = seconds(100);
constexpr int kStorms = 2;
constexpr Duration kBetweenChangesOfOneHost = seconds(60);
// One host does not change its mind about a group faster than the wire reorders.
constexpr Duration kLeastBetweenChanges = milliseconds(150);

class Run {
 public:
  Run(const Scenario& scenario, bool trace)
      : scenario_(scenario),
        world_(scenario, trace),
        oracle_(world_),
        dice_(scenario.seed ^ 0x51D) {}

  void run(Totals& totals) {
    power_routers(true);
    if (scenario_.loss == Loss::kStorm) {
      for (int i = 0; i < kStorms; ++i) {
        oracle_.set_lenient(true);
        world_.set_storm(true);
        live(kStormTime);
        world_.set_storm(false);
        world_.run_until(now() + scenario_.settle_time());
        oracle_.set_lenient(false);
        oracle_.judge_all();
      }
    } else {
      live(kActiveTime);
    }
    leave_all();
    world_.run_until(now() + scenario_.settle_time());
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
    TimePoint flap = scenario_.links_flap ? now() + dice_.within(seconds(60)) : kNever;
    TimePoint power = now() + dice_.within(time / 3);
    const Duration mean = kBetweenChangesOfOneHost / static_cast<int>(scenario_.hosts);
    while (now() < end) {
      const TimePoint next = std::min({change, judgement, flap, power, end});
      world_.run_until(next);
      if (change <= next) {
        change = next + dice_.within(std::max(2 * mean, Duration{2}));
        change_a_mind();
      }
      if (judgement <= next) {
        judgement = next + dice_.within(seconds(4));
        judge_some();
      }
      if (flap <= next) {
        flap = next + dice_.within(seconds(60));
        flap_a_link();
      }
      if (power <= next) {
        // Long enough apart for one to end before the next begins.
        power = next + time / 3 + dice_.within(time / 8);
        toggle_mortal_routers();
      }
    }
  }

  void change_a_mind() {
    Host& host = *world_.hosts()[dice_.below(world_.hosts().size())];
    // Some groups are popular, some are one host's alone.
    const GroupIndex group =
        std::min({dice_.below(kGroups), dice_.below(kGroups), dice_.below(kGroups)});
    if (now() - host.last_change(group) < kLeastBetweenChanges && now() > TimePoint{}) return;
    Wish wish;
    if (host.settings().version != igmp::Version::kV3) {
      wish.exclude = host.wish(group).nothing();
    } else if (dice_.chance(60)) {
      wish.exclude = dice_.chance(50);
      if (!wish.exclude || dice_.chance(50)) {
        for (std::size_t s = 0; s < kSources; ++s) {
          if (dice_.chance(35)) wish.sources.insert(source_address(s));
        }
      }
    }
    world_.trace("wish of " + to_string(host.settings().address) + " on p" +
                 std::to_string(host.settings().port.value) + " vlan " +
                 std::to_string(host.settings().vlan.value) + " for " +
                 to_string(group_address(group)) + (wish.exclude ? " EXCLUDE " : " INCLUDE ") +
                 std::to_string(wish.sources.size()));
    host.want(group, wish);
    // Look again where something has just happened.
    if (dice_.chance(40)) {
      const VlanPlan& plan = scenario_.vlans[scenario_.vlans[0].id == host.settings().vlan ? 0 : 1];
      world_.clock().after(dice_.within(seconds(9)), [this, &plan, group] {
        for (std::size_t s = 0; s <= kSources; ++s) {
          oracle_.judge_frame(plan, group, source_address(s),
                              plan.ports[dice_.below(plan.ports.size())]);
        }
      });
    }
  }

  void judge_some() {
    for (const VlanPlan& plan : scenario_.vlans) {
      oracle_.judge_vlan(plan);
      for (int i = 0; i < 16; ++i) {
        oracle_.judge_frame(plan, dice_.below(kGroups), source_address(dice_.below(kSources + 1)),
                            plan.ports[dice_.below(plan.ports.size())]);
      }
    }
  }

  void flap_a_link() {
    const VlanPlan& plan = scenario_.vlans[dice_.below(2)];
    const PortId port = plan.ports[dice_.below(plan.ports.size())];
    if (!world_.link_is_up(port)) return;
    world_.set_link(port, false);
    world_.clock().after(dice_.within(seconds(20)), [this, port] { world_.set_link(port, true); });
  }

  void power_routers(bool on) {
    for (const VlanPlan& plan : scenario_.vlans) {
      if (Router* router = world_.router(plan.id)) {
        world_.clock().after(dice_.within(seconds(10)), [router, on] { router->power(on); });
      }
    }
  }

  void toggle_mortal_routers() {
    for (const VlanPlan& plan : scenario_.vlans) {
      const bool mortal = plan.role == Role::kDyingQuerier || plan.role == Role::kOlderQuerier ||
                          plan.role == Role::kListenerOnly;
      Router* router = world_.router(plan.id);
      if (router == nullptr || !mortal) continue;
      // A VLAN whose only querier has died stays without.
      if (plan.role == Role::kListenerOnly && !router->is_on()) continue;
      router->power(!router->is_on());
      world_.trace("router of vlan " + std::to_string(plan.id.value) +
                   (router->is_on() ? " on" : " off"));
    }
  }

  void leave_all() {
    for (auto& host : world_.hosts()) {
      for (GroupIndex group = 0; group < kGroups; ++group) host->want(group, Wish{});
    }
  }

  const Scenario scenario_;
  World world_;
  Oracle oracle_;
  Dice dice_;
};

// True when the seed holds.
bool run_seed(std::uint64_t seed, std::size_t hosts, bool trace, Totals& totals) {
  const Scenario scenario = make_scenario(seed, hosts);
  if (trace) std::printf("%s\n", scenario.describe().c_str());
  std::optional<Run> run;
  try {
    run.emplace(scenario, trace);
    run->run(totals);
    return true;
  } catch (const Violation& violation) {
    std::printf("FAILED %s\nat %.3f s: %s\n\nReplay: sim --hosts %zu --seed %llu --trace\n",
                scenario.describe().c_str(), run ? to_seconds(run->now() - TimePoint{}) : 0.0,
                violation.what(), hosts, static_cast<unsigned long long>(seed));
    return false;
  }
}

}  // namespace
}  // namespace sluice::sim

int main(int argc, char** argv) {
  return sluice::sim::run_seeds(argc, argv,
                                {.title = "Simulation of the snooping core in virtual time",
                                 .hosts = 2000,
                                 .must = "a port that must receive",
                                 .must_not = "one that need not",
                                 .run = sluice::sim::run_seed});
}
