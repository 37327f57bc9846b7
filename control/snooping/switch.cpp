// SPDX-License-Identifier: BSD-3-Clause
#include "control/snooping/switch.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <map>
#include <string>

#include "control/igmp/codec.h"
#include "control/snooping/vlan.h"

namespace sluice::control::snooping {

using igmp::DecodeError;

namespace {

Ipv4 own_address(const config::Config& config, const config::Vlan& vlan) {
  if (vlan.igmp_snooping.querier_source) return *vlan.igmp_snooping.querier_source;
  for (const config::Interface& interface : config.interfaces) {
    if (interface.vlan == vlan.id) return interface.address;
  }
  return Ipv4{};
}

ProxyRole role_of(const config::Config& config, VlanId vlan) {
  const auto here = [&](config::InterfaceIndex i) { return config.interfaces[i].vlan == vlan; };
  ProxyRole role;
  for (const config::Proxy& proxy : config.proxies) {
    for (const config::ProxyUpstream& upstream : proxy.upstreams) {
      if (!here(upstream.interface)) continue;
      role.upstream = true;
      role.report_source =
          proxy.sender_source_address.value_or(config.interfaces[upstream.interface].address);
      role.version = static_cast<igmp::Version>(proxy.igmp_version);
    }
    if (std::ranges::any_of(proxy.downstreams, here)) {
      role.downstream = true;
      role.ssm = {proxy.ssm_range, proxy.ssm_maps};
    }
  }
  return role;
}

SavedMember saved(const PortGroup& member) {
  return {member.vlan,         member.port,          member.group,
          member.state.save(), member.leaving,       member.last_reporter,
          member.since,        member.hosts.hosts(), member.hosts.complete()};
}

// What the ports' sections say of a VLAN's ports: profiles, each with the ports that it counts for,
// and guards.
void protect(const config::Config& config, Vlan::Setup& setup) {
  std::map<config::ProfileIndex, PortSet> users;
  if (setup.snooping.group_profile) users[*setup.snooping.group_profile] = setup.ports;
  setup.ports.for_each([&](PortId id) {
    const config::Port& port = config.ports[id.value];
    if (port.group_profile) users[*port.group_profile].insert(id);
    if (port.router_guard) setup.router_guard.insert(id);
    if (port.querier_guard) setup.querier_guard.insert(id);
  });
  for (const auto& [profile, ports] : users) {
    setup.profiles.add(ports, config.group_profiles[profile]);
  }
}

// SC-18: its checksums are right, but nothing can be made of it; somebody else may.
bool floods_unused(DecodeError error) {
  return error == DecodeError::kBadQueryLength || error == DecodeError::kBadQuery;
}

}  // namespace

struct Switch::Impl {
  // How the ports carry a VLAN; the same for snooped and plain ones.
  struct Carried {
    PortSet untagged, tagged;
  };

  SwitchState state;
  std::vector<std::string> port_names;
  std::map<VlanId, Carried> carried;
  std::map<PortId, VlanId> access_vlans;
  PortSet up;
  std::map<VlanId, Vlan> vlans;  // those that snoop
  std::map<VlanId, UnregisteredPolicy> unregistered;

  Vlan* find(VlanId id) {
    const auto at = vlans.find(id);
    return at == vlans.end() ? nullptr : &at->second;
  }
  void read_ports(const config::Config& config);
  std::map<VlanId, Vlan::Setup> setups(const config::Config& config) const;
  Vlan& make(const Vlan::Setup& setup) {
    return vlans.try_emplace(setup.id, setup, up, state).first->second;
  }
  Result<Vlan*> snooped(VlanId id) {
    if (Vlan* const vlan = find(id)) return vlan;
    return Error{"VLAN " + std::to_string(id.value) +
                 (carried.contains(id) ? " does not snoop" : " is not carried by any port")};
  }
};

void Switch::Impl::read_ports(const config::Config& config) {
  carried.clear();
  access_vlans.clear();
  port_names.clear();
  state.smallest_mtu = 9216;
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const config::Port& port = config.ports[i];
    const PortId id{static_cast<std::uint16_t>(i)};
    port_names.push_back(port.name);
    state.smallest_mtu = std::min<std::size_t>(state.smallest_mtu, port.mtu);
    if (port.access_vlan) {
      carried[*port.access_vlan].untagged.insert(id);
      access_vlans[id] = *port.access_vlan;
    }
    for (const VlanId vlan : port.trunk_vlans) carried[vlan].tagged.insert(id);
  }
  state.port_tallies.resize(config.ports.size());
}

