// SPDX-License-Identifier: BSD-3-Clause
// The host side of one network: answers queries for, and reports changes of, one reception state
// per group. Used by report-policy "proxy" toward the router ports (PR-02) and by the RFC 4605
// upstream. RFC 9776 §5 and §7.2, RFC 2236 §6; SC-*, QR-*, HC-*, H2-* of igmp-host-proxy. Pure;
// randomness is seeded; control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <unordered_map>
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
  const std::unordered_map<A, Reception<A>>& receptions() const;
};

}  // namespace sluice::control::igmp
