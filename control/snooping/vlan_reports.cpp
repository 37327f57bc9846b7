// SPDX-License-Identifier: BSD-3-Clause
// Reports and leaves: from a record to a membership, to forwarding entries, to what the routers are
// told. RFC 9776 §6.4, RFC 4541 §2.1.1 (1) and (6).
#include <algorithm>

#include "control/igmp/source_set.h"
#include "control/snooping/forwarding.h"
#include "control/snooping/vlan.h"

namespace sluice::control::snooping {

using igmp::FilterMode;
using igmp::GroupRecord;
using igmp::RecordType;
using igmp::Version;

namespace {

// Groups of routers among themselves, which they report as well (RFC 5771 §5).
constexpr Prefix kRoutersOwn{ipv4(224, 0, 1, 0), 24};

bool asks_for_less(const GroupRecord<Ipv4>& record) {
  return record.type == RecordType::kBlockOldSources ||
         record.type == RecordType::kChangeToIncludeMode ||
         record.type == RecordType::kChangeToExcludeMode;
}

// Nothing left to want, as far as this record goes.
bool is_leave(const GroupRecord<Ipv4>& record) {
  return record.type == RecordType::kBlockOldSources ||
         (record.type == RecordType::kChangeToIncludeMode && record.sources.empty());
}

// T9-14, R2-03: what is taken away from nothing makes no record.
bool creates_state(const GroupRecord<Ipv4>& record) {
  switch (record.type) {
    case RecordType::kModeIsExclude:
    case RecordType::kChangeToExcludeMode:
      return true;
    case RecordType::kBlockOldSources:
      return false;
    default:
      return !record.sources.empty();
  }
}

}  // namespace

void Vlan::on_report(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn) {
  const PortId port = frame.port;
  admitted_.clear();
  denied_ = false;
  if (const auto* v3 = std::get_if<igmp::V3Report<Ipv4>>(&packet.message)) {
    tally_.count_received(MessageType::kReportV3);
    const std::span<const GroupRecord<Ipv4>> records(v3->records);
    for (std::size_t i = 0; i < records.size(); ++i) {
      look_ahead(records.subspan(i), port);
      on_record({port, packet.source, Version::kV3}, records[i], turn);
    }
  } else if (const auto* v2 = std::get_if<igmp::V2Report<Ipv4>>(&packet.message)) {
    tally_.count_received(MessageType::kReportV2);
    heard_older_report(port, v2->group, turn);
    on_record({port, packet.source, Version::kV2}, {RecordType::kModeIsExclude, v2->group, {}},
              turn);
  } else if (const auto* v1 = std::get_if<igmp::V1Report<Ipv4>>(&packet.message)) {
    tally_.count_received(MessageType::kReportV1);
    heard_older_report(port, v1->group, turn);
    on_record({port, packet.source, Version::kV1}, {RecordType::kModeIsExclude, v1->group, {}},
              turn);
  } else if (const auto* leave = std::get_if<igmp::Leave<Ipv4>>(&packet.message)) {
    tally_.count_received(MessageType::kLeave);
    on_record({port, packet.source, Version::kV2},
              {RecordType::kChangeToIncludeMode, leave->group, {}}, turn);
  }
  send_host_messages(turn);
  if (denied_) return forward_admitted(frame, packet, turn);
  if (pass_on(frame, packet, turn)) forward(frame, routers_.ports(), turn);  // SC-01, SC-13
}

// What the port's profiles leave of a record; false: nothing.
bool Vlan::admit(const Reporter& reporter, GroupRecord<Ipv4>& record, const Turn& turn) {
  if (setup_.profiles.empty()) return true;
  const PortProfiles::Verdict verdict = setup_.profiles.apply(reporter.port, record);
  if (verdict.refused_by != nullptr) {
    denied_ = true;
    ++tally_.profile_denied;
    tell(EventType::kJoinDenied, reporter.port, record.group, reporter.address, turn);
  }
  if (!verdict.emptied) admitted_.push_back(record);
  return !verdict.emptied;
}

// A report of which profiles refused something is not for the routers as it came: they would send
// what nobody here may watch.
void Vlan::forward_admitted(const PuntedFrame& frame, const igmp::Packet& packet,
                            const Turn& turn) {
  const bool v3 = std::holds_alternative<igmp::V3Report<Ipv4>>(packet.message);
  if (summarises() || !v3 || admitted_.empty()) return;
  PuntedFrame rest = frame;
  const auto bytes =
      igmp::encode(igmp::V3Report<Ipv4>{admitted_}, {packet.source_mac, packet.source});
  rest.bytes = bytes;
  forward(rest, routers_.ports(), turn);
}

// A few records ahead.
void Vlan::look_ahead(std::span<const GroupRecord<Ipv4>> records, PortId port) const {
  constexpr std::size_t kIndex = 12, kGroup = 8, kMember = 4;
  if (records.size() > kIndex) prefetch_index(records[kIndex].group);
  if (records.size() > kGroup) prefetch_group(records[kGroup].group);
  if (records.size() > kMember) prefetch_member(records[kMember].group, port);
}

void Vlan::prefetch_group(Ipv4 address) const {
  const Group* const group = groups_.find(address);
  if (group == nullptr) return;
  __builtin_prefetch(group);
  __builtin_prefetch(reinterpret_cast<const std::byte*>(group + 1) - 1);
}

void Vlan::prefetch_member(Ipv4 address, PortId port) const {
  const Group* const group = groups_.find(address);
  const PortGroupSlab::Index* const member = group == nullptr ? nullptr : group->member(port);
  if (member == nullptr) return;
  __builtin_prefetch(&shared_.slab[*member], 1);
  shared_.timers.prefetch(SwitchState::kFirstGroupTimer + *member);
}

// May this report go on to the router ports as it is?
bool Vlan::pass_on(const PuntedFrame&, const igmp::Packet& packet, const Turn& turn) {
  if (summarises()) return false;  // PR-01
  if (setup_.snooping.report_policy == config::ReportPolicy::kForward) return true;
  if (std::holds_alternative<igmp::V3Report<Ipv4>>(packet.message)) return true;  // PR-03
  if (const auto* leave = std::get_if<igmp::Leave<Ipv4>>(&packet.message)) {
    const Group* const group = groups_.find(leave->group);
    if (group == nullptr) return true;
    const auto& members = group->members;
    if (members.size() > 1) return false;
    return members.empty() || shared_.slab[members.front()].hosts.empty();
  }
  const auto* v2 = std::get_if<igmp::V2Report<Ipv4>>(&packet.message);
  const Ipv4 address =
      v2 != nullptr ? v2->group : std::get<igmp::V1Report<Ipv4>>(packet.message).group;
  if (groups_.find(address) == nullptr) return true;
  TimePoint& until = reported_until_.try_emplace(address, TimePoint::min()).first->second;
  if (turn.now < until) return false;
  until = turn.now + querier_.latest_max_response_time();
  return true;
}

// --- Memberships
// ----------------------------------------------------------------------------------

void Vlan::on_record(Reporter reporter, GroupRecord<Ipv4> record, const Turn& turn) {
  if (!record.group.is_multicast() || record.group.is_link_local_multicast()) {  // MS-07
    ++tally_.ignored_records;
    return;
  }
  switch (apply(setup_.proxy.ssm, reporter.version, record)) {
    case SsmVerdict::kIgnored:
      ++tally_.ssm_ignored;
      return;
    case SsmVerdict::kMapped:
      ++tally_.ssm_mapped;
      reporter.version = Version::kV3;
      reporter.mapped = true;
      break;
    case SsmVerdict::kAsSaid:
      break;
  }
  const PortId port = reporter.port;
  if (routers_.ports().contains(port) && !kRoutersOwn.contains(record.group)) {
    notes_.reports_on_router_ports.insert(port);
  }
  if (!admit(reporter, record, turn)) return;
  const Group* const group = groups_.find(record.group);
  const PortGroupSlab::Index* const known = group == nullptr ? nullptr : group->member(port);
  if (known == nullptr && !creates_state(record)) return;
  const std::optional<PortGroupSlab::Index> index =
      known != nullptr ? *known : join(port, record.group, turn);
  if (!index) return;
  PortGroup& member = shared_.slab[*index];
  limit_sources(member, record.sources, turn);

  const Was was(member);
  const igmp::RouterContext asking = context(port, turn);
  member.leaving = is_leave(record);
  if (!member.leaving) member.last_reporter = reporter.address;
  if (setup_.snooping.explicit_tracking) {
    member.hosts.expire(turn.now);
    const bool room = member.hosts.on_record(
        reporter.address, record.type, record.sources,
        turn.now + querier_.parameters().group_membership_interval(), setup_.snooping.max_hosts);
    if (!room) {
      ++tally_.host_limit;
      notes_.refused_hosts.insert(port);
    }
  } else {
    member.hosts = HostTable{};
  }
  if (!fast_leave(member, record, reporter, turn)) {
    if (reporter.version == Version::kV3) {
      member.state.on_record(record.type, record.sources, asking, queries_);
    } else if (is_leave(record)) {
      member.state.on_leave(asking, queries_);
    } else if (reporter.version == Version::kV2) {
      member.state.on_v2_report(asking, queries_);
    } else {
      member.state.on_v1_report(asking, queries_);
    }
    send_specific_queries(port, record.group, turn);
  }
  conclude(*index, was, turn);
}

// Cuts without asking what nobody is known to want any more. False: the usual way, with queries.
bool Vlan::fast_leave(PortGroup& member, const GroupRecord<Ipv4>& record, const Reporter& reporter,
                      const Turn& turn) {
  if (!setup_.snooping.fast_leave || !asks_for_less(record)) return false;
  if (turn.now < hosts_known_from_ && setup_.snooping.explicit_tracking) return false;
  const Version mode = member.state.version(turn.now);
  if (mode == Version::kV1) return false;  // which knows no leave (R2-17)
  const bool tracked = setup_.snooping.explicit_tracking;
  // A v2 member may be silent because another one's report suppressed its own: ask. So too where
  // the hosts are not all known.
  if (tracked && (mode != Version::kV3 || reporter.version != Version::kV3 || reporter.mapped ||
                  !member.hosts.complete())) {
    return false;
  }
  // While somebody excludes, the tables forget what others include (T8-4); without an excluder they
  // have to be asked, or they would be cut with the group.
  if (tracked && !member.hosts.anyone_excludes() &&
      !igmp::includes(igmp::unite(member.state.forwarded_sources(), record.sources),
                      member.hosts.included_sources())) {
    return false;
  }
  igmp::RouterContext silent = context(member.port, turn);
  silent.queries = false;
  if (reporter.version == Version::kV3) {
    member.state.on_record(record.type, record.sources, silent, queries_);
  } else {
    member.state.on_leave(silent, queries_);
  }
  const Sources forwarded = member.state.forwarded_sources();
  const bool exclude = member.state.filter_mode() == FilterMode::kExclude;
  Sources unwanted;
  bool whole_group = false;
  if (tracked) {
    for (const Ipv4 source : forwarded) {
      if (!member.hosts.anyone_wants(source)) unwanted.push_back(source);
    }
    whole_group = exclude && !member.hosts.anyone_excludes();
  } else if (record.type == RecordType::kChangeToIncludeMode) {
    unwanted = igmp::subtract(forwarded, record.sources);
    whole_group = exclude;
  } else {
    unwanted = igmp::intersect(forwarded, record.sources);
  }
  member.state.cut(unwanted, whole_group, silent);
  member.leaving = true;
  return true;
}

std::optional<PortGroupSlab::Index> Vlan::join(PortId port, Ipv4 address, const Turn& turn) {
  if (!make_room(port, address, turn)) return std::nullopt;
  const PortGroupSlab::Index index = enter(port, address, turn.now);
  turn.out.events.push_back({.type = EventType::kGroupJoined,
                             .vlan = setup_.id,
                             .port = port,
                             .group = address,
                             .source = std::nullopt,
                             .address = std::nullopt});
  return index;
}

// A new membership, empty so far.
PortGroupSlab::Index Vlan::enter(PortId port, Ipv4 address, TimePoint since) {
  ++groups_per_port_[port.value];
  const PortGroupSlab::Index index = shared_.slab.allocate();
  PortGroup& member = shared_.slab[index];
  member.vlan = setup_.id;
  member.port = port;
  member.group = address;
  member.since = since;
  Group& group = groups_.find_or_add(address);
  if (group.members.empty()) ++member_groups_;
  group.add(port, index);
  if (replaces()) join_orders_[port].joined(index, shared_.slab);
  return index;
}

void Vlan::conclude(PortGroupSlab::Index index, const Was& was, const Turn& turn) {
  PortGroup& member = shared_.slab[index];
  const auto tell = [&](const Sources& sources, EventType type) {
    for (const Ipv4 source : sources) {
      turn.out.events.push_back({.type = type,
                                 .vlan = setup_.id,
                                 .port = member.port,
                                 .group = member.group,
                                 .source = source,
                                 .address = std::nullopt});
    }
  };
  const Sources after = member.state.forwarded_sources();
  if (after != was.forwarded) {
    tell(igmp::subtract(after, was.forwarded), EventType::kSourceAdded);
    tell(igmp::subtract(was.forwarded, after), EventType::kSourceRemoved);
  }
  if (member.state.empty()) return remove(index, turn);
  shared_.timers.set(SwitchState::kFirstGroupTimer + index, member.state.next_deadline());
  Group& group = *groups_.find(member.group);
  // Most reports only say that somebody is still there.
  const bool unchanged = was.any_source && wants_any_source(member) && !group.refused;
  if (unchanged && !setup_.proxy.downstream) return;  // a proxy may have refused it so far
  const bool same = was.mode == member.state.filter_mode() && was.forwarded == after &&
                    was.sources == member.state.sources().size();
  if (!same) shared_.changes.note(setup_.id, member.port, member.group);
  group.note(member.port, member.state);
  recompile(group, turn);
}

void Vlan::remove(PortGroupSlab::Index index, const Turn& turn) {
  const PortGroup& member = shared_.slab[index];
  Group& group = *groups_.find(member.group);
  turn.out.events.push_back(
      {.type = member.leaving ? EventType::kGroupLeft : EventType::kGroupExpired,
       .vlan = setup_.id,
       .port = member.port,
       .group = group.address,
       .source = std::nullopt,
       .address = std::nullopt});
  shared_.changes.note(setup_.id, member.port, group.address);
  --groups_per_port_[member.port.value];
  at_limit_.erase(member.port);
  group.remove(member.port);
  if (group.members.empty()) {
    --member_groups_;
    vlan_at_limit_ = false;
  }
  shared_.timers.cancel(SwitchState::kFirstGroupTimer + index);
  shared_.slab.release(index);
  recompile(group, turn);
}

void Vlan::recompile(Group& group, const Turn& turn) {
  group.refused = false;
  compile(setup_.id, group, shared_.slab, turn.out.fib);
  if (summarises() || setup_.proxy.downstream) {
    igmp::Reception<Ipv4> wanted = merged_reception(group, shared_.slab, turn.now);
    if (summarises()) host_->set(group.address, wanted, turn.now, messages_);
    if (setup_.proxy.downstream) {
      turn.out.receptions.push_back({setup_.id, group.address, std::move(wanted)});
    }
  }
  if (group.registered()) return;
  reported_until_.erase(group.address);
  groups_.erase(group.address);
}

void Vlan::advance_group(PortGroupSlab::Index index, const Turn& turn) {
  PortGroup& member = shared_.slab[index];
  const Was was(member);
  member.state.advance(context(member.port, turn), queries_);
  send_specific_queries(member.port, member.group, turn);
  conclude(index, was, turn);
  send_host_messages(turn);
  arm(turn);
}

void Vlan::clear_groups(const Turn& turn) {
  std::vector<PortGroupSlab::Index> gone;
  groups_.for_each([&](const Group& group) {
    gone.insert(gone.end(), group.members.begin(), group.members.end());
  });
  for (const PortGroupSlab::Index index : gone) {
    shared_.slab[index].leaving = true;
    remove(index, turn);
  }
  send_host_messages(turn);
  if (querier_.state() == Querier::State::kQuerier) send_general_query(up_, turn);
  arm(turn);
}

void Vlan::on_fib_refused(const FibKey& key, const Turn& turn) {
  ++tally_.fib_refused;
  if (Group* const group = groups_.find(key.group)) {  // the next report tries again
    group->refused = true;
    if (key.any_source()) {
      group->compiled = false;
    } else if (group->compiled_sources != nullptr) {
      std::erase_if(*group->compiled_sources,
                    [&](const auto& entry) { return entry.first == key.source; });
    }
  }
  turn.out.events.push_back({.type = EventType::kLimitReached,
                             .vlan = setup_.id,
                             .port = std::nullopt,
                             .group = key.group,
                             .source = std::nullopt,
                             .address = std::nullopt});
}

// --- Specific queries
// -----------------------------------------------------------------------------

// Who asks the last member: the querier; and the proxy, which hides the leave from the querier, but
// never toward a router (QS-08, MS-04).
igmp::RouterContext Vlan::context(PortId port, const Turn& turn) const {
  const bool querier = querier_.state() == Querier::State::kQuerier;
  const bool proxy = querier_.state() == Querier::State::kNonQuerier && summarises() &&
                     !routers_.ports().contains(port);
  return {.parameters = querier_.parameters(),
          .now = turn.now,
          .queries = querier || proxy,
          .query_version = querier_.version()};
}

void Vlan::send_specific_queries(PortId port, Ipv4 group, const Turn& turn) {
  for (const igmp::SpecificQuery<Ipv4>& asked : queries_) {
    const igmp::Query<Ipv4> query =
        querier_.specific_query(group, asked.sources, asked.suppress_router_processing);
    for (const igmp::Query<Ipv4>& part : igmp::split(query, shared_.smallest_mtu)) {
      send(igmp::encode(part, origin()), PortSet::of(port) & up_,
           static_cast<MessageType>(static_cast<int>(part.version) - 1), turn);
    }
  }
  queries_.clear();
}

}  // namespace sluice::control::snooping
