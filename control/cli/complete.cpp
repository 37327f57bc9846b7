// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/complete.h"

#include <algorithm>

namespace sluice::control::cli {
namespace {

class Candidates {
 public:
  explicit Candidates(const std::string& typed) : typed_(typed) {}

  void add(std::string_view word, std::string_view help) {
    if (word.starts_with(typed_)) all_.push_back({std::string(word), std::string(help)});
  }
  void add_values(const Argument& argument, const LiveValues& live) {
    const auto fixed = fixed_values(argument.kind);
    const auto values = fixed.empty() ? live(argument.kind, typed_) : fixed;
    for (const std::string& value : values) add(value, "");
    if (argument.kind == Kind::kSource) add("*", "any source");
  }
  std::vector<Candidate> take() { return std::move(all_); }

 private:
  std::string typed_;
  std::vector<Candidate> all_;
};

}  // namespace

std::vector<Candidate> complete(std::vector<std::string> before, const std::string& typed,
                                const LiveValues& live) {
  const auto place = follow(before);
  Candidates candidates(typed);
  if (!place || place->lost) return {};
  if (place->awaited != nullptr) {
    candidates.add_values(*place->awaited, live);
    return candidates.take();
  }
  for (const Family& name : next_words(*place)) candidates.add(name.name, name.help);
  if (place->help) return candidates.take();
  if (place->command != nullptr) {
    const auto& arguments = place->command->arguments;
    for (std::size_t i = place->taken; i < arguments.size(); ++i) {
      if (arguments[i].is_option()) continue;
      candidates.add_values(arguments[i], live);
      if (arguments[i].required) break;
    }
  }
  // Ahead of a command only who begins with a dash wants them.
  if (place->command != nullptr || typed.starts_with("-")) {
    for (const Argument* const option : open_options(*place)) {
      candidates.add(option->name, option->help);
    }
  }
  return candidates.take();
}

std::string common_prefix(const std::vector<Candidate>& candidates) {
  if (candidates.empty()) return "";
  std::string prefix = candidates.front().word;
  for (const Candidate& candidate : candidates) {
    const auto [end, ignored] =
        std::mismatch(prefix.begin(), prefix.end(), candidate.word.begin(), candidate.word.end());
    prefix.erase(end, prefix.end());
  }
  return prefix;
}

}  // namespace sluice::control::cli
