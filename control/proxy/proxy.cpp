// SPDX-License-Identifier: BSD-3-Clause
#include "control/proxy/proxy.h"

#include <algorithm>
#include <array>

#include "control/igmp/merge.h"
#include "control/igmp/source_set.h"

namespace sluice::control::proxy {

using igmp::FilterMode;
using snooping::EventType;

namespace {

constexpr Prefix kAllGroups{ipv4(224, 0, 0, 0), 4};

std::vector<RouteDomain::Rule> rules(const std::vector<config::GroupRule>& list) {
  std::vector<RouteDomain::Rule> out;
  for (const config::GroupRule& rule : list) out.push_back({rule.group, rule.source});
  return out;
}

bool same(const std::vector<RouteDomain::Upstream>& a,
          const std::vector<RouteDomain::Upstream>& b) {
  return std::ranges::equal(
      a, b, [](const auto& x, const auto& y) { return x.groups == y.groups && x.vlan == y.vlan; });
}

snooping::Event event(EventType type, VlanId vlan, std::optional<Ipv4> group) {
  return {.type = type,
          .vlan = vlan,
          .port = std::nullopt,
          .group = group,
          .source = std::nullopt,
          .address = std::nullopt};
}

}  // namespace

Proxy::Proxy(const config::Config& config, std::size_t number)
    : config_(config.proxies[number]), ssm_{config_.ssm_range, config_.ssm_maps} {
  for (const config::ProxyUpstream& upstream : config_.upstreams) {
    const config::Interface& interface = config.interfaces[upstream.interface];
    upstreams_.push_back({interface.name, interface.vlan, upstream.group_ranges});
    if (upstream.group_ranges.empty()) upstreams_.back().ranges.push_back(kAllGroups);
  }
  domain_.key = routed_key(number);
  for (const config::InterfaceIndex place : config_.downstreams) {
    const config::Interface& interface = config.interfaces[place];
    downstreams_.push_back(interface.vlan);
    downstream_names_.push_back(interface.name);
    const std::vector<Prefix> networks = interface.networks();
    domain_.inside.insert(domain_.inside.end(), networks.begin(), networks.end());
  }
  domain_.downstreams = downstreams_;
  for (const config::Interface& interface : config.interfaces) {
    domain_.own_addresses.push_back(interface.address);
  }
  domain_.allow = rules(config_.allow);
  domain_.deny = rules(config_.deny);
  choose_upstreams([](VlanId) { return Network{}; });
}

bool Proxy::is_upstream(VlanId vlan) const {
  return std::ranges::any_of(upstreams_, [&](const Upstream& u) { return u.vlan == vlan; });
}

std::optional<std::size_t> Proxy::downstream(VlanId vlan) const {
  const auto at = std::ranges::find(downstreams_, vlan);
  if (at == downstreams_.end()) return std::nullopt;
  return static_cast<std::size_t>(at - downstreams_.begin());
}

// --- The membership database, RFC 4605 §4.1 ---------------------------------------------------

igmp::Reception<Ipv4> Proxy::Group::merged() const {
  std::vector<Reception> all;
  for (const Wish& wish : wishes) all.push_back(wish.wanted);
  return igmp::merge(std::span<const Reception>(all));
}

PortSet Proxy::Group::places() const {
  PortSet places;
  for (const Wish& wish : wishes) places.insert(PortId{wish.downstream});
  return places;
}

// What policy leaves of a wish. One for "all sources but some" is let through as long as some
// source may come: the frames of the others are refused one by one.
igmp::Reception<Ipv4> Proxy::admitted(Ipv4 group, const Reception& wanted) {
  if (wanted.mode == FilterMode::kExclude) {
    if (ssm_.covers(group)) {  // QR-15, PS-02
      ++tally_.ssm_ignored;
      return {};
    }
    const auto holds = [&](const RouteDomain::Rule& rule) { return rule.group.contains(group); };
    const bool denied = std::ranges::any_of(domain_.deny, [&](const RouteDomain::Rule& rule) {
      return holds(rule) && rule.source.length == 0;
    });
    if (!denied && (domain_.allow.empty() || std::ranges::any_of(domain_.allow, holds))) {
      return wanted;
    }
    ++tally_.denied;
    return {};
  }
  Reception left;
  for (const Ipv4 source : wanted.sources) {
    if (domain_.permits(group, source)) left.sources.push_back(source);
  }
  if (left.sources.size() < wanted.sources.size()) ++tally_.denied;
  return left;
}

void Proxy::on_reception(std::size_t downstream, Ipv4 address, const Reception& said, TimePoint now,
                         Effects& out) {
  const Reception wanted = admitted(address, said);
  auto known = groups_.find(address);
  if (known == groups_.end()) {
    if (wanted.none()) return;
    if (config_.max_groups != 0 && groups_.size() >= config_.max_groups) {
      ++tally_.group_limit;
      if (!at_limit_) {
        out.events.push_back(event(EventType::kLimitReached, downstreams_[downstream], address));
      }
      at_limit_ = true;
      return;
    }
    known = groups_.try_emplace(address).first;
    known->second.since = now;
  }
  Group& group = known->second;
  const auto wish =
      std::ranges::find_if(group.wishes, [&](const Wish& w) { return w.downstream == downstream; });
  const bool unchanged = wish == group.wishes.end() ? wanted.none() : wish->wanted == wanted;
  if (unchanged) return publish(address, group, out);
  if (wish == group.wishes.end()) {
    if (!wanted.none()) group.wishes.push_back({static_cast<std::uint8_t>(downstream), wanted});
  } else if (wanted.none()) {
    group.wishes.erase(wish);
  } else {
    wish->wanted = wanted;
  }
  publish(address, group, out);
  conclude(address, group, now, out);
}

// Brings the forwarding entry up to the wishes.
void Proxy::publish(Ipv4 address, Group& group, Effects& out) const {
  const PortSet places = group.places();
  const std::optional<PortSet> entry =
      places.empty() ? std::nullopt : std::optional<PortSet>(places);
  if (entry == group.entry) return;
  out.fib.push_back({{domain_.key, address, Ipv4{}}, entry});
  group.entry = entry;
}

// After a wish has changed: what is asked for upstream, and the end.
void Proxy::conclude(Ipv4 address, Group& group, TimePoint now, Effects& out) {
  const Reception merged = group.merged();
  const std::array<Reception, 2> both = {merged, group.reported};
  const Reception kept = igmp::merge(std::span<const Reception>(both));
  if (config_.upstream_leave_delay > Duration{0} && kept != merged) {
    // Whoever zaps back within the delay finds the stream still coming. Several leaves of one
    // group end together, with the last.
    hold(address, group, now + config_.upstream_leave_delay);
    report(address, group, kept, out);
  } else {
    hold(address, group, kNever);
    report(address, group, merged, out);
  }
  forget_if_idle(address, group);
}

void Proxy::hold(Ipv4 address, Group& group, TimePoint until) {
  if (group.held_until != kNever) held_.erase({group.held_until, address});
  group.held_until = until;
  if (until != kNever) held_.insert({until, address});
}

void Proxy::advance(TimePoint now, Effects& out) {
  while (!held_.empty() && held_.begin()->first <= now) {
    const Ipv4 address = held_.begin()->second;
    Group& group = groups_.at(address);
    hold(address, group, kNever);
    report(address, group, group.merged(), out);
    forget_if_idle(address, group);
  }
}

void Proxy::forget_if_idle(Ipv4 address, const Group& group) {
  if (!group.wishes.empty() || !group.reported.none()) return;
  groups_.erase(address);
  at_limit_ = false;
}

void Proxy::on_fib_refused(Ipv4 address, Effects& out) {
  ++tally_.fib_refused;
  const auto group = groups_.find(address);
  if (group == groups_.end() || group->second.wishes.empty()) return;
  group->second.entry.reset();
  out.events.push_back(event(EventType::kLimitReached,
                             downstreams_[group->second.wishes.front().downstream], address));
}

// --- Upstream ---------------------------------------------------------------------------------

// Has the group's upstream asked for `wanted`, whichever upstream that is by now.
void Proxy::report(Ipv4 address, Group& group, const Reception& wanted, Effects& out) {
  const std::optional<VlanId> upstream = domain_.upstream_of(address);
  const bool moved = group.upstream != upstream;
  if (moved && group.upstream && !group.reported.none()) {
    out.upstream[*group.upstream].push_back({address, {}});
  }
  if (upstream && (moved || wanted != group.reported)) {
    out.upstream[*upstream].push_back({address, wanted});
  }
  group.upstream = upstream;
  group.reported = wanted;
}

// Which upstream has which groups (MU-03): of the fittest kind that there is, the one with the
// longest range that holds the group, the earlier in the file first. When nothing is up the first
// stay in use, so that they are asked as soon as their link returns.
void Proxy::choose_upstreams(const std::function<Network(VlanId)>& network) {
  enum Fitness : std::uint8_t { kGood, kQuerierLost, kDown };
  std::vector<Fitness> fitness;
  for (Upstream& upstream : upstreams_) {
    const Network state = network(upstream.vlan);
    const bool querier = state.querier != snooping::QuerierState::kNone;
    upstream.had_querier = state.up && (querier || upstream.had_querier);
    const bool lost = upstream.had_querier && !querier;
    fitness.push_back(!state.up ? kDown : lost ? kQuerierLost : kGood);
  }
  std::vector<RouteDomain::Upstream>& chosen = domain_.upstreams;
  chosen.clear();
  for (const Fitness kind : {kGood, kQuerierLost, kDown}) {
    const auto first = static_cast<std::ptrdiff_t>(chosen.size());
    for (std::size_t i = 0; i < upstreams_.size(); ++i) {
      if (fitness[i] != kind) continue;
      for (const Prefix& range : upstreams_[i].ranges) {
        chosen.push_back({range, upstreams_[i].vlan});
      }
    }
    std::stable_sort(chosen.begin() + first, chosen.end(), [](const auto& a, const auto& b) {
      return a.groups.length > b.groups.length;
    });
    // Whoever has all groups is the last that is ever found.
    const auto all = std::ranges::find(chosen, kAllGroups, &RouteDomain::Upstream::groups);
    if (all == chosen.end()) continue;
    chosen.erase(all + 1, chosen.end());
    return;
  }
}

void Proxy::review(const std::function<Network(VlanId)>& network, Effects& out) {
  domain_.forwarding = PortSet{};
  for (std::size_t i = 0; i < downstreams_.size(); ++i) {
    const Network state = network(downstreams_[i]);
    const bool ours = !config_.querier_only || state.querier == snooping::QuerierState::kQuerier;
    if (state.up && ours) domain_.forwarding.insert(PortId{static_cast<std::uint16_t>(i)});
  }
  const std::vector<RouteDomain::Upstream> before = domain_.upstreams;
  choose_upstreams(network);
  if (same(before, domain_.upstreams)) return;
  ++tally_.failovers;
  for (const RouteDomain::Upstream& upstream : domain_.upstreams) {
    if (upstream.groups == kAllGroups) {
      out.events.push_back(event(EventType::kUpstreamChanged, upstream.vlan, std::nullopt));
    }
  }
  for (auto& [address, group] : groups_) report(address, group, group.reported, out);
}

// --- Reload -----------------------------------------------------------------------------------

void Proxy::inherit(const std::vector<Proxy>& forerunners) {
  for (const Proxy& former : forerunners) {
    if (former.name() == name()) {
      tally_ = former.tally_;
      domain_.upstreams = former.domain_.upstreams;
    }
    for (Upstream& upstream : upstreams_) {
      const auto known = std::ranges::find(former.upstreams_, upstream.vlan, &Upstream::vlan);
      if (known != former.upstreams_.end()) upstream.had_querier = known->had_querier;
    }
  }
}

bool Proxy::same_setup(const Proxy& successor) const {
  const RouteDomain &a = domain_, &b = successor.domain_;
  const auto same_upstream = [](const Upstream& x, const Upstream& y) {
    return x.name == y.name && x.vlan == y.vlan && x.ranges == y.ranges;
  };
  return config_ == successor.config_ && a.key == b.key && a.inside == b.inside &&
         std::ranges::equal(upstreams_, successor.upstreams_, same_upstream) &&
         downstreams_ == successor.downstreams_ && downstream_names_ == successor.downstream_names_;
}

void Proxy::stay(const Proxy& successor, Effects& out) {
  domain_.own_addresses = successor.domain_.own_addresses;
  for (const auto& [address, group] : groups_) {
    if (group.upstream) out.upstream[*group.upstream].push_back({address, group.reported});
  }
}

void Proxy::undo(const std::vector<Proxy>& heirs, Effects& out) const {
  for (const auto& known_group : groups_) {  // clang 14 captures no structured bindings
    const Ipv4 address = known_group.first;
    const Group& group = known_group.second;
    const auto asks = [&](const Proxy& heir) {
      const auto known = heir.groups_.find(address);
      return known != heir.groups_.end() && known->second.upstream == group.upstream;
    };
    if (group.upstream && std::ranges::none_of(heirs, asks)) {
      out.upstream[*group.upstream].push_back({address, {}});
    }
    const auto has_entry = [&](const Proxy& heir) {
      const auto known = heir.groups_.find(address);
      return heir.domain_.key == domain_.key && known != heir.groups_.end() &&
             known->second.entry.has_value();
    };
    if (group.entry && std::ranges::none_of(heirs, has_entry)) {
      out.fib.push_back({{domain_.key, address, Ipv4{}}, std::nullopt});
    }
  }
}

// --- Across a restart -------------------------------------------------------------------------

std::vector<VlanId> Proxy::save() const {
  std::vector<VlanId> had_querier;
  for (const Upstream& upstream : upstreams_) {
    if (upstream.had_querier) had_querier.push_back(upstream.vlan);
  }
  return had_querier;
}

void Proxy::restore(const std::vector<VlanId>& had_querier) {
  for (Upstream& upstream : upstreams_) {
    upstream.had_querier = std::ranges::count(had_querier, upstream.vlan) > 0;
  }
}

// --- Views ------------------------------------------------------------------------------------

ProxyRow Proxy::row(const std::function<Network(VlanId)>& network, TimePoint now) const {
  ProxyRow row{config_.name, static_cast<igmp::Version>(config_.igmp_version), {}, {}, {}};
  for (std::size_t i = 0; i < upstreams_.size(); ++i) {
    const Upstream& upstream = upstreams_[i];
    const Network state = network(upstream.vlan);
    const bool active = state.up && std::ranges::any_of(domain_.upstreams, [&](const auto& used) {
                          return used.vlan == upstream.vlan;
                        });
    row.upstreams.push_back({upstream.name, upstream.vlan, state.up, active, state.querier_address,
                             state.host_version, config_.upstreams[i].group_ranges});
  }
  for (std::size_t i = 0; i < downstreams_.size(); ++i) {
    const Network state = network(downstreams_[i]);
    row.downstreams.push_back({downstream_names_[i], downstreams_[i], state.up,
                               state.querier == snooping::QuerierState::kQuerier,
                               domain_.forwarding.contains(PortId{static_cast<std::uint16_t>(i)})});
  }
  for (const auto& known_group : groups_) {
    const Group& group = known_group.second;
    GroupRow& out = row.groups.emplace_back();
    out.group = known_group.first;
    out.reported = group.reported;
    const auto upstream = std::ranges::find_if(
        upstreams_, [&](const Upstream& u) { return u.vlan == group.upstream; });
    if (upstream != upstreams_.end()) out.upstream = upstream->name;
    out.up_time = now - group.since;
    for (const Wish& wish : group.wishes) {
      out.downstreams.push_back(downstream_names_[wish.downstream]);
    }
    std::ranges::sort(out.downstreams);
    out.leaving = group.held_until != kNever;
  }
  std::ranges::sort(row.groups, {}, &GroupRow::group);
  return row;
}

}  // namespace sluice::control::proxy
