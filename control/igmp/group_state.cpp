// SPDX-License-Identifier: BSD-3-Clause
#include "control/igmp/group_state.h"

#include <algorithm>

#include "control/igmp/compatibility.h"
#include "control/igmp/source_set.h"

namespace sluice::control::igmp {
namespace {

// "Lower the timer to": never raises it (TM-21).
template <class Time>
void lower(Time& timer, TimePoint to) {
  timer = std::min<TimePoint>(timer, to);
}

}  // namespace

// --- Events
// ----------------------------------------------------------------------------------------

template <class A>
void GroupState<A>::on_record(RecordType type, const SourceSet<A>& sources,
                              const RouterContext& context, Queries& out) {
  expire(context.now);
  const Treatment how = treatment(type, version(context.now));
  if (how == Treatment::kIgnored) return;
  const RouterSets<A> before{forwarded_sources(), blocked_sources()};
  carry_out(
      transition(mode_, type, before, how == Treatment::kWithoutSources ? SourceSet<A>{} : sources),
      context, out);
}

template <class A>
void GroupState<A>::on_v1_report(const RouterContext& context, Queries& out) {
  on_older_report(context, out);
  rest().v1_host_until = context.now + context.parameters.older_host_present_interval();
}

template <class A>
void GroupState<A>::on_v2_report(const RouterContext& context, Queries& out) {
  on_older_report(context, out);
  v2_host_until_ = context.now + context.parameters.older_host_present_interval();
}

// §7.3.2: IS_EX ({}). It stands for a member of any source, which ends the doubt that a pending
// group-specific query was about (RFC 2236 §7: "clear retransmit timer"); a v3 report does not, its
// retransmissions go on with the S flag (QS-02).
template <class A>
void GroupState<A>::on_older_report(const RouterContext& context, Queries& out) {
  on_record(RecordType::kModeIsExclude, {}, context, out);
  group_queries_left_ = 0;
  settle();
}

template <class A>
void GroupState<A>::on_leave(const RouterContext& context, Queries& out) {
  on_record(RecordType::kChangeToIncludeMode, {}, context, out);
}

template <class A>
void GroupState<A>::on_specific_query(const Query<A>& query, Duration lmqt,
                                      const RouterContext& context) {
  expire(context.now);
  if (query.suppress_router_processing) return;
  const TimePoint deadline = context.now + lmqt;
  if (query.sources.empty()) {
    if (mode_ == FilterMode::kExclude) lower(group_expires_, deadline);
    return;
  }
  if (rest_ == nullptr) return;
  for (Source& source : rest_->sources) {
    if (!source.blocked() && contains(query.sources, source.address)) {
      lower(source.expires, deadline);
    }
  }
}

template <class A>
void GroupState<A>::advance(const RouterContext& context, Queries& out) {
  expire(context.now);
  if (rest_ != nullptr && rest_->next_query <= context.now) retransmit(context, out);
}

template <class A>
void GroupState<A>::cut(const SourceSet<A>& sources, bool whole_group,
                        const RouterContext& context) {
  if (rest_ != nullptr) {
    for (Source& source : rest_->sources) {
      if (!source.blocked() && contains(sources, source.address)) source.expires = context.now;
    }
  }
  if (whole_group && mode_ == FilterMode::kExclude) group_expires_ = context.now;
  expire(context.now);
}

// --- State
// -----------------------------------------------------------------------------------------

template <class A>
Version GroupState<A>::version(TimePoint now) const {
  if (rest_ != nullptr && rest_->v1_host_until > now) return Version::kV1;
  if (v2_host_until_ > now) return Version::kV2;
  return Version::kV3;
}

template <class A>
bool GroupState<A>::admits(A source) const {
  const auto at =
      std::lower_bound(sources().begin(), sources().end(), source,
                       [](const Source& s, const A& address) { return s.address < address; });
  const bool known = at != sources().end() && at->address == source;
  return known ? !at->blocked() : mode_ == FilterMode::kExclude;
}

template <class A>
TimePoint GroupState<A>::expires() const {
  if (mode_ == FilterMode::kExclude) return group_expires_;
  if (sources().empty()) return kNever;
  return std::max_element(sources().begin(), sources().end(),
                          [](const Source& a, const Source& b) { return a.expires < b.expires; })
      ->expires;
}

template <class A>
TimePoint GroupState<A>::next_deadline() const {
  TimePoint next = group_expires_;
  if (v2_host_until_ != kStopped) next = std::min<TimePoint>(next, v2_host_until_);
  if (rest_ == nullptr) return next;
  next = std::min(next, rest_->next_query);
  if (rest_->v1_host_until != kStopped) next = std::min(next, rest_->v1_host_until);
  for (const Source& source : rest_->sources) {
    if (!source.blocked()) next = std::min(next, source.expires);
  }
  return next;
}

template <class A>
SourceSet<A> GroupState<A>::forwarded_sources() const {
  SourceSet<A> set;
  for (const Source& source : sources()) {
    if (!source.blocked()) set.push_back(source.address);
  }
  return set;
}

template <class A>
SourceSet<A> GroupState<A>::blocked_sources() const {
  SourceSet<A> set;
  for (const Source& source : sources()) {
    if (source.blocked()) set.push_back(source.address);
  }
  return set;
}

template <class A>
typename GroupState<A>::Rest& GroupState<A>::rest() {
  if (rest_ == nullptr) rest_ = std::make_unique<Rest>();
  return *rest_;
}

// --- Across a restart
// ----------------------------------------------------------------------------

template <class A>
typename GroupState<A>::Saved GroupState<A>::save() const {
  Saved saved{mode_, group_expires_, kStopped, v2_host_until_, {}};
  if (rest_ == nullptr) return saved;
  saved.v1_host_until = rest_->v1_host_until;
  saved.sources = rest_->sources;
  return saved;
}

template <class A>
void GroupState<A>::restore(Saved saved, TimePoint least, TimePoint now) {
  mode_ = saved.mode;
  if (mode_ == FilterMode::kExclude) group_expires_ = std::max(saved.group_expires, least);
  v2_host_until_ = saved.v2_host_until;
  if (saved.v1_host_until != kStopped) rest().v1_host_until = saved.v1_host_until;
  if (!saved.sources.empty()) {
    for (Source& source : saved.sources) {
      source.queries_left = 0;
      if (!source.blocked()) source.expires = std::max(source.expires, least);
    }
    rest().sources = std::move(saved.sources);
  }
  expire(now);
}

// --- Carrying out a row
// ----------------------------------------------------------------------------

// Order: T9-11. The group timer that new sources take over is the one from before the record.
template <class A>
void GroupState<A>::carry_out(const Transition<A>& to, const RouterContext& context, Queries& out) {
  const TimePoint gmi = context.now + context.parameters.group_membership_interval();
  mode_ = to.mode;
  rebuild(to.x, to.y);
  set_timers(to.group_timer, group_expires_);
  set_timers(to.gmi, gmi);
  query_sources(to.query, context, out);
  if (to.query_group) query_group(context, out);
  if (to.restart_group) {
    group_expires_ = gmi;
    checking_ = false;
  }
  settle();
}

// Sources that stay keep their timers and counts; the row names the timers of those that come.
template <class A>
void GroupState<A>::rebuild(const SourceSet<A>& x, const SourceSet<A>& y) {
  if (rest_ == nullptr && x.empty() && y.empty()) return;
  std::vector<Source>& sources = rest().sources;
  std::erase_if(sources, [&](const Source& source) {
    return !contains(x, source.address) && !contains(y, source.address);
  });
  if (sources.size() == x.size() + y.size()) return;  // nobody comes
  const auto stayed = static_cast<std::ptrdiff_t>(sources.size());
  const auto before_stayed = [&](const A& address) {
    const auto at = std::lower_bound(
        sources.begin(), sources.begin() + stayed, address,
        [](const Source& source, const A& wanted) { return source.address < wanted; });
    return at != sources.begin() + stayed && at->address == address;
  };
  sources.reserve(x.size() + y.size());
  for (const SourceSet<A>* set : {&x, &y}) {
    for (const A& address : *set) {
      if (!before_stayed(address)) sources.push_back(Source{.address = address});
    }
  }
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return a.address < b.address; });
}

