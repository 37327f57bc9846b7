// SPDX-License-Identifier: BSD-3-Clause
// TOML in, Config or every error of the file out. Pure: touches no device, reads nothing but the
// text it is given (load_file reads one file). Any thread.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"

namespace sluice::config {

struct Diagnostic {
  std::string file;
  unsigned line = 1;
  unsigned column = 1;
  std::string message;  // what is wrong, and what would be right

  // "FILE:LINE:COL: error: MESSAGE"
  std::string to_string() const;
};

struct LoadResult {
  Config config;                   // meaningful only when there are no errors
  std::vector<Diagnostic> errors;  // in order of line and column

  bool ok() const { return errors.empty(); }
};

// Parses, checks ranges, names and cross-references. `file` is used in messages only.
LoadResult load(std::string_view text, const std::string& file);
// The same for a file; one that cannot be read is one error at 1:1.
LoadResult load_file(const std::string& path);

// The reference page (docs/configuration.md), generated from the table the loader itself uses.
std::string reference_page();
// sluice.toml(5), from the same table, for man.
std::string manual_page();

}  // namespace sluice::config
