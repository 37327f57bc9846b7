// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/http.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <deque>
#include <map>
#include <set>
#include <thread>

#include "config/listen.h"
#include "control/log/log.h"

namespace sluice::control::web {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;
using Count = std::atomic<std::uint64_t>;

// This thread gives way to the control thread: what a client asks for must not delay a join.
constexpr int kNiceness = 10;
constexpr std::chrono::milliseconds kAcceptAgain{100};  // when there is no descriptor left
constexpr std::string_view kComeAgain =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    "Content-Length: 0\r\n\r\n";
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n";

struct Counts {
  Count connections{0}, requests{0}, refused{0}, turned_away{0}, evicted{0}, timed_out{0},
      streams_cut{0}, open{0}, streams{0};
};

void count(Count& counter) {
  counter.fetch_add(1, std::memory_order_relaxed);
}

Response plain(unsigned status, std::string text) {
  return {.status = status, .body = std::move(text) + "\n"};
}

Response refusal(error_code why) {
  if (why == http::error::body_limit) return plain(413, "A request here has no body.");
  if (why == http::error::header_limit || why == http::error::buffer_overflow) {
    return plain(431, "The request is too large.");
  }
  return plain(400, "That is not an HTTP request.");
}

class Connection;

class Stream final : public EventStream {
 public:
  void send(std::string_view name, std::string_view data) override;
  void send(const std::shared_ptr<const std::string>& text);
  std::size_t readers() const override { return readers_.size(); }

  HttpServer::Greeting greeting;

 private:
  friend class Connection;
  std::set<Connection*> readers_;
};

}  // namespace

struct HttpServer::Impl {
  explicit Impl(std::string owner, HttpLimits bounds) : name(std::move(owner)), limits(bounds) {}

  void accept();
  void admit(tcp::socket socket);
  bool make_place();
  void beat();
  Response answer(const Request& request);

  struct Ticker {
    Ticker(asio::io_context& io, std::chrono::milliseconds often, std::function<void()> what)
        : timer(io), interval(often), then(std::move(what)) {}
    void run();
    asio::steady_timer timer;
    std::chrono::milliseconds interval;
    std::function<void()> then;
  };
  struct Watched {
    Watched(asio::io_context& io, int fd, std::function<void()> what)
        : descriptor(io, fd), then(std::move(what)) {}
    void run();
    asio::posix::stream_descriptor descriptor;
    std::function<void()> then;
  };

  std::string name;
  HttpLimits limits;
  Counts counts;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer pause{io};
  std::map<std::string, Handler> handlers;
  std::map<std::string, std::unique_ptr<Stream>> streams;
  std::deque<Ticker> tickers;
  std::deque<Watched> watched;
  std::set<std::shared_ptr<Connection>> connections;
  std::thread thread;
};

namespace {

// One client: reads a request, answers it, reads the next; or becomes a reader of events. It lives
// while an operation of its own is under way, and has one deadline at a time.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpServer::Impl& server, tcp::socket socket)
      : server_(server), socket_(std::move(socket)), deadline_(server.io) {
    count(server_.counts.open);
  }
  ~Connection() { server_.counts.open.fetch_sub(1, std::memory_order_relaxed); }

  void await_request();
  void send_event(const std::shared_ptr<const std::string>& text);
  void close();

  // Since when we wait for a request; none while we answer.
  std::optional<Clock::time_point> waiting_since() const { return waiting_since_; }

 private:
  using Parser = http::request_parser<http::empty_body>;

  void expire_in(std::chrono::milliseconds time);
  void read_request();
  void on_request();
  void answer(Response response, bool keep_alive);
  void follow(Stream& stream, const Request& request);
  void write_events();
  void watch_for_close();

  HttpServer::Impl& server_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  std::optional<Clock::time_point> waiting_since_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  http::response<http::string_body> response_;

