// SPDX-License-Identifier: BSD-3-Clause
// The IGMP snooping switch (RFC 4541) as one object: every VLAN's memberships, querier, router
// ports and report policy. Frames, link changes, operator commands and the time go in; Effects come
// out. It never reads a clock, sleeps, logs, or touches a socket: production and simulation run
// this same code. Control thread only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "control/snooping/change_log.h"
#include "control/snooping/effects.h"
#include "control/snooping/saved.h"
#include "control/snooping/view.h"
#include "shared/planes.h"
#include "shared/result.h"
#include "shared/time.h"
#include "shared/vlan_table.h"

namespace sluice::control::snooping {

class Switch {
 public:
  // `config` has passed the loader's checks. `mac`: source address of the frames we originate.
  // All ports count as down until on_link() says otherwise. `seed` feeds every random delay.
  Switch(const config::Config& config, MacAddress mac, std::uint64_t seed);
  ~Switch();

  // --- Events ----------------------------------------------------------------------------------

  // Once, first: static entries, first queries (QE-10), the VLAN table.
  void start(TimePoint now, Effects& out);
  // The same with what was known before a restart, its times being of this run's clock. Members
  // are taken as they were, for at least as long as a query and its answers take; VLANs that
  // restricted go on doing so if not much can have changed since. See docs/restart-and-reload.md.
  Restored start(SavedSwitch saved, TimePoint now, Effects& out);
  // Asks memory for what the reports among `frames` lead to; changes nothing. Before on_frame() of
  // each of them, where there are several.
  void look_ahead(std::span<const PuntedFrame> frames) const;
  void on_frame(const PuntedFrame& frame, TimePoint now, Effects& out);
  void on_link(PortId port, bool up, TimePoint now, Effects& out);
  // Runs all timers due at `now`.
  void advance(TimePoint now, Effects& out);
  // Never later than the earliest deadline; kNever when nothing is pending.
  TimePoint next_deadline() const;
  // The forwarding table refused an entry (full). The membership is kept and shown; the refusal is
  // counted, and an event tells.
  void on_fib_refused(const FibKey& key, Effects& out);

  // --- Operator --------------------------------------------------------------------------------

  Status add_static(VlanId vlan, Ipv4 group, std::optional<Ipv4> source, PortId port, TimePoint now,
                    Effects& out);
  Status remove_static(VlanId vlan, Ipv4 group, std::optional<Ipv4> source, PortId port,
                       TimePoint now, Effects& out);
  // Forgets dynamic memberships (of one VLAN, or all); hosts are asked again at once where we are
  // the querier.
  Status clear_groups(std::optional<VlanId> vlan, TimePoint now, Effects& out);
  // Applies the VLAN part of a new configuration whose ports are the same. Memberships of unchanged
  // VLANs are untouched; changed timers count from now on. Static entries of the file replace those
  // of the former file; those added by command stay.
  void reload(const config::Config& config, TimePoint now, Effects& out);
  void clear_counters();

  // --- Proxies -----------------------------------------------------------------------------------

  // Of a VLAN that is some proxy's upstream: what the appliance itself wants there.
  void set_own_receptions(VlanId vlan, const std::vector<OwnReception>& receptions, TimePoint now,
                          Effects& out);
  // Appends to Effects::receptions what is wanted of every group of a downstream VLAN.
  void tell_receptions(VlanId vlan, TimePoint now, Effects& out);
  // A VLAN as a proxy sees it; of one that does not snoop: no querier.
  struct Network {
    bool up = false;  // at least one port has a link
    QuerierState querier = QuerierState::kNone;
    std::optional<Ipv4> querier_address;              // of an elected one
    igmp::Version host_version = igmp::Version::kV3;  // what our host side speaks there
  };
  Network network(VlanId vlan, TimePoint now) const;

  // --- Across a restart --------------------------------------------------------------------------

  // Appends the memberships of the next `places` places from `place` on; returns where to go on, or
  // nullopt at the end. What changes meanwhile is in changes().
  std::optional<std::size_t> save_members(std::size_t place, std::size_t places,
                                          std::vector<SavedMember>& out) const;
  // As it is now; none: there is no such membership.
  std::optional<SavedMember> save_member(const MemberKey& key) const;
  std::vector<SavedVlan> save_vlans() const;
  ChangeLog& changes();

  // --- Views -----------------------------------------------------------------------------------

  std::vector<GroupRow> groups(const GroupFilter& filter, TimePoint now) const;
  MemberPorts member_ports(VlanId vlan, Ipv4 group) const;
  // How many hosts asked for it: those that are tracked, and one for each port with none tracked.
  std::size_t hosts(VlanId vlan, Ipv4 group) const;
  // Appends the memberships of the hosts that `wanted` accepts: those that are tracked, and the
  // last reporter. In pieces: does about `work` steps from place `from` on and returns where to go
  // on, 0 after the last.
  std::uint32_t memberships_of(const std::function<bool(Ipv4)>& wanted, std::uint32_t from,
                               std::uint32_t work, std::vector<HostMembership>& rows) const;
  std::vector<MrouterRow> mrouters(std::optional<VlanId> vlan, TimePoint now) const;
  std::vector<QuerierRow> queriers(std::optional<VlanId> vlan, TimePoint now) const;
  // Of at most `max` snooping VLANs, those behind `after` in ascending order. Takes with it what
  // was noted since the last call.
  std::vector<VlanHealth> take_health(std::optional<VlanId> after, std::size_t max,
                                      unsigned near_limit, TimePoint now);
  // In pieces, for who looks after health: each does about `work` steps from `cursor` or `from` on.
  // True: that was the last piece, and the next one begins anew.
  bool visit_watched(GroupCursor& cursor, std::size_t work,
                     const std::function<void(const WatchedGroup&)>& visit) const;
  bool visit_expiring(std::uint32_t& from, std::size_t work, TimePoint now,
                      const std::function<void(const ExpiringMembership&)>& visit) const;
  // The group profile by which a join on this port would be refused; none: by none. Without a
  // source: a join for any.
  std::optional<std::string> refusing_profile(VlanId vlan, PortId port, Ipv4 group,
                                              std::optional<Ipv4> source) const;
  // What the workers are to use; publish after every Effects with vlans_changed.
  VlanTable vlan_table() const;
  // Prometheus names without the prefix, labels in braces:
  // `igmp_received_total{vlan="10",type="v3_report"}`, `igmp_dropped_total{port="p1",reason="…"}`.
  std::vector<NamedCount> counters() const;
  // The same in pieces, of up to `max` VLANs after `after`; the first one, after none, has what is
  // of no VLAN besides. The last VLAN of the piece; none: there are no more.
  std::optional<VlanId> counters(std::optional<VlanId> after, std::size_t max,
                                 std::vector<NamedCount>& out) const;
  std::vector<NamedCount> vlan_counters(VlanId id) const;  // of one alone
  // Control-plane drops of frames that came in by `port`, by reason; for `show ports`.
  std::vector<NamedCount> port_drops(PortId port) const;
  // Members, static ones included, that admit `source` (none: a source nobody named); router ports
  // not included. nullopt: the group is not registered in this VLAN.
  std::optional<PortSet> members(VlanId vlan, Ipv4 group, std::optional<Ipv4> source) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::control::snooping
