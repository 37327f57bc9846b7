// SPDX-License-Identifier: BSD-3-Clause
// The state file as bytes, both ways. Pure; any thread.
//
//   header   "SLUICEST", version, and the moment up to which the file tells everything
//   copy     head (boot, names of the ports), others, members ..., end
//   journal  members, gone, others: what has changed since, appended; later blocks outweigh earlier
//
// A block is its type, its length, a CRC-32 of both and of what follows, and that. A journal that
// ends in the middle of a block ends before it: whoever wrote was killed. Times are in milliseconds
// left at the block's own moment, so nothing in the file depends on a clock that a reader does not
// have. Numbers are little-endian. A version that is not known is not read; what this version
// writes every later one reads (tests/unit/state/golden).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "control/appliance.h"
#include "control/state/bytes.h"
#include "shared/result.h"

namespace sluice::control::state {

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kMostBytes = std::size_t{1} << 29;

// One moment on all the clocks that count here.
struct Moment {
  std::array<std::uint8_t, 16> boot{};  // which run of the machine `since_boot_ms` belongs to
  std::uint64_t since_boot_ms = 0;      // goes on while the machine sleeps
  std::uint64_t wall_ms = 0;            // since 1970, for when the machine was started anew
  TimePoint time{};                     // of the rows
};

// --- Writing -----------------------------------------------------------------------------------

// At the beginning of the file, and written over when the file tells everything up to `now`.
Bytes header(const Moment& now);
void append_head(Bytes& out, const Moment& now, std::span<const std::string> ports);
void append_others(Bytes& out, const Moment& now, std::span<const snooping::SavedVlan> vlans,
                   std::span<const SavedAppliance::Proxy> proxies);
void append_members(Bytes& out, const Moment& now, std::span<const snooping::SavedMember> members);
void append_gone(Bytes& out, const Moment& now, std::span<const snooping::MemberKey> keys);
void append_end(Bytes& out, const Moment& now);

// --- Reading -----------------------------------------------------------------------------------

struct Loaded {
  SavedAppliance state;           // its times are of the clock of `now.time`
  Duration away{0};               // since the last moment that the file knows of
  std::size_t unknown_ports = 0;  // rows of ports that are there no more
};

// `ports`: today's names, in the order of their PortIds. Error: why the file is of no use.
Result<Loaded> decode(std::span<const std::uint8_t> file, const Moment& now,
                      std::span<const std::string> ports);

}  // namespace sluice::control::state
