// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/proxy_oracle.h"

#include <algorithm>
#include <sstream>

namespace sluice::sim {
namespace {

using std::chrono::seconds;

constexpr Duration kWay = 4 * Link::kLongestDelay;  // there and back, twice
constexpr Duration kUnsolicitedReportInterval = seconds(1);
constexpr Duration kSlack = seconds(1);

bool is_in(PortId port, const VlanPlan& network) {
  return std::find(network.ports.begin(), network.ports.end(), port) != network.ports.end();
}

std::string seconds_text(TimePoint t) {
  if (t == kNever) return "never";
  std::ostringstream out;
  out << to_seconds(t.time_since_epoch());
  return out.str();
}

}  // namespace

// --- Hosts
// ---------------------------------------------------------------------------------------

bool ProxyOracle::wants(const Host& host, const Wish& wish, GroupIndex group,
                        std::size_t stream) const {
  const Ipv4 source = scenario_.streams[stream].address;
  if (!scenario_.is_ssm(group)) return wish.admits(source);
  if (!wish.exclude) return wish.sources.contains(source);
  // A v1 host is mapped too, but answers nothing when another one's leave has its source asked for.
  return scenario_.ssm_mapping && host.settings().version == igmp::Version::kV2 && stream == 0;
}

// A v3 host that turns to any source in the SSM range is not heard as such, but still answers when
// it is asked about single sources.
bool ProxyOracle::may_want(const Host& host, const Wish& wish, GroupIndex group,
                           std::size_t stream) const {
  if (!scenario_.is_ssm(group) || !wish.exclude) return wants(host, wish, group, stream);
  if (host.settings().version != igmp::Version::kV3) return scenario_.ssm_mapping && stream == 0;
  return wish.admits(scenario_.streams[stream].address);
}

bool ProxyOracle::wants_any(const Host& host, const Wish& wish, GroupIndex group) const {
  if (!scenario_.is_ssm(group) || !wish.exclude) return !wish.nothing();
  return host.settings().version == igmp::Version::kV3 || scenario_.ssm_mapping;
}

TimePoint ProxyOracle::wanted_since(const Host& host, GroupIndex group, std::size_t stream) const {
  return host.since(group, [&](const Wish& wish) { return wants(host, wish, group, stream); });
}

// Policy takes a source out of a list of those wanted, but puts none into a list of those not
// wanted, which is what a network with one such list asks for.
TimePoint ProxyOracle::unwanted_since(const Host& host, GroupIndex group, std::size_t stream,
                                      Scope scope) const {
  const bool denied = scope == Scope::kUpstream && scenario_.denies(group, stream);
  return host.since(group, [&](const Wish& wish) {
    return denied ? !wish.exclude : !may_want(host, wish, group, stream);
  });
}

TimePoint ProxyOracle::idle_since(const Host& host, GroupIndex group) const {
  return host.since(group, [&](const Wish& wish) { return !wants_any(host, wish, group); });
}

ProxyOracle::Network ProxyOracle::home_of(const Host& host) const {
  const std::size_t node = world_.node_of(host);
  const bool first = scenario_.nodes[node].downstreams[0].id == host.settings().vlan;
  return {node, first ? std::size_t{0} : std::size_t{1}};
}

// The first report counts, or the second where the first may be lost or overtaken. While a v1 host
// counts on the segment, a v3 host's change to INCLUDE is not heard (9776 §7.3.2), but what it
// answers is.
Duration ProxyOracle::join_time(const Host& host) const {
  const auto& segment = world_.hosts_at({world_.node_of(host), host.settings().port});
  const bool v1 = std::any_of(segment.begin(), segment.end(), [](const Host* other) {
    return other->settings().version == igmp::Version::kV1;
  });
  if (v1 && host.settings().version == igmp::Version::kV3) {
    const VlanPlan& here = plan(home_of(host));
    return 2 * (here.longest_query_interval() + here.longest_response_interval()) + kWay;
  }
  const bool second = scenario_.loss == Loss::kUnsolicited || scenario_.reorders;
  if (!second) return kWay;
  return kWay + (host.settings().version == igmp::Version::kV3 ? seconds(1) : seconds(10));
}

// Between appliances nothing is overtaken.
Duration ProxyOracle::hop_time() const {
  return kWay + 2 * scenario_.timer_lateness +
         (scenario_.loss == Loss::kUnsolicited ? kUnsolicitedReportInterval : Duration{0});
}

// Hosts behind a network where v2 is spoken name no sources to those above it.
bool ProxyOracle::below_an_old_network(std::size_t node) const {
  return node > 0 && plan(attached_network()).older_queries;
}

bool ProxyOracle::long_unwanted(const std::vector<Host*>& hosts, GroupIndex group,
                                std::size_t stream, Scope scope, bool old_network, Duration settle,
                                Duration leave) {
  TimePoint idle{}, unwanted{};
  bool all_v3 = true;
  for (const Host* host : hosts) {
    idle = std::max(idle, idle_since(*host, group));
    unwanted = std::max(unwanted, unwanted_since(*host, group, stream, scope));
    all_v3 = all_v3 && host->settings().version == igmp::Version::kV3;
  }
  // Who goes has said so, the segment has been asked, and nothing was lost. In the SSM range nobody
  // hears a host go that wanted any source.
  const bool said = all_v3 && scenario_.loss == Loss::kNone && !scenario_.is_ssm(group);
  if (idle != kNever && idle + (said ? leave : settle) <= now()) return true;
  return !old_network && unwanted != kNever && unwanted + settle <= now();
}

// --- Upstreams
// -----------------------------------------------------------------------------------

ProxyOracle::Status ProxyOracle::status(std::size_t upstream) {
  const UpstreamPlan& plan = scenario_.nodes[0].upstreams[upstream];
  const Place place{0, plan.port};
  if (!world_.link_is_up(place)) return Status::kDown;
  const TimePoint since = world_.link_since(place);
  const ProxyWorld::Heard& heard = world_.heard(upstream);
  // Where no querier was heard since the link is there, none is missed.
  if (heard.last == TimePoint::min()) return Status::kGood;
  const TimePoint silent = heard.last + plan.present_interval();
  if (since > silent + kSlack) return Status::kGood;
  if (now() + kSlack < silent) return Status::kGood;
  // A link that has returned brings its querier back; whether what was heard before still counts
  // is not laid down.
  const bool certain = heard.last > since && silent + kSlack <= now();
  return certain ? Status::kQuerierLost : Status::kUnsure;
}

// When the choice of upstreams may last have changed.
TimePoint ProxyOracle::stable_since() {
  TimePoint since{};
  for (std::size_t u = 0; u < scenario_.nodes[0].upstreams.size(); ++u) {
    const UpstreamPlan& plan = scenario_.nodes[0].upstreams[u];
    since = std::max(since, world_.link_since({0, plan.port}));
    const ProxyWorld::Heard& heard = world_.heard(u);
    since = std::max(since, heard.after_silence);
    if (heard.last == TimePoint::min()) continue;
    const TimePoint silent = heard.last + plan.present_interval();
    if (silent <= now()) since = std::max(since, silent);
  }
  return since;
}

// A range of groups has an upstream of its own while that is good; all others, and those whose
// upstream is not, go to the first good one (MU-03).
std::optional<std::size_t> ProxyOracle::upstream_of(GroupIndex group) {
  const auto& upstreams = scenario_.nodes[0].upstreams;
  std::vector<Status> all;
  for (std::size_t u = 0; u < upstreams.size(); ++u) {
    all.push_back(status(u));
    if (all.back() == Status::kUnsure) return std::nullopt;
  }
  for (std::size_t u = 0; u < upstreams.size(); ++u) {
    if (upstreams[u].has_groups && group % 2 == 1 && all[u] == Status::kGood) return u;
  }
  for (std::size_t u = 0; u < upstreams.size(); ++u) {
    if (!upstreams[u].has_groups && all[u] == Status::kGood) return u;
  }
  return std::nullopt;
}

void ProxyOracle::judge_upstreams() {
  if (lenient_) return;
  for (std::size_t u = 0; u < scenario_.nodes[0].upstreams.size(); ++u) {
    for (GroupIndex group = 0; group < kGroups; ++group) {
      for (std::size_t stream = 0; stream < kStreams; ++stream) judge_upstream(u, group, stream);
    }
  }
}

void ProxyOracle::judge_upstream(std::size_t upstream, GroupIndex group, std::size_t stream) {
  const UpstreamPlan& plan = scenario_.nodes[0].upstreams[upstream];
  const Place place{0, plan.port};
  const Router& router = world_.upstream_router(upstream);
  const std::optional<std::size_t> responsible = upstream_of(group);
  if (!router.is_on() || !world_.link_is_up(place) || !responsible) return;
  ++judgements_;
  const bool told = router.told_wants(group, scenario_.streams[stream].address);
  const Duration membership = router.membership_interval();
  // A router that starts knows once its first queries have been answered.
  const bool second =
      scenario_.loss == Loss::kGeneralQueries || scenario_.loss == Loss::kGeneralResponses;
  const TimePoint knows =
      router.on_since() + kSlack + hop_time() +
      (second ? 2 * (plan.router.query_interval + plan.router.query_response_interval)
              : plan.router.query_response_interval);

  if (*responsible != upstream) {
    const TimePoint moved = stable_since();
    const bool heard_leaves = world_.link_since(place) + membership < moved &&
                              router.on_since() + membership < moved &&
                              scenario_.loss == Loss::kNone;
    const TimePoint gone =
        heard_leaves ? moved + 3 * seconds(1) + hop_time() + kSlack : moved + membership + kSlack;
    if (now() < gone) return;
    ++must_nots_;
    if (told) complain(place, group, stream, "is asked for here, and another upstream is in use");
    return;
  }

  bool wanted = false;
  for (const auto& host : world_.hosts()) {
    if (scenario_.denies(group, stream)) break;
    const std::size_t node = world_.node_of(*host);
    if (scenario_.is_ssm(group) && below_an_old_network(node)) continue;
    if (scenario_.is_ssm(group) && this->plan(home_of(*host)).older_queries) continue;
    TimePoint since = wanted_since(*host, group, stream);
    if (since == kNever) continue;
    since += join_time(*host);
    if (node > 0) {
      const Place attachment{0, scenario_.attachment()};
      if (!world_.link_is_up(attachment)) continue;
      since = std::max(since, world_.link_since(attachment)) + hop_time();
    }
    wanted = wanted || since + hop_time() <= now();
  }
  const TimePoint stable = stable_since() + hop_time() + kSlack;
  if (wanted && knows <= now() && stable <= now()) {
    ++musts_;
    if (!told) complain(place, group, stream, "is wanted, and the upstream router does not know");
    return;
  }
  if (!told || wanted) return;
  std::vector<Host*> everybody[2];
  for (const auto& host : world_.hosts()) {
    everybody[world_.node_of(*host)].push_back(host.get());
  }
  bool old_network =
      plan.fate == Fate::kChangesVersion || plan.router.version == igmp::Version::kV2;
  Duration leave = scenario_.leave_delay + kSlack + 2 * hop_time() +
                   scenario_.nodes[0].upstreams[0].router.robustness_variable * seconds(1);
  bool unwanted = true;
  for (std::size_t node = 0; node < scenario_.nodes.size(); ++node) {
    Duration longest_leave{0};
    for (const VlanPlan& network : scenario_.nodes[node].downstreams) {
      old_network = old_network || network.older_queries;
      longest_leave =
          std::max(longest_leave, network.snooping.robustness_variable *
                                      (network.snooping.last_member_query_interval + seconds(1)));
      // What another router asks about is not ours to end; a v1 or v2 mode lasts.
      if (network.has_router || network.older_queries) longest_leave = network.settle_time();
    }
    leave += longest_leave + kWay;
    const bool calm = scenario_.calm_links() && plan.fate == Fate::kSteady;
    const Duration settle = scenario_.settle_time(node) + membership;
    unwanted = unwanted && long_unwanted(everybody[node], group, stream, Scope::kUpstream,
                                         old_network, settle, calm ? leave : settle);
  }
  ++must_nots_;
  if (unwanted) complain(place, group, stream, "is asked for, and nobody wants it");
}

// --- Data
// ----------------------------------------------------------------------------------------

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

void ProxyOracle::judge_all() {
  judge_upstreams();
  for (GroupIndex group = 0; group < kGroups; ++group) {
    for (std::size_t stream = 0; stream < kStreams; ++stream) judge_data(stream, group, 64);
  }
}

void ProxyOracle::judge_empty() {
  for (std::size_t n = 0; n < scenario_.nodes.size(); ++n) {
    const std::string name = n == 0 ? "the top node" : "the node below";
    if (!world_.appliance(n).proxies(now())[0].groups.empty()) {
      throw Violation("groups are left in the proxy of " + name);
    }
    if (!world_.appliance(n).snooper().groups({}, now()).empty()) {
      throw Violation("memberships are left in " + name);
    }
    if (world_.forwarding(n).size() != 0) throw Violation("entries are left in " + name);
  }
  judge_upstreams();
}

void ProxyOracle::complain(Place place, GroupIndex group, std::size_t stream,
                           const std::string& what) {
  std::ostringstream out;
  out << "stream " << stream << " (" << to_string(scenario_.streams[stream].address) << ","
      << to_string(group_address(group)) << ") at " << (place.node == 0 ? "top" : "below") << " p"
      << place.port.value << " " << what << ".";
  int shown = 0;
  for (const auto& host : world_.hosts()) {
    const Wish& wish = host->wish(group);
    const bool here = world_.node_of(*host) == place.node && host->settings().port == place.port;
    if (wish.nothing() && !here) continue;
    if (++shown > 12) break;
    out << "\n    " << (world_.node_of(*host) == 0 ? "top" : "below") << " p"
        << host->settings().port.value << " " << to_string(host->settings().address) << " v"
        << static_cast<int>(host->settings().version)
        << (wish.exclude ? " EXCLUDE {" : " INCLUDE {");
    for (const Ipv4 s : wish.sources) out << ' ' << to_string(s);
    out << " } wanted since " << seconds_text(wanted_since(*host, group, stream))
        << ", unwanted since "
        << seconds_text(unwanted_since(*host, group, stream, Scope::kNetwork));
  }
  for (std::size_t n = 0; n < scenario_.nodes.size(); ++n) {
    const auto proxies = world_.appliance(n).proxies(now());
    for (const auto& row : proxies[0].groups) {
      if (row.group != group_address(group)) continue;
      out << "\n  " << (n == 0 ? "top" : "below") << " reports "
          << (row.reported.mode == igmp::FilterMode::kExclude ? "EXCLUDE {" : "INCLUDE {");
      for (const Ipv4 s : row.reported.sources) out << ' ' << to_string(s);
      out << " } on " << row.upstream.value_or("no upstream");
    }
  }
  throw Violation(out.str());
}

}  // namespace sluice::sim
