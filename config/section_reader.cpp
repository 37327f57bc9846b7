// SPDX-License-Identifier: BSD-3-Clause
#include "config/section_reader.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "config/text.h"

namespace sluice::config {
namespace {

constexpr double kTicksPerSecond = 10;  // the resolution of times in the file

Place place_of(const toml::source_region& source) {
  // What a dotted header implies has no place of its own.
  if (source.begin.line == 0) return {};
  return {static_cast<unsigned>(source.begin.line), static_cast<unsigned>(source.begin.column)};
}

std::string_view kind(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "an integer";
    case toml::node_type::floating_point:
      return "a decimal";
    case toml::node_type::boolean:
      return "a truth value";
    default:
      return "a date or a time";
  }
}

std::string_view unit(const Key& key) {
  return key.type == Type::kSeconds ? " seconds" : "";
}

// A key of this name that stands in another section.
const Key* elsewhere(std::string_view name) {
  const auto keys = all_keys();
  const auto at = std::ranges::find_if(
      keys, [&](const Key& key) { return key.name == name && key.section != Section::kFile; });
  return at == keys.end() ? nullptr : &*at;
}

}  // namespace

Place place_of(const toml::node& node) {
  return place_of(node.source());
}

SectionReader::SectionReader(Section section, const toml::table& table, Diagnostics& diagnostics)
    : section_(section), table_(table), diagnostics_(diagnostics) {
  for (const auto& [key, value] : table_) {
    if (find_key(section_, key.str()) == nullptr) unknown_key(key);
  }
}

void SectionReader::unknown_key(const toml::key& key) {
  const bool is_section = section_ == Section::kFile;
  const std::string what =
      is_section ? "unknown section " + in_quotes(key.str())
                 : "unknown key " + in_quotes(key.str()) + " in " + std::string(header(section_));
  const std::vector<std::string_view> known = key_names(section_);
  const Place at = place_of(key.source());
  if (const auto meant = nearest(key.str(), known)) {
    error(at, what, "; did you mean ", in_quotes(*meant), "?");
  } else if (const Key* other = elsewhere(key.str())) {
    error(at, what, "; it belongs in ", header(other->section));
  } else {
    error(at, what, "; known are ", listed(known));
  }
}

Place SectionReader::place(std::string_view key) const {
  const toml::node* node = table_.get(key);
  return node == nullptr ? place() : place_of(*node);
}

void SectionReader::check_required() {
  if (!sound()) return;
  for (const Key& key : all_keys()) {
    if (key.section != section_ || key.default_value != kRequired || has(key.name)) continue;
    error(place(), header(section_), " has no ", in_quotes(key.name),
          ", which it needs: ", key.meaning);
  }
}

void SectionReader::wrong_type(const Key& key, const toml::node& node, std::string_view wanted) {
  error(place_of(node), key.name, " is ", kind(node), "; it must be ", wanted);
}

void SectionReader::out_of_range(const Key& key, const toml::node& node, double value) {
  error(place_of(node), key.name, " = ", value, " is out of range; allowed is ",
        key.range.or_zero ? "0, or " : "", key.range.min, " to ", key.range.max, unit(key));
}

std::optional<Place> SectionReader::read(std::string_view name, bool& field) {
  const toml::node* node = table_.get(name);
  if (node == nullptr) return std::nullopt;
  const toml::value<bool>* value = node->as_boolean();
  if (value == nullptr) {
    wrong_type(*find_key(section_, name), *node, "true or false");
    return std::nullopt;
  }
  field = value->get();
  return place_of(*node);
}

std::optional<Place> SectionReader::read(std::string_view name, Duration& field) {
  const toml::node* node = table_.get(name);
  if (node == nullptr) return std::nullopt;
  const Key& key = *find_key(section_, name);
  if (!node->is_number()) {
    wrong_type(key, *node, "a number of seconds, such as 10 or 0.5");
    return std::nullopt;
  }
  const double seconds = node->is_integer() ? static_cast<double>(node->as_integer()->get())
                                            : node->as_floating_point()->get();
  if (!key.range.contains(seconds)) {  // not-a-number neither
    out_of_range(key, *node, seconds);
    return std::nullopt;
  }
  const double ticks = std::round(seconds * kTicksPerSecond);
  // Decimals are not exact in binary: 0.3 * 10 is 3.0000000000000004.
  if (std::abs(seconds * kTicksPerSecond - ticks) > 1e-6) {
    error(place_of(*node), name, " = ", seconds, " is finer than 0.1 seconds; write ",
          std::max(ticks / kTicksPerSecond, key.range.min));
    return std::nullopt;
  }
  field = Duration(static_cast<std::int64_t>(ticks) * 100);
  return place_of(*node);
}

