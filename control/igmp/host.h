// SPDX-License-Identifier: BSD-3-Clause
// The host side of one network: answers queries for, and reports changes of, one reception state
// per group. Used by report-policy "proxy" toward the router ports (PR-02) and by the RFC 4605
// upstream. RFC 9776 §5 and §7.2, RFC 2236 §6; SC-*, QR-*, HC-*, H2-* of igmp-host-proxy. Pure;
// randomness is seeded; control thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "control/igmp/messages.h"
#include "control/igmp/parameters.h"
#include "shared/time.h"

namespace sluice::control::igmp {

// The reception state of one group on an interface (RFC 9776 §3.2). INCLUDE({}) is "none".
template <class A>
struct Reception {
  FilterMode mode = FilterMode::kInclude;
  SourceSet<A> sources;

  bool none() const { return mode == FilterMode::kInclude && sources.empty(); }
  bool operator==(const Reception&) const = default;
};

// A message the host side wants sent. v3 records are packed into reports and split by the owner.
template <class A>
using HostMessage = std::variant<V1Report<A>, V2Report<A>, Leave<A>, V3Report<A>>;

template <class A>
class Host {
 public:
  struct Settings {
    Version version = Version::kV3;  // the highest it speaks
    std::uint8_t robustness_variable = 2;
    Duration unsolicited_report_interval = std::chrono::seconds(1);
  };
  using Messages = std::vector<HostMessage<A>>;
  // Of one group's queries (QR-12): more are answered as if the whole group had been asked for.
  static constexpr std::size_t kMostAskedSources = 512;

  Host(const Settings& settings, std::uint64_t seed);

  // The group's state changed to `reception`: state-change reports at once and repeated (§5.1), or
  // a v1/v2 report or leave. Unchanged state does nothing. 224.0.0.0/24 is the caller's to keep
  // out.
  void set(A group, const Reception<A>& reception, TimePoint now, Messages& out);
  // A query heard (the caller has checked its validity; source 0.0.0.0 is fine).
  void on_query(const Query<A>& query, TimePoint now, Messages& out);
  // Another host's v1 or v2 report heard on this network: suppression in v1/v2 mode only.
  void on_other_report(A group, TimePoint now);
  // Reports due at `now`.
  void advance(TimePoint now, Messages& out);
  // Sends every group's state as a change again, robustness-variable times (PX-15).
  void resend_all(TimePoint now, Messages& out);
  TimePoint next_deadline() const;

  // What the querier heard makes it speak now (HC-01..HC-03).
  Version version(TimePoint now) const;
  const std::unordered_map<A, Reception<A>>& receptions() const { return receptions_; }

 private:
  // What is still to be sent of one group.
  struct Pending {
    // §5.1: state-change reports still to come, of the filter mode and of single sources.
    std::uint8_t mode_reports_left = 0;
    std::vector<std::pair<A, std::uint8_t>> source_reports_left;  // ascending
    TimePoint next_change = kNever;
    // §5.2: the answer to a specific query (v3), or the report timer of RFC 2236 §6 (v1, v2).
    TimePoint response = kNever;
    SourceSet<A> asked;             // empty: for the whole group
    bool sent_last_report = false;  // RFC 2236 §6 "flag"
    std::uint8_t repeats_left = 0;  // v1, v2 unsolicited reports

    TimePoint next() const { return std::min(next_change, response); }
    bool idle() const { return next() == kNever && !sent_last_report; }
  };

  void note_querier(const Query<A>& query, TimePoint now);
  void follow_version(TimePoint now);
  TimePoint random_delay(TimePoint now, Duration most);
  void respond_older(A group, TimePoint at);
  void change_v3(A group, const Reception<A>& from, const Reception<A>& to, TimePoint now,
                 Messages& out);
  void change_older(A group, bool was_member, bool is_member, TimePoint now, Messages& out);
  void take_change_records(A group, Pending& pending, TimePoint now,
                           std::vector<GroupRecord<A>>& records);
  void take_response_record(A group, Pending& pending, std::vector<GroupRecord<A>>& records) const;
  void send_older_report(A group, Messages& out) const;
  // Files the group under its earliest deadline; forgets it when nothing is pending.
  void file(A group);

  Settings settings_;
  std::mt19937_64 random_;
  std::uint8_t robustness_variable_;
  Version followed_;
  TimePoint v1_querier_until_ = TimePoint::min();
  TimePoint v2_querier_until_ = TimePoint::min();
  TimePoint general_response_ = kNever;
  std::unordered_map<A, Reception<A>> receptions_;
  std::unordered_map<A, Pending> pending_;
  std::map<A, TimePoint> filed_;  // what `due_` holds of a group
  std::set<std::pair<TimePoint, A>> due_;
};

}  // namespace sluice::control::igmp
