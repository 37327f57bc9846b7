// SPDX-License-Identifier: BSD-3-Clause
// One snooped VLAN: its querier, its router ports, its groups, and what becomes of hosts' reports.
// RFC 4541 §2.1. Told the time; appends what it wants done. Control thread only.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <unordered_map>
#include <vector>

#include "config/config.h"
#include "control/igmp/codec.h"
#include "control/igmp/host.h"
#include "control/igmp/querier.h"
#include "control/snooping/change_log.h"
#include "control/snooping/effects.h"
#include "control/snooping/group_profile.h"
#include "control/snooping/join_order.h"
#include "control/snooping/membership.h"
#include "control/snooping/router_ports.h"
#include "control/snooping/saved.h"
#include "control/snooping/ssm.h"
#include "control/snooping/tally.h"
#include "control/snooping/view.h"
#include "control/timer_wheel.h"
#include "shared/planes.h"
#include "shared/result.h"
#include "shared/vlan_table.h"

namespace sluice::control::snooping {

// What a proxy makes of a VLAN (RFC 4605).
struct ProxyRole {
  bool upstream = false;
  bool downstream = false;
  // Upstream: how its host side speaks.
  Ipv4 report_source;
  igmp::Version version = igmp::Version::kV3;
  SsmPolicy ssm;  // downstream

  bool operator==(const ProxyRole&) const = default;
};

// What all VLANs of a switch share. A timer's id is a VLAN's number, or kFirstGroupTimer and a
// PortGroup's place in the slab.
struct SwitchState {
  static constexpr TimerWheel::Id kFirstGroupTimer = kVlanIds;

  TimerWheel timers;
  PortGroupSlab slab;
  MacAddress mac;
  std::mt19937_64 random;
  std::vector<PortTally> port_tallies;
  std::size_t smallest_mtu = 1500;
  ChangeLog changes;
};

// The moment, and where to put what is to be done.
struct Turn {
  TimePoint now;
  Effects& out;
};

class Vlan {
 public:
  // How a VLAN is set up: from the configuration, and from which ports carry it.
  struct Setup {
    VlanId id;
    PortSet ports;
    Ipv4 own_address;  // of our queries and reports; may be 0.0.0.0
    config::IgmpSnooping snooping;
    ProxyRole proxy;
    PortProfiles profiles;
    PortSet router_guard, querier_guard;  // ports where neither is welcome

    bool operator==(const Setup&) const = default;
  };

  Vlan(const Setup& setup, PortSet up, SwitchState& shared);
  ~Vlan();  // releases its groups and timers, without a word

  void start(const Turn& turn) { start(nullptr, Duration{0}, turn); }
  // Takes every entry out of the forwarding table, before destruction.
  void withdraw(const Turn& turn);
  void reconfigure(const Setup& setup, const Turn& turn);
  const Setup& setup() const { return setup_; }

  void on_frame(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn);
  // Among many groups each of the three places that a report leads to is a cache miss: each is
  // asked for when the one that names it has come.
  void prefetch_index(Ipv4 group) const { groups_.prefetch(group); }
  void prefetch_group(Ipv4 group) const;
  void prefetch_member(Ipv4 group, PortId port) const;
  // SC-18: what we cannot use goes on as it came.
  void on_unusable_query(const PuntedFrame& frame, const Turn& turn) const;
  void on_link(PortId port, bool up, const Turn& turn);
  void advance(const Turn& turn);                                    // the VLAN's own timers
  void advance_group(PortGroupSlab::Index index, const Turn& turn);  // one (port, group)'s

  Status add_static(Ipv4 group, std::optional<Ipv4> source, PortId port, const Turn& turn);
  Status remove_static(Ipv4 group, std::optional<Ipv4> source, PortId port, const Turn& turn);
  void clear_groups(const Turn& turn);
  void on_fib_refused(const FibKey& key, const Turn& turn);
  // Upstream.
  void set_own_receptions(const std::vector<OwnReception>& receptions, const Turn& turn);
  // Downstream: says what is wanted of every group, for a proxy that begins.
  void tell_receptions(const Turn& turn);

