// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "control/api/json.h"

namespace sluice::control::api {
namespace {

constexpr int kAnswersPerTurn = 16;

// For a client that is not kept: best effort, never waits.
void say_and_close(int fd, std::string_view line) {
  [[maybe_unused]] const auto sent =
      ::send(fd, line.data(), line.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(fd);
}

}  // namespace

Server::Server(Listener listener, Dispatcher& dispatcher, EventFeed& feed, ServerLimits limits)
    : listener_(std::move(listener)), dispatcher_(dispatcher), feed_(feed), limits_(limits) {
  dispatcher_.more_counters.push_back(
      {[this](std::vector<NamedCount>& out) { add_counters(out); }, [this] { clear_counters(); }});
}

Server::~Server() {
  stop();
}

void Server::start() {
  thread_ = std::thread([this] { run(); });
}

void Server::stop() {
  if (!thread_.joinable()) return;
  stopping_.store(true);
  feed_.wake();
  thread_.join();
}

void Server::run() {
  while (!stopping_.load()) poll_once();
  clients_.clear();
}

void Server::poll_once() {
  std::vector<pollfd> fds;
  fds.reserve(clients_.size() + 2);
  fds.push_back({listener_.fd(), POLLIN, 0});
  fds.push_back({feed_.wake_fd(), POLLIN, 0});
  for (const Client& client : clients_) {
    const bool input = client.wants_input();
    const int events = (input ? POLLIN : 0) | (client.has_output() ? POLLOUT : 0);
    fds.push_back({client.fd(), static_cast<short>(events), 0});
  }
  const bool work_left = std::any_of(clients_.begin(), clients_.end(),
                                     [](const Client& client) { return client.ready_to_answer(); });
  if (::poll(fds.data(), fds.size(), work_left ? 0 : 1000) < 0) return;

  const SteadyTime now = std::chrono::steady_clock::now();
  distribute_events();
  std::vector<Client> kept;
  kept.reserve(clients_.size());
  for (std::size_t i = 0; i < clients_.size(); ++i) {
    if (serve(clients_[i], fds[i + 2].revents, now)) kept.push_back(std::move(clients_[i]));
  }
  clients_ = std::move(kept);
  if ((fds[0].revents & POLLIN) != 0) accept_clients(now);
  const auto watchers = static_cast<std::size_t>(
      std::count_if(clients_.begin(), clients_.end(), [](auto& c) { return c.watching(); }));
  feed_.watchers(watchers);
  counters_.clients = clients_.size();
  counters_.watchers = watchers;
}

void Server::accept_clients(SteadyTime now) {
  for (int taken = 0; taken < 64; ++taken) {
    const int fd = ::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      // Out of descriptors: the backlog waits, and so do we, or this would spin.
      if (errno == EMFILE || errno == ENFILE) ::usleep(10000);
      return;
    }
    if (clients_.size() >= limits_.clients && !make_place(now)) {
      ++counters_.turned_away;
      say_and_close(fd, "{\"ok\":false,\"error\":\"too many clients, try again\"}\n");
      continue;
    }
    ++counters_.accepted;
    clients_.emplace_back(fd, now);
  }
}

bool Server::make_place(SteadyTime now) {
  const auto silent =
      std::min_element(clients_.begin(), clients_.end(), [](const Client& a, const Client& b) {
        if (a.watching() != b.watching()) return b.watching();  // watchers may be silent
        return a.last_progress() < b.last_progress();
      });
  if (silent == clients_.end() || silent->watching()) return false;
  if (now - silent->last_progress() < limits_.silence_before_eviction) return false;
  ++counters_.evicted;
  clients_.erase(silent);
  return true;
}

bool Server::serve(Client& client, short ready, SteadyTime now) {
  if ((ready & (POLLERR | POLLNVAL)) != 0) return false;
  if ((ready & POLLIN) != 0) {
    if (!client.receive(now)) return false;
  } else if ((ready & POLLHUP) != 0) {
    return false;  // gone both ways: nobody reads what we would send
  }
  // A client that sends many requests at once gets so many answers before others have their turn.
  for (int round = 0; round < kAnswersPerTurn; ++round) {
    answer_lines(client);
    if (!client.send(now)) return false;
    if (!client.ready_to_answer()) break;
  }
  if (stalled(client, now)) {
    ++counters_.stalled;
    return false;
  }
  return !client.finished();
}

void Server::answer_lines(Client& client) {
  if (client.watching()) {
    client.discard_input();
    return;
  }
  while (!client.has_output() && !client.watching()) {
    std::optional<std::string> line = client.next_line();
    if (!line) break;
    if (line->find_first_not_of(" \t\r") == std::string::npos) continue;
    if (line->size() > Client::kMaxRequest) {
      ++counters_.oversized;
      client.answer("{\"ok\":false,\"error\":\"request longer than 65536 bytes\"}\n");
      client.close_when_sent();
      return;
    }
    Dispatcher::Answer answer = dispatcher_.answer(*line);
    client.answer(std::move(answer.line));
    if (answer.watch) client.start_watching();
  }
  if (!client.has_output() && client.oversized()) {
    ++counters_.oversized;
    client.discard_input();
    client.answer("{\"ok\":false,\"error\":\"request longer than 65536 bytes\"}\n");
    client.close_when_sent();
  }
}

void Server::distribute_events() {
  std::vector<std::string> lines;
  const std::uint64_t lost = feed_.drain([&](const StampedEvent& event) {
    lines.push_back(to_text(to_json(event, dispatcher_.ports())) + "\n");
  });
  if (lines.empty() && lost == 0) return;
  counters_.events += lines.size() + lost;
  for (Client& client : clients_) {
    if (!client.watching()) continue;
    for (const std::string& line : lines) {
      if (!client.offer(line)) ++counters_.events_lost;
    }
    client.add_lost(lost);
    counters_.events_lost += lost;
  }
}

bool Server::stalled(const Client& client, SteadyTime now) const {
  // A watcher may take its time: its backlog is bounded.
  return client.has_output() && !client.watching() &&
         now - client.last_progress() > limits_.answer_stall;
}

void Server::add_counters(std::vector<NamedCount>& out) const {
  out.push_back({"api_clients", counters_.clients});
  out.push_back({"api_watchers", counters_.watchers});
  out.push_back({"api_clients_accepted_total", counters_.accepted});
  out.push_back({"api_clients_refused_total", counters_.turned_away});
  out.push_back({"api_clients_evicted_total", counters_.evicted});
  out.push_back({"api_clients_stalled_total", counters_.stalled});
  out.push_back({"api_requests_oversized_total", counters_.oversized});
  out.push_back({"api_events_total", counters_.events});
  out.push_back({"api_events_lost_total", counters_.events_lost});
}

void Server::clear_counters() {
  for (SharedCount* const count :
       {&counters_.accepted, &counters_.turned_away, &counters_.evicted, &counters_.oversized,
        &counters_.stalled, &counters_.events, &counters_.events_lost}) {
    *count = 0;
  }
}

}  // namespace sluice::control::api
