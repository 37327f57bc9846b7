// SPDX-License-Identifier: BSD-3-Clause
#include "control/igmp/querier.h"

#include <algorithm>

#include "control/igmp/codec.h"

namespace sluice::control::igmp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t kMaxQrv = 7;                  // §4.1.6: three bits
constexpr Duration kV1ResponseTime = seconds(10);    // V1-01
constexpr Duration kDecisecond = milliseconds(100);  // unit of Max Resp Code
constexpr Duration kMaxV2ResponseTime = 255 * kDecisecond;

// The value that hosts read out of the code, so that both sides count with the same (TM-22). A
// value below the code's unit cannot be said at all and is kept for our own use.
Duration representable(Duration wanted, Duration unit) {
  const Duration heard = unit * decode_code(encode_code(static_cast<std::uint32_t>(wanted / unit)));
  return heard == Duration{0} ? wanted : heard;
}

Duration representable_response_time(Duration wanted, Version version) {
  switch (version) {
    case Version::kV1:
      return kV1ResponseTime;
    case Version::kV2: {
      const Duration heard = std::min(wanted / kDecisecond * kDecisecond, kMaxV2ResponseTime);
      return heard == Duration{0} ? wanted : heard;
    }
    case Version::kV3:
      return representable(wanted, kDecisecond);
  }
  return wanted;
}

}  // namespace

template <class A>
Querier<A>::Querier(const Settings& settings) : settings_(settings), effective_(own_parameters()) {}

// --- Election: QE-10..QE-15
// ------------------------------------------------------------------------

// QE-10: Initial, interface up -> Querier; send GQ, SQC of them SQI apart.
template <class A>
typename Querier<A>::Outcome Querier<A>::start(TimePoint now) {
  if (!settings_.participates) return {};
  return become_querier(now, settings_.parameters.startup_query_count());
}

template <class A>
typename Querier<A>::Outcome Querier<A>::on_query(const Query<A>& query, A source, TimePoint now) {
  if (source == A{} || source == settings_.address) return {};  // QE-22
  if (!query.general()) return {};                              // QE-21
  note_older_version(query, now);

  switch (state_) {
    case State::kNone:  // nobody of our own stands for election: whoever queries is the querier
      return become_non_querier(query, source, now);
    case State::kQuerier:
      if (is_lower(source)) return become_non_querier(query, source, now);  // QE-12
      return {.parameters_changed = update_parameters()};                   // QE-13
    case State::kNonQuerier:
      if (is_lower(source)) return become_non_querier(query, source, now);  // QE-14
      return {};
  }
  return {};
}

template <class A>
typename Querier<A>::Outcome Querier<A>::advance(TimePoint now) {
  Outcome outcome;
  if (older_until_ <= now) {
    older_until_ = kNever;
    older_version_ = Version::kV3;
    outcome.parameters_changed = update_parameters();
  }
  if (state_ == State::kNonQuerier && other_expires_ <= now) {
    if (settings_.participates) return become_querier(now, 1);  // QE-15
    state_ = State::kNone;
    other_expires_ = kNever;
    outcome.querier_changed = true;
    outcome.parameters_changed |= update_parameters();
  } else if (state_ == State::kQuerier && next_general_query_ <= now) {  // QE-11
    outcome.send_general_query = true;
    if (startup_queries_left_ != 0) --startup_queries_left_;
    next_general_query_ = now + (startup_queries_left_ != 0 ? effective_.startup_query_interval()
                                                            : effective_.query_interval);
  }
  return outcome;
}

// `startup_queries`: how many in all, the one sent now included (QE-02).
template <class A>
typename Querier<A>::Outcome Querier<A>::become_querier(TimePoint now,
                                                        std::uint8_t startup_queries) {
  const bool was = state_ == State::kQuerier;
  state_ = State::kQuerier;
  other_expires_ = kNever;
  other_address_ = A{};
  const bool changed = update_parameters();
  startup_queries_left_ = static_cast<std::uint8_t>(startup_queries - 1);
  next_general_query_ = now + (startup_queries_left_ != 0 ? effective_.startup_query_interval()
                                                          : effective_.query_interval);
  return {.send_general_query = true, .querier_changed = !was, .parameters_changed = changed};
}

template <class A>
typename Querier<A>::Outcome Querier<A>::become_non_querier(const Query<A>& query, A source,
                                                            TimePoint now) {
  const bool same = state_ == State::kNonQuerier && other_address_ == source;
  state_ = State::kNonQuerier;
  other_address_ = source;
  heard_ = {query.version, query.robustness_variable, query.query_interval,
            query.max_response_time};
  next_general_query_ = kNever;
  startup_queries_left_ = 0;
  const bool changed = update_parameters();
  other_expires_ = now + effective_.other_querier_present_interval();
  return {.querier_changed = !same, .parameters_changed = changed};
}

// Lower wins; no address of our own gives way to any (QI-01), and so does who does not take part.
template <class A>
bool Querier<A>::is_lower(A source) const {
  return !settings_.participates || settings_.address == A{} || source < settings_.address;
}

// --- Version and parameters
// ------------------------------------------------------------------------

