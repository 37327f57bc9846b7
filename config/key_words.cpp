// SPDX-License-Identifier: BSD-3-Clause
#include "config/key_words.h"

#include <sstream>

namespace sluice::config {

std::string_view type_words(Type type) {
  switch (type) {
    case Type::kBoolean:
      return "true or false";
    case Type::kInteger:
      return "integer";
    case Type::kSeconds:
      return "seconds";
    case Type::kText:
      return "string";
    case Type::kChoice:
      return "one of";
    case Type::kIntegers:
      return "list of integers";
    case Type::kTexts:
      return "list of strings";
    case Type::kTextsOrTables:
      return "list of strings or tables";
    case Type::kTable:
    case Type::kTables:
      break;
  }
  return "";
}

std::string allowed(const Key& key) {
  std::ostringstream text;
  text.precision(15);
  if (key.type == Type::kChoice) {
    for (const std::string_view word : choices(key))
      text << (text.tellp() > 0 ? ", `" : "`") << word << '`';
  } else if (!key.values.empty()) {
    text << key.values;
  } else if (key.range.max > 0) {
    text << (key.range.or_zero ? "0, " : "") << key.range.min << " to " << key.range.max;
  }
  return text.str();
}

bool is_section(const Key& key) {
  return key.type == Type::kTable || key.type == Type::kTables;
}

bool has_default(const Key& key) {
  return key.default_value != kRequired && key.default_value != kNone;
}

}  // namespace sluice::config
