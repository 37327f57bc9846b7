// SPDX-License-Identifier: BSD-3-Clause
// One VLAN's querier: start-up, election, General Query schedule, adoption of the elected querier's
// QRV and QQI. RFC 9776 §6.6.2 and §8, RFC 2236 §3 and §7; QE-01..QE-27. Pure; control thread only.
#pragma once

#include <optional>

#include "control/igmp/messages.h"
#include "control/igmp/parameters.h"
#include "shared/time.h"

namespace sluice::control::igmp {

template <class A>
class Querier {
 public:
  enum class State : std::uint8_t {
    kNone,        // does not take part and hears nobody
    kQuerier,     // this appliance
    kNonQuerier,  // another one, whose address, version and timers are known
  };

  struct Settings {
    bool participates = true;  // send-query
    Version version = Version::kV3;
    A address;              // 0.0.0.0: queries, but gives way to any real querier (QI-01)
    Parameters parameters;  // as configured
  };

  // What an event led to. General queries to send are built with general_query().
  struct Outcome {
    bool send_general_query = false;
    bool querier_changed = false;     // state or elected address
    bool parameters_changed = false;  // TM-23, TM-24
  };

  explicit Querier(const Settings& settings);

  // QE-10 when it takes part; first settled deadline when it does not.
  Outcome start(TimePoint now);
  // Any valid query whose source is neither 0.0.0.0 nor our own address. Only General Queries elect
  // (QE-21).
  Outcome on_query(const Query<A>& query, A source, TimePoint now);
  // Timers due at `now`.
  Outcome advance(TimePoint now);
  // New settings (reload); the state is kept where it still makes sense.
  Outcome reconfigure(const Settings& settings, TimePoint now);

  State state() const;
  // The elected querier's address: ours, the other's, or none.
  std::optional<A> address() const;
  Version version() const;  // of the elected querier
  // In force now: configured, or adopted from the elected querier.
  const Parameters& parameters() const;
  // As configured; what our own queries carry.
  const Settings& settings() const;
  // When the other querier is given up; kNever unless kNonQuerier.
  TimePoint other_querier_expires() const;
  TimePoint next_general_query() const;  // kNever unless kQuerier
  // The Max Response Time of the latest General Query, ours or the other's.
  Duration latest_max_response_time() const;
  TimePoint next_deadline() const;

  Query<A> general_query() const;
  // A specific query as this VLAN's version has it (QS-07, QS-09). Not for v1.
  Query<A> specific_query(A group, const SourceSet<A>& sources, bool suppress) const;

 private:
  Settings settings_;
  Parameters effective_;
  State state_ = State::kNone;
  A other_address_{};
  Version other_version_ = Version::kV3;
  Duration latest_max_response_time_{0};
  TimePoint other_expires_ = kNever;
  TimePoint next_general_query_ = kNever;
  std::uint8_t startup_queries_left_ = 0;
};

}  // namespace sluice::control::igmp
