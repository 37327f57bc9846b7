// SPDX-License-Identifier: BSD-3-Clause
// What the monitor looks at in the network: VLANs, groups and memberships.
#include <algorithm>

#include "control/health/monitor.h"

namespace sluice::control::health {

using snooping::QuerierState;
using snooping::VlanHealth;

namespace {

std::string seconds(Duration duration) {
  return std::to_string((duration.count() + 500) / 1000) + " s";
}
std::string in(VlanId vlan) {
  return "VLAN " + std::to_string(vlan.value);
}

}  // namespace

// --- VLANs
// ---------------------------------------------------------------------------------------

void Monitor::look_at_vlans(TimePoint now) {
  if (!vlans_.due(now)) return;
  const auto some =
      parts_.snooper.take_health(vlan_cursor_, kVlansPerTurn, parts_.config.alarms.near_limit, now);
  for (const VlanHealth& vlan : some) look_at(vlan, now);
  if (some.size() == kVlansPerTurn) {
    vlan_cursor_ = some.back().vlan;
    return;
  }
  vlan_cursor_.reset();
  vlans_.end(now);
  for (const Kind kind :
       {Kind::kNoQuerier, Kind::kQuerierVersions, Kind::kUpstreamSilent, Kind::kReportsOnRouterPort,
        Kind::kLimitReached, Kind::kGroupsNearLimit}) {
    alarms_.end_round(kind);
  }
}

void Monitor::look_at(const VlanHealth& vlan, TimePoint now) {
  if (vlan.any_link) look_at_queriers(vlan, now);
  look_at_limits(vlan, now);
  if (vlan.upstream) return;  // other hosts there are none of ours
  vlan.notes.reports_on_router_ports.for_each([&](PortId port) {
    const std::string name = parts_.port_name(port);
    // Who reports does so once a query interval.
    alarms_.sight({.kind = Kind::kReportsOnRouterPort, .vlan = vlan.vlan, .port = port},
                  at_once(2 * vlan.query_interval), now,
                  {"Hosts report on " + name + " in " + in(vlan.vlan) +
                       ", which is a router port and gets every group anyway.",
                   "Set router-guard on " + name +
                       " if only hosts are there; if it leads to a router with viewers behind it, "
                       "let that router report for them."});
  });
}

void Monitor::look_at_queriers(const VlanHealth& vlan, TimePoint now) {
  const std::string here = in(vlan.vlan);
  if (vlan.upstream) {
    const Duration silent = now - vlan.notes.silent_since;
    if (silent < vlan.other_querier_present_interval) return;
    alarms_.sight({.kind = Kind::kUpstreamSilent, .vlan = vlan.vlan}, at_once(), now,
                  {"No query has come from the upstream in " + here + " for " + seconds(silent) +
                       ", so nobody there asks whether the proxy still wants its groups.",
                   "Check the multicast router upstream and the link to it; the streams end when "
                   "it forgets what was joined."});
    return;
  }
  if (vlan.querier.state == QuerierState::kNone) {
    const char* const effect = vlan.floods
                                   ? ", so nobody is asked who watches, and multicast floods."
                                   : ", so nobody is asked who watches, and memberships expire.";
    alarms_.sight({.kind = Kind::kNoQuerier, .vlan = vlan.vlan}, lasting(), now,
                  {"Nobody queries " + here + effect,
                   "Set send-query = true for " + here +
                       ", or check the multicast router there and the link to it."});
    return;
  }
  // What we would speak, had nobody made us speak an older one (QE-27).
  const config::Vlan* const configured = parts_.config.find_vlan(vlan.vlan);
  const std::size_t own_version =
      configured == nullptr ? 3 : configured->igmp_snooping.igmp_version;
  std::string heard;
  unsigned versions = 0;
  for (std::size_t i = 0; i < vlan.notes.queries.size(); ++i) {
    const auto& query = vlan.notes.queries[i];
    const bool ours = vlan.querier.state == QuerierState::kQuerier && own_version == i + 1;
    const bool recent =
        query.at != TimePoint::min() && now - query.at < vlan.other_querier_present_interval;
    if (!ours && !recent) continue;
    if (versions++ > 0) heard += " and ";
    heard += "IGMPv" + std::to_string(i + 1) + " from ";
    heard += ours ? std::string("this appliance")
                  : to_string(query.querier) + " on " + parts_.port_name(query.port);
  }
  if (versions < 2) return;
  alarms_.sight({.kind = Kind::kQuerierVersions, .vlan = vlan.vlan}, lasting(), now,
                {"Queriers of " + here + " speak different versions: " + heard + ".",
                 "Set the same igmp-version on every querier of " + here + " (RFC 9776 7.3.1)."});
}

void Monitor::look_at_limits(const VlanHealth& vlan, TimePoint now) {
  const snooping::VlanNotes& notes = vlan.notes;
  const std::string here = in(vlan.vlan);
  const auto port_limit = [&](PortSet ports, const char* of_what, const char* key) {
    ports.for_each([&](PortId port) {
      const std::string name = parts_.port_name(port);
      alarms_.sight({.kind = Kind::kLimitReached, .vlan = vlan.vlan, .port = port}, at_once(), now,
                    {name + " has as many " + of_what + " in " + here + " as " + key +
                         " allows, and asks for more.",
                     std::string("Raise ") + key + " of " + here +
                         " if its hosts mean well, or find out by "
                         "sluicectl show groups --port " +
                         name + " who asks for so much."});
    });
  };
  port_limit(notes.refused_hosts, "hosts in a group", "max-hosts");
  port_limit(notes.refused_sources, "sources in a group", "max-sources");
  port_limit(notes.refused_groups, "groups", "max-groups");
  if (notes.refused_vlan_group) {
    alarms_.sight({.kind = Kind::kLimitReached, .vlan = vlan.vlan}, at_once(), now,
                  {here + " has the " + std::to_string(vlan.max_vlan_groups) +
                       " groups that max-vlan-groups allows, and hosts ask for more.",
                   "Raise max-vlan-groups of " + here +
                       ", or limit the ports that ask for most by max-groups."});
  }
  const auto near = [&](std::optional<PortId> port, const std::string& who, const char* key,
                        std::uint32_t limit) {
    alarms_.sight({.kind = Kind::kGroupsNearLimit, .vlan = vlan.vlan, .port = port}, lasting(), now,
                  {who + " has nearly the " + std::to_string(limit) + " groups that " + key +
                       " of " + here + " allows.",
                   std::string("Raise ") + key + " of " + here + " before joins are refused."});
  };
  vlan.ports_near_limit.for_each(
      [&](PortId port) { near(port, parts_.port_name(port), "max-groups", vlan.max_groups); });
  if (vlan.near_limit) near(std::nullopt, here, "max-vlan-groups", vlan.max_vlan_groups);
}

// --- Groups and memberships
// ----------------------------------------------------------------------

void Monitor::look_at_groups(TimePoint now) {
  if (parts_.config.alarms.no_stream_time == Duration{0} || !groups_.due(now)) return;
  const bool all = parts_.snooper.visit_watched(
      group_cursor_, kGroupsPerTurn,
      [&](const snooping::WatchedGroup& group) { look_at(group, now); });
  if (!all) return;
  ++group_round_;
  groups_.end(now);
  alarms_.end_round(Kind::kViewersWithoutStream);
  std::erase_if(standstills_,
                [&](const auto& entry) { return parts_.config.find_vlan(entry.first) == nullptr; });
}

void Monitor::look_at(const snooping::WatchedGroup& group, TimePoint now) {
  const auto now_s = static_cast<std::uint32_t>(now.time_since_epoch() / std::chrono::seconds(1));
  std::vector<Standstill>& known = standstills_[group.vlan];
  if (known.size() <= group.place) known.resize(group.place + 1);
  Standstill& still = known[group.place];
  const bool countable = group.forwards && group.sources.size() <= kMostSources;
  const std::uint32_t packets = countable ? packets_of(group) : 0;
  // Not looked at in the round before: nobody watched it then.
  const bool known_still =
      still.group == group.group && still.packets == packets && group_round_ - still.round <= 1;
  still.round = group_round_;
  if (!countable || !known_still) {
    still = {group.group, packets, now_s, group_round_};
    return;
  }
  const Duration lasted = std::chrono::seconds(now_s - still.since_s);
  if (lasted < parts_.config.alarms.no_stream_time) return;
  const Subject subject{
      .kind = Kind::kViewersWithoutStream, .vlan = group.vlan, .group = group.group};
  if (!alarms_.wants(subject)) return;
  const std::string who = group.ports == 1 ? "A port" : std::to_string(group.ports) + " ports";
  alarms_.sight(subject, at_once(2 * groups_.took), now,
                {who + (group.ports == 1 ? " has" : " have") + " viewers of " +
                     to_string(group.group) + " in " + in(group.vlan) +
                     ", and not a frame of it has come for " + seconds(lasted) + ".",
                 "Check that its source sends and with a TTL above 1, and that what is between "
                 "forwards it; sluicectl explain tells what would happen here."});
}

std::uint32_t Monitor::packets_of(const snooping::WatchedGroup& group) const {
  std::uint64_t packets = 0;
  const auto add = [&](Ipv4 source) {
    if (const auto row = parts_.fib.find({group.vlan, group.group, source}))
      packets += row->packets;
  };
  add(Ipv4{});
  for (const Ipv4 source : group.sources) add(source);
  return static_cast<std::uint32_t>(packets);
}

void Monitor::look_at_memberships(TimePoint now) {
  if (!memberships_.due(now)) return;
  const auto tell = [&](const snooping::ExpiringMembership& member) {
    const Subject subject{.kind = Kind::kMembershipExpiring,
                          .vlan = member.vlan,
                          .port = member.port,
                          .group = member.group};
    if (!alarms_.wants(subject)) return;
    alarms_.sight(subject, at_once(2 * memberships_.took), now,
                  {to_string(member.last_reporter) + " on " + parts_.port_name(member.port) +
                       " does not answer queries any more, and " + to_string(member.group) +
                       " ends there in " + seconds(member.expire) + ".",
                   "If it still watches, check that queries reach it and that its reports come "
                   "back, a firewall of its own included."});
  };
  const bool all =
      parts_.snooper.visit_expiring(membership_cursor_, kMembershipsPerTurn, now, tell);
  if (!all) return;
  memberships_.end(now);
  alarms_.end_round(Kind::kMembershipExpiring);
}

}  // namespace sluice::control::health
