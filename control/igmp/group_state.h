// SPDX-License-Identifier: BSD-3-Clause
// The router side of one group on one network (here: one port of one VLAN): filter mode, group
// timer, source timers, compatibility mode, pending specific queries. RFC 9776 §6.2 to §6.6 and
// §7.3.2, with RFC 2236 §7 and RFC 1112 as its compatibility modes.
//
// Pure: told the time, it changes its state and appends the queries to send. Control thread only.
// A timer with deadline D has expired when now >= D; every event first expires what is due, so that
// the tables never see a stale timer. There are many of these: one takes 24 bytes, and none outside
// itself while it has neither sources, nor an IGMPv1 host, nor a query to repeat.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "control/igmp/messages.h"
#include "control/igmp/parameters.h"
#include "control/igmp/router_tables.h"
#include "shared/time.h"

namespace sluice::control::igmp {

// What the tables need to know beside the state and the message.
struct RouterContext {
  const Parameters& parameters;
  TimePoint now;
  // Whether this router sends specific queries and lowers timers by its own decision. False on a
  // non-querier, which runs the tables without queries and lowers on the querier's (QS-08).
  bool queries = true;
  // What the querier speaks. A v2 query cannot name sources and v1 has no specific query at all
  // (QS-09, QE-26): what cannot be asked is not lowered either, it ends with its timer.
  Version query_version = Version::kV3;
};

// "Send a specific query for this group now." RFC 9776 §6.6.3.
template <class A>
struct SpecificQuery {
  SourceSet<A> sources;  // empty: group-specific
  bool suppress_router_processing = false;

  bool operator==(const SpecificQuery&) const = default;
};

template <class A>
class GroupState {
 public:
  using Queries = std::vector<SpecificQuery<A>>;

  // --- Events. Each appends to `out` what is to be sent at once. ------------------------------

  // Tables 8 and 9 (§6.4.1, §6.4.2), after the compatibility rules of §7.3.2 (CM-05..CM-08).
  void on_record(RecordType type, const SourceSet<A>& sources, const RouterContext& context,
                 Queries& out);
  void on_v1_report(const RouterContext& context, Queries& out);
  void on_v2_report(const RouterContext& context, Queries& out);
  void on_leave(const RouterContext& context, Queries& out);  // v2 Leave: CM-04
  // A specific query for this group heard from the elected querier: lowers timers (QS-10, QS-11).
  // `lmqt` is the query's Max Response Time times the Last Member Query Count.
  void on_specific_query(const Query<A>& query, Duration lmqt, const RouterContext& context);
  // Runs every timer due at context.now: group and source expiry (§6.3, §6.5; EX-3: sources first),
  // compatibility timers, query retransmissions (§6.6.3). Calling it early or twice is harmless.
  // Retransmissions go out also when context.queries has become false (QE-24).
  void advance(const RouterContext& context, Queries& out);
  // Fast leave: what `on_record` or `on_leave` asked to query is cut now instead. Removes the given
  // sources; with `whole_group` also ends EXCLUDE mode as if the group timer had expired. Cancels
  // the pending queries for what it removes.
  void cut(const SourceSet<A>& sources, bool whole_group, const RouterContext& context);

  // --- State -----------------------------------------------------------------------------------

  // No record at all: the owner deletes it (S3-03).
  bool empty() const { return mode_ == FilterMode::kInclude && sources().empty(); }
  FilterMode filter_mode() const { return mode_; }
  // The compatibility mode at `now` (CM-01).
  Version version(TimePoint now) const;
  // Forwarding suggestion for a source (Table 7, FW-1..FW-6).
  bool admits(A source) const;
  // When the group as a whole goes: the group timer in EXCLUDE, the last source timer in INCLUDE.
  TimePoint expires() const;
  // The earliest timer of any kind; kNever when empty.
  TimePoint next_deadline() const;

  static constexpr TimePoint kBlocked = TimePoint::min();
  struct Source {
    A address;
    std::uint8_t queries_left = 0;  // §6.6.3.2 retransmissions
    TimePoint expires = kBlocked;   // kBlocked: source timer is zero (set Y of EXCLUDE (X,Y))

    bool blocked() const { return expires == kBlocked; }
  };
  // Ascending by address.
  const std::vector<Source>& sources() const {
    return rest_ != nullptr ? rest_->sources : kNoSources;
  }
  SourceSet<A> forwarded_sources() const;  // A of INCLUDE(A), X of EXCLUDE(X,Y)
  SourceSet<A> blocked_sources() const;    // Y

  // --- What outlives a restart. Pending queries do not: a General Query replaces them. ----------

  static constexpr TimePoint kStopped = kBlocked;  // a compatibility timer that does not run
  struct Saved {
    FilterMode mode = FilterMode::kInclude;
    TimePoint group_expires = kNever;  // runs in EXCLUDE only
    TimePoint v1_host_until = kStopped, v2_host_until = kStopped;
    std::vector<Source> sources;  // ascending by address
  };
  Saved save() const;
  // Of a new one. No timer of a group or source that runs ends before `least`, so that its members
  // can answer a query first.
  void restore(Saved saved, TimePoint least, TimePoint now);

 private:
  void on_older_report(const RouterContext& context, Queries& out);
  void carry_out(const Transition<A>& to, const RouterContext& context, Queries& out);
  void rebuild(const SourceSet<A>& x, const SourceSet<A>& y);
  void set_timers(const SourceSet<A>& of, TimePoint deadline);
  // §6.6.3.1, §6.6.3.2.
  void query_sources(const SourceSet<A>& of, const RouterContext& context, Queries& out);
  void query_group(const RouterContext& context, Queries& out);
  void schedule(const RouterContext& context);
  void retransmit(const RouterContext& context, Queries& out);
  bool query_pending() const;
  void expire(TimePoint now);
  void expire_sources(TimePoint now);
  void settle();

  // What few groups have.
  struct Rest {
    std::vector<Source> sources;
    TimePoint v1_host_until = kStopped;
    TimePoint next_query = kNever;  // one retransmission schedule for the group (QS-06)
  };
  inline static const std::vector<Source> kNoSources;

  Rest& rest();  // makes it

  std::unique_ptr<Rest> rest_;         // none: as a new one
  PackedTime group_expires_ = kNever;  // runs in EXCLUDE only
  PackedTime v2_host_until_ = kStopped;
  FilterMode mode_ = FilterMode::kInclude;
  std::uint8_t group_queries_left_ = 0;  // §6.6.3.1 retransmissions
  bool checking_ = false;  // "Checking Membership" of RFC 2236 §7: asked, not answered yet
};

}  // namespace sluice::control::igmp