std::map<VlanId, Vlan::Setup> Switch::Impl::setups(const config::Config& config) const {
  std::map<VlanId, Vlan::Setup> result;
  for (const config::Vlan& vlan : config.vlans) {
    const auto ports = carried.find(vlan.id);
    if (!vlan.igmp_snooping.enabled || ports == carried.end()) continue;
    Vlan::Setup setup{vlan.id,
                      ports->second.untagged | ports->second.tagged,
                      own_address(config, vlan),
                      vlan.igmp_snooping,
                      role_of(config, vlan.id),
                      {},
                      {},
                      {}};
    protect(config, setup);
    // Upstream the host side speaks for the appliance alone; others there speak for themselves.
    config::ReportPolicy& policy = setup.snooping.report_policy;
    if (setup.proxy.upstream && policy == config::ReportPolicy::kProxy) {
      policy = config::ReportPolicy::kForward;
    }
    result.emplace(vlan.id, std::move(setup));
  }
  return result;
}

Switch::Switch(const config::Config& config, MacAddress mac, std::uint64_t seed)
    : impl_(std::make_unique<Impl>()) {
  impl_->state.mac = mac;
  impl_->state.random.seed(seed);
  impl_->read_ports(config);
  for (const auto& [id, setup] : impl_->setups(config)) impl_->make(setup);
}

Switch::~Switch() = default;

// --- Events
// ---------------------------------------------------------------------------------------

void Switch::start(TimePoint now, Effects& out) {
  out.vlans_changed = true;
  for (auto& [id, vlan] : impl_->vlans) vlan.start({now, out});
}

Restored Switch::start(SavedSwitch saved, TimePoint now, Effects& out) {
  out.vlans_changed = true;
  const Turn turn{now, out};
  const Duration away = now - saved.saved_at;
  Restored done;
  for (auto& [id, vlan] : impl_->vlans) {
    const auto known = std::ranges::find(saved.vlans, id, &SavedVlan::vlan);
    vlan.start(known == saved.vlans.end() ? nullptr : &*known, away, turn);
    done.routers += vlan.learned_routers();
    done.statics += vlan.commanded_statics();
  }
  for (SavedMember& member : saved.members) {
    Vlan* const vlan = impl_->find(member.vlan);
    if (vlan != nullptr && !vlan->remembers(away)) {
      ++done.outdated;
    } else if (vlan == nullptr || !vlan->restore(member, turn)) {
      ++done.refused;
    } else {
      ++done.members;
    }
  }
  for (auto& [id, vlan] : impl_->vlans) vlan.conclude_restore(turn);
  return done;
}

void Switch::look_ahead(std::span<const PuntedFrame> frames) const {
  if (frames.size() < 2) return;
  struct Ahead {
    const Vlan& vlan;
    Ipv4 group;
    PortId port;
  };
  boost::container::small_vector<Ahead, 8> all;
  for (const PuntedFrame& frame : frames) {
    const Vlan* const vlan = impl_->find(frame.vlan);
    if (vlan != nullptr) all.push_back({*vlan, igmp::first_group(frame.bytes), frame.port});
  }
  for (const Ahead& one : all) one.vlan.prefetch_index(one.group);
  for (const Ahead& one : all) one.vlan.prefetch_group(one.group);
  for (const Ahead& one : all) one.vlan.prefetch_member(one.group, one.port);
}

