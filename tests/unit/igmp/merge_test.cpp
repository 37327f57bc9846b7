// SPDX-License-Identifier: BSD-3-Clause
// One reception out of many: RFC 9776 §3.2 and RFC 4605 §4.1.
#include "control/igmp/merge.h"

#include <gtest/gtest.h>

#include "control/igmp/source_set.h"

namespace sluice::control::igmp::merge_test {
namespace {

using Set = SourceSet<Ipv4>;
using Want = Reception<Ipv4>;

Set set(const char* letters) {
  Set out;
  for (; *letters != 0; ++letters) insert(out, Ipv4{static_cast<std::uint32_t>(*letters)});
  return out;
}
Want in(const char* letters) {
  return {FilterMode::kInclude, set(letters)};
}
Want ex(const char* letters) {
  return {FilterMode::kExclude, set(letters)};
}
Want merged(std::vector<Want> wishes) {
  return merge<Ipv4>(wishes);
}

TEST(Rfc9776Sec3p2, Merge) {
  RecordProperty("req", "igmp-host-proxy/HS-02 igmp-host-proxy/HS-05 igmp-host-proxy/PX-09");
  EXPECT_EQ(merged({ex("abcd"), ex("bcde"), in("def")}), ex("bc"));
  EXPECT_EQ(merged({ex("abcd"), ex("bcde"), in("def"), ex("")}), ex(""));
  EXPECT_EQ(merged({in("abc"), in("bcd"), in("ef")}), in("abcdef"));
  EXPECT_EQ(merged({ex("a"), in("a")}), ex(""));
  EXPECT_EQ(merged({in("a"), ex("ab"), in("c")}), ex("b"));
}

TEST(Rfc9776Sec3p2, IncludeNeverBecomesExclude) {
  RecordProperty("req", "igmp-host-proxy/HS-03 igmp-host-proxy/HS-01");
  EXPECT_EQ(merged({}), in(""));
  EXPECT_EQ(merged({in(""), in("")}), in(""));
  EXPECT_EQ(merged({in(""), in("a")}), in("a"));
}

TEST(Rfc4605Sec4p1, PreparesAndMerges) {
  RecordProperty("req",
                 "igmp-host-proxy/PX-06 igmp-host-proxy/PX-07 igmp-host-proxy/PX-08 "
                 "igmp-host-proxy/PX-10");
  const auto include = [](const char* a) {
    return subscription(FilterMode::kInclude, set(a), Set{}, Version::kV3);
  };
  const auto exclude = [](const char* x, const char* y) {
    return subscription(FilterMode::kExclude, set(x), set(y), Version::kV3);
  };
  const Want v2 = subscription(FilterMode::kExclude, set("x"), set("y"), Version::kV2);
  EXPECT_EQ(v2, ex(""));
  EXPECT_EQ(include("ab"), in("ab"));
  EXPECT_EQ(exclude("a", "bc"), ex("bc"));
  EXPECT_EQ(merged({exclude("", "ab"), exclude("a", "bc")}), ex("b"));
  EXPECT_EQ(merged({v2, include("st")}), ex(""));
  EXPECT_EQ(merged({include("a"), include("b")}), in("ab"));
  EXPECT_EQ(merged({exclude("", "a"), include("a")}), ex(""));
  EXPECT_TRUE(merged({include("")}).none());
}

}  // namespace
}  // namespace sluice::control::igmp::merge_test
