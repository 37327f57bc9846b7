// SPDX-License-Identifier: BSD-3-Clause
#include "shared/result.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace sluice {
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

TEST(Results, StatusIsOkOrAReason) {
  EXPECT_TRUE(Status(Ok{}));
  EXPECT_FALSE(Status(Error{"full"}));
}

}  // namespace
}  // namespace sluice
