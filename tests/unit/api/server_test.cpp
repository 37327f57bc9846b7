// SPDX-License-Identifier: BSD-3-Clause
// The control socket with real sockets and threads: what bad clients do, and that nobody else
// notices. Runs under ThreadSanitizer too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "control/api/server.h"
#include "rig.h"

namespace sluice::control::api::server_test {
namespace {

using testing::HasSubstr;
using namespace std::chrono_literals;

constexpr const char* kStatus = "{\"command\":\"status\"}\n";

// A client that does as it is told, well or badly. Reading gives up after five seconds.
class Peer {
 public:
  explicit Peer(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }
  ~Peer() { ::close(fd_); }
  Peer(Peer&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)),
        connected_(other.connected_),
        buffer_(std::move(other.buffer_)) {}
  Peer& operator=(Peer&&) = delete;

  bool connected() const { return connected_; }
  bool say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void end_of_input() { ::shutdown(fd_, SHUT_WR); }
  // "" at the end of the connection, or after five seconds.
  std::string line() {
    for (;;) {
      const std::size_t newline = buffer_.find('\n');
      if (newline != std::string::npos) {
        std::string line = buffer_.substr(0, newline);
        buffer_.erase(0, newline + 1);
        return line;
      }
      char bytes[4096];
      const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) return "";
      buffer_.append(bytes, static_cast<std::size_t>(got));
    }
  }
  bool closed_by_server() {
    char byte;
    const ssize_t got = ::recv(fd_, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

 private:
  int fd_;
  bool connected_ = false;
  std::string buffer_;
};

// Daemon without a data plane: loop on one thread, server on another.
class SocketTest : public testing::Test {
 protected:
  SocketTest() {
    char name[] = "/tmp/sluice-api-XXXXXX";
    directory_ = ::mkdtemp(name);
    path_ = directory_ + "/run/sluice.sock";
  }
  ~SocketTest() override {
    stop();
    std::filesystem::remove_all(directory_);
  }
  void start(ServerLimits limits = {}) {
    auto listener = Listener::open(path_);
    ASSERT_TRUE(listener) << listener.error().what;
    server_ = std::make_unique<Server>(std::move(*listener), box_.dispatcher, box_.feed, limits);
    server_->start();
    loop_ = std::thread([this] { box_.loop.run(stop_); });
  }
  void stop() {
    if (!server_) return;
    stop_.store(true);
    loop_.join();
    box_.commands.close();
    server_->stop();
    server_.reset();
  }
  std::string status() {
    Peer peer(path_);
    peer.say(kStatus);
    return peer.line();
  }
  void expect_alive() { EXPECT_THAT(status(), HasSubstr("\"state\":\"running\"")); }
  Json counters() {
    Peer peer(path_);
    peer.say("{\"command\":\"show counters\"}\n");
    return Json::parse(peer.line())["result"];
  }
  // On the control thread, as the loop would publish them.
  void publish(int count) {
    const snooping::Event event{snooping::EventType::kGroupJoined,
                                kTen,
                                PortId{0},
                                ipv4(239, 1, 1, 1),
                                std::nullopt,
                                std::nullopt};
    ASSERT_TRUE(box_.commands.call([&](Core&) {
      for (int i = 0; i < count; ++i) box_.feed.publish(event, std::chrono::system_clock::now());
    }));
  }

  std::string directory_, path_;
  Rig box_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<Server> server_;
  std::thread loop_;
};

TEST_F(SocketTest, AnswersAndRemovesItsFile) {
  start();
  expect_alive();
  struct stat info {};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0660u);
  stop();
  EXPECT_NE(::stat(path_.c_str(), &info), 0);
}

TEST_F(SocketTest, ALivingDaemonKeepsItsPath) {
  start();
  const auto second = Listener::open(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().what, HasSubstr(path_));
  EXPECT_THAT(second.error().what, HasSubstr("running daemon"));
  expect_alive();
}

// A socket of a process that never answers.
int bound_socket(const std::string& path) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

TEST_F(SocketTest, AStaleSocketIsReplaced) {
  ::close(bound_socket(path_));
  start();
  expect_alive();
}

TEST_F(SocketTest, WhoIsSilentKeepsItsPathUntilItIsGone) {
  const int fd = bound_socket(path_);
  ::listen(fd, 8);
  const auto second = Listener::open(path_);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().what, HasSubstr("running daemon"));
  EXPECT_TRUE(std::filesystem::is_socket(path_));
  // As after a kill: it lets go while we are waiting.
  std::thread dying([fd] {
    std::this_thread::sleep_for(100ms);
    ::close(fd);
  });
  start();
  dying.join();
  expect_alive();
}

TEST_F(SocketTest, AFileThatIsNoSocketStays) {
  const auto listener = Listener::open(directory_);
  ASSERT_FALSE(listener);
  EXPECT_THAT(listener.error().what, HasSubstr("not a socket"));
}

TEST_F(SocketTest, ManyRequestsOnOneConnectionInOrder) {
  start();
  Peer peer(path_);
  std::string requests;
  for (int i = 0; i < 50; ++i) requests += i % 2 ? kStatus : "rubbish\n";
  ASSERT_TRUE(peer.say(requests));
  peer.end_of_input();
  const auto asked = std::chrono::steady_clock::now();
  for (int i = 0; i < 50; ++i) {
    EXPECT_THAT(peer.line(), HasSubstr(i % 2 ? "\"ok\":true" : "\"ok\":false")) << i;
  }
  // None waited for something else to happen on the socket.
  EXPECT_LT(std::chrono::steady_clock::now() - asked, 900ms);
  EXPECT_TRUE(peer.closed_by_server());
}

