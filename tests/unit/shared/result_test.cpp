// SPDX-License-Identifier: BSD-3-Clause
#include "shared/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice::result_test {
namespace {

TEST(Results, AreAValueOrAReason) {
  const Result<int> value = 7;
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 7);
  const Result<int> reason = Error{"no port"};
  ASSERT_FALSE(reason);
  EXPECT_EQ(reason.error().what, "no port");
}

TEST(Results, MayHoldWhatMovesOnly) {
  Result<std::unique_ptr<std::string>> result = std::make_unique<std::string>("x");
  ASSERT_TRUE(result);
  const std::unique_ptr<std::string> taken = std::move(*result);
  EXPECT_EQ(*taken, "x");
}

// As callers meet it; g++ 12 with sanitizers warns of a variant that it can see through.
[[gnu::noinline]] Status take_place(bool full) {
  if (full) return Error{"full"};
  return Ok{};
}

TEST(Results, StatusIsOkOrAReason) {
  EXPECT_TRUE(take_place(false));
  EXPECT_FALSE(take_place(true));
  EXPECT_EQ(take_place(true).error().what, "full");
}

}  // namespace
}  // namespace sluice::result_test
