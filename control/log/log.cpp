// SPDX-License-Identifier: BSD-3-Clause
#include "control/log/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>

#include "control/log/limiter.h"
#include "control/log/line.h"

namespace sluice::control::log {
namespace {

struct Log {
  std::atomic<bool> opened{false};
  std::array<std::atomic<LogLevel>, kSubsystems> levels;
  std::mutex mutex;  // of what follows
  Limiter limiter;
  std::shared_ptr<spdlog::logger> out;
  bool journal = false;
};
Log& the_log() {
  static Log log;
  return log;
}

TimePoint now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return TimePoint(std::chrono::duration_cast<Duration>(since));
}

// systemd sets JOURNAL_STREAM to the device and inode of the stream that it made; who was started
// from there may have got another stderr since.
bool stderr_is_the_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (stream == nullptr || ::fstat(STDERR_FILENO, &info) != 0) return false;
  return stream == std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
}

spdlog::level::level_enum colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::info;
}

// With the mutex held, so that lines stand in the order in which they were admitted.
void put(Log& log, LogEvent event, LogLevel level, const LogFields& fields,
         std::uint64_t suppressed) {
  std::string line = line_of(event, fields, suppressed, level);
  if (log.journal) line.insert(0, journal_prefix(level));
  log.out->log(colour_of(level), spdlog::string_view_t(line));
}

}  // namespace

void open(const LogLevels& levels) {
  Log& log = the_log();
  for (std::size_t i = 0; i < kSubsystems; ++i) log.levels[i] = levels[i];
  const std::lock_guard lock(log.mutex);
  log.journal = stderr_is_the_journal();
  log.out = std::make_shared<spdlog::logger>(
      "sluiced", std::make_shared<spdlog::sinks::stderr_color_sink_st>());
  log.out->set_level(spdlog::level::trace);  // ours decide
  log.out->set_pattern(log.journal ? "%v" : "%Y-%m-%dT%H:%M:%S.%e %^%v%$");
  log.opened.store(true, std::memory_order_release);
}

bool wants(LogEvent event) {
  return wants(event, text_of(event).level);
}
bool wants(LogEvent event, LogLevel level) {
  const Log& log = the_log();
  const auto& least = log.levels[static_cast<std::size_t>(text_of(event).subsystem)];
  return level >= least.load(std::memory_order_relaxed) &&
         log.opened.load(std::memory_order_acquire);
}

void write(LogEvent event, const LogFields& fields) {
  write_at(text_of(event).level, event, fields);
}
void write_at(LogLevel level, LogEvent event, const LogFields& fields) {
  if (!wants(event, level)) return;
  Log& log = the_log();
  const std::lock_guard lock(log.mutex);
  if (const auto suppressed = log.limiter.admit(event, now())) {
    put(log, event, level, fields, *suppressed);
  }
}

void set_level(Subsystem subsystem, LogLevel level) {
  the_log().levels[static_cast<std::size_t>(subsystem)].store(level, std::memory_order_relaxed);
}

LogLevels levels() {
  LogLevels copy{};
  for (std::size_t i = 0; i < kSubsystems; ++i) copy[i] = the_log().levels[i];
  return copy;
}

void tell_suppressed(bool all) {
  Log& log = the_log();
  if (!log.opened.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(log.mutex);
  log.limiter.tell(now(), all, [&](LogEvent event, std::uint64_t suppressed) {
    put(log, event, text_of(event).level, {}, suppressed);
  });
}

}  // namespace sluice::control::log
