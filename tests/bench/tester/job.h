// SPDX-License-Identifier: BSD-3-Clause
//
// A trial as JSON, and its outcome. Both are one line; tests/bench/wires.py is the other end.
#pragma once

#include <nlohmann/json.hpp>

#include "tests/bench/tester/runner.h"

namespace sluice::bench {

// Throws std::exception with a reason for a job that makes no sense with so many ports.
Job read_job(const nlohmann::json& json, std::size_t ports, bool spin);

// `samples`: give every latency, not only their summary.
nlohmann::json write_outcome(Outcome& outcome, bool samples);

}  // namespace sluice::bench
