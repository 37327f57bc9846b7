// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/parameters.h"

#include <algorithm>
#include <charconv>

namespace sluice::control::web {
namespace {

std::string listed(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

}  // namespace

Result<Parameters> Parameters::read(const Request& request,
                                    std::span<const std::string_view> known) {
  for (std::string_view rest = request.query; !rest.empty();) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::string_view name = pair.substr(0, pair.find('='));
    if (pair.empty()) continue;
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string shown(name.substr(0, kLongestText));
      return Error{known.empty()
                       ? request.path + " takes no parameters, such as " + shown
                       : "there is no parameter " + shown + "; known ones are " + listed(known)};
    }
    const auto value = request.parameter(name);
    if (value && value->size() > kLongestText) {
      return Error{std::string(name) + " has " + std::to_string(value->size()) +
                   " bytes; at most " + std::to_string(kLongestText) + " are allowed"};
    }
  }
  return Parameters(request);
}

void Parameters::refuse(std::string what) {
  if (!error_) error_ = Error{std::move(what)};
}

std::optional<std::string> Parameters::text(std::string_view name) {
  const auto value = request_.parameter(name);
  return value && !value->empty() ? value : std::nullopt;
}

std::optional<std::uint64_t> Parameters::number(std::string_view name, std::uint64_t min,
                                                std::uint64_t max) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, number);
  if (error == std::errc{} && stop == end && number >= min && number <= max) return number;
  refuse(std::string(name) + " = " + *value + " is not a number from " + std::to_string(min) +
         " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<VlanId> Parameters::vlan() {
  const auto value = number("vlan", 1, 4094);
  return value ? std::optional(VlanId{static_cast<std::uint16_t>(*value)}) : std::nullopt;
}

std::optional<Ipv4> Parameters::group() {
  const auto value = text("group");
  if (!value) return std::nullopt;
  const std::optional<Ipv4> group = parse_ipv4(*value);
  if (group && group->is_multicast()) return group;
  refuse("group = " + *value + " is not a group; groups lie in 224.0.0.0/4");
  return std::nullopt;
}

std::optional<std::size_t> Parameters::choice(std::string_view name,
                                              std::span<const std::string_view> choices) {
  const auto value = text(name);
  if (!value) return std::nullopt;
  const auto at = std::find(choices.begin(), choices.end(), *value);
  if (at != choices.end()) return static_cast<std::size_t>(at - choices.begin());
  refuse(std::string(name) + " = " + *value + " is none of " + listed(choices));
  return std::nullopt;
}

}  // namespace sluice::control::web