void Switch::on_frame(const PuntedFrame& frame, TimePoint now, Effects& out) {
  advance(now, out);  // what was due before the frame happens before the frame
  impl_->state.changes.note_refresh();
  PortTally& tally = impl_->state.port_tallies[frame.port.value];
  Vlan* const vlan = impl_->find(frame.vlan);
  if (vlan == nullptr) return tally.count(PolicyDrop::kNotSnooped);
  const Turn turn{now, out};
  const auto decoded = igmp::decode(frame.bytes);
  if (const DecodeError* const error = std::get_if<DecodeError>(&decoded)) {
    if (*error == DecodeError::kOtherPim) return;  // PIM, but nothing for us; it went on already
    tally.count(*error);
    if (floods_unused(*error)) vlan->on_unusable_query(frame, turn);
    return;
  }
  const igmp::Packet& packet = std::get<igmp::Packet>(decoded);
  if (packet.notes.truncated) tally.count(DecodeError::kTruncatedReport);
  vlan->on_frame(frame, packet, turn);
}

void Switch::on_link(PortId port, bool up, TimePoint now, Effects& out) {
  advance(now, out);
  if (up) {
    impl_->up.insert(port);
  } else {
    impl_->up.erase(port);
  }
  out.vlans_changed = true;
  for (auto& [id, vlan] : impl_->vlans) vlan.on_link(port, up, {now, out});
}

void Switch::advance(TimePoint now, Effects& out) {
  const Turn turn{now, out};
  impl_->state.timers.advance(now, [&](TimerWheel::Id id) {
    if (id >= SwitchState::kFirstGroupTimer) {
      const PortGroupSlab::Index index = id - SwitchState::kFirstGroupTimer;
      impl_->find(impl_->state.slab[index].vlan)->advance_group(index, turn);
    } else {
      impl_->find(VlanId{static_cast<std::uint16_t>(id)})->advance(turn);
    }
  });
}

TimePoint Switch::next_deadline() const {
  return impl_->state.timers.next_deadline();
}

void Switch::on_fib_refused(const FibKey& key, Effects& out) {
  if (Vlan* const vlan = impl_->find(key.vlan)) vlan->on_fib_refused(key, {TimePoint{}, out});
}

// --- Operator
// -------------------------------------------------------------------------------------

Status Switch::add_static(VlanId id, Ipv4 group, std::optional<Ipv4> source, PortId port,
                          TimePoint now, Effects& out) {
  const Result<Vlan*> vlan = impl_->snooped(id);
  if (!vlan) return vlan.error();
  return (*vlan)->add_static(group, source, port, {now, out});
}

Status Switch::remove_static(VlanId id, Ipv4 group, std::optional<Ipv4> source, PortId port,
                             TimePoint now, Effects& out) {
  const Result<Vlan*> vlan = impl_->snooped(id);
  if (!vlan) return vlan.error();
  return (*vlan)->remove_static(group, source, port, {now, out});
}

Status Switch::clear_groups(std::optional<VlanId> id, TimePoint now, Effects& out) {
  if (id) {
    const Result<Vlan*> vlan = impl_->snooped(*id);
    if (!vlan) return vlan.error();
    (*vlan)->clear_groups({now, out});
    return Ok{};
  }
  for (auto& [vlan_id, vlan] : impl_->vlans) vlan.clear_groups({now, out});
  return Ok{};
}

void Switch::reload(const config::Config& config, TimePoint now, Effects& out) {
  const Turn turn{now, out};
  impl_->read_ports(config);
  const std::map<VlanId, Vlan::Setup> setups = impl_->setups(config);
  for (auto at = impl_->vlans.begin(); at != impl_->vlans.end();) {
    if (setups.contains(at->first)) {
      ++at;
      continue;
    }
    at->second.withdraw(turn);
    at = impl_->vlans.erase(at);
  }
  for (const auto& [id, setup] : setups) {
    if (Vlan* const vlan = impl_->find(id)) {
      if (!(vlan->setup() == setup)) vlan->reconfigure(setup, turn);
    } else {
      impl_->make(setup).start(turn);
    }
  }
  out.vlans_changed = true;
}

