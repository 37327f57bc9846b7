// SPDX-License-Identifier: BSD-3-Clause
// What strangers send into a network: queries that want their answers at once, leaves and joins
// that nobody meant, reports from the wrong side, and frames that are broken. Nothing of it may
// hurt those who do as they should.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/sim/clock.h"
#include "tests/sim/router.h"

namespace sluice::sim {

// Into an upstream's network, where `router` is the querier: queries in nobody's name, too, at any
// time and with any response time.
std::vector<std::uint8_t> upstream_noise(Dice& dice, const Router::Settings& router, Ipv4 stranger);
// Into a network of hosts, whose querier speaks by `rv`.
std::vector<std::uint8_t> downstream_noise(Dice& dice, int rv, Ipv4 stranger);

}  // namespace sluice::sim
