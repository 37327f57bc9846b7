// SPDX-License-Identifier: BSD-3-Clause
// Floating-point codes of Max Resp Code and QQIC: RFC 9776 §4.1.1 and §4.1.7.
#include <gtest/gtest.h>

#include "control/igmp/codec.h"

namespace sluice::control::igmp::code_test {
namespace {

TEST(Rfc9776Sec4p1p1, CodesBelow128AreTheirValue) {
  RecordProperty("req", "igmp-messages/FP-01");
  for (unsigned c = 0; c < 128; ++c) {
    EXPECT_EQ(decode_code(static_cast<std::uint8_t>(c)), c);
    EXPECT_EQ(encode_code(c), c);
  }
}

TEST(Rfc9776Sec4p1p1, EachExponentHasSixteenValues) {
  RecordProperty("req", "igmp-messages/FP-01 igmp-messages/FP-02");
  const struct {
    unsigned first, last, step;
  } ranges[] = {{128, 248, 8},     {256, 496, 16},    {512, 992, 32},     {1024, 1984, 64},
                {2048, 3968, 128}, {4096, 7936, 256}, {8192, 15872, 512}, {16384, 31744, 1024}};
  unsigned code = 128;
  for (const auto& range : ranges) {
    for (unsigned value = range.first; value <= range.last; value += range.step) {
      EXPECT_EQ(decode_code(static_cast<std::uint8_t>(code)), value);
      EXPECT_EQ(encode_code(value), code);
      ++code;
    }
  }
  EXPECT_EQ(code, 256u);
}

TEST(Rfc9776Sec4p1p1, TestPoints) {
  RecordProperty("req", "igmp-messages/FP-03 igmp-messages/FP-04");
  const struct {
    std::uint32_t value;
    std::uint8_t code;
    std::uint32_t decoded;
  } points[] = {{127, 0x7F, 127},     {128, 0x80, 128},         {135, 0x80, 128},
                {136, 0x81, 136},     {200, 0x89, 200},         {255, 0x8F, 248},
                {256, 0x90, 256},     {600, 0xA2, 576},         {1000, 0xAF, 992},
                {3600, 0xCC, 3584},   {31743, 0xFE, 30720},     {31744, 0xFF, 31744},
                {40000, 0xFF, 31744}, {0xFFFFFFFF, 0xFF, 31744}};
  for (const auto& point : points) {
    EXPECT_EQ(encode_code(point.value), point.code) << point.value;
    EXPECT_EQ(decode_code(point.code), point.decoded) << point.value;
  }
}

TEST(Rfc9776Sec4p1p1, EncodingTakesTheNextLowerValue) {
  RecordProperty("req", "igmp-messages/FP-03");
  for (std::uint32_t value = 0; value < 31744; ++value) {
    const std::uint8_t code = encode_code(value);
    ASSERT_LE(decode_code(code), value);
    ASSERT_GT(decode_code(static_cast<std::uint8_t>(code + 1)), value);
  }
}

}  // namespace
}  // namespace sluice::control::igmp::code_test
