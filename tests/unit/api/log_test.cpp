// SPDX-License-Identifier: BSD-3-Clause
// Log lines: values that cannot break them, the limit per event in virtual time, and a page that
// has a row for every event.
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "control/alarm_log.h"
#include "control/event_log.h"
#include "control/log/limiter.h"
#include "control/log/line.h"

namespace sluice::control::log::log_test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LogLine, HasLevelEventAndFields) {
  EXPECT_EQ(line_of(LogEvent::kPortLink, {{"port", "a"}, {"state", "up"}}, 0),
            "info event=port-link port=a state=up");
  EXPECT_EQ(line_of(LogEvent::kStopped, {}, 0), "info event=stopped");
  EXPECT_EQ(line_of(LogEvent::kReady, {{"ports", 3u}, {"socket", std::string("/run/x")}}, 7),
            "info event=ready ports=3 socket=/run/x suppressed=7");
}

// Who looks at errors only sees every critical alarm, and no other.
TEST(LogLine, ACriticalAlarmIsAnError) {
  const health::Alarm warning{.severity = health::Severity::kWarning};
  const health::Alarm critical{.severity = health::Severity::kCritical};
  EXPECT_EQ(log_level_of(warning, /*raised=*/true), LogLevel::kWarn);
  EXPECT_EQ(log_level_of(critical, /*raised=*/true), LogLevel::kError);
  EXPECT_EQ(log_level_of(critical, /*raised=*/false), LogLevel::kInfo);
  EXPECT_EQ(line_of(LogEvent::kAlarmRaised, {}, 0, LogLevel::kError), "error event=alarm-raised");
}

TEST(LogLine, QuotesWhatWouldBreakIt) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"plain-1.2/3:4*", "plain-1.2/3:4*"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a=b", R"("a=b")"},
      {R"(say "hi" \now)", R"("say \"hi\" \\now")"},
      {"x\ninfo event=stopped", R"("x\ninfo event=stopped")"},
      {"\r\t", R"("\r\t")"},
      {"\x1b[31m", R"("\u001b[31m")"},
      {std::string_view("\0z\x7f", 3), R"("\u0000z\u007f")"},
      {"Größe", "\"Größe\""},
      {"\xC2\x9B", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                  // a C1 control
      {"\xE2\x80\xA8", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},  // LINE SEPARATOR
      {"\xC0\x8A", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""},                  // an overlong newline
      {"\xF0\x9F\x93", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},  // cut short
      {"\xFF", "\"\xEF\xBF\xBD\""},
      {"\xF0\x9F\x93\xBA", "\"\xF0\x9F\x93\xBA\""},
  };
  for (const auto& [value, wanted] : cases) EXPECT_EQ(logfmt_value(value), wanted);
  EXPECT_EQ(logfmt_value(std::string(5000, 'x')), '"' + std::string(kLongestValue, 'x') + "...\"");
}

TEST(LogLine, EveryByteStaysInItsValue) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = logfmt_value(std::string(1, static_cast<char>(byte)));
    for (const char c : text)
      EXPECT_FALSE(static_cast<unsigned char>(c) < ' ' || c == 0x7F) << byte;
    if (text.front() != '"') {
      EXPECT_EQ(text.find_first_of(" =\""), std::string::npos) << byte;
    }
  }
}

// What is written, one line after the other: the counts that they carry.
class LogLimit : public testing::Test {
 protected:
  unsigned write(LogEvent event, unsigned times) {
    unsigned written = 0;
    for (unsigned i = 0; i < times; ++i) {
      const auto suppressed = limiter_.admit(event, now_);
      if (!suppressed) continue;
      ++written;
      told_ += *suppressed;
    }
    return written;
  }
  std::uint64_t told_apart(LogEvent event, bool all = false) {
    std::uint64_t count = 0;
    limiter_.tell(now_, all, [&](LogEvent about, std::uint64_t suppressed) {
      EXPECT_EQ(about, event);
      count += suppressed;
    });
    return count;
  }

  Limiter limiter_;
  TimePoint now_{};
  std::uint64_t told_ = 0;
};

