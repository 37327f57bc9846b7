// SPDX-License-Identifier: BSD-3-Clause
// Reads one TOML table by the key table: unknown keys, types and ranges become diagnostics here,
// and only sound values reach the caller's field. Lives while the parsed document does.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <toml++/toml.h>

#include "config/diagnostics.h"
#include "config/keys.h"
#include "shared/ids.h"
#include "shared/time.h"

namespace sluice::config {

Place place_of(const toml::node& node);

// An element of a list that may hold both.
struct TextOrTable {
  const toml::table* table = nullptr;  // nullptr: it is `text`
  Placed<std::string> text;
};

class SectionReader {
 public:
  // Reports the keys that the section does not have.
  SectionReader(Section section, const toml::table& table, Diagnostics& diagnostics);

  // Each gives the place of the value when the key is there and its value is sound, and changes
  // `field` only then.
  std::optional<Place> read(std::string_view key, bool& field);
  std::optional<Place> read(std::string_view key, Duration& field);
  std::optional<Place> read(std::string_view key, std::string& field);

  template <class Unsigned>
  requires(std::is_unsigned_v<Unsigned> &&
           !std::is_same_v<Unsigned, bool>) std::optional<Place> read(std::string_view key,
                                                                      Unsigned& field) {
    const std::optional<Placed<std::int64_t>> number = integer(key);
    if (!number) return std::nullopt;
    field = static_cast<Unsigned>(number->value);
    return number->place;
  }

  // The enumerators stand in the order of the key's words.
  template <class Enum>
  requires(std::is_enum_v<Enum>) std::optional<Place> read(std::string_view key, Enum& field) {
    const std::optional<Placed<std::size_t>> at = choice(key);
    if (!at) return std::nullopt;
    field = static_cast<Enum>(at->value);
    return at->place;
  }

  // The sound elements of a list; none when the key is not there.
  std::vector<Placed<std::int64_t>> integers(std::string_view key);
  std::vector<Placed<std::string>> texts(std::string_view key);

  // The elements of a list of strings, or of sections below this one, or of both. A lone list of
  // sections is what the header `[[a.b]]` makes.
  std::vector<TextOrTable> texts_or_tables(std::string_view key);

  // The section or sections below this one; `section` is for the message when they are none.
  const toml::table* table(std::string_view key, Section section);
  std::vector<const toml::table*> tables(std::string_view key, Section section);

  bool has(std::string_view key) const { return table_.contains(key); }
  // Of the value, or of the section when the key is not there.
  Place place(std::string_view key) const;
  Place place() const { return place_of(table_); }
  // Reports each required key that is not there, unless something else is wrong in the section:
  // a mistyped key would be two errors otherwise.
  void check_required();
  // Nothing was wrong in the section itself so far.
  bool sound() const { return sound_; }

  template <class... Part>
  void error(Place place, const Part&... parts) {
    sound_ = false;
    diagnostics_.error(place, parts...);
  }

 private:
  std::optional<Placed<std::int64_t>> integer(std::string_view key);
  std::optional<std::int64_t> integer(const Key& key, const toml::node& node);
  std::optional<Placed<std::size_t>> choice(std::string_view key);
  void unknown_key(const toml::key& key);
  void out_of_range(const Key& key, const toml::node& node, double value);
  void wrong_type(const Key& key, const toml::node& node, std::string_view wanted);

  Section section_;
  const toml::table& table_;
  Diagnostics& diagnostics_;
  bool sound_ = true;
};

}  // namespace sluice::config
