// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/address_pattern.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sluice::control::web::address_pattern_test {
namespace {

bool matches(const std::string& text, Ipv4 address) {
  const auto pattern = AddressPattern::parse(text);
  return pattern && pattern->matches(address);
}

TEST(AddressPattern, MeansWhatIsWrittenSo) {
  // Against the plain meaning: the address, written out, begins with the text.
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const auto octet = [&] { return random() % 4 == 0 ? random() % 256 : random() % 26; };
    const Ipv4 address = ipv4(octet(), octet(), octet(), octet());
    const std::string written = to_string(ipv4(octet(), octet(), octet(), octet()));
    const std::string text = written.substr(0, 1 + random() % written.size());
    ASSERT_EQ(matches(text, address), to_string(address).starts_with(text))
        << text << " " << to_string(address);
    ASSERT_TRUE(matches(to_string(address).substr(0, 1 + random() % 7), address));
  }
}

TEST(AddressPattern, RangesAndKinds) {
  EXPECT_TRUE(matches("10.77.0.0/16", ipv4(10, 77, 200, 1)));
  EXPECT_FALSE(matches("10.77.0.0/16", ipv4(10, 78, 0, 1)));
  EXPECT_TRUE(AddressPattern::parse("239")->means_groups());
  EXPECT_TRUE(AddressPattern::parse("2")->means_groups());
  EXPECT_TRUE(AddressPattern::parse("232.0.0.0/8")->means_groups());
  EXPECT_FALSE(AddressPattern::parse("10.77")->means_groups());
  EXPECT_FALSE(AddressPattern::parse("240.1")->means_groups());
}

TEST(AddressPattern, RefusesWhatIsNone) {
  for (const char* text : {"", ".", "a", "10..1", "256", "10.256", "01", "1.2.3.4.5", "1.2.3.4.",
                           "-1", "+1", "10.77/16", "10.77.0.0/33", "10.77.0.0/", " 10",
                           "1.2.3.4/32/32", "9999999999", "1000000000000000000000000"}) {
    const auto pattern = AddressPattern::parse(text);
    ASSERT_FALSE(pattern) << text;
    EXPECT_NE(pattern.error().what.find("such as 239.1"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace sluice::control::web::address_pattern_test