TEST_F(SocketTest, HalfARequestWaitsAndHarmsNobody) {
  start();
  Peer half(path_);
  half.say("{\"command\":");
  expect_alive();
  half.say("\"status\"}\n");
  EXPECT_THAT(half.line(), HasSubstr("\"ok\":true"));
}

TEST_F(SocketTest, TheLastLineNeedsNoNewline) {
  start();
  Peer peer(path_);
  peer.say("{\"command\":\"status\"}");
  peer.end_of_input();
  EXPECT_THAT(peer.line(), HasSubstr("\"ok\":true"));
  EXPECT_TRUE(peer.closed_by_server());
}

TEST_F(SocketTest, OversizeIsToldAndClosed) {
  start();
  Peer peer(path_);
  peer.say(std::string(Client::kMaxRequest + 20000, 'x'));
  EXPECT_THAT(peer.line(), HasSubstr("longer than 65536"));
  EXPECT_TRUE(peer.closed_by_server());
  expect_alive();
  EXPECT_EQ(counters()["api_requests_oversized_total"], 1);
}

TEST_F(SocketTest, TwoHundredClients) {
  start();
  std::vector<Peer> peers;
  for (int i = 0; i < 200; ++i) {
    peers.emplace_back(path_);
    ASSERT_TRUE(peers.back().connected()) << i;
  }
  int served = 0;
  int turned_away = 0;
  for (Peer& peer : peers) {
    peer.say(kStatus);
    const std::string line = peer.line();
    served += line.find("\"ok\":true") != std::string::npos;
    turned_away += line.find("too many clients") != std::string::npos || line.empty();
  }
  EXPECT_EQ(served, 64);
  EXPECT_EQ(turned_away, 136);
}

TEST_F(SocketTest, WhoSitsSilentGivesItsPlaceUp) {
  start({.clients = 4, .silence_before_eviction = 50ms});
  std::vector<Peer> silent;
  for (int i = 0; i < 4; ++i) silent.emplace_back(path_);
  std::this_thread::sleep_for(100ms);
  expect_alive();
}

TEST_F(SocketTest, AReaderThatStopsLosesItsAnswerOnly) {
  start({.answer_stall = 100ms});
  ASSERT_TRUE(box_.commands.call([&](Core& core) {
    for (unsigned i = 0; i < 1000; ++i) {
      ASSERT_TRUE(
          core.fib.set({kTen, Ipv4{ipv4(239, 4, 0, 0).value + i}, Ipv4{}}, {PortSet(0b1111)}));
    }
  }));
  // Far more than the socket takes, asked for again and again and never read.
  Peer deaf(path_);
  for (int i = 0; i < 100; ++i) deaf.say("{\"command\":\"show fib\"}\n");
  for (int i = 0; i < 100 && counters()["api_clients_stalled_total"] == 0; ++i) {
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(counters()["api_clients_stalled_total"], 1);
  expect_alive();
}

TEST_F(SocketTest, AClientThatLeavesDuringItsAnswer) {
  start();
  for (int i = 0; i < 50; ++i) {
    Peer peer(path_);
    peer.say(kStatus);
  }
  expect_alive();
}

TEST_F(SocketTest, WatchersHearEvents) {
  start();
  Peer first(path_);
  Peer second(path_);
  for (Peer* peer : {&first, &second}) {
    peer->say("{\"command\":\"watch\"}\n");
    EXPECT_THAT(peer->line(), HasSubstr("\"ok\":true"));
  }
  expect_alive();  // both are counted as watchers by now
  publish(3);
  for (Peer* peer : {&first, &second}) {
    for (int i = 0; i < 3; ++i) {
      EXPECT_THAT(peer->line(), HasSubstr("\"event\":\"group-joined\""));
    }
  }
}

TEST_F(SocketTest, AWatcherThatDoesNotReadIsToldWhatItLost) {
  start();
  Peer slow(path_);
  Peer quick(path_);
  for (Peer* peer : {&slow, &quick}) {
    peer->say("{\"command\":\"watch\"}\n");
    peer->line();
  }
  expect_alive();
  constexpr int kRounds = 20;
  constexpr int kEvents = 1000;
  for (int round = 0; round < kRounds; ++round) {
    publish(kEvents);
    for (int i = 0; i < kEvents; ++i) {
      ASSERT_THAT(quick.line(), HasSubstr("group-joined")) << round << ' ' << i;
    }
  }
  long seen = 0;
  long lost = 0;
  while (seen + lost < kRounds * kEvents) {
    const std::string line = slow.line();
    ASSERT_NE(line, "") << seen << " seen, " << lost << " lost";
    const Json event = Json::parse(line);
    if (event["event"] == "lost") {
      lost += event["count"].get<long>();
    } else {
      ++seen;
    }
  }
  EXPECT_GT(lost, 0);
  EXPECT_EQ(seen + lost, kRounds * kEvents);
}

TEST_F(SocketTest, StoppingRefusesWhoIsWaiting) {
  start();
  Peer idle(path_);
  stop();
  EXPECT_TRUE(idle.closed_by_server());
}

}  // namespace
}  // namespace sluice::control::api::server_test