std::optional<Place> SectionReader::read(std::string_view name, std::string& field) {
  const toml::node* node = table_.get(name);
  if (node == nullptr) return std::nullopt;
  const toml::value<std::string>* value = node->as_string();
  if (value == nullptr) {
    wrong_type(*find_key(section_, name), *node, "a string in quotes");
    return std::nullopt;
  }
  field = value->get();
  return place_of(*node);
}

std::optional<std::int64_t> SectionReader::integer(const Key& key, const toml::node& node) {
  const toml::value<std::int64_t>* value = node.as_integer();
  if (value == nullptr) {
    if (key.type == Type::kIntegers) {
      error(place_of(node), key.name, " holds ", kind(node), "; each element must be an integer");
    } else {
      wrong_type(key, node, "an integer");
    }
    return std::nullopt;
  }
  if (!key.range.contains(static_cast<double>(value->get()))) {
    out_of_range(key, node, static_cast<double>(value->get()));
    return std::nullopt;
  }
  return value->get();
}

std::optional<Placed<std::int64_t>> SectionReader::integer(std::string_view name) {
  const toml::node* node = table_.get(name);
  if (node == nullptr) return std::nullopt;
  const std::optional<std::int64_t> value = integer(*find_key(section_, name), *node);
  if (!value) return std::nullopt;
  return Placed<std::int64_t>{*value, place_of(*node)};
}

std::optional<Placed<std::size_t>> SectionReader::choice(std::string_view name) {
  std::string word;
  const std::optional<Place> at = read(name, word);
  if (!at) return std::nullopt;
  const std::vector<std::string_view> words = choices(*find_key(section_, name));
  const auto found = std::ranges::find(words, word);
  if (found != words.end()) {
    return Placed<std::size_t>{static_cast<std::size_t>(found - words.begin()), *at};
  }
  const auto meant = nearest(word, words);
  error(*at, name, " = ", in_quotes(word), " is not known; ",
        meant ? "did you mean " + in_quotes(*meant) + "? " : "", "allowed are ", listed(words));
  return std::nullopt;
}

std::vector<Placed<std::int64_t>> SectionReader::integers(std::string_view name) {
  std::vector<Placed<std::int64_t>> result;
  const toml::node* node = table_.get(name);
  if (node == nullptr) return result;
  const Key& key = *find_key(section_, name);
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    wrong_type(key, *node, "a list of integers, such as [20, 30]");
    return result;
  }
  for (const toml::node& element : *list) {
    if (const auto value = integer(key, element)) result.push_back({*value, place_of(element)});
  }
  return result;
}

std::vector<Placed<std::string>> SectionReader::texts(std::string_view name) {
  std::vector<Placed<std::string>> result;
  const toml::node* node = table_.get(name);
  if (node == nullptr) return result;
  const Key& key = *find_key(section_, name);
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    wrong_type(key, *node, "a list of strings, such as [\"p1\", \"p2\"]");
    return result;
  }
  for (const toml::node& element : *list) {
    if (const toml::value<std::string>* value = element.as_string()) {
      result.push_back({value->get(), place_of(element)});
    } else {
      error(place_of(element), name, " holds ", kind(element), "; each element must be a string");
    }
  }
  return result;
}

std::vector<TextOrTable> SectionReader::texts_or_tables(std::string_view name) {
  std::vector<TextOrTable> result;
  const toml::node* node = table_.get(name);
  if (node == nullptr) return result;
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    wrong_type(*find_key(section_, name), *node, "a list of strings or tables, such as [\"wan\"]");
    return result;
  }
  for (const toml::node& element : *list) {
    if (const toml::value<std::string>* value = element.as_string()) {
      result.push_back({nullptr, {value->get(), place_of(element)}});
    } else if (const toml::table* table = element.as_table()) {
      result.push_back({table, {}});
    } else {
      error(place_of(element), name, " holds ", kind(element),
            "; each element must be a string or a table");
    }
  }
  return result;
}

const toml::table* SectionReader::table(std::string_view name, Section section) {
  const toml::node* node = table_.get(name);
  if (node != nullptr && !node->is_table()) {
    error(place_of(*node), name, " is ", kind(*node), "; there is one, with the header ",
          header(section));
    return nullptr;
  }
  return node == nullptr ? nullptr : node->as_table();
}

std::vector<const toml::table*> SectionReader::tables(std::string_view name, Section section) {
  std::vector<const toml::table*> result;
  const toml::node* node = table_.get(name);
  if (node == nullptr) return result;
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    error(place_of(*node), name, " is ", kind(*node),
          "; there may be several, each with the header ", header(section));
    return result;
  }
  for (const toml::node& element : *list) {
    if (const toml::table* table = element.as_table()) {
      result.push_back(table);
    } else {
      error(place_of(element), name, " holds ", kind(element),
            "; each is a table, with the header ", header(section));
    }
  }
  return result;
}

}  // namespace sluice::config