// QE-27: a router uses the oldest version on the network. Forgotten an Other Querier Present
// Interval after the last older query.
template <class A>
void Querier<A>::note_older_version(const Query<A>& query, TimePoint now) {
  if (query.version >= settings_.version) return;
  const bool running = older_until_ != kNever;
  if (running && query.version > older_version_) return;
  older_version_ = query.version;
  Parameters p = own_parameters();  // as for the other-querier timer, so that both end together
  p.query_response_interval = query.max_response_time;
  older_until_ = now + p.other_querier_present_interval();
}

template <class A>
Version Querier<A>::own_version() const {
  return std::min(settings_.version, older_version_);
}

template <class A>
Parameters Querier<A>::own_parameters() const {
  Parameters own = settings_.parameters;
  const Version version = own_version();
  own.query_response_interval = representable_response_time(own.query_response_interval, version);
  if (version == Version::kV3) own.query_interval = representable(own.query_interval, seconds(1));
  if (version != Version::kV1) {
    own.last_member_query_interval =
        representable_response_time(own.last_member_query_interval, version);
  }
  return own;
}

// A non-querier counts with what the elected querier said of itself; what it did not say (v1, v2,
// QRV 0, QQIC 0) is as configured.
template <class A>
Parameters Querier<A>::parameters_in_force() const {
  Parameters p = own_parameters();
  if (state_ != State::kNonQuerier) return p;
  if (heard_.robustness_variable != 0) p.robustness_variable = heard_.robustness_variable;
  if (heard_.query_interval != Duration{0}) p.query_interval = heard_.query_interval;
  // The querier's Query Response Interval is what its General Queries carry (§8.3).
  if (heard_.max_response_time != Duration{0}) {
    p.query_response_interval = heard_.max_response_time;
  }
  return p;
}

template <class A>
bool Querier<A>::update_parameters() {
  const Parameters p = parameters_in_force();
  const bool changed = p != effective_;
  effective_ = p;
  return changed;
}

// --- Settings
// --------------------------------------------------------------------------------------

template <class A>
typename Querier<A>::Outcome Querier<A>::reconfigure(const Settings& settings, TimePoint now) {
  settings_ = settings;
  const bool changed = update_parameters();
  Outcome outcome{.parameters_changed = changed};
  if (state_ == State::kQuerier && !settings_.participates) {
    state_ = State::kNone;
    next_general_query_ = kNever;
    startup_queries_left_ = 0;
    outcome.querier_changed = true;
  } else if (state_ == State::kQuerier) {
    // Hosts must be asked within the new interval, or what they report would expire unasked.
    next_general_query_ = std::min(next_general_query_, now + effective_.query_interval);
  } else if (settings_.participates && (state_ == State::kNone || (state_ == State::kNonQuerier &&
                                                                   !is_lower(other_address_)))) {
    // New to the election, or now with the better address: as at the start.
    outcome = start(now);
    outcome.parameters_changed |= changed;
  }
  return outcome;
}

// --- Across a restart
// -----------------------------------------------------------------------------

template <class A>
typename Querier<A>::Saved Querier<A>::save() const {
  return {state_, other_address_, other_expires_, heard_, older_version_, older_until_};
}

template <class A>
typename Querier<A>::Outcome Querier<A>::resume(const Saved& saved, TimePoint now) {
  if (saved.older_until != kNever && saved.older_until > now &&
      saved.older_version < settings_.version) {
    older_version_ = saved.older_version;
    older_until_ = saved.older_until;
  }
  update_parameters();
  // Our address may be the lower one by now: then as at the start.
  const bool elected = saved.state == State::kNonQuerier && saved.other_expires > now &&
                       is_lower(saved.other_address);
  if (!elected) return start(now);
  state_ = State::kNonQuerier;
  other_address_ = saved.other_address;
  other_expires_ = saved.other_expires;
  heard_ = saved.heard;
  return {.querier_changed = true, .parameters_changed = update_parameters()};
}

// --- Views
// -----------------------------------------------------------------------------------------

template <class A>
std::optional<A> Querier<A>::address() const {
  if (state_ == State::kQuerier) return settings_.address;
  if (state_ == State::kNonQuerier) return other_address_;
  return std::nullopt;
}

template <class A>
Version Querier<A>::version() const {
  return state_ == State::kNonQuerier ? heard_.version : own_version();
}

template <class A>
Duration Querier<A>::latest_max_response_time() const {
  return state_ == State::kNonQuerier ? heard_.max_response_time
                                      : effective_.query_response_interval;
}

template <class A>
TimePoint Querier<A>::next_deadline() const {
  return std::min({other_expires_, next_general_query_, older_until_});
}

template <class A>
Query<A> Querier<A>::general_query() const {  // QE-25
  Query<A> query = specific_query(A{}, {}, false);
  query.max_response_time = own_parameters().query_response_interval;
  return query;
}

// Our own values also while another querier's are in force: a sequence begun before it took over is
// finished (QE-24).
template <class A>
Query<A> Querier<A>::specific_query(A group, const SourceSet<A>& sources, bool suppress) const {
  const Parameters own = own_parameters();
  Query<A> query;
  query.version = own_version();
  query.group = group;
  query.max_response_time = own.last_member_query_interval;
  if (query.version != Version::kV3) return query;  // QS-09: the caller leaves out Q(G,X)
  query.suppress_router_processing = suppress;
  query.robustness_variable = own.robustness_variable <= kMaxQrv ? own.robustness_variable : 0;
  query.query_interval = own.query_interval;
  query.sources = sources;
  return query;
}

template class Querier<Ipv4>;

}  // namespace sluice::control::igmp
