// SPDX-License-Identifier: BSD-3-Clause
// Ranges of groups and of sources, wherever in the file they stand.
#include <string>

#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

constexpr Prefix kMulticast{ipv4(224, 0, 0, 0), 4};
constexpr Prefix kLinkLocal{ipv4(224, 0, 0, 0), 24};
// Where no source can be: this network, loopback, multicast and reserved addresses.
constexpr Prefix kNoSources[] = {
    {ipv4(0, 0, 0, 0), 8}, {ipv4(127, 0, 0, 0), 8}, {ipv4(224, 0, 0, 0), 3}};

bool lies_in(const Prefix& inner, const Prefix& outer) {
  return inner.length >= outer.length && outer.contains(inner.address);
}

std::optional<Prefix> parse_range(std::string_view text) {
  if (const auto address = parse_ipv4(text)) return Prefix{*address, 32};
  return parse_prefix(text);
}

bool can_have_sources(const Prefix& range) {
  if (range.length == 0) return true;  // "any" is meant, not each of its addresses
  return std::ranges::none_of(kNoSources, [&](const Prefix& no) { return range.overlaps(no); });
}

}  // namespace

std::optional<Prefix> to_range(SectionReader& section, std::string_view key,
                               const Placed<std::string>& text, RangeOf of) {
  const auto refuse = [&](const auto&... why) {
    section.error(text.place, key, " has ", in_quotes(text.value), ", ", why...);
    return std::nullopt;
  };
  const std::optional<Prefix> range = parse_range(text.value);
  const bool groups = of == RangeOf::kGroups;
  if (!range) {
    return refuse("which is not a range of IPv4 addresses; write one such as ",
                  groups ? "\"232.0.0.0/8\"" : "\"10.77.0.0/16\"");
  }
  if (groups && !lies_in(*range, kMulticast)) {
    return refuse("which is not a range of groups; those lie in 224.0.0.0/4");
  }
  if (groups && lies_in(*range, kLinkLocal)) {
    return refuse("which lies in 224.0.0.0/24, whose groups are never routed; remove it");
  }
  if (!groups && !can_have_sources(*range)) {
    return refuse("which is not a range of unicast addresses; write one such as \"10.77.0.0/16\"");
  }
  if (range->first() != range->address) {
    return refuse("whose address has bits past its length; write ",
                  in_quotes(to_string(Prefix{range->first(), range->length})));
  }
  return range;
}

std::vector<Placed<Prefix>> read_ranges(SectionReader& section, std::string_view key, RangeOf of) {
  std::vector<Placed<Prefix>> ranges;
  Seen<std::pair<Ipv4, std::uint8_t>> seen;
  const auto texts = section.texts(key);
  if (texts.size() > kMostRanges) {
    section.error(section.place(key), key, " has ", texts.size(), " ranges; at most ", kMostRanges,
                  " are allowed");
    return ranges;
  }
  for (const Placed<std::string>& text : texts) {
    const std::optional<Prefix> range = to_range(section, key, text, of);
    if (!range) continue;
    if (seen.earlier({range->address, range->length}, text.place)) {
      section.error(text.place, key, " has ", in_quotes(text.value), " twice; remove one");
    } else {
      ranges.push_back({*range, text.place});
    }
  }
  return ranges;
}

std::optional<Place> read_range(SectionReader& section, std::string_view key, RangeOf of,
                                Prefix& range) {
  std::string text;
  const auto place = section.read(key, text);
  if (!place) return std::nullopt;
  const std::optional<Prefix> value = to_range(section, key, {text, *place}, of);
  if (!value) return std::nullopt;
  range = *value;
  return place;
}

}  // namespace sluice::config
