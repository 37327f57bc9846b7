// SPDX-License-Identifier: BSD-3-Clause
// The command line of a simulation: which seeds to run, and what to say at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "shared/time.h"

namespace sluice::sim {

struct Totals {
  std::uint64_t frames = 0, judgements = 0, musts = 0, must_nots = 0;
  Duration simulated{0};
};

struct Simulation {
  const char* title;
  std::size_t hosts;  // in the most crowded seeds, unless the command line says otherwise
  const char* must;   // what the judgements are of
  const char* must_not;
  // True when the seed holds; says itself why not.
  std::function<bool(std::uint64_t seed, std::size_t hosts, bool trace, Totals& totals)> run;
};

// The exit status of main().
int run_seeds(int argc, char** argv, const Simulation& simulation);

}  // namespace sluice::sim