template <class A>
void GroupState<A>::set_timers(const SourceSet<A>& of, TimePoint deadline) {
  if (of.empty() || rest_ == nullptr) return;
  for (Source& source : rest_->sources) {
    if (contains(of, source.address)) source.expires = deadline;
  }
}

// --- Queries
// ---------------------------------------------------------------------------------------

// §6.6.3.2. Only what is new is sent at once; what is pending already keeps its schedule (QS-06).
template <class A>
void GroupState<A>::query_sources(const SourceSet<A>& of, const RouterContext& context,
                                  Queries& out) {
  if (!context.queries || context.query_version != Version::kV3) return;
  if (of.empty() || rest_ == nullptr) return;
  const TimePoint lmqt = context.now + context.parameters.last_member_query_time();
  SpecificQuery<A> query;
  for (Source& source : rest_->sources) {
    if (source.expires <= lmqt || !contains(of, source.address)) continue;
    source.expires = lmqt;
    source.queries_left =
        static_cast<std::uint8_t>(context.parameters.last_member_query_count() - 1);
    query.sources.push_back(source.address);
  }
  if (query.sources.empty()) return;
  out.push_back(std::move(query));
  schedule(context);
}

// §6.6.3.1. A second leave while the first is being asked about changes nothing (R2-12).
template <class A>
void GroupState<A>::query_group(const RouterContext& context, Queries& out) {
  if (!context.queries || context.query_version == Version::kV1 || checking_) return;
  lower(group_expires_, context.now + context.parameters.last_member_query_time());
  checking_ = true;
  group_queries_left_ = static_cast<std::uint8_t>(context.parameters.last_member_query_count() - 1);
  out.push_back(SpecificQuery<A>{});
  schedule(context);
}