void Switch::clear_counters() {
  for (auto& [id, vlan] : impl_->vlans) vlan.tally() = VlanTally{};
  for (PortTally& tally : impl_->state.port_tallies) tally = PortTally{};
}

// --- Proxies
// --------------------------------------------------------------------------------------

void Switch::set_own_receptions(VlanId id, const std::vector<OwnReception>& receptions,
                                TimePoint now, Effects& out) {
  Vlan* const vlan = impl_->find(id);
  if (vlan != nullptr && vlan->setup().proxy.upstream) {
    vlan->set_own_receptions(receptions, {now, out});
  }
}

void Switch::tell_receptions(VlanId id, TimePoint now, Effects& out) {
  if (Vlan* const vlan = impl_->find(id)) vlan->tell_receptions({now, out});
}

Switch::Network Switch::network(VlanId id, TimePoint now) const {
  Network network;
  const auto ports = impl_->carried.find(id);
  if (ports != impl_->carried.end()) {
    network.up = !((ports->second.untagged | ports->second.tagged) & impl_->up).empty();
  }
  if (const Vlan* const vlan = impl_->find(id)) {
    const QuerierRow querier = vlan->querier(now);
    network.querier = querier.state;
    network.querier_address = querier.address;
    network.host_version = vlan->host_version(now);
  }
  return network;
}

// --- Across a restart
// --------------------------------------------------------------------------------

std::optional<std::size_t> Switch::save_members(std::size_t place, std::size_t places,
                                                std::vector<SavedMember>& out) const {
  const PortGroupSlab& slab = impl_->state.slab;
  const std::size_t end = std::min<std::size_t>(slab.end(), place + places);
  for (; place < end; ++place) {
    const PortGroup& member = slab[static_cast<PortGroupSlab::Index>(place)];
    if (!member.group.is_unspecified()) out.push_back(saved(member));
  }
  return end == slab.end() ? std::nullopt : std::optional(end);
}

std::optional<SavedMember> Switch::save_member(const MemberKey& key) const {
  const Vlan* const vlan = impl_->find(key.vlan);
  const PortGroup* const member = vlan == nullptr ? nullptr : vlan->member(key.port, key.group);
  return member == nullptr ? std::nullopt : std::optional(saved(*member));
}

std::vector<SavedVlan> Switch::save_vlans() const {
  std::vector<SavedVlan> all;
  for (const auto& [id, vlan] : impl_->vlans) all.push_back(vlan.save());
  return all;
}

ChangeLog& Switch::changes() {
  return impl_->state.changes;
}

// --- Views
// ----------------------------------------------------------------------------------------

std::vector<GroupRow> Switch::groups(const GroupFilter& filter, TimePoint now) const {
  std::vector<GroupRow> rows;
  for (const auto& [id, vlan] : impl_->vlans) {
    if (!filter.vlan || *filter.vlan == id) vlan.append_groups(filter, now, rows);
  }
  std::sort(rows.begin(), rows.end(), [](const GroupRow& a, const GroupRow& b) {
    return std::tie(a.vlan, a.group, a.port, a.is_static) <
           std::tie(b.vlan, b.group, b.port, b.is_static);
  });
  return rows;
}

MemberPorts Switch::member_ports(VlanId id, Ipv4 group) const {
  const Vlan* const vlan = impl_->find(id);
  return vlan == nullptr ? MemberPorts{} : vlan->member_ports(group);
}

std::size_t Switch::hosts(VlanId id, Ipv4 group) const {
  const Vlan* const vlan = impl_->find(id);
  return vlan == nullptr ? 0 : vlan->hosts(group);
}

std::uint32_t Switch::memberships_of(const std::function<bool(Ipv4)>& wanted, std::uint32_t from,
                                     std::uint32_t work, std::vector<HostMembership>& rows) const {
  const PortGroupSlab& slab = impl_->state.slab;
  std::size_t done = 0;
  for (std::uint32_t at = from; at < slab.end(); ++at) {
    if (done >= work) return at;
    const PortGroup& member = slab[at];
    done += 1 + member.hosts.size();
    if (member.group.is_unspecified()) continue;  // a place that nobody has
    if (wanted(member.last_reporter) || member.hosts.any_of(wanted)) {
      rows.push_back({member.vlan, member.port, member.group});
    }
  }
  return 0;
}