  Stream* stream_ = nullptr;  // whose reader we are
  std::deque<std::shared_ptr<const std::string>> events_;
  std::size_t behind_ = 0;  // bytes of `events_`, the greeting not counted
  std::array<char, 64> ignored_{};
};

void Connection::expire_in(std::chrono::milliseconds time) {
  deadline_.expires_after(time);
  deadline_.async_wait([self = shared_from_this()](error_code error) {
    if (error || self->deadline_.expiry() > Clock::now()) return;
    count(self->server_.counts.timed_out);
    self->close();
  });
}

void Connection::close() {
  if (!socket_.is_open()) return;
  if (stream_ != nullptr) {
    stream_->readers_.erase(this);
    server_.counts.streams.fetch_sub(1, std::memory_order_relaxed);
  }
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  deadline_.cancel();
  server_.connections.erase(shared_from_this());
}

void Connection::await_request() {
  if (!waiting_since_) waiting_since_ = Clock::now();
  if (buffer_.size() > 0) return read_request();
  expire_in(server_.limits.idle_time);
  socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](error_code error) {
    if (error) return self->close();
    self->read_request();
  });
}

void Connection::read_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_.limits.request_bytes));
  parser_->body_limit(0);
  expire_in(server_.limits.request_time);
  http::async_read_header(
      socket_, buffer_, *parser_, [self = shared_from_this()](error_code error, std::size_t) {
        if (!error) return self->on_request();
        // Not a word, or the connection broke: nobody to answer to.
        if (error.category() != make_error_code(http::error::bad_method).category() ||
            error == http::error::end_of_stream || error == http::error::partial_message) {
          return self->close();
        }
        self->answer(refusal(error), false);
      });
}

void Connection::on_request() {
  const auto& message = parser_->get();
  const std::string target(message.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  const Request request{target.substr(0, mark), target.substr(std::min(mark + 1, target.size()))};

  if (message.method() != http::verb::get && message.method() != http::verb::head) {
    Response refusal = plain(405, "Only GET and HEAD are answered here.");
    refusal.headers.emplace_back("Allow", "GET, HEAD");
    return answer(std::move(refusal), false);
  }
  if (!parser_->is_done()) return answer(refusal(http::error::body_limit), false);
  const auto stream = server_.streams.find(request.path);
  if (stream != server_.streams.end() && message.method() == http::verb::get) {
    if (server_.counts.streams < server_.limits.streams) return follow(*stream->second, request);
    return answer(plain(503, "There are too many readers of events."), false);
  }
  answer(server_.answer(request), message.keep_alive());
}

void Connection::answer(Response response, bool keep_alive) {
  waiting_since_.reset();
  count(server_.counts.requests);
  if (response.status >= 400) count(server_.counts.refused);
  response_ = {};
  response_.result(response.status);
  response_.set(http::field::content_type, response.content_type);
  response_.set(http::field::cache_control, "no-store");
  response_.set("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) response_.set(name, value);
  response_.body() = std::move(response.body);
  response_.keep_alive(keep_alive);
  response_.prepare_payload();
  const bool head = parser_->get().method() == http::verb::head;
  expire_in(server_.limits.answer_time);
  const auto done = [self = shared_from_this(), keep_alive](error_code error, std::size_t) {
    if (error || !keep_alive) return self->close();
    self->response_ = {};  // a large one is not kept while we wait
    self->await_request();
  };
  if (head) {
    // The headers of the answer, without it.
    auto shared = std::make_shared<http::response_serializer<http::string_body>>(response_);
    http::async_write_header(socket_, *shared,
                             [shared, done](error_code error, std::size_t n) { done(error, n); });
    return;
  }
  http::async_write(socket_, response_, done);
}

void Connection::follow(Stream& stream, const Request& request) {
  waiting_since_.reset();
  count(server_.counts.requests);
  count(server_.counts.streams);
  stream_ = &stream;
  stream.readers_.insert(this);
  std::string first(kStreamHead);
  try {
    if (stream.greeting) first += stream.greeting(request);
  } catch (const std::exception& error) {
    log::write(LogEvent::kHttpFailed,
               {{"listener", server_.name}, {"path", request.path}, {"reason", error.what()}});
    return close();
  }
  events_.push_back(std::make_shared<const std::string>(std::move(first)));
  write_events();
  watch_for_close();
}

void Connection::send_event(const std::shared_ptr<const std::string>& text) {
  if (behind_ + text->size() > server_.limits.event_backlog) {
    count(server_.counts.streams_cut);
    return close();
  }
  behind_ += text->size();
  events_.push_back(text);
  if (events_.size() == 1) write_events();
}

void Connection::write_events() {
  expire_in(server_.limits.answer_time);
  asio::async_write(socket_, asio::buffer(*events_.front()),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      if (error) return self->close();
                      self->events_.pop_front();
                      self->behind_ = 0;
                      for (const auto& event : self->events_) self->behind_ += event->size();
                      if (!self->events_.empty()) return self->write_events();
                      self->deadline_.cancel();
                    });
}

void Connection::watch_for_close() {
  socket_.async_read_some(asio::buffer(ignored_),
                          [self = shared_from_this()](error_code, std::size_t) {
                            self->close();  // gone, or it talks: a reader has nothing to say
                          });
}

void Stream::send(std::string_view name, std::string_view data) {
  if (!readers_.empty()) send(std::make_shared<const std::string>(format_event(name, data)));
}

void Stream::send(const std::shared_ptr<const std::string>& text) {
  for (Connection* reader : std::set<Connection*>(readers_)) reader->send_event(text);
}

}  // namespace

