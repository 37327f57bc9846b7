// SPDX-License-Identifier: BSD-3-Clause
// What a VLAN shows of itself.
#include <algorithm>

#include "control/snooping/forwarding.h"
#include "control/snooping/vlan.h"

namespace sluice::control::snooping {

using igmp::FilterMode;

namespace {

Duration left(TimePoint deadline, TimePoint now) {
  return std::max(deadline - now, Duration{0});
}

GroupRow row_of(const PortGroup& member, TimePoint now) {
  GroupRow row;
  row.vlan = member.vlan;
  row.port = member.port;
  row.group = member.group;
  row.filter_mode = member.state.filter_mode();
  row.version = member.state.version(now);
  row.up_time = now - TimePoint(member.since);
  row.expire = left(member.state.expires(), now);
  row.last_reporter = member.last_reporter;
  for (const auto& source : member.state.sources()) {
    const Duration expire = source.blocked() ? Duration{0} : left(source.expires, now);
    row.sources.push_back({source.address, expire, !source.blocked()});
  }
  for (const HostTable::Host& host : member.hosts.hosts()) {
    if (host.expires > now) row.hosts.push_back({host.address, host.expires - now});
  }
  std::sort(row.hosts.begin(), row.hosts.end(),
            [](const HostRow& a, const HostRow& b) { return a.address < b.address; });
  return row;
}

// One row a port: EXCLUDE for any source, INCLUDE for its sources.
void append_statics(VlanId vlan, Ipv4 address, const Group& group, const GroupFilter& filter,
                    std::vector<GroupRow>& rows) {
  if (group.statics == nullptr) return;
  PortSet ports;
  for (const StaticMember& member : *group.statics) ports = ports | member.ports();
  ports.for_each([&](PortId port) {
    if (filter.port && *filter.port != port) return;
    GroupRow row;
    row.vlan = vlan;
    row.port = port;
    row.group = address;
    row.is_static = true;
    for (const StaticMember& member : *group.statics) {
      if (!member.ports().contains(port)) continue;
      if (member.source) {
        row.sources.push_back({*member.source, std::nullopt, true});
      } else {
        row.filter_mode = FilterMode::kExclude;
      }
    }
    rows.push_back(std::move(row));
  });
}

}  // namespace

void Vlan::append_groups(const GroupFilter& filter, TimePoint now,
                         std::vector<GroupRow>& rows) const {
  const auto append = [&](const Group& group) {
    for (const PortGroupSlab::Index index : group.members) {
      const PortGroup& member = shared_.slab[index];
      if (!filter.port || *filter.port == member.port) rows.push_back(row_of(member, now));
    }
    append_statics(setup_.id, group.address, group, filter, rows);
  };
  if (filter.group) {
    if (const Group* const group = groups_.find(*filter.group)) append(*group);
    return;
  }
  groups_.for_each(append);
}

MemberPorts Vlan::member_ports(Ipv4 address) const {
  MemberPorts ports;
  const Group* const group = groups_.find(address);
  if (group == nullptr) return ports;
  ports.dynamic = group->ports;
  if (group->statics != nullptr) {
    for (const StaticMember& member : *group->statics) {
      ports.from_static = ports.from_static | member.ports();
    }
  }
  return ports;
}

std::size_t Vlan::hosts(Ipv4 address) const {
  const Group* const group = groups_.find(address);
  if (group == nullptr) return 0;
  std::size_t hosts = 0;
  for (const PortGroupSlab::Index index : group->members) {
    hosts += std::max<std::size_t>(shared_.slab[index].hosts.size(), 1);
  }
  return hosts;
}

void Vlan::append_mrouters(TimePoint now, std::vector<MrouterRow>& rows) const {
  for (const RouterPorts::Router& router : routers_.routers()) {
    MrouterRow row{setup_.id, router.port, router.learned_from, std::nullopt, std::nullopt};
    if (router.learned_from != LearnedFrom::kStatic) row.address = router.address;
    if (router.expires != kNever) row.expire = left(router.expires, now);
    rows.push_back(row);
  }
}

QuerierRow Vlan::querier(TimePoint now) const {
  QuerierRow row;
  row.vlan = setup_.id;
  row.state = static_cast<QuerierState>(querier_.state());
  row.address = querier_.address();
  row.version = querier_.version();
  if (querier_.other_querier_expires() != kNever) {
    row.expire = left(querier_.other_querier_expires(), now);
  }
  if (querier_.next_general_query() != kNever) {
    row.next_query = left(querier_.next_general_query(), now);
  }
  row.settled = restricted_;
  return row;
}

VlanHealth Vlan::take_health(unsigned near_limit, TimePoint now) {
  VlanHealth health;
  health.vlan = setup_.id;
  health.any_link = !(up_ & setup_.ports).empty();
  health.floods = !restricted_;
  health.upstream = setup_.proxy.upstream;
  health.downstream = setup_.proxy.downstream;
  health.querier = querier(now);
  const igmp::Parameters& parameters = querier_.parameters();
  health.other_querier_present_interval = parameters.other_querier_present_interval();
  health.query_interval = parameters.query_interval;
  health.notes = notes_;
  notes_.reports_on_router_ports = notes_.refused_groups = PortSet{};
  notes_.refused_sources = notes_.refused_hosts = PortSet{};
  notes_.refused_vlan_group = false;

  health.groups = member_groups_;
  health.max_groups = setup_.snooping.max_groups;
  health.max_vlan_groups = setup_.snooping.max_vlan_groups;
  const auto near = [near_limit](std::uint64_t count, std::uint64_t limit) {
    return limit != 0 && count * 100 >= limit * near_limit;
  };
  health.near_limit = near(health.groups, health.max_vlan_groups);
  setup_.ports.for_each([&](PortId port) {
    if (near(groups_per_port_[port.value], health.max_groups)) health.ports_near_limit.insert(port);
  });
  return health;
}

std::uint32_t Vlan::visit_watched(std::uint32_t place, std::size_t& work,
                                  const std::function<void(const WatchedGroup&)>& visit) const {
  return groups_.visit_from(place, work, [&](const Group& group, std::uint32_t at) -> std::size_t {
    if (group.members.empty()) return 0;
    WatchedGroup watched{
        setup_.id, group.address, at, restricted_, static_cast<unsigned>(group.members.size()), {}};
    if (group.compiled_sources != nullptr) {
      for (const auto& [source, ports] : *group.compiled_sources) watched.sources.push_back(source);
    }
    visit(watched);
    return watched.sources.size();
  });
}

bool Vlan::expires_soon(const PortGroup& member, TimePoint now) const {
  if (member.leaving || querier_.state() == Querier::State::kNone) return false;
  const igmp::Parameters& p = querier_.parameters();
  // Who answers every query, however late, never comes as near as this.
  const Duration last = p.robustness_variable > 1 ? p.query_interval : Duration{0};
  return member.state.expires() - now < last + p.query_response_interval / 2;
}

igmp::Version Vlan::host_version(TimePoint now) const {
  return host_ != nullptr ? host_->version(now) : Version::kV3;
}

std::optional<PortSet> Vlan::members(Ipv4 address, std::optional<Ipv4> source) const {
  const Group* const group = groups_.find(address);
  if (group == nullptr || !group->registered()) return std::nullopt;
  return members_of(*group, shared_.slab, source);
}

}  // namespace sluice::control::snooping
