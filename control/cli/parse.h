// SPDX-License-Identifier: BSD-3-Clause
// From words to a request, by CLI11 and the table of commands.h: the same for the command line and
// for a line of the shell. Prints help and what is wrong with the words.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

namespace sluice::control::cli {

using Json = nlohmann::ordered_json;

enum Exit : int { kDone = 0, kRefused = 1, kUsage = 2, kNoDaemon = 3 };

struct Options {
  std::string socket = "/run/sluice/sluice.sock";
  bool json = false;
};

struct Parsed {
  Options options;
  Json request;  // null: no command was given
};

// `defaults`: what holds when the words do not say. An Exit: help was wanted and is printed, or the
// words are wrong and it is said why.
std::variant<Parsed, Exit> parse(const std::vector<std::string>& words, const Options& defaults);

}  // namespace sluice::control::cli