// --- Server

void HttpServer::Impl::accept() {
  acceptor.async_accept([this](error_code error, tcp::socket socket) {
    if (!acceptor.is_open()) return;
    if (!error) {
      admit(std::move(socket));
      return accept();
    }
    pause.expires_after(kAcceptAgain);
    pause.async_wait([this](error_code stopped) {
      if (!stopped) accept();
    });
  });
}

void HttpServer::Impl::admit(tcp::socket socket) {
  count(counts.connections);
  error_code ignored;
  if (connections.size() >= limits.connections && !make_place()) {
    count(counts.turned_away);
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(kComeAgain), ignored);
    return;
  }
  socket.set_option(tcp::no_delay(true), ignored);
  const auto connection = std::make_shared<Connection>(*this, std::move(socket));
  connections.insert(connection);
  connection->await_request();
}

bool HttpServer::Impl::make_place() {
  std::shared_ptr<Connection> silent;
  for (const auto& connection : connections) {
    if (!connection->waiting_since()) continue;
    if (!silent || connection->waiting_since() < silent->waiting_since()) silent = connection;
  }
  if (!silent || Clock::now() - *silent->waiting_since() < limits.silence_before_eviction) {
    return false;
  }
  count(counts.evicted);
  silent->close();
  return true;
}

Response HttpServer::Impl::answer(const Request& request) {
  const auto handler = handlers.find(request.path);
  if (handler == handlers.end()) {
    if (streams.contains(request.path)) return {.content_type = "text/event-stream"};
    return plain(404, "There is nothing at this path.");
  }
  try {
    return handler->second(request);
  } catch (const std::exception& error) {
    log::write(LogEvent::kHttpFailed,
               {{"listener", name}, {"path", request.path}, {"reason", error.what()}});
    return plain(500, "That did not work; the daemon's log says why.");
  }
}

void HttpServer::Impl::Ticker::run() {
  timer.expires_after(interval);
  timer.async_wait([this](error_code error) {
    if (error) return;
    then();
    run();
  });
}

void HttpServer::Impl::Watched::run() {
  descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [this](error_code error) {
    if (error) return;
    then();
    run();
  });
}

