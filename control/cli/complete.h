// SPDX-License-Identifier: BSD-3-Clause
// What a line may go on with: commands, options, and values that the daemon is asked for. The same
// for the shell and for bash. Pure, but for who is asked.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "control/cli/line.h"

namespace sluice::control::cli {

struct Candidate {
  std::string word;
  std::string help;

  bool operator==(const Candidate&) const = default;
};

// The values of an argument that begin with `prefix`; none when nobody answers soon.
using LiveValues = std::function<std::vector<std::string>(Kind kind, const std::string& prefix)>;

// What may stand in place of `typed`, the word in the making, behind `before`.
std::vector<Candidate> complete(std::vector<std::string> before, const std::string& typed,
                                const LiveValues& live);

// How far all the candidates agree.
std::string common_prefix(const std::vector<Candidate>& candidates);

}  // namespace sluice::control::cli
