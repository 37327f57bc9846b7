// SPDX-License-Identifier: BSD-3-Clause
// The daemon's answers for people: aligned columns, short times. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace sluice::control::cli {

using Json = nlohmann::ordered_json;

// `command` as sent ("show groups"); `result` as answered. Commands that only do something print
// nothing.
std::string to_table(const std::string& command, const Json& result);

// One event of `watch`.
std::string to_line(const Json& event);

}  // namespace sluice::control::cli
