// SPDX-License-Identifier: BSD-3-Clause
#include "control/appliance.h"

#include <algorithm>

namespace sluice::control {

using proxy::Proxy;

Appliance::Appliance(const config::Config& config, MacAddress mac, std::uint64_t seed)
    : switch_(config, mac, seed), responder_(mac), mac_(mac) {
  adopt(config);
}

void Appliance::adopt(const config::Config& config) {
  proxies_.clear();
  for (std::size_t i = 0; i < config.proxies.size(); ++i) proxies_.emplace_back(config, i);
  interfaces_ = config.interfaces;
  responder_.configure(interfaces_);
  punt_limits_ = config.punt_limits;
}

// --- Events
// ---------------------------------------------------------------------------------------

void Appliance::start(TimePoint now, Effects& out) {
  switch_.start(now, out);
  settle(now, out);
}

snooping::Restored Appliance::start(SavedAppliance saved, TimePoint now, Effects& out) {
  for (const SavedAppliance::Proxy& known : saved.proxies) {
    const auto proxy = std::ranges::find(proxies_, known.name, &Proxy::name);
    if (proxy != proxies_.end()) proxy->restore(known.had_querier);
  }
  const snooping::Restored done = switch_.start(std::move(saved.switched), now, out);
  links_unknown_ = true;
  settle(now, out);
  return done;
}

void Appliance::on_frame(const PuntedFrame& frame, TimePoint now, Effects& out) {
  if (Responder::is_for(frame)) {
    responder_.on_frame(frame, now, out.frames);
    return;
  }
  switch_.on_frame(frame, now, out);
  settle(now, out);
}

void Appliance::on_links(std::span<const std::pair<PortId, bool>> links, TimePoint now,
                         Effects& out) {
  links_unknown_ = false;
  for (const auto& [port, up] : links) switch_.on_link(port, up, now, out);
  settle(now, out);
}

void Appliance::advance(TimePoint now, Effects& out) {
  switch_.advance(now, out);
  proxy::Effects wanted;
  for (Proxy& proxy : proxies_) proxy.advance(now, wanted);
  carry_out(wanted, now, out);
  settle(now, out);
}

TimePoint Appliance::next_deadline() const {
  TimePoint next = switch_.next_deadline();
  for (const Proxy& proxy : proxies_) next = std::min(next, proxy.next_deadline());
  return next;
}

// The proxies after what the switch has done: links and queriers first, so that nothing is asked
// for where it will not come from.
void Appliance::settle(TimePoint now, Effects& out) {
  if (proxies_.empty()) return out.receptions.clear();
  proxy::Effects wanted;
  if (out.vlans_changed) {
    const auto state = [&](VlanId vlan) { return network(vlan, now); };
    for (Proxy& proxy : proxies_) proxy.review(state, wanted);
  }
  for (const snooping::ReceptionChange& change : std::exchange(out.receptions, {})) {
    for (Proxy& proxy : proxies_) {
      const std::optional<std::size_t> place = proxy.downstream(change.vlan);
      if (place) proxy.on_reception(*place, change.group, change.wanted, now, wanted);
    }
  }
  carry_out(wanted, now, out);
}

snooping::Switch::Network Appliance::network(VlanId vlan, TimePoint now) const {
  snooping::Switch::Network state = switch_.network(vlan, now);
  state.up = state.up || links_unknown_;
  return state;
}

void Appliance::carry_out(proxy::Effects& wanted, TimePoint now, Effects& out) {
  out.fib.insert(out.fib.end(), wanted.fib.begin(), wanted.fib.end());
  out.events.insert(out.events.end(), wanted.events.begin(), wanted.events.end());
  for (const auto& [vlan, receptions] : wanted.upstream) {
    switch_.set_own_receptions(vlan, receptions, now, out);
  }
}

void Appliance::on_fib_refused(const FibKey& key, Effects& out) {
  for (Proxy& proxy : proxies_) {
    if (proxy.domain().key != key.vlan) continue;
    proxy::Effects wanted;
    proxy.on_fib_refused(key.group, wanted);
    out.events.insert(out.events.end(), wanted.events.begin(), wanted.events.end());
    return;
  }
  switch_.on_fib_refused(key, out);
}

// --- Operator
// -------------------------------------------------------------------------------------

void Appliance::reload(const config::Config& config, TimePoint now, Effects& out) {
  switch_.reload(config, now, out);
  std::vector<Proxy> former = std::exchange(proxies_, {});
  if (punt_limits_ != config.punt_limits) out.vlans_changed = true;
  adopt(config);
  proxy::Effects wanted;
  for (Proxy& proxy : proxies_) {
    const auto known =
        std::ranges::find_if(former, [&](const Proxy& old) { return old.same_setup(proxy); });
    if (known != former.end()) {
      known->stay(proxy, wanted);
      proxy = std::move(*known);
      former.erase(known);
    } else {
      proxy.inherit(former);
    }
    for (const VlanId vlan : proxy.downstream_vlans()) switch_.tell_receptions(vlan, now, out);
  }
  settle(now, out);
  for (const Proxy& old : former) old.undo(proxies_, wanted);
  carry_out(wanted, now, out);
}

void Appliance::clear_counters() {
  switch_.clear_counters();
  for (Proxy& proxy : proxies_) proxy.tally() = {};
  responder_.clear_counters();
}

// --- Views
// ----------------------------------------------------------------------------------------

VlanTable Appliance::vlan_table() const {
  VlanTable table = switch_.vlan_table();
  table.set_own_mac(mac_);
  table.set_punt_limits(punt_limits_);
  std::vector<RouteDomain> domains;
  for (const Proxy& proxy : proxies_) domains.push_back(proxy.domain());
  for (const config::Interface& interface : interfaces_) {
    const VlanPolicy* const known = table.find(interface.vlan);
    if (known == nullptr) continue;
    VlanPolicy policy = *known;
    policy.address = interface.address;
    for (std::size_t i = 0; i < proxies_.size(); ++i) {
      policy.route.domain = static_cast<std::uint8_t>(i);
      if (proxies_[i].is_upstream(interface.vlan)) {
        policy.route.role = RouteRole::kUpstream;
        break;
      }
      if (proxies_[i].downstream(interface.vlan)) {
        policy.route.role = RouteRole::kDownstream;
        policy.networks = interface.networks();
        break;
      }
    }
    table.add(policy);
  }
  table.set_domains(std::move(domains));
  return table;
}

std::vector<proxy::ProxyRow> Appliance::proxies(TimePoint now) const {
  std::vector<proxy::ProxyRow> rows;
  const auto network = [&](VlanId vlan) { return switch_.network(vlan, now); };
  for (const Proxy& proxy : proxies_) rows.push_back(proxy.row(network, now));
  return rows;
}

std::vector<SavedAppliance::Proxy> Appliance::save_proxies() const {
  std::vector<SavedAppliance::Proxy> all;
  for (const Proxy& proxy : proxies_) all.push_back({proxy.name(), proxy.save()});
  return all;
}

std::vector<NamedCount> Appliance::counters() const {
  std::vector<NamedCount> all;
  for (const Proxy& proxy : proxies_) {
    const std::string label = "{proxy=\"" + proxy.name() + "\"}";
    const proxy::Tally& tally = proxy.tally();
    all.push_back({"proxy_groups" + label, proxy.groups()});
    all.push_back({"proxy_denied_total" + label, tally.denied});
    all.push_back({"proxy_ssm_ignored_total" + label, tally.ssm_ignored});
    all.push_back({"proxy_group_limit_refused_total" + label, tally.group_limit});
    all.push_back({"proxy_fib_refused_total" + label, tally.fib_refused});
    all.push_back({"proxy_failovers_total" + label, tally.failovers});
  }
  for (NamedCount& count : responder_.counters()) all.push_back(std::move(count));
  return all;
}

}  // namespace sluice::control
