// SPDX-License-Identifier: BSD-3-Clause
// Numbers to bytes and back, little-endian, without ever reading past the end. A reader that has
// failed goes on saying zero, so that one check at the end of a row is enough. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sluice::control::state {

using Bytes = std::vector<std::uint8_t>;

template <class Unsigned>
void put(Bytes& out, Unsigned value) {
  static_assert(std::is_unsigned_v<Unsigned>);
  for (std::size_t i = 0; i < sizeof value; ++i) {
    out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
}

inline void put_text(Bytes& out, std::string_view text) {  // of at most 255 bytes
  put(out, static_cast<std::uint8_t>(text.size()));
  out.insert(out.end(), text.begin(), text.end());
}

class ByteReader {
 public:
  explicit ByteReader(std::span<const std::uint8_t> bytes) : rest_(bytes) {}

  template <class Unsigned>
  Unsigned get() {
    static_assert(std::is_unsigned_v<Unsigned>);
    Unsigned value = 0;
    if (!has(sizeof value)) return 0;
    for (std::size_t i = 0; i < sizeof value; ++i) {
      value = static_cast<Unsigned>(value | static_cast<Unsigned>(Unsigned{rest_[i]} << (8 * i)));
    }
    rest_ = rest_.subspan(sizeof value);
    return value;
  }
  std::span<const std::uint8_t> take(std::size_t size) {
    if (!has(size)) return {};
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(size);
    return taken;
  }
  std::string text() {
    const auto bytes = take(get<std::uint8_t>());
    return {bytes.begin(), bytes.end()};
  }

  // To be called where a value is none that a writer writes.
  void fail() {
    good_ = false;
    rest_ = {};
  }
  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  bool has(std::size_t size) {
    if (rest_.size() >= size) return good_;
    fail();
    return false;
  }

  std::span<const std::uint8_t> rest_;
  bool good_ = true;
};

}  // namespace sluice::control::state