std::vector<MrouterRow> Switch::mrouters(std::optional<VlanId> only, TimePoint now) const {
  std::vector<MrouterRow> rows;
  for (const auto& [id, vlan] : impl_->vlans) {
    if (!only || *only == id) vlan.append_mrouters(now, rows);
  }
  return rows;
}

std::vector<QuerierRow> Switch::queriers(std::optional<VlanId> only, TimePoint now) const {
  std::vector<QuerierRow> rows;
  for (const auto& [id, vlan] : impl_->vlans) {
    if (!only || *only == id) rows.push_back(vlan.querier(now));
  }
  return rows;
}

std::vector<VlanHealth> Switch::take_health(std::optional<VlanId> after, std::size_t max,
                                            unsigned near_limit, TimePoint now) {
  std::vector<VlanHealth> rows;
  auto at = after ? impl_->vlans.upper_bound(*after) : impl_->vlans.begin();
  for (; at != impl_->vlans.end() && rows.size() < max; ++at) {
    rows.push_back(at->second.take_health(near_limit, now));
  }
  return rows;
}

bool Switch::visit_watched(GroupCursor& cursor, std::size_t work,
                           const std::function<void(const WatchedGroup&)>& visit) const {
  for (auto at = impl_->vlans.lower_bound(cursor.vlan); at != impl_->vlans.end(); ++at) {
    if (at->first != cursor.vlan) cursor = {at->first, 0};
    cursor.place = at->second.visit_watched(cursor.place, work, visit);
    if (cursor.place != 0) return false;
    if (work <= 1) {  // a VLAN costs one as well
      ++cursor.vlan.value;
      return false;
    }
    --work;
  }
  cursor = {};
  return true;
}

bool Switch::visit_expiring(std::uint32_t& from, std::size_t work, TimePoint now,
                            const std::function<void(const ExpiringMembership&)>& visit) const {
  const PortGroupSlab& slab = impl_->state.slab;
  const Vlan* vlan = nullptr;
  for (; from < slab.end() && work > 0; ++from, --work) {
    const PortGroup& member = slab[from];
    if (member.group.is_unspecified()) continue;  // a place that nobody has
    if (vlan == nullptr || vlan->setup().id != member.vlan) vlan = impl_->find(member.vlan);
    if (vlan == nullptr || !vlan->expires_soon(member, now)) continue;
    visit({member.vlan, member.port, member.group, member.last_reporter,
           member.state.expires() - now});
  }
  if (from < slab.end()) return false;
  from = 0;
  return true;
}

std::optional<std::string> Switch::refusing_profile(VlanId id, PortId port, Ipv4 group,
                                                    std::optional<Ipv4> source) const {
  const Vlan* const vlan = impl_->find(id);
  const config::GroupProfile* const profile =
      vlan == nullptr ? nullptr : vlan->refusal(port, group, source);
  return profile == nullptr ? std::nullopt : std::optional(profile->name);
}

VlanTable Switch::vlan_table() const {
  VlanTable table;
  for (const auto& [port, vlan] : impl_->access_vlans) table.set_access_vlan(port, vlan);
  for (const auto& [id, ports] : impl_->carried) {
    VlanPolicy policy;
    policy.id = id;
    policy.untagged = ports.untagged;
    policy.tagged = ports.tagged;
    policy.up = impl_->up & policy.ports();
    if (const Vlan* const vlan = impl_->find(id)) {
      policy.snooping = true;
      policy.router_ports = vlan->router_ports();
      policy.restricted = vlan->restricted();
      policy.unregistered = vlan->setup().snooping.unregistered;
      policy.router_guard = vlan->setup().router_guard;
    }
    table.add(policy);
  }
  return table;
}

