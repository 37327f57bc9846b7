// SPDX-License-Identifier: BSD-3-Clause
// How much of a VLAN one port, or all of them, may take (MS-09, SE-03, EX-06): groups, sources and
// hosts, and which groups at all. Who is in stays in: a newcomer is refused, or takes the place of
// what its own port joined first.
#include <algorithm>

#include "control/igmp/source_set.h"
#include "control/snooping/vlan.h"

namespace sluice::control::snooping {

namespace {

constexpr unsigned kEventsPerSecond = 10;
constexpr unsigned kMostReplaced = 2;  // at a join: one more than it needs, after a lower limit

}  // namespace

// An event that a host can cause as often as it likes: some a second, for each VLAN.
void Vlan::tell(EventType type, PortId port, Ipv4 group, std::optional<Ipv4> address,
                const Turn& turn) {
  if (turn.now - told_second_ >= std::chrono::seconds(1)) {
    told_second_ = turn.now;
    told_ = 0;
  }
  if (++told_ > kEventsPerSecond) return;
  turn.out.events.push_back({.type = type,
                             .vlan = setup_.id,
                             .port = port,
                             .group = group,
                             .source = std::nullopt,
                             .address = address});
}

// For one more membership of a port. False: it is refused.
bool Vlan::make_room(PortId port, Ipv4 address, const Turn& turn) {
  const std::uint32_t vlan_limit = setup_.snooping.max_vlan_groups;
  const Group* const group = groups_.find(address);
  const bool new_in_vlan = group == nullptr || group->members.empty();
  if (vlan_limit != 0 && new_in_vlan && member_groups_ >= vlan_limit) {
    ++tally_.vlan_group_limit;
    notes_.refused_vlan_group = true;
    if (!vlan_at_limit_) tell(EventType::kLimitReached, port, address, std::nullopt, turn);
    vlan_at_limit_ = true;
    return false;
  }
  const std::uint32_t limit = setup_.snooping.max_groups;
  const std::uint32_t& count = groups_per_port_[port.value];
  if (limit == 0 || count < limit) return true;
  notes_.refused_groups.insert(port);
  if (!at_limit_.contains(port)) tell(EventType::kLimitReached, port, address, std::nullopt, turn);
  if (replaces()) {
    for (unsigned i = 0; i < kMostReplaced && count >= limit; ++i) {
      const auto oldest = join_orders_[port].take_oldest(shared_.slab);
      if (!oldest) break;
      ++tally_.groups_replaced;
      shared_.slab[*oldest].leaving = true;
      remove(*oldest, turn);
    }
  }
  at_limit_.insert(port);
  if (count < limit) return true;
  ++tally_.group_limit;
  return false;
}

// Takes newcomers out of `sources` that the membership has no room for; those that are in stay. A
// source that is not taken into an EXCLUDE list is forwarded: nobody loses anything.
void Vlan::limit_sources(const PortGroup& member, igmp::SourceSet<Ipv4>& sources,
                         const Turn& turn) {
  const std::size_t most = setup_.snooping.max_sources;
  const auto& present_sources = member.state.sources();
  std::size_t room = most - std::min(most, present_sources.size());
  if (sources.size() <= room) return;
  igmp::SourceSet<Ipv4> present;
  for (const auto& source : present_sources) present.push_back(source.address);
  const std::size_t before = sources.size();
  const auto refused = [&](Ipv4 source) {
    if (igmp::contains(present, source)) return false;
    if (room == 0) return true;
    --room;
    return false;
  };
  sources.erase(std::remove_if(sources.begin(), sources.end(), refused), sources.end());
  if (sources.size() == before) return;
  tally_.source_limit += before - sources.size();
  if (!notes_.refused_sources.contains(member.port)) {
    tell(EventType::kLimitReached, member.port, member.group, std::nullopt, turn);
  }
  notes_.refused_sources.insert(member.port);
}

// When the action has changed: what is there already is older than what comes.
void Vlan::set_up_join_orders() {
  join_orders_.clear();
  if (!replaces()) return;
  std::map<PortId, std::vector<PortGroupSlab::Index>> members;
  groups_.for_each([&](const Group& group) {
    for (const PortGroupSlab::Index index : group.members) {
      members[shared_.slab[index].port].push_back(index);
    }
  });
  for (auto& [port, indexes] : members) {
    join_orders_[port].rebuild(std::move(indexes), shared_.slab);
  }
}

// After a change of profiles: what may not be joined any more ends.
void Vlan::enforce_profiles(const Turn& turn) {
  std::vector<PortGroupSlab::Index> members;
  groups_.for_each([&](const Group& group) {
    members.insert(members.end(), group.members.begin(), group.members.end());
  });
  for (const PortGroupSlab::Index index : members) {
    PortGroup& member = shared_.slab[index];
    if (member.state.filter_mode() == igmp::FilterMode::kExclude) {
      if (refusal(member.port, member.group, std::nullopt) == nullptr) continue;
      member.leaving = true;
      remove(index, turn);
      continue;
    }
    Sources refused = member.state.forwarded_sources();
    const auto permitted = [&](Ipv4 source) {
      return refusal(member.port, member.group, source) == nullptr;
    };
    refused.erase(std::remove_if(refused.begin(), refused.end(), permitted), refused.end());
    if (refused.empty()) continue;
    const Was was(member);
    igmp::RouterContext silent = context(member.port, turn);
    silent.queries = false;
    member.state.cut(refused, false, silent);
    member.leaving = true;
    conclude(index, was, turn);
  }
  send_host_messages(turn);
}

}  // namespace sluice::control::snooping
