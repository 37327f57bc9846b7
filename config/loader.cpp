// SPDX-License-Identifier: BSD-3-Clause
#include "config/loader.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

// Far beyond 64 ports and 4094 VLANs; a file of more is not a configuration.
constexpr std::size_t kMaxFileSize = 4 * 1024 * 1024;
// The parser nests one table per dot of a key, and frees them recursively.
constexpr std::size_t kMaxDotsPerLine = 1000;

// The line that has too many dots, counted from 1; 0: none.
unsigned too_dotted_line(std::string_view text) {
  unsigned line = 1;
  std::size_t dots = 0;
  for (const char c : text) {
    if (c == '\n') {
      ++line;
      dots = 0;
    }
    if (c == '.' && ++dots > kMaxDotsPerLine) return line;
  }
  return 0;
}

void read_file(const toml::table& document, Reading& reading) {
  SectionReader file(Section::kFile, document, reading.diagnostics);
  read_system(file, reading);
  read_dataplane(file, reading);
  read_metrics(file, reading);
  read_punt_limits(file, reading);
  read_dashboard(file, reading);
  read_alarms(file, reading);
  read_group_profiles(file, reading);
  read_ports(file, reading);
  read_vlans(file, reading);
  read_interfaces(file, reading);
  read_proxies(file, reading);
}

}  // namespace

std::string Diagnostic::to_string() const {
  std::ostringstream text;
  text << file << ':' << line << ':' << column << ": error: " << message;
  return text.str();
}

LoadResult load(std::string_view text, const std::string& file) {
  Reading reading{Config{}, Diagnostics(file)};
  reading.config.text = text;
  if (text.size() > kMaxFileSize) {
    reading.diagnostics.error(Place{}, "the file has ", text.size(),
                              " bytes; a configuration has at most ", kMaxFileSize);
  } else if (const unsigned line = too_dotted_line(text); line != 0) {
    reading.diagnostics.error(Place{line, 1}, "the line has more than ", kMaxDotsPerLine,
                              " dots; break it up");
  } else {
    try {
      const toml::table document = toml::parse(text);
      read_file(document, reading);
    } catch (const toml::parse_error& error) {
      const toml::source_position at = error.source().begin;
      reading.diagnostics.error(
          Place{std::max<unsigned>(at.line, 1), std::max<unsigned>(at.column, 1)},
          "not valid TOML: ", printable(error.description()));
    }
  }
  return {std::move(reading.config), std::move(reading.diagnostics).in_file_order()};
}

LoadResult load_file(const std::string& path) {
  const auto unreadable = [&] {
    Diagnostics diagnostics(path);
    diagnostics.error(Place{}, "cannot be read: ", std::strerror(errno));
    return LoadResult{Config{}, std::move(diagnostics).in_file_order()};
  };
  const auto close = [](std::FILE* file) { std::fclose(file); };
  const std::unique_ptr<std::FILE, decltype(close)> file(std::fopen(path.c_str(), "rb"), close);
  if (!file) return unreadable();
  // One byte more than allowed tells a file that is too long, even one that never ends.
  std::string text(kMaxFileSize + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) return unreadable();
  return load(text, path);
}

}  // namespace sluice::config