namespace {

void add_counters(VlanId id, const Vlan& vlan, std::vector<NamedCount>& out) {
  const std::string label = "{vlan=\"" + std::to_string(id.value) + "\"";
  const VlanTally& tally = vlan.tally();
  for (std::size_t i = 0; i < kMessageTypeLabels.size(); ++i) {
    const std::string type = label + ",type=\"" + std::string(kMessageTypeLabels[i]) + "\"}";
    out.push_back({"igmp_received_total" + type, tally.received[i]});
    out.push_back({"igmp_sent_total" + type, tally.sent[i]});
  }
  const auto add = [&](const char* name, std::uint64_t value) {
    out.push_back({name + label + "}", value});
  };
  add("igmp_version_mismatch_total", tally.version_mismatch);
  add("igmp_ttl_not_one_total", tally.ttl_not_one);
  add("igmp_no_router_alert_total", tally.no_router_alert);
  add("igmp_unknown_records_total", tally.unknown_records);
  add("igmp_ignored_records_total", tally.ignored_records);
  add("snooping_group_limit_refused_total", tally.group_limit);
  add("snooping_groups_replaced_total", tally.groups_replaced);
  add("snooping_vlan_group_limit_refused_total", tally.vlan_group_limit);
  add("snooping_source_limit_refused_total", tally.source_limit);
  add("snooping_host_limit_refused_total", tally.host_limit);
  add("snooping_profile_denied_total", tally.profile_denied);
  add("snooping_router_limit_refused_total", tally.router_limit);
  add("snooping_fib_refused_total", tally.fib_refused);
  add("snooping_ssm_ignored_total", tally.ssm_ignored);
  add("snooping_ssm_mapped_total", tally.ssm_mapped);
  add("snooping_groups", vlan.groups());
}

}  // namespace

std::vector<NamedCount> Switch::counters() const {
  std::vector<NamedCount> all;
  counters(std::nullopt, impl_->vlans.size(), all);
  return all;
}

std::optional<VlanId> Switch::counters(std::optional<VlanId> after, std::size_t max,
                                       std::vector<NamedCount>& out) const {
  if (!after) {
    for (std::size_t port = 0; port < impl_->port_names.size(); ++port) {
      for (const NamedCount& drop : port_drops(PortId{static_cast<std::uint16_t>(port)})) {
        out.push_back({"igmp_dropped_total{port=\"" + impl_->port_names[port] + "\",reason=\"" +
                           drop.name + "\"}",
                       drop.value});
      }
    }
    out.push_back({"snooping_memberships", impl_->state.slab.used()});
  }
  auto at = after ? impl_->vlans.upper_bound(*after) : impl_->vlans.begin();
  for (; at != impl_->vlans.end() && max > 0; ++at, --max) {
    add_counters(at->first, at->second, out);
    after = at->first;
  }
  return at == impl_->vlans.end() ? std::nullopt : after;
}

std::vector<NamedCount> Switch::vlan_counters(VlanId id) const {
  std::vector<NamedCount> counts;
  if (const Vlan* const vlan = impl_->find(id)) add_counters(id, *vlan, counts);
  return counts;
}

std::vector<NamedCount> Switch::port_drops(PortId port) const {
  std::vector<NamedCount> drops;
  const PortTally& tally = impl_->state.port_tallies[port.value];
  for (std::size_t i = 0; i < tally.decode.size(); ++i) {
    const auto error = static_cast<DecodeError>(i);
    if (error == DecodeError::kOtherPim) continue;  // no drop
    drops.push_back({std::string(to_string(error)), tally.decode[i]});
  }
  for (std::size_t i = 0; i < tally.policy.size(); ++i) {
    drops.push_back({std::string(kPolicyDropLabels[i]), tally.policy[i]});
  }
  return drops;
}

std::optional<PortSet> Switch::members(VlanId id, Ipv4 group, std::optional<Ipv4> source) const {
  const Vlan* const vlan = impl_->find(id);
  return vlan == nullptr ? std::nullopt : vlan->members(group, source);
}

}  // namespace sluice::control::snooping
