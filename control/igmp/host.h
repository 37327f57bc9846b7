// SPDX-License-Identifier: BSD-3-Clause
// The host side of one network: answers queries for, and reports changes of, one reception state
// per group. Used by report-policy "proxy" toward the router ports (PR-02) and by the RFC 4605
// upstream. RFC 9776 §5 and §7.2, RFC 2236 §6; SC-*, QR-*, HC-*, H2-* of igmp-host-proxy. Pure;
// randomness is seeded; control thread only.
//
// An event about one group costs what it costs with one group. A General Query in v3 mode starts
// one timer; in v1 and v2 mode one per group, as RFC 2236 wants, but not for each of a flood of
// queries. A group has one answer pending at most, and an answer to a General Query is one frame's
// worth a millisecond at most. Every event first runs what is due.
#pragma once

#include <cstdint>
#include <random>
#include <variant>
#include <vector>

#include "control/igmp/messages.h"
#include "control/igmp/reception.h"
#include "control/timer_wheel.h"
#include "shared/address.h"
#include "shared/address_index.h"
#include "shared/slab.h"
#include "shared/time.h"

namespace sluice::control::igmp {

// A message the host side wants sent. v3 records are packed into reports and split by the owner.
template <class A>
using HostMessage = std::variant<V1Report<A>, V2Report<A>, Leave<A>, V3Report<A>>;

template <class A>
class Host {
 public:
  struct Settings {
    Version version = Version::kV3;        // the highest it speaks
    std::uint8_t robustness_variable = 2;  // until a v3 query tells another one (QR-14)
    Duration unsolicited_report_interval = std::chrono::seconds(1);  // v3; v1, v2: always 10 s
  };
  using Messages = std::vector<HostMessage<A>>;

  Host(const Settings& settings, std::uint64_t seed);

  // The group's state changed to `reception`: state-change reports at once and repeated (§5.1), or
  // a v1/v2 report or leave. Unchanged state does nothing. 224.0.0.0/24 is the caller's to keep
  // out. Records go into the last message of `out` when that is a v3 report (SC-16).
  void set(A group, const Reception<A>& reception, TimePoint now, Messages& out);
  // A query heard (the caller has checked it with host_accepts; source 0.0.0.0 is fine).
  void on_query(const Query<A>& query, TimePoint now, Messages& out);
  // Another host's v1 or v2 report heard on this network: suppression in v1/v2 mode only (HC-09).
  void on_other_report(A group, TimePoint now);
  // Reports due at `now`.
  void advance(TimePoint now, Messages& out);
  // Sends every group's state as a change again, robustness-variable times, and what had still to
  // be told of a change (PX-15).
  void resend_all(TimePoint now, Messages& out);
  // Never later than the earliest timer.
  TimePoint next_deadline() const { return timers_.next_deadline(); }

  // What outlives a restart: which queriers were heard. What is wanted is said anew by the owner.
  struct Saved {
    TimePoint v1_querier_until = TimePoint::min(), v2_querier_until = TimePoint::min();
    std::uint8_t robustness_variable = 2;
  };
  Saved save() const { return {v1_querier_until_, v2_querier_until_, robustness_variable_}; }
  // Of a new one, before anything is wanted.
  void restore(const Saved& saved, TimePoint now);

  // What the querier heard makes it speak now (HC-01..HC-03).
  Version version(TimePoint now) const;
  bool empty() const { return wanted_ == 0; }  // wants nothing

 private:
  // How often a change of one source is still to be reported (§5.1).
  struct SourceChange {
    A address;
    std::uint8_t reports_left;
  };
  struct Group {
    A address{};
    Reception<A> reception;
    // v3. A group whose state is gone stays until its change has been reported often enough.
    std::uint8_t mode_reports_left = 0;
    std::vector<SourceChange> changes;  // ascending by address
    SourceSet<A> asked;                 // response timer runs: the sources asked for; empty: all
    // v1, v2: whether we are the last who reported it (the `flag` of RFC 2236 §6).
    bool reported_last = true;

    bool change_pending() const { return mode_reports_left > 0 || !changes.empty(); }
  };
  using Index = std::uint32_t;  // in groups_

  Index add(A group);  // which is not there
  void release_if_idle(Index i);
  void run(TimerWheel::Id timer, TimePoint now, Messages& out);
  void answer(const Query<A>& query, TimePoint now);

  // §5.1
  void note_change(Group& group, const Reception<A>& from, const Reception<A>& to);
  void note_sources(Group& group, const SourceSet<A>& sources);
  void report_change(Index i, TimePoint now, Messages& out);
  TimePoint next_repetition(TimePoint now);
  // §5.2
  void schedule_general_response(Duration max_response_time, TimePoint now);
  void schedule_response(Index i, const Query<A>& query, TimePoint now);
  void respond_general(TimePoint now, Messages& out);
  void respond(Index i, Messages& out);
  // RFC 2236 §6
  void join(Index i, TimePoint now, Messages& out);
  void leave(Index i, TimePoint now, Messages& out);
  void delay_report(Index i, Duration max_response_time, TimePoint now);
  void report(Index i, TimePoint now, Messages& out);
  // RFC 9776 §7.2.1
  void hear_version(const Query<A>& query, TimePoint now);
  void adopt_version(TimePoint now);
  void say_anew(Index i, TimePoint now);

  Duration random_within(Duration limit);  // (0, limit]

  Settings settings_;
  std::uint8_t robustness_variable_;
  std::mt19937_64 random_;
  Version version_;  // in force: what cancelling on a change compares with
  TimePoint v1_querier_until_ = TimePoint::min();
  TimePoint v2_querier_until_ = TimePoint::min();
  AddressIndex indexes_;
  Slab<Group> groups_;
  std::size_t wanted_ = 0;   // groups with a reception
  std::size_t sources_ = 0;  // in all receptions
  TimerWheel timers_;
  TimePoint next_sweep_ = TimePoint::min();  // v1, v2: a General Query before it changes nothing
  // An answer to a General Query that takes several messages walks round groups_.
  Index next_to_answer_ = 0;
  std::size_t left_to_answer_ = 0;  // places of groups_ still to visit
  TimePoint answer_until_{};        // when all of it has to be said
  std::int64_t answer_room_ = 0;    // bytes of records left to this turn
  bool answering_ = false;          // the first message has gone
};

}  // namespace sluice::control::igmp
