// SPDX-License-Identifier: BSD-3-Clause
#include "control/log/line.h"

#include <algorithm>
#include <cstdio>

namespace sluice::control::log {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// The length of the printable UTF-8 character that `text` begins with; 0: it begins with none.
// ASCII is not asked for. C1 controls, surrogates and overlong forms are none.
std::size_t printable_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return 0;
  unsigned code = first & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return 0;
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  const unsigned least = length == 4 ? 0x10000u : length == 3 ? 0x800u : 0xA0u;
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  const bool separator = code == 0x2028 || code == 0x2029;
  return code < least || code > 0x10FFFF || surrogate || separator ? 0 : length;
}

bool is_bare(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte < 0x7F && c != '"' && c != '=' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
    case '\\':
      out += '\\';
      out += c;
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= ' ' && byte != 0x7F) {
    out += c;
    return;
  }
  char text[8];
  std::snprintf(text, sizeof text, "\\u%04x", byte);
  out += text;
}

}  // namespace

std::string logfmt_value(std::string_view value) {
  const bool cut = value.size() > kLongestValue;
  if (cut) value = value.substr(0, kLongestValue);
  if (!cut && !value.empty() && std::all_of(value.begin(), value.end(), is_bare)) {
    return std::string(value);
  }
  std::string out = "\"";
  while (!value.empty()) {
    std::size_t length = 1;
    if (static_cast<unsigned char>(value[0]) < 0x80) {
      append_escaped(out, value[0]);
    } else if (const std::size_t known = printable_length(value); known > 0) {
      length = known;
      out += value.substr(0, length);
    } else {
      out += kReplacement;
    }
    value.remove_prefix(length);
  }
  if (cut) out += "...";
  return out += '"';
}

std::string line_of(LogEvent event, const LogFields& fields, std::uint64_t suppressed,
                    std::optional<LogLevel> level) {
  const LogEventText& text = text_of(event);
  std::string line(to_string(level.value_or(text.level)));
  line.append(" event=").append(text.name);
  for (const LogField& field : fields) {
    line.append(" ").append(field.key).append("=").append(logfmt_value(field.value));
  }
  if (suppressed > 0) line.append(" suppressed=").append(std::to_string(suppressed));
  return line;
}

std::string_view journal_prefix(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
    case LogLevel::kDebug:
      return "<7>";
    case LogLevel::kInfo:
      return "<6>";
    case LogLevel::kWarn:
      return "<4>";
    case LogLevel::kError:
      return "<3>";
  }
  return "<6>";
}

}  // namespace sluice::control::log
