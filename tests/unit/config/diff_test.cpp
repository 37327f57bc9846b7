// SPDX-License-Identifier: BSD-3-Clause
// What differs between two files: every key of the reference is seen, and nothing that is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "config/diff.h"
#include "config/keys.h"

namespace sluice::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Kind = Change::Kind;

bool is_section(const Key& key) {
  return key.type == Type::kTable || key.type == Type::kTables || key.type == Type::kTextsOrTables;
}

// A value of the key's type: not its default, and another one for each `n`.
std::string value(const Key& key, int n) {
  switch (key.type) {
    case Type::kBoolean:
      return (key.default_value == "true") == (n == 0) ? "true" : "false";
    case Type::kInteger:
    case Type::kSeconds:
      return std::to_string(4000 + n);
    case Type::kIntegers:
      return "[" + std::to_string(4000 + n) + "]";
    case Type::kTexts:
      return "[\"x" + std::to_string(n) + "\"]";
    default:
      return "\"x" + std::to_string(n) + "\"";
  }
}

// The headers that lead to a section, each with what it needs for its identity.
std::string headers(std::string_view header) {
  std::string path(header);
  std::erase_if(path, [](char c) { return c == '[' || c == ']'; });
  std::string text;
  for (std::size_t end = 0; end != std::string::npos;) {
    end = path.find('.', end + 1);
    const std::string above = path.substr(0, end);
    for (const SectionText& section : all_sections()) {
      std::string known(section.header);
      std::erase_if(known, [](char c) { return c == '[' || c == ']'; });
      if (known == above) text += std::string(section.header) + "\n";
    }
  }
  return text;
}

TEST(DiffTest, SeesEveryKeyOfTheReference) {
  std::size_t seen = 0;
  for (const Key& key : all_keys()) {
    if (key.section == Section::kFile || is_section(key)) continue;
    const std::string top = headers(header(key.section));
    const auto file = [&](int n) {
      return top + std::string(key.name) + " = " + value(key, n) + "\n";
    };
    const auto changes = compare(file(0), file(1));
    const bool named =
        std::ranges::any_of(changes, [&](const Change& change) { return change.key == key.name; });
    // A key that names its section makes it another one.
    const bool another =
        std::ranges::any_of(changes, [](const Change& change) { return change.key.empty(); });
    EXPECT_TRUE(named || another) << header(key.section) << " " << key.name;
    EXPECT_THAT(compare(file(0), file(0)), IsEmpty()) << key.name;
    if (!another) {
      ASSERT_THAT(changes, SizeIs(1)) << key.name;
      EXPECT_EQ(changes[0].before, value(key, 0));
      EXPECT_EQ(changes[0].after, value(key, 1));
      EXPECT_EQ(changes[0].at_once, applies_at_once(key));
    }
    ++seen;
  }
  EXPECT_GT(seen, 40u);
}

constexpr const char* kFile = R"([[port]]
name = "p1"
device = "net_null0"
access-vlan = 10
[[port]]
name = "p2"
device = "net_null1"
access-vlan = 10
[[vlan]]
id = 10
[vlan.igmp-snooping]
query-interval = 60
[[vlan.igmp-snooping.static-l2-multicast-group]]
group-address = "239.1.1.1"
ports = ["p1"]
[[interface]]
name = "wan"
vlan = 10
address = "10.0.0.1/24"
[[proxy]]
name = "edge"
upstream = ["wan", "wan2"]
downstream = ["lan"]
)";

std::string with(const std::string& from, const std::string& to) {
  std::string text(kFile);
  return text.replace(text.find(from), from.size(), to);
}

TEST(DiffTest, ADefaultThatIsWrittenDownIsNoChange) {
  EXPECT_THAT(
      compare(kFile, with("query-interval = 60", "query-interval = 60.0\nfast-leave = false")),
      IsEmpty());
  EXPECT_THAT(compare(kFile, std::string("[system]\nlog-level = \"info\"\n") + kFile), IsEmpty());
  EXPECT_THAT(compare(kFile, with("group-address", "source-addr = \"*\"\ngroup-address")),
              IsEmpty());
  EXPECT_THAT(compare(kFile, with("[\"wan\", \"wan2\"]", "[\"wan\", {interface = \"wan2\"}]")),
              IsEmpty());
}

