// SPDX-License-Identifier: BSD-3-Clause
#include <bit>

#include "control/igmp/codec.h"

namespace sluice::control::igmp {
namespace {

constexpr std::uint32_t kFirstFloat = 128;     // below it, a code is its own value
constexpr std::uint32_t kGreatest = 31 << 10;  // 31744, code 0xff

}  // namespace

// RFC 9776 §4.1.1: |1|exp (3 bits)|mant (4 bits)| stands for (mant | 0x10) << (exp + 3).
std::uint32_t decode_code(std::uint8_t code) {
  if (code < kFirstFloat) return code;
  const unsigned exponent = (code >> 4) & 0x7;
  const std::uint32_t mantissa = code & 0xF;
  return (mantissa | 0x10) << (exponent + 3);
}

std::uint8_t encode_code(std::uint32_t value) {
  if (value < kFirstFloat) return static_cast<std::uint8_t>(value);
  if (value >= kGreatest) return 0xFF;
  const auto exponent = static_cast<unsigned>(std::bit_width(value)) - 8;
  const std::uint32_t mantissa = (value >> (exponent + 3)) & 0xF;
  return static_cast<std::uint8_t>(0x80 | (exponent << 4) | mantissa);
}

}  // namespace sluice::control::igmp
