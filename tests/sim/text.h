// SPDX-License-Identifier: BSD-3-Clause
// A frame of a simulation as one line of text, and its meaning. Shared by both worlds.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "control/igmp/codec.h"

namespace sluice::sim {

namespace igmp = control::igmp;

std::string text(const igmp::Packet& packet);
// Throws Violation when it does not decode.
igmp::Packet decoded(std::span<const std::uint8_t> bytes);

}  // namespace sluice::sim
