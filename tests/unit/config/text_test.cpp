// SPDX-License-Identifier: BSD-3-Clause
#include "config/text.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::config::text_test {
namespace {

TEST(EditDistance, CountsLetters) {
  EXPECT_EQ(edit_distance("", ""), 0u);
  EXPECT_EQ(edit_distance("mtu", ""), 3u);
  EXPECT_EQ(edit_distance("mtu", "mtu"), 0u);
  EXPECT_EQ(edit_distance("MTU", "mtu"), 0u);
  EXPECT_EQ(edit_distance("mut", "mtu"), 1u);   // swapped
  EXPECT_EQ(edit_distance("mt", "mtu"), 1u);    // missing
  EXPECT_EQ(edit_distance("mtuu", "mtu"), 1u);  // too many
  EXPECT_EQ(edit_distance("mta", "mtu"), 1u);   // wrong
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

TEST(Nearest, FindsWhatWasMeantOrNothing) {
  constexpr std::string_view kWords[] = {"query-interval", "send-query", "mtu"};
  EXPECT_EQ(nearest("qery-intervall", kWords), "query-interval");
  EXPECT_EQ(nearest("interval", kWords), "query-interval");
  EXPECT_EQ(nearest("sendquery", kWords), "send-query");
  EXPECT_EQ(nearest("MUT", kWords), "mtu");
  EXPECT_EQ(nearest("xyz", kWords), std::nullopt);
  EXPECT_EQ(nearest("", kWords), std::nullopt);
  EXPECT_EQ(nearest(std::string(100'000, 'q'), kWords), std::nullopt);
}

TEST(Nearest, PrefersTheNearerToTheFirst) {
  constexpr std::string_view kWords[] = {"port-10", "port-1"};
  EXPECT_EQ(nearest("port1", kWords), "port-1");
}

TEST(InQuotes, StaysOnOneLine) {
  EXPECT_EQ(in_quotes("a\n\x01\x7F"), R"("a\x0a\x01\x7f")");
  EXPECT_EQ(in_quotes("größe"), "\"größe\"");
}

TEST(InQuotes, CutsWhatIsLongBetweenCharacters) {
  EXPECT_EQ(in_quotes(std::string(80, 'x')), '"' + std::string(80, 'x') + '"');
  EXPECT_EQ(in_quotes(std::string(81, 'x')), '"' + std::string(80, 'x') + "...\"");
  EXPECT_EQ(in_quotes(std::string(79, 'x') + "öö"), '"' + std::string(79, 'x') + "ö...\"");
}

}  // namespace
}  // namespace sluice::config::text_test
