// SPDX-License-Identifier: BSD-3-Clause
// The dashboard: a page, what it shows as JSON, and events as they happen, all of it to look at and
// nothing to change. Its files are compiled in. Everything but the constructor runs on the thread
// of its HttpServer; state is read through the command queue, in slices, and only while
// somebody looks.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "control/api/event_feed.h"
#include "control/api/json.h"
#include "control/web/http.h"
#include "control/web/matrix.h"
#include "control/web/sampler.h"

namespace sluice::control::web {

class Dashboard {
 public:
  struct Setup {
    api::PortNames ports;
    std::function<double()> uptime_s;
    api::CommandQueue& commands;
    api::EventFeed& feed;  // its own: nobody else drains it
  };
  // Events go out at once, but no more of them: a browser shows none of a thousand.
  static constexpr std::size_t kEventsAtOnce = 40;
  static constexpr std::chrono::milliseconds kEventPause{100};
  static constexpr std::size_t kRecentEvents = 100;  // what a new reader is told first
  static constexpr std::chrono::milliseconds kSamplePause{500};
  static constexpr int kSamplesUnseen = 20;  // after the last request

  // Registers its paths; `server` is not started yet and outlives the dashboard.
  Dashboard(Setup setup, HttpServer& server);

 private:
  Response summary(const Request& request);
  Response groups(const Request& request);
  Response group(const Request& request);
  Response port(const Request& request);
  void sample();  // if somebody looks; tells the readers of events
  void pass_events();
  void let_events_go();  // at each kEventPause
  // nullptr: the daemon stops.
  const Sample* current();
  // What a search for hosts finds; kept, for who scrolls asks again and again. nullptr: as above.
  const std::vector<snooping::HostMembership>* find_hosts(const MatrixQuery& query,
                                                          std::string_view text);
  std::string greeting() const;

  Setup setup_;
  Sampler sampler_;
  EventStream& stream_;
  int unseen_ = kSamplesUnseen;  // samples since the last request
  std::chrono::steady_clock::time_point next_sample_{};

  struct Found {
    std::string text;
    std::uint64_t sample = 0;
    std::vector<snooping::HostMembership> rows;
  } found_;

  std::deque<std::string> recent_;  // events as JSON
  std::size_t allowance_ = kEventsAtOnce;
  std::uint64_t skipped_ = 0;
};

}  // namespace sluice::control::web
