// SPDX-License-Identifier: BSD-3-Clause
#include "control/metrics/sample.h"

namespace sluice::control::metrics {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Takes the name that `text` begins with; empty: it begins with none.
std::string_view take_name(std::string_view& text) {
  std::size_t length = 0;
  while (length < text.size() &&
         (is_letter(text[length]) || (length > 0 && text[length] >= '0' && text[length] <= '9'))) {
    ++length;
  }
  const std::string_view name = text.substr(0, length);
  text.remove_prefix(length);
  return name;
}

bool take(std::string_view& text, std::string_view wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(wanted.size());
  return true;
}

// Up to and with the closing quote.
std::optional<std::string> take_value(std::string_view& text) {
  std::string value;
  while (!text.empty()) {
    char c = text.front();
    text.remove_prefix(1);
    if (c == '"') return value;
    if (c == '\\') {
      if (text.empty() || (text.front() != '"' && text.front() != '\\' && text.front() != 'n')) {
        return std::nullopt;
      }
      c = text.front() == 'n' ? '\n' : text.front();
      text.remove_prefix(1);
    }
    value += c;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Sample> parse_sample(std::string_view name) {
  Sample sample{std::string(take_name(name)), {}};
  if (sample.family.empty()) return std::nullopt;
  if (name.empty()) return sample;
  if (!take(name, "{")) return std::nullopt;
  while (!take(name, "}")) {
    if (!sample.labels.empty() && !take(name, ",")) return std::nullopt;
    const std::string_view label = take_name(name);
    if (label.empty() || !take(name, "=\"")) return std::nullopt;
    std::optional<std::string> value = take_value(name);
    if (!value) return std::nullopt;
    sample.labels.emplace_back(label, std::move(*value));
  }
  if (!name.empty()) return std::nullopt;
  return sample;
}

}  // namespace sluice::control::metrics
