// SPDX-License-Identifier: BSD-3-Clause
// The HTTP server with real sockets and threads: what it answers, what bad clients do, and that
// nobody else notices. Runs under ThreadSanitizer too.
#include "control/web/http.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>

#include <atomic>
#include <random>
#include <thread>

#include "peer.h"

namespace sluice::control::web::http_test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using namespace std::chrono_literals;

constexpr const char* kLast = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

class HttpTest : public testing::Test {
 protected:
  explicit HttpTest(HttpLimits limits = {}) {
    auto opened = HttpServer::open("metrics", "127.0.0.1:0", limits);
    server_ = std::move(*opened);
    server_->get("/hello", [](const Request& request) {
      return Response{.body = "hello " + request.parameter("name").value_or("you") + "\n",
                      .headers = {{"X-Extra", "yes"}}};
    });
    server_->get("/throws", [](const Request&) -> Response { throw std::runtime_error("no"); });
    server_->get("/large",
                 [](const Request&) { return Response{.body = std::string(8 << 20, 'x')}; });
    events_ =
        &server_->stream("/events", [](const Request&) { return format_event("first", "1"); });
    bell_ = ::eventfd(0, EFD_NONBLOCK);
    server_->on_readable(bell_, [this] {
      eventfd_t rung = 0;
      ::eventfd_read(bell_, &rung);
      for (eventfd_t i = 0; i < rung; ++i) events_->send("joined", std::string(event_bytes_, 'e'));
      readers_ = events_->readers();
    });
    server_->start();
  }
  ~HttpTest() override {
    server_.reset();
    ::close(bell_);
  }

  Peer peer() const { return Peer(server_->port()); }
  std::string ask(std::string_view text) const {
    Peer one = peer();
    one.say(text);
    return one.to_the_end();
  }
  bool answers() const { return ask(kLast).ends_with("hello you\n"); }
  // Until `done`, five seconds at most.
  template <class Done>
  bool soon(Done done) const {
    for (int i = 0; i < 500; ++i) {
      if (done()) return true;
      std::this_thread::sleep_for(10ms);
    }
    return false;
  }

  std::unique_ptr<HttpServer> server_;
  EventStream* events_ = nullptr;
  int bell_ = -1;
  std::atomic<std::size_t> event_bytes_{1}, readers_{0};
};

TEST_F(HttpTest, AnswersWithWhatTheHandlerSays) {
  EXPECT_THAT(
      ask("GET /hello?x=1&name=A%20b%2bc+d HTTP/1.0\r\n\r\n"),
      AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("\r\nContent-Length: 14\r\n"),
            HasSubstr("\r\nX-Extra: yes\r\n"), HasSubstr("\r\nX-Content-Type-Options: nosniff\r\n"),
            EndsWith("\r\n\r\nhello A b+c d\n")));
  EXPECT_THAT(ask("GET /hello?name=%zz% HTTP/1.0\r\n\r\n"), EndsWith("hello %zz%\n"));
}

