// SPDX-License-Identifier: BSD-3-Clause
// A small HTTP server to look at, not to talk to: GET and HEAD of fixed paths, and live streams of
// server-sent events. It runs in one thread of its own, below the control thread's priority; every
// resource that a client can take has a bound, and whoever goes over it loses its own connection
// and nobody else's. Handlers run on the server's thread, one at a time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/planes.h"
#include "shared/result.h"

namespace sluice::control::web {

struct Request {
  std::string path;   // "/api/groups"
  std::string query;  // "vlan=10&port=p1", as sent

  // Decoded ("%20", "+"); none when it is not there.
  std::optional<std::string> parameter(std::string_view name) const;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides the usual ones
};

struct HttpLimits {
  std::size_t connections = 32;
  std::size_t streams = 8;              // of the connections, those that may be event streams
  std::size_t request_bytes = 8192;     // request line and headers
  std::size_t event_backlog = 1 << 18;  // bytes that a reader of events may be behind
  std::chrono::milliseconds request_time{5000};  // from the first byte to the last
  std::chrono::milliseconds idle_time{60000};    // without a request
  std::chrono::milliseconds answer_time{30000};  // to take a whole answer, or what is behind
  std::chrono::milliseconds heartbeat{15000};    // a comment to readers of events
  // When all places are taken, a newcomer gets the place of who has kept us waiting for a request
  // the longest, if that is at least this long; else it is told to come again.
  std::chrono::milliseconds silence_before_eviction{250};
};

// All only count up but the last two.
struct HttpCounters {
  std::uint64_t connections = 0, requests = 0, refused = 0;  // requests answered with 4xx or 5xx
  std::uint64_t turned_away = 0, evicted = 0, timed_out = 0, streams_cut = 0;
  std::uint64_t open = 0, streams = 0;
};

// "event: NAME\ndata: LINE\n\n"; a `data` of several lines stays one event.
std::string format_event(std::string_view name, std::string_view data);

// The readers of one path. Server's thread only.
class EventStream {
 public:
  virtual ~EventStream() = default;
  // To every reader. Never waits: a reader that is too far behind is cut, and comes back by itself.
  virtual void send(std::string_view name, std::string_view data) = 0;
  virtual std::size_t readers() const = 0;
};

class HttpServer {
 public:
  using Handler = std::function<Response(const Request&)>;
  // What a new reader gets first: events made by format_event(), or nothing.
  using Greeting = std::function<std::string(const Request&)>;

  // Binds and listens; nobody is answered before start(). `name` says whose it is, in the error
  // ("[metrics] listen") and in the thread's name ("metrics").
  static Result<std::unique_ptr<HttpServer>> open(const std::string& name,
                                                  const std::string& listen,
                                                  HttpLimits limits = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // Before start().
  void get(const std::string& path, Handler handler);
  EventStream& stream(const std::string& path, Greeting greeting = {});
  // Calls `then` on the server's thread whenever `fd` (an eventfd, say) is readable.
  void on_readable(int fd, std::function<void()> then);
  // Calls `then` on the server's thread, again and again.
  void every(std::chrono::milliseconds interval, std::function<void()> then);

  void start();
  // A handler that waits for the control thread must be let go first: close the command queue.
  void stop();

  std::uint16_t port() const;  // the kernel's choice when `listen` had port 0
  // Any thread.
  HttpCounters counters() const;
  void add_counters(std::vector<NamedCount>& out) const;
  void clear_counters();

  struct Impl;

 private:
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::control::web
