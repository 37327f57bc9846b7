// SPDX-License-Identifier: BSD-3-Clause
// What proxies must and must not do, given what all hosts want and since when: what the upstream
// routers are told, and where a frame of data comes out. Knows the hosts' wishes, the topology and
// the RFCs' time bounds (9776, 4605), nothing of how the product merges or routes.
#pragma once

#include <optional>

#include "tests/sim/proxy_world.h"

namespace sluice::sim {

class ProxyOracle {
 public:
  explicit ProxyOracle(ProxyWorld& world) : world_(world), scenario_(world.scenario()) {}

  // Sends a frame of the stream from where it comes from, and looks at every port.
  void judge_data(std::size_t stream, GroupIndex group, std::uint8_t ttl);
  // The same from where the stream cannot come from: it stays in the network it is sent into.
  void judge_spoofed(Place from, std::size_t stream, GroupIndex group);
  // What each upstream router has been told.
  void judge_upstreams();
  void judge_all();
  // Nobody wants anything, for longer than the settle time: no trace may be left.
  void judge_empty();

  void set_lenient(bool lenient) { lenient_ = lenient; }

  std::uint64_t judgements() const { return judgements_; }
  std::uint64_t musts() const { return musts_; }
  std::uint64_t must_nots() const { return must_nots_; }

 private:
  static constexpr Duration kWay = 4 * Link::kLongestDelay;  // there and back, twice
  static constexpr Duration kSlack = std::chrono::seconds(1);

  // Where a stream of data is in the tree: a network below a node.
  struct Network {
    std::size_t node, downstream;
    bool operator==(const Network&) const = default;
  };

  TimePoint now() { return world_.clock().now(); }
  const VlanPlan& plan(Network at) const {
    return scenario_.nodes[at.node].downstreams[at.downstream];
  }
  Network attached_network() const { return {0, scenario_.nodes[0].downstreams.size() - 1}; }
  Network home_of(const Host& host) const;
  bool below_an_old_network(std::size_t node) const;

  // --- Hosts -------------------------------------------------------------------------------------
  // Whether the wish means the stream, by the proxy's SSM rules.
  bool wants(const Host& host, const Wish& wish, GroupIndex group, std::size_t stream) const;
  bool may_want(const Host& host, const Wish& wish, GroupIndex group, std::size_t stream) const;
  bool wants_any(const Host& host, const Wish& wish, GroupIndex group) const;
  TimePoint wanted_since(const Host& host, GroupIndex group, std::size_t stream) const;
  // In the hosts' own network, or in what a proxy asks for.
  enum class Scope : std::uint8_t { kNetwork, kUpstream };
  TimePoint unwanted_since(const Host& host, GroupIndex group, std::size_t stream,
                           Scope scope) const;
  TimePoint idle_since(const Host& host, GroupIndex group) const;
  Duration join_time(const Host& host) const;
  Duration hop_time() const;  // until the next proxy or router upward knows
  // All of `hosts` want nothing of it, for so long that nothing may be left of it.
  bool long_unwanted(const std::vector<Host*>& hosts, GroupIndex group, std::size_t stream,
                     Scope scope, bool old_network, Duration settle, Duration leave);

  // --- Upstreams ---------------------------------------------------------------------------------
  enum class Status { kGood, kQuerierLost, kDown, kUnsure };
  Status status(std::size_t upstream);
  TimePoint stable_since();
  // None: nobody can tell, or there is none.
  std::optional<std::size_t> upstream_of(GroupIndex group);
  void judge_upstream(std::size_t upstream, GroupIndex group, std::size_t stream);

  // --- Data --------------------------------------------------------------------------------------
  int hops(const Stream& from, Network to) const;
  bool same_network(const Stream& from, Network to) const;
  enum class Routing { kYes, kNo, kUnsure };
  // Whether a frame gets to a network, where somebody there wants it.
  Routing routes_to(std::size_t stream, GroupIndex group, std::uint8_t ttl, Network to);
  Routing forwards_into(Network to);
  bool must_receive(Network at, Place place, GroupIndex group, std::size_t stream);
  bool must_not_receive(Network at, Place place, GroupIndex group, std::size_t stream);
  void judge_place(Network at, Place place, GroupIndex group, std::size_t stream, std::uint8_t ttl,
                   int copies);
  void judge_upward(GroupIndex group, std::size_t stream, std::uint8_t ttl,
                    const std::map<Place, int>& copies);

  [[noreturn]] void complain(Place place, GroupIndex group, std::size_t stream,
                             const std::string& what);

  ProxyWorld& world_;
  const ProxyScenario& scenario_;
  bool lenient_ = false;
  std::uint64_t judgements_ = 0, musts_ = 0, must_nots_ = 0;
};

}  // namespace sluice::sim
