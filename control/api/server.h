// SPDX-License-Identifier: BSD-3-Clause
// The control socket: newline-delimited JSON over a UNIX stream socket, in a thread of its own.
// Every resource that a client can take has a bound: connections, request length, one answer at a
// time, backlog of events, time without reading. Whoever goes over it loses its own connection (or
// its own events) and nobody else's.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "control/api/client.h"
#include "control/api/dispatcher.h"
#include "control/api/event_feed.h"
#include "control/api/listener.h"
#include "control/api/shared_count.h"

namespace sluice::control::api {

struct ServerLimits {
  std::size_t clients = 64;
  // When all places are taken, a newcomer gets the place of who has been silent the longest, if
  // that is at least this long; else it is told to come again.
  std::chrono::milliseconds silence_before_eviction{1000};
  std::chrono::milliseconds answer_stall{10000};  // an answer nobody reads
};

class Server {
 public:
  // `dispatcher` and `feed` outlive the server; both are used by its thread only from start() on.
  Server(Listener listener, Dispatcher& dispatcher, EventFeed& feed, ServerLimits limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  // Close the command queue first: an answer in the making would wait for the control thread.
  void stop();

 private:
  void run();
  void poll_once();
  void accept_clients(SteadyTime now);
  bool make_place(SteadyTime now);
  // False: the connection is done.
  bool serve(Client& client, short ready, SteadyTime now);
  void answer_lines(Client& client);
  void distribute_events();
  bool stalled(const Client& client, SteadyTime now) const;
  void add_counters(std::vector<NamedCount>& out) const;
  void clear_counters();

  struct Counters {
    SharedCount accepted, turned_away, evicted, oversized, stalled, events, events_lost;
    SharedCount clients, watchers;  // now
  };

  Listener listener_;
  Dispatcher& dispatcher_;
  EventFeed& feed_;
  ServerLimits limits_;
  Counters counters_;
  std::vector<Client> clients_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace sluice::control::api