void HttpServer::Impl::beat() {
  // A comment: it finds readers that are gone, and keeps proxies from closing quiet streams.
  const auto text = std::make_shared<const std::string>(":\n\n");
  for (const auto& [path, stream] : streams) stream->send(text);
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() {
  stop();
  // The descriptors are their owners'.
  for (Impl::Watched& watched : impl_->watched) watched.descriptor.release();
}

Result<std::unique_ptr<HttpServer>> HttpServer::open(const std::string& name,
                                                     const std::string& listen, HttpLimits limits) {
  const auto failed = [&](const std::string& what) {
    return Error{"[" + name + "] listen " + listen + ": " + what};
  };
  const auto address = config::parse_listen(listen);
  if (!address) return failed("not an address and a port");
  auto impl = std::make_unique<Impl>(name, limits);
  tcp::acceptor& acceptor = impl->acceptor;
  error_code error;
  const tcp::endpoint endpoint(asio::ip::make_address(address->host, error), address->port);
  if (!error) acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error && endpoint.protocol() == tcp::v6()) {
    acceptor.set_option(asio::ip::v6_only(true), error);  // what is exposed is what is written
  }
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) return failed("cannot listen there: " + error.message());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

void HttpServer::get(const std::string& path, Handler handler) {
  impl_->handlers[path] = std::move(handler);
}

EventStream& HttpServer::stream(const std::string& path, Greeting greeting) {
  auto& stream = impl_->streams[path];
  stream = std::make_unique<Stream>();
  stream->greeting = std::move(greeting);
  return *stream;
}

void HttpServer::on_readable(int fd, std::function<void()> then) {
  impl_->watched.emplace_back(impl_->io, fd, std::move(then));
}

void HttpServer::every(std::chrono::milliseconds interval, std::function<void()> then) {
  impl_->tickers.emplace_back(impl_->io, interval, std::move(then));
}

void HttpServer::start() {
  if (!impl_->streams.empty()) every(impl_->limits.heartbeat, [this] { impl_->beat(); });
  impl_->accept();
  for (Impl::Ticker& ticker : impl_->tickers) ticker.run();
  for (Impl::Watched& watched : impl_->watched) watched.run();
  impl_->thread = std::thread([this] {
    pthread_setname_np(pthread_self(), impl_->name.c_str());
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNiceness);
    impl_->io.run();
  });
}

void HttpServer::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->io.stop();
  impl_->thread.join();
  while (!impl_->connections.empty()) (*impl_->connections.begin())->close();
}

std::uint16_t HttpServer::port() const {
  return impl_->acceptor.local_endpoint().port();
}

HttpCounters HttpServer::counters() const {
  const Counts& from = impl_->counts;
  return {.connections = from.connections,
          .requests = from.requests,
          .refused = from.refused,
          .turned_away = from.turned_away,
          .evicted = from.evicted,
          .timed_out = from.timed_out,
          .streams_cut = from.streams_cut,
          .open = from.open,
          .streams = from.streams};
}

void HttpServer::add_counters(std::vector<NamedCount>& out) const {
  const HttpCounters now = counters();
  const auto add = [&](const char* name, std::uint64_t value) {
    out.push_back({std::string(name) + "{listener=\"" + impl_->name + "\"}", value});
  };
  add("http_connections_total", now.connections);
  add("http_connections_refused_total", now.turned_away);
  add("http_connections_evicted_total", now.evicted);
  add("http_connections_timed_out_total", now.timed_out);
  add("http_requests_total", now.requests);
  add("http_requests_refused_total", now.refused);
  add("http_streams_cut_total", now.streams_cut);
  add("http_connections", now.open);
  add("http_streams", now.streams);
}

void HttpServer::clear_counters() {
  Counts& of = impl_->counts;
  for (Count* const counter : {&of.connections, &of.requests, &of.refused, &of.turned_away,
                               &of.evicted, &of.timed_out, &of.streams_cut}) {
    counter->store(0, std::memory_order_relaxed);
  }
}

}  // namespace sluice::control::web
