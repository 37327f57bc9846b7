// SPDX-License-Identifier: BSD-3-Clause
// One log line: `info event=port-link port=a state=up`, in logfmt. Whatever a value holds, the line
// stays one line and the value one value. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/log.h"

namespace sluice::control::log {

// As it stands behind `key=`: bare, or in double quotes with \" \\ \n \r \t \u00xx inside. Bytes
// that are not UTF-8 become U+FFFD; what is beyond kLongestValue bytes is cut off and says so.
std::string logfmt_value(std::string_view value);
inline constexpr std::size_t kLongestValue = 1024;

// `suppressed`: how many lines of this event were withheld before this one. `level`: when it is not
// the event's own.
std::string line_of(LogEvent event, const LogFields& fields, std::uint64_t suppressed,
                    std::optional<LogLevel> level = {});

// How systemd's journal is told the level of a line: "<6>".
std::string_view journal_prefix(LogLevel level);

}  // namespace sluice::control::log
