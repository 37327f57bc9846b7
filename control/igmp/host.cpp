// SPDX-License-Identifier: BSD-3-Clause
// Groups, timers and compatibility mode of the host side. What v3 and v1/v2 do with them stands in
// host_v3.cpp and host_v2.cpp.
#include "control/igmp/host.h"

#include <algorithm>

#include "control/igmp/host_timers.h"

namespace sluice::control::igmp {
namespace {

// RFC 2236 §8.11: what a host that is set to v2 waits for a v1 querier (TM-13).
constexpr Duration kV1QuerierPresentOfV2Host = std::chrono::seconds(400);

// v1, v2: of a flood of General Queries one in this time starts the groups' timers. What a further
// one would ask for has just been said, or is about to be.
constexpr Duration kLeastBetweenSweeps = std::chrono::milliseconds(100);

}  // namespace

template <class A>
Host<A>::Host(const Settings& settings, std::uint64_t seed)
    : settings_(settings),
      robustness_variable_(settings.robustness_variable),
      random_(seed),
      version_(settings.version) {}

// --- Events ----------------------------------------------------------------------------------

template <class A>
void Host<A>::set(A group, const Reception<A>& reception, TimePoint now, Messages& out) {
  advance(now, out);
  const Index known = indexes_.find(group);
  const Reception<A> before =
      known == AddressIndex::kNone ? Reception<A>{} : groups_[known].reception;
  if (before == reception) return;
  sources_ += reception.sources.size() - before.sources.size();
  if (before.none()) ++wanted_;  // they differ: at most one is none
  if (reception.none()) --wanted_;

  const Index i = known == AddressIndex::kNone ? add(group) : known;
  groups_[i].reception = reception;

  if (version_ == Version::kV3) {
    note_change(groups_[i], before, reception);
    report_change(i, now, out);
  } else if (before.none()) {  // PX-12: older versions only know members and others
    join(i, now, out);
  } else if (reception.none()) {
    leave(i, now, out);
  }
  release_if_idle(i);
}

template <class A>
void Host<A>::on_query(const Query<A>& query, TimePoint now, Messages& out) {
  advance(now, out);
  hear_version(query, now);
  if (query.version == Version::kV3) {
    robustness_variable_ =
        query.robustness_variable > 0 ? query.robustness_variable : settings_.robustness_variable;
  }
  answer(query, now);
}

template <class A>
void Host<A>::answer(const Query<A>& query, TimePoint now) {
  if (empty()) return;
  if (query.general()) {
    if (version_ == Version::kV3) {
      schedule_general_response(query.max_response_time, now);
    } else if (now >= next_sweep_) {
      next_sweep_ = now + kLeastBetweenSweeps;
      for (Index i = 0; i < groups_.end(); ++i) {
        if (!groups_[i].reception.none()) delay_report(i, query.max_response_time, now);
      }
    }
    return;
  }
  const Index known = indexes_.find(query.group);
  if (known == AddressIndex::kNone || groups_[known].reception.none()) return;
  if (version_ == Version::kV3) {
    schedule_response(known, query, now);
  } else {
    delay_report(known, query.max_response_time, now);
  }
}

template <class A>
void Host<A>::advance(TimePoint now, Messages& out) {
  timers_.advance(now, [&](TimerWheel::Id timer) { run(timer, now, out); });
}

template <class A>
void Host<A>::run(TimerWheel::Id timer, TimePoint now, Messages& out) {
  if (timer == host_timers::kV1Querier || timer == host_timers::kV2Querier) {
    adopt_version(now);
    return;
  }
  if (timer == host_timers::kGeneralResponse) {
    respond_general(now, out);
    return;
  }
  const Index i = host_timers::index(timer);
  if (timer == host_timers::change(i)) {
    report_change(i, now, out);
  } else if (version_ == Version::kV3) {
    respond(i, out);
  } else {
    report(i, now, out);
  }
  release_if_idle(i);
}

template <class A>
void Host<A>::resend_all(TimePoint now, Messages& out) {
  advance(now, out);
  for (Index i = 0; i < groups_.end(); ++i) {
    Group& group = groups_[i];
    if (version_ != Version::kV3) {
      if (!group.reception.none()) join(i, now, out);
      continue;
    }
    // Whoever listens now may have heard nothing yet of a change that was being told.
    if (group.mode_reports_left > 0) group.mode_reports_left = robustness_variable_;
    for (SourceChange& change : group.changes) change.reports_left = robustness_variable_;
    if (!group.reception.none()) note_change(group, Reception<A>{}, group.reception);
    report_change(i, now, out);
    release_if_idle(i);
  }
}

// --- Compatibility mode, RFC 9776 §7.2.1 -----------------------------------------------------

template <class A>
Version Host<A>::version(TimePoint now) const {
  if (now < v1_querier_until_) return Version::kV1;                               // HC-01
  if (now < v2_querier_until_) return std::min(Version::kV2, settings_.version);  // HC-02
  return settings_.version;                                                       // HC-03
}

template <class A>
void Host<A>::hear_version(const Query<A>& query, TimePoint now) {
  // HC-05: robustness and query interval are the defaults, whatever this network uses.
  const Duration present =
      settings_.version == Version::kV3
          ? 2 * Duration(std::chrono::seconds(125)) + 10 * query.max_response_time
          : kV1QuerierPresentOfV2Host;
  // HC-04: a group-specific query of an older version changes nothing.
  if (query.version == Version::kV1) {
    v1_querier_until_ = now + present;
    timers_.set(host_timers::kV1Querier, v1_querier_until_);
  } else if (query.version == Version::kV2 && query.general()) {
    v2_querier_until_ = now + present;
    timers_.set(host_timers::kV2Querier, v2_querier_until_);
  }
  adopt_version(now);
}

template <class A>
void Host<A>::restore(const Saved& saved, TimePoint now) {
  robustness_variable_ = saved.robustness_variable;
  if (saved.v1_querier_until > now) {
    v1_querier_until_ = saved.v1_querier_until;
    timers_.set(host_timers::kV1Querier, v1_querier_until_);
  }
  if (saved.v2_querier_until > now) {
    v2_querier_until_ = saved.v2_querier_until;
    timers_.set(host_timers::kV2Querier, v2_querier_until_);
  }
  version_ = version(now);
}

// HC-06: a change of mode cancels whatever was about to be said in the old one. An older querier
// brings the change by asking for everything; the return to a newer one comes by silence, so what
// was cancelled then is said in the new mode (HC-10), or a member that has just joined would stay
// unknown until the next query.
template <class A>
void Host<A>::adopt_version(TimePoint now) {
  const Version version = this->version(now);
  if (version == version_) return;
  const bool newer = version > version_;
  version_ = version;
  next_sweep_ = TimePoint::min();
  timers_.cancel(host_timers::kGeneralResponse);
  answering_ = false;
  answer_room_ = 0;
  for (Index i = 0; i < groups_.end(); ++i) {
    const bool waiting = timers_.deadline(host_timers::response(i)) != kNever;
    timers_.cancel(host_timers::response(i));
    timers_.cancel(host_timers::change(i));
    Group& group = groups_[i];
    group.mode_reports_left = 0;
    group.changes.clear();
    group.asked.clear();
    group.reported_last = true;  // nobody else is known to have reported
    if (newer && waiting && !group.reception.none()) say_anew(i, now);
    release_if_idle(i);
  }
}

template <class A>
void Host<A>::say_anew(Index i, TimePoint now) {
  Group& group = groups_[i];
  if (version_ == Version::kV3) {
    note_change(group, Reception<A>{}, group.reception);
    timers_.set(host_timers::change(i), now + random_within(settings_.unsolicited_report_interval));
  } else {
    timers_.set(host_timers::response(i),
                now + random_within(host_timers::kUnsolicitedReportIntervalV2));
  }
}

// --- Groups ----------------------------------------------------------------------------------

template <class A>
typename Host<A>::Index Host<A>::add(A group) {
  const Index end = groups_.end();
  const Index i = groups_.allocate();
  if (i == end && left_to_answer_ > 0) ++left_to_answer_;  // or the walk would stop one short
  groups_[i].address = group;
  indexes_.insert(group, i);
  return i;
}

template <class A>
void Host<A>::release_if_idle(Index i) {
  const Group& group = groups_[i];
  if (!group.reception.none() || group.change_pending()) return;
  timers_.cancel(host_timers::response(i));
  timers_.cancel(host_timers::change(i));
  if (indexes_.find(group.address) != i) return;  // it is released already
  indexes_.erase(group.address);
  groups_.release(i);
}

template <class A>
Duration Host<A>::random_within(Duration limit) {
  std::uniform_int_distribution<Duration::rep> delay(1, std::max<Duration::rep>(1, limit.count()));
  return Duration(delay(random_));
}

template class Host<Ipv4>;

}  // namespace sluice::control::igmp
