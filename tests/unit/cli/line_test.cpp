// SPDX-License-Identifier: BSD-3-Clause
// Lines of the shell: words and quotes, and commands that are cut short.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/cli/line.h"

namespace sluice::control::cli::line_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Words = std::vector<std::string>;

TEST(Split, AtBlanksUnlessQuoted) {
  const std::pair<std::string_view, Words> cases[] = {
      {"", {}},
      {"  \t ", {}},
      {"show groups", {"show", "groups"}},
      {"  show\tgroups \r\n", {"show", "groups"}},
      {"--port 'a b'", {"--port", "a b"}},
      {R"(--port "a 'b' \" c")", {"--port", "a 'b' \" c"}},
      {R"('a\b')", {R"(a\b)"}},
      {R"(a\ b\#c)", {"a b#c"}},
      {"a''b ''", {"ab", ""}},
      {"status # why", {"status"}},
      {"a#b", {"a#b"}},
      {"# only a comment 'here", {}},
  };
  for (const auto& [text, words] : cases) {
    const auto line = split(text);
    ASSERT_TRUE(line) << text;
    EXPECT_EQ(line->words, words) << text;
  }
  EXPECT_FALSE(split("show 'groups"));
  EXPECT_FALSE(split("\""));
}

TEST(Split, KnowsAWordInTheMaking) {
  EXPECT_TRUE(split("sh")->open);
  EXPECT_TRUE(split("show ''")->open);
  EXPECT_FALSE(split("show ")->open);
  EXPECT_FALSE(split("")->open);
}

Words whole(Words words) {
  const auto place = follow(words);
  return place ? words : Words{place.error().what};
}

TEST(Abbreviation, StandsForTheOnlyNameThatItBegins) {
  EXPECT_THAT(whole({"sh", "gr"}), ElementsAre("show", "groups"));
  EXPECT_THAT(whole({"w"}), ElementsAre("watch"));
  EXPECT_THAT(whole({"sh", "g", "--vl", "10", "--gr=239.1.1.1", "--j"}),
              ElementsAre("show", "groups", "--vlan", "10", "--group=239.1.1.1", "--json"));
  EXPECT_THAT(whole({"--j", "stati", "add"}), ElementsAre("--json", "static", "add"));
  EXPECT_THAT(whole({"h", "expl"}), ElementsAre("help", "explain"));
}

TEST(Abbreviation, OfSeveralIsRefused) {
  EXPECT_THAT(whole({"s"}), ElementsAre("\"s\" may be show, static or status"));
  EXPECT_THAT(whole({"show", "m"}), ElementsAre(HasSubstr("macs or mrouters")));
  EXPECT_THAT(whole({"explain", "--s"}), ElementsAre(HasSubstr("--source or --socket")));
  EXPECT_THAT(whole({"ex"}), ElementsAre(HasSubstr("exit or explain")));  // never a guess
}

TEST(Abbreviation, IsForNamesAndNotForValues) {
  EXPECT_THAT(whole({"log-level", "e"}), ElementsAre("log-level", "e"));
  EXPECT_THAT(whole({"show", "ports", "--port", "show"}),
              ElementsAre("show", "ports", "--port", "show"));
  EXPECT_THAT(whole({"--socket", "w", "w"}), ElementsAre("--socket", "w", "watch"));
  EXPECT_THAT(whole({"shw", "gr"}), ElementsAre("shw", "gr"));  // the parser complains
  EXPECT_THAT(whole({""}), ElementsAre(""));
}

// Otherwise typing all of a name would still be ambiguous.
TEST(Abbreviation, AWholeNameIsItself) {
  for (const Command& command : all_commands()) {
    const auto line = split(command.name);
    Words words = line->words;
    const auto place = follow(words);
    ASSERT_TRUE(place) << command.name;
    EXPECT_EQ(place->command, &command) << command.name;
    EXPECT_EQ(words, line->words);
  }
}

}  // namespace
}  // namespace sluice::control::cli::line_test
