// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/address_pattern.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>

namespace sluice::control::web {
namespace {

constexpr std::size_t kLongest = 18;  // "255.255.255.255/32"

Error not_understood(std::string_view text) {
  const std::string shown(text.substr(0, kLongest));
  return Error{"\"" + shown + (text.size() > kLongest ? "…" : "") +
               "\" is no address or beginning of one, such as 239.1 or 10.77.0.0/16"};
}

// An octet as it is written: no sign, no leading zero.
std::optional<unsigned> octet(std::string_view text) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > 255) return std::nullopt;
  return value;
}

}  // namespace

Result<AddressPattern> AddressPattern::parse(std::string_view text) {
  AddressPattern pattern;
  if (text.size() > kLongest) return not_understood(text);
  if (text.find('/') != std::string_view::npos) {
    const std::optional<Prefix> prefix = parse_prefix(text);
    if (!prefix) return not_understood(text);
    pattern.ranges_.push_back({prefix->first(), prefix->last()});
    return pattern;
  }
  std::uint32_t begin = 0;
  unsigned octets = 0;  // complete ones
  for (std::size_t dot; (dot = text.find('.')) != std::string_view::npos;
       text.remove_prefix(dot + 1)) {
    const std::optional<unsigned> value = octet(text.substr(0, dot));
    if (!value || octets == 3) return not_understood(text);
    begin = begin << 8 | *value;
    ++octets;
  }
  const auto add = [&](unsigned low, unsigned high) {  // of the octet after the complete ones
    const unsigned rest = 8 * (3 - octets);
    const std::uint32_t below = (std::uint32_t{1} << rest) - 1;
    pattern.ranges_.push_back(
        {Ipv4{(begin << 8 | low) << rest}, Ipv4{(begin << 8 | high) << rest | below}});
  };
  if (text.empty()) {
    if (octets == 0) return not_understood(text);
    add(0, 255);
    return pattern;
  }
  const std::optional<unsigned> last = octet(text);
  if (!last) return not_understood(text);
  add(*last, *last);
  // "1" may become 10..19 and 100..199; nothing that begins with 0 grows.
  for (unsigned factor = 10; *last != 0 && factor <= 100; factor *= 10) {
    if (*last * factor > 255) break;
    add(*last * factor, std::min(*last * factor + factor - 1, 255u));
  }
  return pattern;
}

bool AddressPattern::matches(Ipv4 address) const {
  return std::any_of(ranges_.begin(), ranges_.end(), [address](const Range& range) {
    return range.first <= address && address <= range.last;
  });
}

bool AddressPattern::means_groups() const {
  return std::any_of(ranges_.begin(), ranges_.end(), [](const Range& range) {
    return range.last >= ipv4(224, 0, 0, 0) && range.first <= ipv4(239, 255, 255, 255);
  });
}

}  // namespace sluice::control::web
