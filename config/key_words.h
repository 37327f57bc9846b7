// SPDX-License-Identifier: BSD-3-Clause
// How a key's type, range and default are said, for the reference page and the manual page. Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/keys.h"

namespace sluice::config {

std::string_view type_words(Type type);
// The range, the words or the form; words of a choice between backquotes.
std::string allowed(const Key& key);
// Whether the key is a table of its own.
bool is_section(const Key& key);
// Whether its default is a value as it would stand in the file.
bool has_default(const Key& key);

}  // namespace sluice::config