  // Across a restart, vlan_saved.cpp. Start, with what was known `away` ago (nullptr: nothing);
  // then its members, if that is not too long; then conclude_restore().
  void start(const SavedVlan* saved, Duration away, const Turn& turn);
  bool remembers(Duration away) const;
  bool restore(SavedMember& saved, const Turn& turn);  // false: not by today's configuration
  void conclude_restore(const Turn& turn);
  SavedVlan save() const;
  std::size_t learned_routers() const;
  std::size_t commanded_statics() const { return commanded_.size(); }
  const PortGroup* member(PortId port, Ipv4 group) const;

  // Views, vlan_views.cpp.
  void append_groups(const GroupFilter& filter, TimePoint now, std::vector<GroupRow>& rows) const;
  MemberPorts member_ports(Ipv4 group) const;
  std::size_t hosts(Ipv4 group) const;
  void append_mrouters(TimePoint now, std::vector<MrouterRow>& rows) const;
  QuerierRow querier(TimePoint now) const;
  // `near_limit`: in percent.
  VlanHealth take_health(unsigned near_limit, TimePoint now);
  // From `place` on, until `work` is spent; where to go on, 0 after the last.
  std::uint32_t visit_watched(std::uint32_t place, std::size_t& work,
                              const std::function<void(const WatchedGroup&)>& visit) const;
  // All but the last of the queries that a membership may miss have gone unanswered.
  bool expires_soon(const PortGroup& member, TimePoint now) const;
  const config::GroupProfile* refusal(PortId port, Ipv4 group, std::optional<Ipv4> source) const {
    return setup_.profiles.refusal(port, group, source);
  }
  std::optional<PortSet> members(Ipv4 group, std::optional<Ipv4> source) const;
  VlanTally& tally() { return tally_; }
  const VlanTally& tally() const { return tally_; }
  std::size_t groups() const { return groups_.size(); }
  PortSet router_ports() const { return routers_.ports(); }
  bool restricted() const { return restricted_; }
  // What the host side speaks; the highest version where there is none.
  igmp::Version host_version(TimePoint now) const;

 private:
  using Version = igmp::Version;
  using Querier = igmp::Querier<Ipv4>;
  using Host = igmp::Host<Ipv4>;
  using Sources = igmp::SourceSet<Ipv4>;

  // vlan.cpp
  void forget_excluders(const Turn& turn);
  void follow(const Querier::Outcome& outcome, const Turn& turn);
  void settle(const Turn& turn);
  void solicit_routers(PortSet ports, const Turn& turn);
  void arm(const Turn& turn);
  void router_ports_changed(PortSet before, const Turn& turn);
  void on_query(const PuntedFrame& frame, const igmp::Packet& packet,
                const igmp::Query<Ipv4>& query, const Turn& turn);
  bool is_queriers(const igmp::Packet& packet) const;
  void lower_timers(const igmp::Query<Ipv4>& query, const Turn& turn);
  void on_mrd(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn);
  void learn_router(PortId port, LearnedFrom from, Ipv4 address, Duration lifetime,
                    const Turn& turn);
  void send(std::vector<std::uint8_t> bytes, PortSet ports, MessageType type, const Turn& turn);
  void send_general_query(PortSet ports, const Turn& turn);
  void solicit_members(PortSet ports, const Turn& turn);
  void query_after_topology_change(const Turn& turn);
  void forward(const PuntedFrame& frame, PortSet ports, const Turn& turn) const;
  void flood(const PuntedFrame& frame, const Turn& turn) const;
  bool guards_against(LearnedFrom router, PortId port) const {
    return setup_.router_guard.contains(port) ||
           (router == LearnedFrom::kQuery && setup_.querier_guard.contains(port));
  }
  std::optional<PolicyDrop> guard_against(const igmp::Packet& packet, PortId port) const;
  void note_query(const igmp::Query<Ipv4>& query, Ipv4 querier, PortId port, TimePoint now);
  igmp::Origin origin() const { return {shared_.mac, setup_.own_address}; }
  bool summarises() const { return setup_.snooping.report_policy == config::ReportPolicy::kProxy; }

  // vlan_host.cpp
  void set_up_host(const Turn& turn);
  void query_host(const igmp::Packet& packet, const igmp::Query<Ipv4>& query, const Turn& turn);
  void heard_older_report(PortId port, Ipv4 group, const Turn& turn);
  void tell_of_older_querier(Ipv4 querier, const Turn& turn) const;
  PortSet host_ports() const;
  void send_host_messages(const Turn& turn);

