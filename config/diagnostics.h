// SPDX-License-Identifier: BSD-3-Clause
// Where in the file, and everything that is wrong there. One collector per load; not shared.
#pragma once

#include <algorithm>
#include <compare>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "config/loader.h"

namespace sluice::config {

// Lines and columns count from 1, columns in characters.
struct Place {
  unsigned line = 1;
  unsigned column = 1;
  auto operator<=>(const Place&) const = default;
};

template <class T>
struct Placed {
  T value{};
  Place place;
};

class Diagnostics {
 public:
  explicit Diagnostics(std::string file) : file_(std::move(file)) {}

  // The message is the parts one after the other.
  template <class... Part>
  void error(Place place, const Part&... parts) {
    std::ostringstream text;
    text.precision(15);
    (text << ... << parts);
    errors_.push_back({file_, place.line, place.column, text.str()});
  }

  std::size_t count() const { return errors_.size(); }

  std::vector<Diagnostic> in_file_order() && {
    std::ranges::stable_sort(errors_, [](const Diagnostic& a, const Diagnostic& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return std::move(errors_);
  }

 private:
  std::string file_;
  std::vector<Diagnostic> errors_;
};

// Things of which there may be one only.
template <class Key>
class Seen {
 public:
  // The place of the earlier one, if there is one; otherwise this is the first.
  std::optional<Place> earlier(const Key& key, Place place) {
    const auto [at, is_new] = places_.try_emplace(key, place);
    return is_new ? std::nullopt : std::optional(at->second);
  }

 private:
  std::map<Key, Place> places_;
};

}  // namespace sluice::config
