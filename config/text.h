// SPDX-License-Identifier: BSD-3-Clause
// Words for diagnostics: quoting what a file said, and guessing what was meant. Pure; any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::config {

// In double quotes, on one line whatever the text holds, and cut when it is long.
std::string in_quotes(std::string_view text);
// What in_quotes() does, without the quotes.
std::string printable(std::string_view text);

// How many letters must be added, removed, changed or swapped with their neighbour; upper and lower
// case are one.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that was probably meant, none when nothing is near.
std::optional<std::string_view> nearest(std::string_view text,
                                        std::span<const std::string_view> candidates);

// "a, b, c"
std::string listed(std::span<const std::string_view> words);

}  // namespace sluice::config