  // vlan_reports.cpp
  void on_report(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn);
  // Who said a record, and how.
  struct Reporter {
    PortId port;
    Ipv4 address;
    Version version;
    bool mapped = false;  // SSM mapping made the record of an older one
  };
  void on_record(Reporter reporter, igmp::GroupRecord<Ipv4> record, const Turn& turn);
  void look_ahead(std::span<const igmp::GroupRecord<Ipv4>> records, PortId port) const;
  bool admit(const Reporter& reporter, igmp::GroupRecord<Ipv4>& record, const Turn& turn);
  void forward_admitted(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn);
  bool pass_on(const PuntedFrame& frame, const igmp::Packet& packet, const Turn& turn);
  std::optional<PortGroupSlab::Index> join(PortId port, Ipv4 group, const Turn& turn);
  PortGroupSlab::Index enter(PortId port, Ipv4 group, TimePoint since);

  // vlan_limits.cpp
  bool replaces() const {
    return setup_.snooping.max_groups != 0 &&
           setup_.snooping.max_groups_action == config::MaxGroupsAction::kReplace;
  }
  bool make_room(PortId port, Ipv4 group, const Turn& turn);
  void tell(EventType type, PortId port, Ipv4 group, std::optional<Ipv4> address, const Turn& turn);
  void limit_sources(const PortGroup& member, igmp::SourceSet<Ipv4>& sources, const Turn& turn);
  void set_up_join_orders();
  void enforce_profiles(const Turn& turn);
  // What a membership came to before an event.
  struct Was {
    explicit Was(const PortGroup& member)
        : any_source(wants_any_source(member)),
          mode(member.state.filter_mode()),
          sources(member.state.sources().size()),
          forwarded(member.state.forwarded_sources()) {}
    bool any_source;
    igmp::FilterMode mode;
    std::size_t sources;
    Sources forwarded;
  };
  static bool wants_any_source(const PortGroup& member) {
    return member.state.filter_mode() == igmp::FilterMode::kExclude &&
           member.state.sources().empty();
  }
  bool fast_leave(PortGroup& member, const igmp::GroupRecord<Ipv4>& record,
                  const Reporter& reporter, const Turn& turn);
  igmp::RouterContext context(PortId port, const Turn& turn) const;
  void send_specific_queries(PortId port, Ipv4 group, const Turn& turn);
  // After any event on a (port, group): timer, events, removal, forwarding, merged reception.
  void conclude(PortGroupSlab::Index index, const Was& was, const Turn& turn);
  void remove(PortGroupSlab::Index index, const Turn& turn);
  void recompile(Group& group, const Turn& turn);
  void set_file_statics(const Turn& turn);
  void restore_statics(const std::vector<SavedStatic>& statics, const Turn& turn);
  Status check_static(Ipv4 group, std::optional<Ipv4> source, PortId port) const;

  Setup setup_;
  PortSet up_;
  SwitchState& shared_;
  Querier querier_;
  RouterPorts routers_;
  // Speaks for the members (report-policy proxy), or upstream for the appliance itself.
  std::unique_ptr<Host> host_;
  Groups groups_;
  std::array<std::uint32_t, kMaxPorts> groups_per_port_{};
  std::uint32_t member_groups_ = 0;          // groups with a membership
  PortSet at_limit_;                         // told so already
  bool vlan_at_limit_ = false;               // the same
  std::map<PortId, JoinOrder> join_orders_;  // max-groups-action = "replace" only
  // Events that a host can cause at will: how many this second.
  TimePoint told_second_{};
  unsigned told_ = 0;
  // Of the report in hand: what profiles left of it, and whether they refused anything.
  std::vector<igmp::GroupRecord<Ipv4>> admitted_;
  bool denied_ = false;
  VlanTally tally_;
  VlanNotes notes_;
  bool restricted_ = false;
  TimePoint settles_ = kNever;
  TimePoint hosts_known_from_{};       // before it some hosts of a member may not be tracked yet
  std::set<Ipv4> commanded_;           // groups with static members by command
  TimePoint topology_query_ = kNever;  // when the next one is due
  TimePoint last_topology_query_{};
  PortSet solicit_ports_;
  std::uint8_t solicitations_left_ = 0;
  TimePoint next_solicitation_ = kNever;
  // report-policy suppress: which v1/v2 reports went up lately.
  std::unordered_map<Ipv4, TimePoint> reported_until_;
  igmp::GroupState<Ipv4>::Queries queries_;  // scratch
  Host::Messages messages_;                  // scratch
};

}  // namespace sluice::control::snooping
