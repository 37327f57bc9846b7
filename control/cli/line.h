// SPDX-License-Identifier: BSD-3-Clause
// A line of the shell: its words, and how far they lead into the table of commands. Pure.
//
// Words are separated by blanks. '…' and "…" keep what is between them together, a backslash takes
// the next character as it is (not inside '…'), and a # that begins a word begins a comment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/cli/commands.h"
#include "shared/result.h"

namespace sluice::control::cli {

struct Line {
  std::vector<std::string> words;
  bool open = false;  // the last word goes up to the end of the line: it may be in the making
};
// Error: a quote that does not end.
Result<Line> split(std::string_view text);

// Where the words have led.
struct Place {
  std::string path;                      // "", "show", "show groups"
  const Command* command = nullptr;      // when `path` is one
  std::vector<const Argument*> options;  // given so far
  const Argument* awaited = nullptr;     // an option that still lacks its value: the last word
  std::size_t taken = 0;                 // arguments by place that are taken, or left out
  bool help = false;                     // it began with `help`
  bool lost = false;                     // a word leads nowhere
};

// Words that only the shell knows.
inline constexpr std::string_view kShellWords[] = {"help", "?", "quit", "exit"};

// Replaces each command and option that is cut short by its whole name. Error: it may be several.
// What it does not know it leaves for the parser to complain of.
Result<Place> follow(std::vector<std::string>& words);

// The names that may stand next at `place`: commands and families, or nothing.
std::vector<Family> next_words(const Place& place);
// The options that may still be given at `place`.
std::vector<const Argument*> open_options(const Place& place);

}  // namespace sluice::control::cli
