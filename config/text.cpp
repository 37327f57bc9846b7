// SPDX-License-Identifier: BSD-3-Clause
#include "config/text.h"

#include <algorithm>
#include <array>
#include <vector>

namespace sluice::config {
namespace {

constexpr std::size_t kLongestQuote = 80;
// Below this length a shared substring says nothing about what was meant.
constexpr std::size_t kTellingLength = 4;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return lower(c); });
  return result;
}

bool contains(std::string_view whole, std::string_view part) {
  return part.size() >= kTellingLength && whole.find(part) != std::string_view::npos;
}

}  // namespace

std::string printable(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (result.size() >= kLongestQuote && (byte & 0xC0) != 0x80) return result + "...";
    if (byte < 0x20 || byte == 0x7F) {
      result += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      result += c;
    }
  }
  return result;
}

std::string in_quotes(std::string_view text) {
  return '"' + printable(text) + '"';
}

// The optimal string alignment distance, row by row: `previous` is the row above, `before` the one
// above that (for swaps).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), previous(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) previous[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
                           lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, previous);
    std::swap(previous, row);
  }
  return previous[b.size()];
}

std::optional<std::string_view> nearest(std::string_view text,
                                        std::span<const std::string_view> candidates) {
  // Nobody mistypes a key into something three times as long; and a hostile one costs nothing.
  if (text.empty() || text.size() > 3 * kLongestQuote) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = 0;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(text, candidate);
    const std::size_t most = std::max<std::size_t>(1, std::max(text.size(), candidate.size()) / 3);
    const bool near = distance <= most || contains(lower(candidate), lower(text)) ||
                      contains(lower(text), lower(candidate));
    if (near && (!best || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string listed(std::span<const std::string_view> words) {
  std::string result;
  for (const std::string_view word : words) {
    if (!result.empty()) result += ", ";
    result += word;
  }
  return result;
}

}  // namespace sluice::config
