// SPDX-License-Identifier: BSD-3-Clause
// A VLAN across a restart: what is written down of it, and how it goes on from there.
#include <algorithm>

#include "control/snooping/vlan.h"

namespace sluice::control::snooping {
namespace {

// Away for no longer than this, a VLAN that restricted goes on: who joined meanwhile says so again
// (RFC 2236 §8.10, RFC 9776 §8.11) or is asked, and flooding would hurt everybody else. After a
// longer absence nobody knows enough, and the VLAN floods until its querier has been answered.
constexpr Duration kStillSettled = std::chrono::seconds(30);
// Beside the response time: until the first query has gone, and the last answer has been heard.
constexpr Duration kConfirmationMargin = std::chrono::seconds(1);

bool is_learned(const RouterPorts::Router& router) {
  return router.learned_from != LearnedFrom::kStatic;
}

}  // namespace

void Vlan::start(const SavedVlan* saved, Duration away, const Turn& turn) {
  turn.out.vlans_changed = true;
  set_up_host(turn);
  if (saved != nullptr && saved->host && host_ != nullptr) host_->restore(*saved->host, turn.now);
  set_file_statics(turn);
  notes_.silent_since = turn.now;
  if (saved != nullptr) restore_statics(saved->statics, turn);
  const Querier::Outcome outcome =
      saved != nullptr ? querier_.resume(saved->querier, turn.now) : querier_.start(turn.now);
  const bool still_settled = saved != nullptr && saved->settled && away <= kStillSettled;
  restricted_ = !setup_.snooping.flood_without_querier || (still_settled && remembers(away));
  follow(outcome, turn);
  if (saved != nullptr) {
    // The host that is missing may have spoken in the last moment, or while we were away.
    hosts_known_from_ =
        turn.now + (saved->tracked ? querier_.latest_max_response_time() + kConfirmationMargin
                                   : querier_.parameters().group_membership_interval());
    const PortSet before = routers_.ports();
    for (const RouterPorts::Router& router : saved->routers) {
      if (!setup_.ports.contains(router.port) || router.expires <= turn.now) continue;
      if (guards_against(router.learned_from, router.port)) continue;
      routers_.refresh(router.port, router.learned_from, router.address, router.expires);
    }
    router_ports_changed(before, turn);
  }
  solicit_routers(setup_.ports, turn);
  arm(turn);
}

bool Vlan::remembers(Duration away) const {
  return away <= querier_.parameters().group_membership_interval();
}

bool Vlan::restore(SavedMember& saved, const Turn& turn) {
  const Group* const known = groups_.find(saved.group);
  const config::IgmpSnooping& limits = setup_.snooping;
  const auto full = [](std::uint32_t count, std::uint32_t limit) {
    return limit != 0 && count >= limit;
  };
  const bool new_in_vlan = known == nullptr || known->members.empty();
  const bool excludes = saved.state.mode == igmp::FilterMode::kExclude;
  if (!setup_.ports.contains(saved.port) || (known != nullptr && known->member(saved.port)) ||
      full(groups_per_port_[saved.port.value], limits.max_groups) ||
      (new_in_vlan && full(member_groups_, limits.max_vlan_groups)) ||
      saved.state.sources.size() > limits.max_sources ||
      (excludes && (setup_.proxy.ssm.covers(saved.group) ||
                    refusal(saved.port, saved.group, std::nullopt) != nullptr))) {
    return false;
  }
  const TimePoint least = turn.now + querier_.latest_max_response_time() + kConfirmationMargin;
  igmp::GroupState<Ipv4> state;
  state.restore(std::move(saved.state), least, turn.now);
  if (state.empty()) return false;

  const PortGroupSlab::Index index = enter(saved.port, saved.group, saved.since);
  PortGroup& member = shared_.slab[index];
  member.state = std::move(state);
  member.leaving = saved.leaving;
  if (setup_.snooping.explicit_tracking) {
    if (saved.hosts.size() > limits.max_hosts) {
      saved.hosts.resize(limits.max_hosts);
      saved.hosts_complete = false;
    }
    for (HostTable::Host& host : saved.hosts) host.expires = std::max(host.expires, least);
    member.hosts.restore(std::move(saved.hosts), saved.hosts_complete);
  }
  member.last_reporter = saved.last_reporter;
  Group& group = *groups_.find(saved.group);
  group.note(saved.port, member.state);
  shared_.timers.set(SwitchState::kFirstGroupTimer + index, member.state.next_deadline());
  return true;
}

void Vlan::conclude_restore(const Turn& turn) {
  groups_.for_each([&](Group& group) { recompile(group, turn); });
  set_up_join_orders();  // they did not come in the order of their age
  if (!setup_.profiles.empty()) enforce_profiles(turn);
  send_host_messages(turn);
  arm(turn);
}

SavedVlan Vlan::save() const {
  SavedVlan saved{
      setup_.id, restricted_, setup_.snooping.explicit_tracking, querier_.save(), std::nullopt,
      {},        {}};
  if (host_ != nullptr) saved.host = host_->save();
  std::ranges::copy_if(routers_.routers(), std::back_inserter(saved.routers), is_learned);
  for (const Ipv4 address : commanded_) {
    const Group* const group = groups_.find(address);
    if (group == nullptr || group->statics == nullptr) continue;
    for (const StaticMember& member : *group->statics) {
      if (member.from_command.empty()) continue;
      saved.statics.push_back({address, member.source, member.from_command});
    }
  }
  return saved;
}

std::size_t Vlan::learned_routers() const {
  return static_cast<std::size_t>(std::ranges::count_if(routers_.routers(), is_learned));
}

const PortGroup* Vlan::member(PortId port, Ipv4 address) const {
  const Group* const group = groups_.find(address);
  const PortGroupSlab::Index* const index = group == nullptr ? nullptr : group->member(port);
  return index == nullptr ? nullptr : &shared_.slab[*index];
}

}  // namespace sluice::control::snooping
