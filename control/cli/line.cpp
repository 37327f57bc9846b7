// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/line.h"

#include <algorithm>

namespace sluice::control::cli {
namespace {

// The name that `word` is or begins, when it is one only; `word` itself when it is none.
Result<std::string> whole(const std::string& word, const std::vector<std::string_view>& names) {
  std::vector<std::string_view> fitting;
  for (const std::string_view name : names) {
    if (name == word) return word;
    if (!word.empty() && name.starts_with(word)) fitting.push_back(name);
  }
  if (fitting.empty()) return word;
  if (fitting.size() == 1) return std::string(fitting.front());
  std::string text = "\"" + word + "\" may be ";
  for (std::size_t i = 0; i < fitting.size(); ++i) {
    text += i == 0 ? "" : i + 1 == fitting.size() ? " or " : ", ";
    text += fitting[i];
  }
  return Error{text};
}

const Command* find_command(std::string_view name) {
  for (const Command& command : all_commands()) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

bool is_family(std::string_view name) {
  const auto& all = all_families();
  return std::any_of(all.begin(), all.end(), [&](const Family& one) { return one.name == name; });
}

// An option and, behind a =, its value.
Status follow_option(std::string& word, Place& place) {
  const std::size_t end = std::min(word.find('='), word.size());
  std::vector<std::string_view> names;
  for (const Argument* const option : open_options(place)) names.push_back(option->name);
  const auto name = whole(word.substr(0, end), names);
  if (!name) return name.error();
  word.replace(0, end, *name);
  for (const Argument* const option : open_options(place)) {
    if (option->name != *name) continue;
    place.options.push_back(option);
    if (option->kind != Kind::kFlag && word.find('=') == word.npos) place.awaited = option;
    return Ok{};
  }
  place.lost = true;
  return Ok{};
}

Status follow_name(std::string& word, Place& place) {
  std::vector<std::string_view> names;
  const std::vector<Family> next = next_words(place);
  for (const Family& one : next) names.push_back(one.name);
  const auto name = whole(word, names);
  if (!name) return name.error();
  word = *name;
  if (place.path.empty() && !place.help && word == "help") {
    place.help = true;
    return Ok{};
  }
  place.path += (place.path.empty() ? "" : " ") + word;
  place.command = find_command(place.path);
  place.lost = place.command == nullptr && !is_family(place.path);
  return Ok{};
}

// A word by its place: it is for the first argument whose value it can be.
void follow_value(const std::string& word, Place& place) {
  const auto& arguments = place.command->arguments;
  while (place.taken < arguments.size()) {
    const Argument& argument = arguments[place.taken++];
    if (argument.is_option()) continue;
    const auto values = fixed_values(argument.kind);
    const bool fits =
        values.empty() || std::find(values.begin(), values.end(), word) != values.end();
    if (fits || argument.required) return;
  }
  place.lost = true;
}

}  // namespace

Result<Line> split(std::string_view text) {
  Line line;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (quote == '\0' && blank) {
      if (in_word) line.words.push_back(std::exchange(word, {}));
      in_word = false;
      continue;
    }
    if (quote == '\0' && !in_word && c == '#') return line;
    in_word = true;
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      word += text[++i];
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else {
      word += c;
    }
  }
  if (quote != '\0') return Error{std::string("a ") + quote + " has no counterpart"};
  if (in_word) line.words.push_back(std::move(word));
  line.open = in_word;
  return line;
}

std::vector<Family> next_words(const Place& place) {
  std::vector<Family> names;
  if (place.lost || place.command != nullptr) return names;
  if (place.path.empty()) {
    names = all_families();
    for (const Command& command : all_commands()) {
      if (command.name.find(' ') == command.name.npos)
        names.push_back({command.name, command.help});
    }
    if (!place.help) {
      names.push_back({"help", "list the commands, or explain one"});
      names.push_back({"quit", "leave the shell"});
      names.push_back({"exit", "leave the shell"});
    }
  } else {
    const std::string begin = place.path + " ";
    for (const Command& command : all_commands()) {
      if (command.name.starts_with(begin)) {
        names.push_back({command.name.substr(begin.size()), command.help});
      }
    }
  }
  std::sort(names.begin(), names.end(),
            [](const Family& a, const Family& b) { return a.name < b.name; });
  return names;
}

std::vector<const Argument*> open_options(const Place& place) {
  std::vector<const Argument*> options;
  const auto add = [&](const std::vector<Argument>& from) {
    for (const Argument& one : from) {
      const auto& given = place.options;
      if (one.is_option() && std::find(given.begin(), given.end(), &one) == given.end()) {
        options.push_back(&one);
      }
    }
  };
  if (place.lost) return options;
  if (place.command != nullptr) add(place.command->arguments);
  add(global_options());
  return options;
}

Result<Place> follow(std::vector<std::string>& words) {
  Place place;
  for (std::string& word : words) {
    Status status = Ok{};
    if (place.awaited != nullptr) {
      place.awaited = nullptr;
    } else if (place.lost) {
      continue;
    } else if (word.starts_with("-")) {
      status = follow_option(word, place);
    } else if (place.command == nullptr) {
      status = follow_name(word, place);
    } else {
      follow_value(word, place);
    }
    if (!status) return status.error();
  }
  return place;
}

}  // namespace sluice::control::cli