template <class A>
void GroupState<A>::schedule(const RouterContext& context) {
  if (!query_pending()) return;
  lower(rest().next_query, context.now + context.parameters.last_member_query_interval);
}

template <class A>
void GroupState<A>::retransmit(const RouterContext& context, Queries& out) {
  const TimePoint lmqt = context.now + context.parameters.last_member_query_time();
  rest_->next_query = kNever;
  SpecificQuery<A> answered{.sources = {}, .suppress_router_processing = true};
  SpecificQuery<A> unanswered;
  for (Source& source : rest_->sources) {
    if (source.queries_left == 0) continue;
    --source.queries_left;
    (source.expires > lmqt ? answered : unanswered).sources.push_back(source.address);
  }
  const bool group = group_queries_left_ != 0;
  // QS-05: beside a group-specific query the message with the S flag tells nobody anything.
  if (!answered.sources.empty() && !group) out.push_back(std::move(answered));
  if (!unanswered.sources.empty()) out.push_back(std::move(unanswered));
  if (group) {
    --group_queries_left_;
    out.push_back({.sources = {}, .suppress_router_processing = group_expires_ > lmqt});
  }
  schedule(context);
}

template <class A>
bool GroupState<A>::query_pending() const {
  return group_queries_left_ != 0 ||
         std::any_of(sources().begin(), sources().end(),
                     [](const Source& source) { return source.queries_left != 0; });
}

// --- Expiry
// ----------------------------------------------------------------------------------------

template <class A>
void GroupState<A>::expire(TimePoint now) {
  if (v2_host_until_ <= now) v2_host_until_ = kStopped;
  if (rest_ != nullptr) {
    if (rest_->v1_host_until <= now) rest_->v1_host_until = kStopped;
    expire_sources(now);
  }
  if (mode_ == FilterMode::kExclude && group_expires_ <= now) {  // EX-1
    if (rest_ != nullptr) {
      std::erase_if(rest_->sources, [](const Source& source) { return source.blocked(); });
    }
    mode_ = FilterMode::kInclude;
    group_expires_ = kNever;
    group_queries_left_ = 0;
    checking_ = false;
  }
  settle();
}

template <class A>
void GroupState<A>::expire_sources(TimePoint now) {
  const auto due = [now](const Source& source) {
    return !source.blocked() && source.expires <= now;
  };
  if (mode_ == FilterMode::kInclude) {
    std::erase_if(rest_->sources, due);  // FW-2
    return;
  }
  for (Source& source : rest_->sources) {
    if (due(source)) source = Source{.address = source.address};  // FW-5: X to Y
  }
}

// Nothing is kept for what is gone: neither a schedule, nor memory, nor (S3-03) a record.
template <class A>
void GroupState<A>::settle() {
  if (empty()) {
    *this = GroupState{};
    return;
  }
  if (rest_ == nullptr) return;
  if (!query_pending()) rest_->next_query = kNever;
  if (rest_->sources.empty()) std::vector<Source>().swap(rest_->sources);
  const bool needed =
      !rest_->sources.empty() || rest_->v1_host_until != kStopped || rest_->next_query != kNever;
  if (!needed) rest_.reset();
}

template class GroupState<Ipv4>;
static_assert(sizeof(GroupState<Ipv4>) == 24);
static_assert(sizeof(GroupState<Ipv4>::Source) == 16);

}  // namespace sluice::control::igmp
