// SPDX-License-Identifier: BSD-3-Clause
#include "control/igmp/codec.h"

namespace sluice::control::igmp {

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
  // 64 bits hold the sum of any frame, so the carries are folded in once, at the end.
  std::uint64_t sum = 0;
  std::size_t i = 0;
  for (; i + 1 < bytes.size(); i += 2) {
    sum += static_cast<std::uint64_t>((bytes[i] << 8) | bytes[i + 1]);
  }
  if (i < bytes.size()) sum += static_cast<std::uint64_t>(bytes[i] << 8);
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace sluice::control::igmp