TEST_F(LogLimit, ABurstAndThenOneASecond) {
  const unsigned burst = rate_of(LogLevel::kInfo).burst;
  EXPECT_EQ(write(LogEvent::kPortLink, burst + 50), burst);
  EXPECT_EQ(told_, 0u);
  now_ += milliseconds(999);
  EXPECT_EQ(write(LogEvent::kPortLink, 10), 0u);
  now_ += milliseconds(1);
  EXPECT_EQ(write(LogEvent::kPortLink, 5), 1u);
  EXPECT_EQ(told_, 60u);  // the four behind it are not told yet
  now_ += seconds(3);
  EXPECT_EQ(write(LogEvent::kPortLink, 5), 3u);
  EXPECT_EQ(told_, 64u);
}

TEST_F(LogLimit, QuietRefillsTheBurstAndNoMore) {
  const unsigned burst = rate_of(LogLevel::kInfo).burst;
  write(LogEvent::kPortLink, burst);
  now_ += std::chrono::hours(24);
  EXPECT_EQ(write(LogEvent::kPortLink, 2 * burst), burst);
}

TEST_F(LogLimit, IsPerEventAndWiderForDebug) {
  write(LogEvent::kPortLink, 1000);
  EXPECT_EQ(write(LogEvent::kMrouterUp, 1), 1u);
  EXPECT_GE(write(LogEvent::kGroupJoined, 5000), 1000u);
}

TEST_F(LogLimit, NothingWithheldStaysUntold) {
  const unsigned burst = rate_of(LogLevel::kInfo).burst;
  write(LogEvent::kPortLink, burst + 7);
  now_ += Limiter::kTellAfter - milliseconds(1);
  EXPECT_EQ(told_apart(LogEvent::kPortLink), 0u);
  now_ += milliseconds(1);
  EXPECT_EQ(told_apart(LogEvent::kPortLink), 7u);
  EXPECT_EQ(told_apart(LogEvent::kPortLink), 0u);  // once
  write(LogEvent::kPortLink, burst + 7);
  EXPECT_GT(told_apart(LogEvent::kPortLink, /*all=*/true), 0u);
}

TEST(LogVocabulary, NamesAreUniqueAndMachineReadable) {
  std::set<std::string_view> names;
  for (const LogEventText& text : all_log_events()) {
    EXPECT_TRUE(names.insert(text.name).second) << text.name;
    EXPECT_EQ(text.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), text.name.npos);
    EXPECT_TRUE(text.meaning.ends_with('.')) << text.name;
  }
  for (std::size_t i = 0; i < kSubsystems; ++i) {
    const auto subsystem = static_cast<Subsystem>(i);
    EXPECT_EQ(parse_subsystem(to_string(subsystem)), subsystem);
  }
  EXPECT_EQ(parse_subsystem("eals"), std::nullopt);
  EXPECT_EQ(parse_log_level("warn"), LogLevel::kWarn);
}

// What `watch` and the log both tell has one name.
TEST(LogVocabulary, IsThatOfWatch) {
  for (int i = 0; i < 256; ++i) {
    const auto type = static_cast<snooping::EventType>(i);
    const std::string_view name = to_string(type);
    if (name.empty()) break;
    EXPECT_EQ(text_of(log_event_of(type)).name, name);
  }
}

// docs/logging.md has exactly these rows, in this order.
TEST(LogVocabulary, IsOnThePage) {
  std::ostringstream rows;
  for (const LogEventText& text : all_log_events()) {
    rows << "| `" << text.name << "` | " << to_string(text.subsystem) << " | "
         << to_string(text.level) << " | " << text.fields << " | " << text.meaning << " |\n";
  }
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/logging.md");
  std::string page, line;
  while (std::getline(file, line)) {
    if (line.starts_with("| `")) page += line + "\n";
  }
  EXPECT_EQ(page, rows.str()) << "docs/logging.md is to have these rows:\n" << rows.str();
}

}  // namespace
}  // namespace sluice::control::log::log_test
