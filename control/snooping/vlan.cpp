// SPDX-License-Identifier: BSD-3-Clause
// A VLAN's querier, router ports and timers. Reports are in vlan_reports.cpp.
#include "control/snooping/vlan.h"

#include <algorithm>

#include "control/snooping/forwarding.h"

namespace sluice::control::snooping {

using igmp::Version;

namespace {

constexpr std::uint8_t kMaxSolicitations = 3;  // RFC 4286 §7.3
constexpr Duration kSolicitationInterval = std::chrono::seconds(1);
constexpr Duration kSolicitationAnswered = std::chrono::seconds(3);  // an answer may take 2 s
constexpr Duration kTopologyQueryInterval = std::chrono::seconds(1);
constexpr Duration kLeastResponseTime = std::chrono::milliseconds(100);  // Max Resp Code 1
constexpr Duration kHoldsForever = std::chrono::seconds(0xFFFF);         // RFC 7761 §4.9.2

igmp::Querier<Ipv4>::Settings querier_settings(const Vlan::Setup& setup) {
  const config::IgmpSnooping& s = setup.snooping;
  return {.participates = s.send_query,
          .version = static_cast<Version>(s.igmp_version),
          .address = setup.own_address,
          .parameters = {.robustness_variable = s.robustness_variable,
                         .query_interval = s.query_interval,
                         .query_response_interval = s.query_max_response_time,
                         .last_member_query_interval = s.last_member_query_interval}};
}

PortSet set_of(const std::vector<PortId>& ports) {
  PortSet set;
  for (const PortId port : ports) set.insert(port);
  return set;
}

}  // namespace

Vlan::Vlan(const Setup& setup, PortSet up, SwitchState& shared)
    : setup_(setup), up_(up & setup.ports), shared_(shared), querier_(querier_settings(setup)) {
  routers_.set_static(set_of(setup.snooping.router_ports));
}

Vlan::~Vlan() {
  shared_.timers.cancel(setup_.id.value);
  groups_.for_each([this](const Group& group) {
    for (const PortGroupSlab::Index index : group.members) {
      shared_.timers.cancel(SwitchState::kFirstGroupTimer + index);
      shared_.slab.release(index);
    }
  });
}

void Vlan::withdraw(const Turn& turn) {
  groups_.for_each([&](Group& group) {
    Group nothing;
    nothing.address = group.address;
    nothing.compiled = group.compiled;
    nothing.compiled_sources = std::move(group.compiled_sources);
    compile(setup_.id, nothing, shared_.slab, turn.out.fib);
    group.compiled = false;
  });
  turn.out.vlans_changed = true;
}

void Vlan::reconfigure(const Setup& setup, const Turn& turn) {
  const bool speaks_anew = setup.snooping.report_policy != setup_.snooping.report_policy ||
                           setup.snooping.igmp_version != setup_.snooping.igmp_version ||
                           setup.proxy.upstream != setup_.proxy.upstream ||
                           setup.proxy.version != setup_.proxy.version;
  const bool other_address = setup.proxy.report_source != setup_.proxy.report_source;
  const bool ssm_changed = setup.proxy.ssm != setup_.proxy.ssm;
  if (setup.snooping.explicit_tracking && !setup_.snooping.explicit_tracking) {
    // Who is a member without having been tracked so far reports within this time.
    hosts_known_from_ = turn.now + querier_.parameters().group_membership_interval();
  }
  const bool profiles_changed = !(setup.profiles == setup_.profiles);
  const bool replaced = replaces();
  setup_ = setup;
  const PortSet routers_before = routers_.ports();
  setup_.router_guard.for_each([this](PortId port) { routers_.forget_port(port); });
  (setup_.querier_guard - setup_.router_guard).for_each([this](PortId port) {
    routers_.forget(port, LearnedFrom::kQuery);
  });
  routers_.set_static(set_of(setup.snooping.router_ports));
  router_ports_changed(routers_before, turn);
  follow(querier_.reconfigure(querier_settings(setup), turn.now), turn);
  if (speaks_anew) {
    set_up_host(turn);
  } else if (setup_.proxy.upstream && other_address) {
    host_->resend_all(turn.now, messages_);  // PX-15
    send_host_messages(turn);
  }
  if (ssm_changed) forget_excluders(turn);
  if (profiles_changed) enforce_profiles(turn);
  if (replaces() != replaced) set_up_join_orders();
  set_file_statics(turn);
  at_limit_ = PortSet{};
  vlan_at_limit_ = false;
  settle(turn);
  turn.out.vlans_changed = true;
  arm(turn);
}

// SM-06: what may no longer be in EXCLUDE mode is forgotten; its hosts are asked by the next query.
void Vlan::forget_excluders(const Turn& turn) {
  std::vector<PortGroupSlab::Index> gone;
  groups_.for_each([&](const Group& group) {
    if (!setup_.proxy.ssm.covers(group.address)) return;
    group.excluding.for_each([&](PortId port) { gone.push_back(*group.member(port)); });
  });
  for (const PortGroupSlab::Index index : gone) remove(index, turn);
  send_host_messages(turn);
}

// --- Events
// ---------------------------------------------------------------------------------------

void Vlan::on_frame(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn) {
  tally_.ttl_not_one += packet.notes.ttl_not_one ? 1 : 0;
  tally_.no_router_alert += packet.notes.no_router_alert ? 1 : 0;
  tally_.unknown_records += packet.notes.unknown_records;
  tally_.ignored_records += packet.notes.bad_records;
  if (packet.source_mac == shared_.mac ||
      (packet.source == setup_.own_address && !packet.source.is_unspecified())) {
    shared_.port_tallies[frame.port.value].count(PolicyDrop::kOwnMessage);
    return;
  }
  if (const std::optional<PolicyDrop> drop = guard_against(packet, frame.port)) {
    shared_.port_tallies[frame.port.value].count(*drop);
    return;
  }
  if (const auto* query = std::get_if<igmp::Query<Ipv4>>(&packet.message)) {
    on_query(frame, packet, *query, turn);
  } else if (const auto* hello = std::get_if<igmp::PimHello>(&packet.message)) {
    tally_.count_received(MessageType::kPimHello);
    const bool forever = hello->holdtime >= kHoldsForever;
    if (!packet.source.is_unspecified()) {
      learn_router(frame.port, LearnedFrom::kPim, packet.source,
                   forever ? kNever - turn.now : hello->holdtime, turn);
    }
  } else if (std::holds_alternative<igmp::UnknownType>(packet.message)) {
    tally_.count_received(MessageType::kUnknown);
    flood(frame, turn);
  } else if (std::holds_alternative<igmp::MrdAdvertisement>(packet.message) ||
             std::holds_alternative<igmp::MrdSolicitation>(packet.message) ||
             std::holds_alternative<igmp::MrdTermination>(packet.message)) {
    on_mrd(frame, packet, turn);
  } else {
    on_report(frame, packet, turn);
  }
  arm(turn);
}

// RP-11, SE-02. A solicitation is what a snooping switch sends, not a router.
std::optional<PolicyDrop> Vlan::guard_against(const igmp::Packet& packet, PortId port) const {
  const bool query = std::holds_alternative<igmp::Query<Ipv4>>(packet.message);
  const bool router = query || std::holds_alternative<igmp::PimHello>(packet.message) ||
                      std::holds_alternative<igmp::MrdAdvertisement>(packet.message) ||
                      std::holds_alternative<igmp::MrdTermination>(packet.message);
  if (router && setup_.router_guard.contains(port)) return PolicyDrop::kRouterGuard;
  if (query && setup_.querier_guard.contains(port)) return PolicyDrop::kQuerierGuard;
  return std::nullopt;
}

void Vlan::on_unusable_query(const PuntedFrame& frame, const Turn& turn) const {
  if (setup_.router_guard.contains(frame.port)) {
    shared_.port_tallies[frame.port.value].count(PolicyDrop::kRouterGuard);
  } else if (setup_.querier_guard.contains(frame.port)) {
    shared_.port_tallies[frame.port.value].count(PolicyDrop::kQuerierGuard);
  } else {
    flood(frame, turn);
  }
}

void Vlan::note_query(const igmp::Query<Ipv4>& query, Ipv4 querier, PortId port, TimePoint now) {
  notes_.queries[static_cast<std::size_t>(query.version) - 1] = {now, querier, port};
  notes_.silent_since = now;
}

void Vlan::on_query(const PuntedFrame& frame, const igmp::Packet& packet,
                    const igmp::Query<Ipv4>& query, const Turn& turn) {
  tally_.count_received(static_cast<MessageType>(static_cast<int>(query.version) - 1));
  if (static_cast<int>(query.version) != setup_.snooping.igmp_version) ++tally_.version_mismatch;
  flood(frame, turn);  // SC-02, SC-03

  if (!packet.source.is_unspecified()) {  // RP-02, QE-22
    note_query(query, packet.source, frame.port, turn.now);
    // TM-05, worked out from this very query as far as it says (RP-01).
    igmp::Parameters said = querier_.settings().parameters;
    if (query.robustness_variable != 0) said.robustness_variable = query.robustness_variable;
    if (query.query_interval > Duration{0}) said.query_interval = query.query_interval;
    if (query.general()) said.query_response_interval = query.max_response_time;
    learn_router(frame.port, LearnedFrom::kQuery, packet.source,
                 said.other_querier_present_interval(), turn);
    const Querier::Outcome outcome = querier_.on_query(query, packet.source, turn.now);
    follow(outcome, turn);
    const bool older = static_cast<int>(query.version) < setup_.snooping.igmp_version;
    if (outcome.querier_changed && older && setup_.proxy.downstream) {  // SM-05
      tell_of_older_querier(packet.source, turn);
    }
  }
  if (!query.general() && is_queriers(packet)) lower_timers(query, turn);
  if (host_ != nullptr) query_host(packet, query, turn);
}

// Where we are the querier nobody else's specific query counts: any host could end a stream by one.
bool Vlan::is_queriers(const igmp::Packet& packet) const {
  if (querier_.state() == Querier::State::kQuerier) return false;
  return querier_.state() == Querier::State::kNone || packet.source == querier_.address();
}

// QS-10, QS-11, MS-04: every member port lowers its timers. A response time of 0 leaves hosts no
// time; the least above it counts.
void Vlan::lower_timers(const igmp::Query<Ipv4>& query, const Turn& turn) {
  const Group* const group = groups_.find(query.group);
  if (group == nullptr) return;
  const Duration lmqt = std::max(query.max_response_time, kLeastResponseTime) *
                        querier_.parameters().last_member_query_count();
  for (const PortGroupSlab::Index index : group->members) {
    PortGroup& member = shared_.slab[index];
    member.state.on_specific_query(query, lmqt, context(member.port, turn));
    member.leaving = true;
    shared_.timers.set(SwitchState::kFirstGroupTimer + index, member.state.next_deadline());
  }
}

void Vlan::on_mrd(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn) {
  tally_.count_received(MessageType::kMrd);
  flood(frame, turn);  // SC-06
  if (const auto* advertisement = std::get_if<igmp::MrdAdvertisement>(&packet.message)) {
    // NeighborDeadInterval: three intervals and their jitter of 2.5 % (MR-05, MR-06).
    learn_router(frame.port, LearnedFrom::kMrd, packet.source,
                 advertisement->advertisement_interval * 3 * 1025 / 1000, turn);
  } else if (std::holds_alternative<igmp::MrdTermination>(packet.message)) {
    routers_.expect(frame.port, LearnedFrom::kMrd, packet.source, turn.now + kSolicitationAnswered);
    send(igmp::encode(igmp::MrdSolicitation{}, origin()), PortSet::of(frame.port),
         MessageType::kMrd, turn);
  }
}

void Vlan::learn_router(PortId port, LearnedFrom from, Ipv4 address, Duration lifetime,
                        const Turn& turn) {
  const PortSet before = routers_.ports();
  if (!routers_.refresh(port, from, address, turn.now + lifetime)) ++tally_.router_limit;
  routers_.expire(turn.now);  // a lifetime of zero says goodbye
  router_ports_changed(before, turn);
}

void Vlan::on_link(PortId port, bool up, const Turn& turn) {
  if (!setup_.ports.contains(port)) return;
  turn.out.vlans_changed = true;
  if (up) {
    up_.insert(port);
    solicit_members(PortSet::of(port), turn);  // its hosts need not wait for the next query
    solicit_routers(PortSet::of(port), turn);
    if (setup_.proxy.upstream) {  // PX-15
      host_->resend_all(turn.now, messages_);
      send_host_messages(turn);
    }
  } else {  // MS-10
    // A link that is not up yet after a restart has not gone: its members are as they were.
    if (!up_.contains(port)) return;
    topology_query_ = std::max(turn.now, last_topology_query_ + kTopologyQueryInterval);
    up_.erase(port);
    const PortSet before = routers_.ports();
    routers_.forget_port(port);
    router_ports_changed(before, turn);
    std::vector<PortGroupSlab::Index> gone;
    groups_.for_each([&](const Group& group) {
      if (const PortGroupSlab::Index* const index = group.member(port)) gone.push_back(*index);
    });
    for (const PortGroupSlab::Index index : gone) {
      shared_.slab[index].leaving = true;  // the reason is known: it did not just fall silent
      remove(index, turn);
    }
    send_host_messages(turn);
    query_after_topology_change(turn);
  }
  arm(turn);
}

// A link that goes may have moved hosts to another port, where they are asked at once, so that
// their streams follow them (TC-01, TC-05). One query a second, however links flap.
void Vlan::query_after_topology_change(const Turn& turn) {
  if (turn.now < topology_query_) return;
  topology_query_ = kNever;
  last_topology_query_ = turn.now;
  solicit_members(up_ - routers_.ports(), turn);
}

// A General Query out of turn. Where another one is the querier it goes in that one's name: with
// its version and parameters, from no address (TC-02, TC-03), and not toward routers.
void Vlan::solicit_members(PortSet ports, const Turn& turn) {
  if (setup_.proxy.upstream) return;  // PX-02: no queries there, in nobody's name
  if (querier_.state() == Querier::State::kQuerier) return send_general_query(ports, turn);
  if (querier_.state() != Querier::State::kNonQuerier) return;
  igmp::Query<Ipv4> query;
  query.version = querier_.version();
  query.max_response_time = querier_.latest_max_response_time();
  if (query.version == Version::kV3) {
    query.robustness_variable = querier_.parameters().robustness_variable;
    query.query_interval = querier_.parameters().query_interval;
  }
  send(igmp::encode(query, {shared_.mac, Ipv4{}}), ports - routers_.ports(),
       static_cast<MessageType>(static_cast<int>(query.version) - 1), turn);
}

// --- Querier
// --------------------------------------------------------------------------------------

void Vlan::follow(const Querier::Outcome& outcome, const Turn& turn) {
  if (outcome.send_general_query) {
    send_general_query(up_, turn);
    if (host_ != nullptr) {  // other routers listen for the answers to our queries (SC-13)
      host_->on_query(querier_.general_query(), turn.now, messages_);
      send_host_messages(turn);
    }
  }
  if (outcome.querier_changed) {
    shared_.changes.note_others();
    turn.out.vlans_changed = true;  // a proxy forwards where it is the querier (PF-01)
    turn.out.events.push_back({.type = EventType::kQuerierChanged,
                               .vlan = setup_.id,
                               .port = std::nullopt,
                               .group = std::nullopt,
                               .source = std::nullopt,
                               .address = querier_.address()});
  }
  settle(turn);
}

// No querier, no restriction (QI-04, MS-12); a change of querier does not flood again.
void Vlan::settle(const Turn& turn) {
  bool restricted = restricted_;
  if (!setup_.snooping.flood_without_querier) {
    restricted = true;
  } else if (querier_.state() == Querier::State::kNone) {
    settles_ = kNever;
    restricted = false;
  } else if (!restricted_) {
    if (settles_ == kNever) settles_ = turn.now + querier_.latest_max_response_time();
    restricted = turn.now >= settles_;
  }
  if (restricted) settles_ = kNever;
  if (restricted != restricted_) {
    turn.out.vlans_changed = true;
    shared_.changes.note_others();
  }
  restricted_ = restricted;
}

void Vlan::solicit_routers(PortSet ports, const Turn& turn) {
  solicit_ports_ = solicit_ports_ | ports;
  solicitations_left_ = kMaxSolicitations;
  next_solicitation_ =
      turn.now +
      Duration(1 + static_cast<std::int64_t>(shared_.random() % kSolicitationInterval.count()));
}

void Vlan::router_ports_changed(PortSet before, const Turn& turn) {
  const PortSet after = routers_.ports();
  if (after == before) return;
  shared_.changes.note_others();
  turn.out.vlans_changed = true;  // RP-10: no entry is touched, the workers add router ports
  const auto tell = [&](PortSet ports, EventType type) {
    ports.for_each([&](PortId port) {
      turn.out.events.push_back({.type = type,
                                 .vlan = setup_.id,
                                 .port = port,
                                 .group = std::nullopt,
                                 .source = std::nullopt,
                                 .address = std::nullopt});
    });
  };
  tell(after - before, EventType::kMrouterUp);
  tell(before - after, EventType::kMrouterDown);
}

// --- Timers
// ---------------------------------------------------------------------------------------

void Vlan::advance(const Turn& turn) {
  follow(querier_.advance(turn.now), turn);
  query_after_topology_change(turn);
  const PortSet before = routers_.ports();
  routers_.expire(turn.now);
  router_ports_changed(before, turn);
  if (turn.now >= next_solicitation_) {
    send(igmp::encode(igmp::MrdSolicitation{}, origin()), solicit_ports_ & up_, MessageType::kMrd,
         turn);
    if (--solicitations_left_ == 0) {
      solicit_ports_ = PortSet{};
      next_solicitation_ = kNever;
    } else {
      next_solicitation_ =
          turn.now +
          Duration(1 + static_cast<std::int64_t>(shared_.random() % kSolicitationInterval.count()));
    }
  }
  if (host_ != nullptr) {
    host_->advance(turn.now, messages_);
    send_host_messages(turn);
  }
  arm(turn);
}

void Vlan::arm(const Turn& turn) {
  TimePoint next = std::min({querier_.next_deadline(), routers_.next_deadline(), settles_,
                             next_solicitation_, topology_query_});
  if (host_ != nullptr) next = std::min(next, host_->next_deadline());
  shared_.timers.set(setup_.id.value, std::max(next, turn.now));
}

// --- Sending
// --------------------------------------------------------------------------------------

void Vlan::send(std::vector<std::uint8_t> bytes, PortSet ports, MessageType type,
                const Turn& turn) {
  if (ports.empty()) return;
  tally_.count_sent(type);
  turn.out.frames.push_back(
      {.vlan = setup_.id, .tci = 0, .ports = ports, .bytes = std::move(bytes)});
}

void Vlan::send_general_query(PortSet ports, const Turn& turn) {
  const igmp::Query<Ipv4> query = querier_.general_query();
  send(igmp::encode(query, origin()), ports,
       static_cast<MessageType>(static_cast<int>(query.version) - 1), turn);
}

void Vlan::forward(const PuntedFrame& frame, PortSet ports, const Turn& turn) const {
  const PortSet to = (ports & up_) - PortSet::of(frame.port);
  if (to.empty()) return;
  turn.out.frames.push_back({.vlan = setup_.id,
                             .tci = frame.tci,
                             .ports = to,
                             .bytes = {frame.bytes.begin(), frame.bytes.end()}});
}

void Vlan::flood(const PuntedFrame& frame, const Turn& turn) const {
  forward(frame, setup_.ports, turn);
}

}  // namespace sluice::control::snooping
