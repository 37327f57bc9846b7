// SPDX-License-Identifier: BSD-3-Clause
// The host side in v1 and v2 mode: RFC 2236 §6. States: non-member (no reception), delaying member
// (the response timer runs), idle member (it does not).
#include "control/igmp/host.h"
#include "control/igmp/host_timers.h"

namespace sluice::control::igmp {

// H2-01. Its timer gives the one repetition (H2-10).
template <class A>
void Host<A>::join(Index i, TimePoint now, Messages& out) {
  report(i, now, out);
  timers_.set(host_timers::response(i),
              now + random_within(host_timers::kUnsolicitedReportIntervalV2));
}

// H2-06, H2-07. In v1 there is nothing to say (H2-09).
template <class A>
void Host<A>::leave(Index i, TimePoint, Messages& out) {
  timers_.cancel(host_timers::response(i));
  if (version_ == Version::kV2 && groups_[i].reported_last) {
    out.emplace_back(Leave<A>{groups_[i].address});
  }
}

// H2-02, H2-03
template <class A>
void Host<A>::delay_report(Index i, Duration max_response_time, TimePoint now) {
  const TimePoint due = timers_.deadline(host_timers::response(i));
  if (due != kNever && due - now <= max_response_time) return;
  timers_.set(host_timers::response(i), now + random_within(max_response_time));
}

// H2-05, and the first half of H2-01.
template <class A>
void Host<A>::report(Index i, TimePoint, Messages& out) {
  Group& group = groups_[i];
  if (group.reception.none()) return;
  if (version_ == Version::kV1) {
    out.emplace_back(V1Report<A>{group.address});
  } else {
    out.emplace_back(V2Report<A>{group.address});
  }
  group.reported_last = true;
}

// H2-04. Idle members and non-members take no notice (H2-08); v3 mode never does (HC-09).
template <class A>
void Host<A>::on_other_report(A group, TimePoint now) {
  if (version(now) == Version::kV3 || version_ == Version::kV3) return;
  const Index known = indexes_.find(group);
  if (known == AddressIndex::kNone) return;
  const TimerWheel::Id timer = host_timers::response(known);
  if (timers_.deadline(timer) == kNever) return;
  timers_.cancel(timer);
  groups_[known].reported_last = false;
}

template void Host<Ipv4>::join(Index, TimePoint, Messages&);
template void Host<Ipv4>::leave(Index, TimePoint, Messages&);
template void Host<Ipv4>::delay_report(Index, Duration, TimePoint);
template void Host<Ipv4>::report(Index, TimePoint, Messages&);
template void Host<Ipv4>::on_other_report(Ipv4, TimePoint);

}  // namespace sluice::control::igmp
