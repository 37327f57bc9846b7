// SPDX-License-Identifier: BSD-3-Clause
// What the two halves of the format agree on. Private to control/state.
#pragma once

#include <boost/crc.hpp>
#include <cstddef>
#include <cstdint>
#include <span>

#include "shared/time.h"

namespace sluice::control::state {

inline constexpr char kMagic[] = "SLUICEST";
inline constexpr std::size_t kMagicSize = sizeof kMagic - 1;
// Magic, version, two stamps of eight bytes, checksum.
inline constexpr std::size_t kHeaderSize = kMagicSize + 4 + 8 + 8 + 4;
// Type, length, checksum.
inline constexpr std::size_t kBlockHeaderSize = 12;

enum class BlockType : std::uint32_t { kHead = 1, kOthers, kMembers, kGone, kEnd };

enum MemberFlag : std::uint8_t {
  kExcludes = 1u << 0,
  kLeaving = 1u << 1,
  kHasV1Host = 1u << 2,
  kHasV2Host = 1u << 3,
  kHasSources = 1u << 4,
  kHostsIncomplete = 1u << 5,
  kLoneHost = 1u << 6,  // one, in EXCLUDE mode, without sources
  kHostList = 1u << 7,
};

// Times left. Longer ones than this (24 days) no timer of ours has, but a router that never ends.
inline constexpr std::uint32_t kMostLeft = 0x7FFFFFFF;
inline constexpr std::uint32_t kNoEnd = 0xFFFFFFFF;
inline constexpr std::uint32_t kBlockedSource = 0xFFFFFFFE;

inline std::uint32_t checksum(std::span<const std::uint8_t> a,
                              std::span<const std::uint8_t> b = {}) {
  boost::crc_32_type crc;
  crc.process_bytes(a.data(), a.size());
  crc.process_bytes(b.data(), b.size());
  return crc.checksum();
}

}  // namespace sluice::control::state
