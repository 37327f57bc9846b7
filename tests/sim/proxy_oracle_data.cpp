// SPDX-License-Identifier: BSD-3-Clause
// Where frames of data must come out, and where they must not.
#include <algorithm>

#include "tests/sim/proxy_oracle.h"

namespace sluice::sim {
namespace {

using std::chrono::seconds;

bool is_in(PortId port, const VlanPlan& network) {
  return std::find(network.ports.begin(), network.ports.end(), port) != network.ports.end();
}

}  // namespace

bool ProxyOracle::same_network(const Stream& from, Network to) const {
  if (from.external) return false;
  if (Network{from.node, from.downstream} == to) return true;
  return from.node == 1 && to == attached_network();  // it passes there on its way up
}

// How many routers are in between.
int ProxyOracle::hops(const Stream& from, Network to) const {
  if (from.external) return static_cast<int>(to.node) + 1;
  if (from.node == to.node) return from.downstream == to.downstream ? 0 : 1;
  if (from.node == 0) return Network{0, from.downstream} == attached_network() ? 1 : 2;
  return to == attached_network() ? 1 : 2;
}

// PF-01: only where we are the querier.
ProxyOracle::Routing ProxyOracle::forwards_into(Network to) {
  if (!plan(to).has_router) return Routing::kYes;
  if (lenient_) return Routing::kUnsure;
  const Router& other = *world_.foreign_querier();
  if (other.is_on()) return other.on_since() + kSlack <= now() ? Routing::kNo : Routing::kUnsure;
  if (other.last_general_query() == TimePoint::min()) return Routing::kYes;
  const VlanPlan& here = plan(to);
  const TimePoint silent = other.last_general_query() +
                           here.router.robustness_variable * here.router.query_interval +
                           here.router.query_response_interval / 2;
  if (now() + kSlack < silent) return Routing::kNo;
  return silent + kSlack <= now() ? Routing::kYes : Routing::kUnsure;
}

ProxyOracle::Routing ProxyOracle::routes_to(std::size_t stream, GroupIndex group, std::uint8_t ttl,
                                            Network to) {
  const Stream& from = scenario_.streams[stream];
  const int between = hops(from, to);
  if (between == 0) return Routing::kYes;
  if (ttl <= between) return Routing::kNo;
  if (scenario_.denies(group, stream)) return Routing::kNo;
  const bool crosses = scenario_.series() && (from.external ? to.node == 1 : from.node != to.node);
  if (crosses && !world_.link_is_up({0, scenario_.attachment()})) return Routing::kNo;
  return same_network(from, to) ? Routing::kYes : forwards_into(to);
}

bool ProxyOracle::must_receive(Network at, Place place, GroupIndex group, std::size_t stream) {
  if (lenient_) return false;
  const Stream& from = scenario_.streams[stream];
  const bool ssm = scenario_.is_ssm(group);
  if (ssm && plan(at).older_queries) return false;
  TimePoint ready{};
  Duration known{0};
  if (at.node == 1 && (from.external || from.node == 0)) {
    if (ssm && below_an_old_network(1)) return false;
    ready = world_.link_since({0, scenario_.attachment()}) + hop_time();
    known = hop_time();
  }
  if (from.external) ready = std::max(ready, stable_since() + kSlack);
  if (ready > now()) return false;
  for (const Host* host : world_.hosts_at(place)) {
    const TimePoint since = wanted_since(*host, group, stream);
    if (since != kNever && since + join_time(*host) + known <= now()) return true;
  }
  return false;
}

bool ProxyOracle::must_not_receive(Network at, Place place, GroupIndex group, std::size_t stream) {
  if (lenient_) return false;
  const VlanPlan& here = plan(at);
  const Duration settle = here.settle_time();
  const Duration leave = here.snooping.robustness_variable *
                             (here.snooping.last_member_query_interval + Duration(seconds(1))) +
                         kWay;
  const bool attachment = scenario_.series() && place == Place{0, scenario_.attachment()};
  if (!attachment) {
    const bool asked = !here.has_router && !here.older_queries;
    return long_unwanted(world_.hosts_at(place), group, stream, Scope::kNetwork, here.older_queries,
                         settle, asked ? leave : settle);
  }
  std::vector<Host*> below;
  bool old_network = here.older_queries;
  for (const auto& host : world_.hosts()) {
    if (world_.node_of(*host) == 1) below.push_back(host.get());
  }
  for (const VlanPlan& network : scenario_.nodes[1].downstreams) {
    old_network = old_network || network.older_queries;
  }
  return long_unwanted(below, group, stream, Scope::kNetwork, old_network, scenario_.settle_time(1),
                       scenario_.settle_time(1));
}

void ProxyOracle::judge_place(Network at, Place place, GroupIndex group, std::size_t stream,
                              std::uint8_t ttl, int copies) {
  ++judgements_;
  const Stream& from = scenario_.streams[stream];
  const Routing routing = routes_to(stream, group, ttl, at);
  if (routing == Routing::kNo && copies > 0) {
    complain(place, group, stream, "comes, and may not be routed there");
  }
  if (routing == Routing::kYes && must_receive(at, place, group, stream)) {
    ++musts_;
    if (copies == 0) complain(place, group, stream, "is wanted and does not come");
    return;
  }
  const Forwarding& forwarding = world_.forwarding(at.node);
  const VlanPolicy& policy = *forwarding.vlans().find(plan(at).id);
  const bool floods =
      !policy.restricted || (policy.unregistered == UnregisteredPolicy::kFlood &&
                             !forwarding.registered(plan(at).id, group_address(group)));
  const bool bridged = same_network(from, at);
  if (bridged && (floods || policy.router_ports.contains(place.port))) return;
  ++must_nots_;
  if (copies > 0 && must_not_receive(at, place, group, stream)) {
    complain(place, group, stream, "comes and has not been wanted for long");
  }
}

// PF-02, MU-03: what comes from below goes to one upstream, whoever wants it; what comes from above
// to none.
void ProxyOracle::judge_upward(GroupIndex group, std::size_t stream, std::uint8_t ttl,
                               const std::map<Place, int>& copies) {
  const Stream& from = scenario_.streams[stream];
  const auto upstream = upstream_of(group);
  for (std::size_t u = 0; u < scenario_.nodes[0].upstreams.size(); ++u) {
    const Place place{0, scenario_.nodes[0].upstreams[u].port};
    const auto at = copies.find(place);
    const int count = at == copies.end() ? 0 : at->second;
    ++judgements_;
    if (from.external) {
      if (count > 0) complain(place, group, stream, "comes from upstream and goes there");
      continue;
    }
    const bool connected = from.node == 0 || world_.link_is_up({0, scenario_.attachment()});
    const bool permitted =
        !scenario_.denies(group, stream) && connected && ttl > static_cast<int>(from.node) + 1;
    if (!permitted && count > 0) complain(place, group, stream, "may not go upstream");
    if (!permitted || !upstream || lenient_) continue;
    ++musts_;
    if (count != (*upstream == u ? 1 : 0)) {
      complain(place, group, stream,
               count == 0 ? "does not go upstream" : "goes to an upstream that is not in use");
    }
  }
}

void ProxyOracle::judge_data(std::size_t stream, GroupIndex group, std::uint8_t ttl) {
  const Stream& from = scenario_.streams[stream];
  const auto& upstreams = scenario_.nodes[0].upstreams;
  const std::optional<std::size_t> upstream = upstream_of(group);
  const std::size_t first = from.external ? 0 : upstreams.size();
  for (std::size_t u = first; u <= upstreams.size(); ++u) {
    Place source;
    if (from.external) {
      if (u == upstreams.size() || !upstream) break;
      source = {0, upstreams[u].port};
    } else {
      const VlanPlan& network = scenario_.nodes[from.node].downstreams[from.downstream];
      source = {from.node, network.ports[0]};
    }
    const auto copies = world_.send_data(source, from.address, group_address(group), ttl);
    for (const auto& [place, count] : copies) {
      if (count > 1) complain(place, group, stream, "comes more than once");
      if (place == source) complain(place, group, stream, "goes back where it came from");
      if (!world_.link_is_up(place)) complain(place, group, stream, "goes to a port that is down");
      if (from.external && u != *upstream && !lenient_) {
        complain(place, group, stream, "comes from an upstream that is not in use");
      }
    }
    if (from.external && u != *upstream) continue;
    judge_upward(group, stream, ttl, copies);
    for (std::size_t n = 0; n < scenario_.nodes.size(); ++n) {
      for (std::size_t d = 0; d < scenario_.nodes[n].downstreams.size(); ++d) {
        for (const PortId port : scenario_.nodes[n].downstreams[d].ports) {
          const Place place{n, port};
          if (place == source || !world_.link_is_up(place)) continue;
          const auto at = copies.find(place);
          judge_place({n, d}, place, group, stream, ttl, at == copies.end() ? 0 : at->second);
        }
      }
    }
  }
}

void ProxyOracle::judge_spoofed(Place from, std::size_t stream, GroupIndex group) {
  const Stream& genuine = scenario_.streams[stream];
  std::optional<Network> here;  // none: upstream
  for (std::size_t d = 0; d < scenario_.nodes[from.node].downstreams.size(); ++d) {
    if (is_in(from.port, plan({from.node, d}))) here = {from.node, d};
  }
  // To the node below, what comes down is from above, whoever sent it.
  const bool goes_down = scenario_.series() && here == attached_network();
  const auto judge = [&](Ipv4 source, bool may_go_down, const std::string& what) {
    for (const auto& [place, count] : world_.send_data(from, source, group_address(group), 64)) {
      ++must_nots_;
      const bool in_network = here && place.node == from.node && is_in(place.port, plan(*here));
      if (in_network || (goes_down && may_go_down && place.node == 1)) continue;
      complain(place, group, stream, what);
    }
  };
  const bool from_above = genuine.external || genuine.node < from.node;
  if (here ? !same_network(genuine, *here) : !from_above) {
    judge(genuine.address, genuine.external || genuine.node == 0,
          "is spoofed at another port and comes");
  }
  if (here)
    judge(scenario_.own_address(here->node, here->downstream), true,
          "comes from somebody with the node's own address");
}

}  // namespace sluice::sim
