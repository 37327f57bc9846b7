// SPDX-License-Identifier: BSD-3-Clause
// One VLAN's querier: start-up, election, General Query schedule, adoption of the elected querier's
// QRV and QQI. RFC 9776 §6.6.2 and §8, RFC 2236 §3 and §7; QE-01..QE-27. Pure; control thread only.
//
// Whose query it is that elects is read plainly: any General Query from a lower address than ours
// restarts the other-querier timer, and the latest of them names the querier and the parameters.
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

  // QE-10 when it takes part; nothing when it does not.
  Outcome start(TimePoint now);
  // Any valid query whose source is neither 0.0.0.0 nor our own address. Only General Queries elect
  // (QE-21).
  Outcome on_query(const Query<A>& query, A source, TimePoint now);
  // Timers due at `now`.
  Outcome advance(TimePoint now);
  // New settings (reload); the state is kept where it still makes sense.
  Outcome reconfigure(const Settings& settings, TimePoint now);

  // What the elected querier's latest General Query said of the link (TM-23, TM-24).
  struct Heard {
    Version version = Version::kV3;
    std::uint8_t robustness_variable = 0;  // 0: not said
    Duration query_interval{0};            // 0: not said
    Duration max_response_time{0};
  };
  // What outlives a restart: who was elected, and what it said. Our own start-up queries do not:
  // they are what asks anew.
  struct Saved {
    State state = State::kNone;
    A other_address{};  // of a non-querier, as the two that follow
    TimePoint other_expires = kNever;
    Heard heard;
    Version older_version = Version::kV3;
    TimePoint older_until = kNever;  // kNever: no older querier
  };
  Saved save() const;
  // In place of start(): another querier that was elected, and has not been silent for too long,
  // still is.
  Outcome resume(const Saved& saved, TimePoint now);

  State state() const { return state_; }
  // The elected querier's address: ours, the other's, or none.
  std::optional<A> address() const;
  Version version() const;  // of the elected querier
  // In force now: configured, or adopted from the elected querier.
  const Parameters& parameters() const { return effective_; }
  // As configured. Our own queries carry these, rounded to what their codes can say (TM-22).
  const Settings& settings() const { return settings_; }
  // When the other querier is given up; kNever unless kNonQuerier.
  TimePoint other_querier_expires() const { return other_expires_; }
  // kNever unless kQuerier.
  TimePoint next_general_query() const { return next_general_query_; }
  // The Max Response Time of the latest General Query, ours or the other's.
  Duration latest_max_response_time() const;
  TimePoint next_deadline() const;

  Query<A> general_query() const;
  // A specific query as this VLAN's version has it (QS-07, QS-09). Not for v1.
  Query<A> specific_query(A group, const SourceSet<A>& sources, bool suppress) const;

 private:
  bool is_lower(A source) const;
  Outcome become_querier(TimePoint now, std::uint8_t startup_queries);
  Outcome become_non_querier(const Query<A>& query, A source, TimePoint now);
  void note_older_version(const Query<A>& query, TimePoint now);
  Parameters own_parameters() const;
  Parameters parameters_in_force() const;
  // Takes what is in force anew; true when that changed anything.
  bool update_parameters();
  Version own_version() const;

  Settings settings_;
  Parameters effective_;
  State state_ = State::kNone;
  A other_address_{};
  Heard heard_;
  Version older_version_ = Version::kV3;  // QE-27: while older_until_ runs
  TimePoint older_until_ = kNever;
  TimePoint other_expires_ = kNever;
  TimePoint next_general_query_ = kNever;
  std::uint8_t startup_queries_left_ = 0;
};

}  // namespace sluice::control::igmp
