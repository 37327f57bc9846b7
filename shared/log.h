// SPDX-License-Identifier: BSD-3-Clause
// The vocabulary of the log: every line is one of these events with its fields. What an event is
// called, which subsystem it belongs to and how severe it is stands in one table (log.cpp), and
// docs/logging.md has a row for each. The words only: nothing is written from here. The control
// side writes by control/log/log.h, the data plane by the LogSink that it is given; workers never.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError };
inline constexpr std::size_t kLogLevels = 5;
std::string_view to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view name);

// What has a level of its own.
enum class Subsystem : std::uint8_t {
  kSystem,
  kDataplane,
  kEal,
  kIgmp,
  kProxy,
  kApi,
  kWeb,
  kState,
  kHealth,
};
inline constexpr std::size_t kSubsystems = 9;
std::string_view to_string(Subsystem subsystem);
std::optional<Subsystem> parse_subsystem(std::string_view name);

// A level for each subsystem.
using LogLevels = std::array<LogLevel, kSubsystems>;

// In the order of the table. An event of `watch` has the same name here.
enum class LogEvent : std::uint8_t {
  kReady,
  kStopped,
  kStartFailed,
  kConfigError,
  kReloaded,
  kReloadRefused,
  kLogLevelChanged,
  kOrdinaryPages,
  kPortLink,
  kWorkerStuck,
  kWorkerResumed,
  kFibRefused,
  kBuffersLost,
  kEalLine,
  kGroupJoined,
  kGroupLeft,
  kGroupExpired,
  kSourceAdded,
  kSourceRemoved,
  kMrouterUp,
  kMrouterDown,
  kQuerierChanged,
  kOlderQuerier,
  kLimitReached,
  kJoinDenied,
  kUpstreamChanged,
  kAlarmRaised,
  kAlarmCleared,
  kHttpFailed,
  kStateRestored,
  kStateIgnored,
  kStateOutdated,
  kStateUnwritten,
  kStateWritten,
};

struct LogEventText {
  LogEvent event;
  std::string_view name;  // "port-link"
  Subsystem subsystem;
  LogLevel level;
  std::string_view fields;   // "port state", for the page
  std::string_view meaning;  // one sentence, for the page
};
std::span<const LogEventText> all_log_events();
const LogEventText& text_of(LogEvent event);

// `key=value`. A value is quoted when it needs it, whatever it holds (control/log/line.h).
struct LogField {
  LogField(std::string_view name, std::string text) : key(name), value(std::move(text)) {}
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(text) {}
  template <std::integral Number>
  LogField(std::string_view name, Number number) : key(name), value(std::to_string(number)) {}

  std::string_view key;  // lives longer than the field: a literal
  std::string value;
};

// Some fields, in braces or in a vector.
class LogFields {
 public:
  LogFields(std::initializer_list<LogField> fields) : fields_(fields.begin(), fields.size()) {}
  LogFields(const std::vector<LogField>& fields) : fields_(fields) {}

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }

 private:
  std::span<const LogField> fields_;
};

// For who does not know where lines go.
using LogSink = std::function<void(LogEvent, const LogFields&)>;

}  // namespace sluice
