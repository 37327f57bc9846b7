// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/proxy_oracle.h"

#include <algorithm>
#include <sstream>

namespace sluice::sim {
namespace {

using std::chrono::seconds;

constexpr Duration kUnsolicitedReportInterval = seconds(1);

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