TEST(DiffTest, SaysWhereAndHow) {
  const std::string vlan = "[[vlan]] 10 [vlan.igmp-snooping]";
  EXPECT_THAT(compare(kFile, with("query-interval = 60\n", "")),
              ElementsAre(Change{Kind::kChanged, vlan, "query-interval", "60", "125", true}));
  EXPECT_THAT(
      compare(kFile, with("[vlan.igmp", "[vlan.igmp-snooping]\nquerier-source = \"10.0.0.9\"\n#")),
      testing::Contains(
          Change{Kind::kAdded, vlan, "querier-source", "none", "\"10.0.0.9\"", true}));
  EXPECT_THAT(
      compare(kFile, with("ports = [\"p1\"]", "ports = [\"p2\"]")),
      ElementsAre(Change{Kind::kChanged,
                         vlan + " [[vlan.igmp-snooping.static-l2-multicast-group]] 239.1.1.1 *",
                         "ports", "[\"p1\"]", "[\"p2\"]", true}));
  EXPECT_THAT(compare(kFile, std::string("[dataplane]\nmbufs = 4096\n") + kFile),
              ElementsAre(Change{Kind::kChanged, "[dataplane]", "mbufs", "0", "4096", false}));
}

TEST(DiffTest, ASectionComesOrGoesWithWhatItSays) {
  const std::string more =
      std::string(kFile) + "[[vlan]]\nid = 20\nigmp-snooping.fast-leave = true\n";
  const std::vector<Change> added = compare(kFile, more);
  EXPECT_THAT(
      added, ElementsAre(Change{Kind::kAdded, "[[vlan]] 20", "", "", "", true},
                         Change{Kind::kAdded, "[[vlan]] 20 [vlan.igmp-snooping]", "", "", "", true},
                         Change{Kind::kAdded, "[[vlan]] 20 [vlan.igmp-snooping]", "fast-leave", "",
                                "true", true}));
  const std::vector<Change> removed = compare(more, kFile);
  ASSERT_THAT(removed, SizeIs(3));
  EXPECT_EQ(removed[0].kind, Kind::kRemoved);
  EXPECT_EQ(removed[2].before, "true");
  const std::string port = "[[port]]\nname = \"p9\"\ndevice = \"net_null9\"\n";
  const std::vector<Change> wired = compare(kFile, port + kFile);
  ASSERT_FALSE(wired.empty());
  EXPECT_EQ(wired[0], (Change{Kind::kAdded, "[[port]] p9", "", "", "", false}));
}

TEST(DiffTest, OrderCountsWhereItMeansSomething) {
  const std::string other =
      with("upstream = [\"wan\", \"wan2\"]", "upstream = [\"wan2\", \"wan\"]");
  EXPECT_THAT(compare(kFile, other),
              ElementsAre(Change{Kind::kChanged, "[[proxy]] edge [[proxy.upstream]]", "order",
                                 "wan, wan2", "wan2, wan", true}));
  std::string ports(kFile);
  const std::string first = ports.substr(0, ports.find("[[port]]", 1));
  const std::string second = ports.substr(first.size(), ports.find("[[vlan]]") - first.size());
  const std::string rest = ports.substr(first.size() + second.size());
  EXPECT_THAT(compare(kFile, second + first + rest),
              ElementsAre(Change{Kind::kChanged, "[[port]]", "order", "p1, p2", "p2, p1", false}));
  // Of VLANs it does not.
  EXPECT_THAT(compare(rest + "[[vlan]]\nid = 5\n", "[[vlan]]\nid = 5\n" + rest), IsEmpty());
}

}  // namespace
}  // namespace sluice::config
