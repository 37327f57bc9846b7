// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/seeds.h"

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <optional>

namespace sluice::sim {

int run_seeds(int argc, char** argv, const Simulation& simulation) {
  CLI::App app(simulation.title);
  std::uint64_t first = 1, seeds = 100;
  std::size_t hosts = simulation.hosts;
  std::optional<std::uint64_t> one;
  bool trace = false, keep_going = false;
  app.add_option("--first", first, "first seed");
  app.add_option("--seeds", seeds, "how many seeds");
  app.add_option("--hosts", hosts, "hosts in the most crowded seeds");
  app.add_option("--seed", one, "this seed only");
  app.add_flag("--trace", trace, "print every frame and change");
  app.add_flag("--keep-going", keep_going, "do not stop at the first failing seed");
  CLI11_PARSE(app, argc, argv);
  if (one) {
    first = *one;
    seeds = 1;
  }

  Totals totals;
  const auto started = std::chrono::steady_clock::now();
  std::uint64_t failed = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    if (simulation.run(seed, hosts, trace, totals)) continue;
    ++failed;
    if (!keep_going) return 1;
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  std::printf(
      "%llu seeds, %llu failed: %.0f s simulated in %.1f s, %llu frames to us, "
      "%llu judgements (%llu of %s, %llu of %s)\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(failed),
      to_seconds(totals.simulated), took.count(), static_cast<unsigned long long>(totals.frames),
      static_cast<unsigned long long>(totals.judgements),
      static_cast<unsigned long long>(totals.musts), simulation.must,
      static_cast<unsigned long long>(totals.must_nots), simulation.must_not);
  return failed == 0 ? 0 : 1;
}

}  // namespace sluice::sim