TEST_F(HttpTest, AnswersSeveralRequestsOfOneConnection) {
  Peer one = peer();
  const std::string get = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
  one.say(get + get);
  EXPECT_THAT(one.until("hello you\n"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(one.until("hello you\n"), StartsWith("HTTP/1.1 200"));
  one.say(kLast);
  EXPECT_THAT(one.to_the_end(), EndsWith("hello you\n"));
}

TEST_F(HttpTest, HeadIsTheAnswerWithoutItsBody) {
  EXPECT_THAT(ask("HEAD /hello HTTP/1.0\r\n\r\n"),
              AllOf(HasSubstr("\r\nContent-Length: 10\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(HttpTest, RefusesWhatIsNotForLooking) {
  for (const std::string method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "BREW"}) {
    EXPECT_THAT(ask(method + " /hello HTTP/1.1\r\nHost: x\r\n\r\n"),
                AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("\r\nAllow: GET, HEAD\r\n")))
        << method;
  }
  EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "5\r\nhello\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(ask("GET /nothing HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 404"));
  EXPECT_THAT(ask("GET /throws HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 500"));
  EXPECT_THAT(ask("what is this?\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(ask("GET /hello HTTP/1.1\r\nX: " + std::string(9000, 'x')),
              StartsWith("HTTP/1.1 431"));
  EXPECT_EQ(server_->counters().refused, 13u);
}

TEST_F(HttpTest, SurvivesAnyBytes) {
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {
    std::string text = i % 2 == 0 ? "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n" : "";
    for (unsigned n = random() % 200; n > 0; --n) {
      text.insert(text.begin() + static_cast<std::ptrdiff_t>(random() % (text.size() + 1)),
                  static_cast<char>(random()));
    }
    peer().say(text);  // and hangs up
  }
  EXPECT_TRUE(answers());
  EXPECT_TRUE(soon([this] { return server_->counters().open == 0; }));
}

TEST_F(HttpTest, EventsReachEveryReader) {
  Peer one = peer(), two = peer();
  for (Peer* reader : {&one, &two}) {
    reader->say("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(reader->until("\r\n\r\nevent: first\ndata: 1\n\n"), HasSubstr("text/event-stream"));
  }
  ::eventfd_write(bell_, 2);
  for (Peer* reader : {&one, &two}) {
    EXPECT_EQ(reader->until("e\n\n"), "event: joined\ndata: e\n\n");
    EXPECT_EQ(reader->until("e\n\n"), "event: joined\ndata: e\n\n");
  }
  EXPECT_EQ(server_->counters().streams, 2u);
}

TEST_F(HttpTest, CutsTheReaderWhoFallsBehindAndNobodyElse) {
  Peer slow = peer(), quick = peer();
  for (Peer* reader : {&slow, &quick}) {
    reader->say("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    reader->until("data: 1\n\n");
  }
  event_bytes_ = 100'000;
  std::size_t received = 0;
  EXPECT_TRUE(soon([&] {
    ::eventfd_write(bell_, 1);
    received += quick.until("\n\n").size() > 100'000 ? 1 : 0;
    return server_->counters().streams_cut == 1;
  }));
  EXPECT_GE(received, 2u);
  EXPECT_TRUE(soon([this] { return server_->counters().streams == 1; }));
  ::eventfd_write(bell_, 1);
  EXPECT_GT(quick.until("\n\n").size(), 100'000u);
}

TEST(FormatEvent, KeepsLinesTogether) {
  EXPECT_EQ(format_event("a", "x\ny"), "event: a\ndata: x\ndata: y\n\n");
}

TEST(HttpServerOpen, SaysWhyItCannotListen) {
  const auto first = HttpServer::open("metrics", "[::1]:0");
  ASSERT_TRUE(first) << first.error().what;
  const std::string taken = "[::1]:" + std::to_string((*first)->port());
  const auto second = HttpServer::open("metrics", taken);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what,
            "[metrics] listen " + taken + ": cannot listen there: Address already in use");
  EXPECT_FALSE(HttpServer::open("metrics", "192.0.2.1:9464"));  // nobody's address
}

// --- Slow clients

struct HurriedHttpTest : HttpTest {
  HurriedHttpTest()
      : HttpTest({.connections = 4,
                  .streams = 2,
                  .request_time = 400ms,
                  .idle_time = 800ms,
                  .answer_time = 800ms,
                  .heartbeat = 200ms,
                  .silence_before_eviction = 80ms}) {}
};

TEST_F(HurriedHttpTest, LetsGoOfWhoDoesNotFinish) {
  Peer idle = peer(), half = peer(), unread = peer();
  half.say("GET /hello HTTP/1.1\r\n");
  unread.say("GET /large HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(soon([this] { return server_->counters().timed_out == 3; }));
  EXPECT_EQ(server_->counters().open, 0u);
  EXPECT_EQ(half.to_the_end(), "");
}

// One byte now and then, on more connections than there are places.
TEST_F(HurriedHttpTest, AnswersInSpiteOfManySlowClients) {
  std::vector<Peer> slow;
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 4; ++i) slow.push_back(peer());
    std::this_thread::sleep_for(120ms);
    for (Peer& one : slow) one.say("G");
    EXPECT_TRUE(answers());
  }
  EXPECT_LE(server_->counters().open, 4u);
  EXPECT_GT(server_->counters().evicted, 0u);
}

TEST_F(HurriedHttpTest, ReadersOfEventsLeaveRoomForOthers) {
  Peer one = peer(), two = peer();
  for (Peer* reader : {&one, &two}) {
    reader->say("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
    reader->until("data: 1\n\n");
  }
  EXPECT_THAT(ask("GET /events HTTP/1.1\r\nHost: x\r\n\r\n"), StartsWith("HTTP/1.1 503"));
  EXPECT_EQ(one.until(":\n\n"), ":\n\n");  // longer than any timeout: it is not idle
  std::this_thread::sleep_for(1000ms);
  ::eventfd_write(bell_, 1);
  EXPECT_THAT(two.until("e\n\n"), HasSubstr("joined"));
  EXPECT_TRUE(answers());
}

TEST_F(HurriedHttpTest, TurnsAwayWhomItHasNoPlaceFor) {
  std::vector<Peer> busy;
  for (int i = 0; i < 4; ++i) {
    busy.push_back(peer());
    busy.back().say("GET /large HTTP/1.1\r\n\r\n");
    busy.back().until("HTTP/1.1 200");
  }
  std::this_thread::sleep_for(100ms);  // long enough, had we waited for them
  EXPECT_THAT(peer().to_the_end(), StartsWith("HTTP/1.1 503"));
}

struct FullHttpTest : HttpTest {
  explicit FullHttpTest(std::chrono::milliseconds silence = 50ms)
      : HttpTest({.connections = 2, .silence_before_eviction = silence}) {}
  // As many as there is room for, one after the other.
  std::vector<Peer> silent_peers() {
    std::vector<Peer> peers;
    for (std::uint64_t i = 0; i < 2; ++i) {
      peers.push_back(peer());
      EXPECT_TRUE(soon([&] { return server_->counters().open == i + 1; }));
    }
    return peers;
  }
};
struct PatientFullHttpTest : FullHttpTest {
  PatientFullHttpTest() : FullHttpTest(std::chrono::hours(1)) {}
};

TEST_F(FullHttpTest, WhoHasBeenSilentLongestMakesRoom) {
  std::vector<Peer> peers = silent_peers();
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(answers());
  EXPECT_EQ(peers[0].to_the_end(), "");
  peers[1].say(kLast);
  EXPECT_THAT(peers[1].to_the_end(), StartsWith("HTTP/1.1 200"));
}

TEST_F(PatientFullHttpTest, WhoHasJustComeKeepsItsPlace) {
  std::vector<Peer> peers = silent_peers();
  EXPECT_THAT(peer().to_the_end(), StartsWith("HTTP/1.1 503"));
  for (Peer& one : peers) {
    one.say(kLast);
    EXPECT_THAT(one.to_the_end(), StartsWith("HTTP/1.1 200"));
  }
}

}  // namespace
}  // namespace sluice::control::web::http_test
