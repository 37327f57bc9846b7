// SPDX-License-Identifier: BSD-3-Clause
// The parameters of a request, checked: a name that a path does not know, a value out of range or a
// text too long is refused with a sentence. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "control/web/http.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/result.h"

namespace sluice::control::web {

class Parameters {
 public:
  static constexpr std::size_t kLongestText = 64;

  // Checks names and lengths; values are checked when they are asked for.
  static Result<Parameters> read(const Request& request, std::span<const std::string_view> known);

  // None when it is not given. The first value that is wrong stands in error(), and is none too.
  std::optional<std::string> text(std::string_view name);
  std::optional<std::uint64_t> number(std::string_view name, std::uint64_t min, std::uint64_t max);
  std::optional<VlanId> vlan();
  std::optional<Ipv4> group();
  // The place of the value in `choices`.
  std::optional<std::size_t> choice(std::string_view name,
                                    std::span<const std::string_view> choices);

  // What was wrong with a value that was asked for.
  const std::optional<Error>& error() const { return error_; }

 private:
  explicit Parameters(Request request) : request_(std::move(request)) {}
  void refuse(std::string what);

  Request request_;
  std::optional<Error> error_;
};

}  // namespace sluice::control::web
