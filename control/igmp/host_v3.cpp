// SPDX-License-Identifier: BSD-3-Clause
// The host side in v3 mode: state-change reports (RFC 9776 §5.1) and answers to queries (§5.2).
#include <algorithm>

#include "control/igmp/host.h"
#include "control/igmp/host_timers.h"
#include "control/igmp/source_set.h"
#include "control/igmp/wire.h"

namespace sluice::control::igmp {
namespace {

// Bytes of records in an Ethernet frame (SZ-01): what of an answer to a General Query goes out
// together. More than that is spread over the response time (QR-11).
constexpr std::int64_t kFrameRoom = 1500 - wire::kIpHeaderWithAlert - wire::kShortMessage;

constexpr std::int64_t answer_size(std::size_t records, std::size_t sources) {
  return static_cast<std::int64_t>(wire::kRecordHeader * records + wire::kAddress * sources);
}

// In how many turns that much is said. A turn ends when not even a record without sources fits.
constexpr std::int64_t turns_for(std::int64_t size) {
  constexpr std::int64_t kLeastOfATurn = kFrameRoom - answer_size(1, 0) + 1;
  return size <= kFrameRoom ? 1 : (size + kLeastOfATurn - 1) / kLeastOfATurn;
}

// However soon an answer is wanted.
constexpr Duration kLeastPause = std::chrono::milliseconds(1);

constexpr Duration kRepetitionStroke = std::chrono::milliseconds(50);

// QR-12: who asks for more sources of a group than this gets all of it.
constexpr std::size_t kMaxAskedSources = 366;

template <class A>
void add_record(std::vector<HostMessage<A>>& out, RecordType type, A group,
                const SourceSet<A>& sources) {
  if (out.empty() || !std::holds_alternative<V3Report<A>>(out.back())) {
    out.push_back(V3Report<A>{});
  }
  std::get<V3Report<A>>(out.back()).records.push_back({type, group, sources});
}

}  // namespace

// --- State changes, §5.1 ---------------------------------------------------------------------

// SC-01..SC-04: what has to be told, and how often (SC-08).
template <class A>
void Host<A>::note_change(Group& group, const Reception<A>& from, const Reception<A>& to) {
  if (from.mode != to.mode) {
    group.mode_reports_left = robustness_variable_;
    return;
  }
  note_sources(group, subtract(to.sources, from.sources));
  note_sources(group, subtract(from.sources, to.sources));
}

template <class A>
void Host<A>::note_sources(Group& group, const SourceSet<A>& sources) {
  const auto by_address = [](const SourceChange& change, const A& address) {
    return change.address < address;
  };
  if (group.changes.empty()) {
    group.changes.reserve(sources.size());
    for (const A& source : sources) group.changes.push_back({source, robustness_variable_});
    return;
  }
  // Both ascend: merged from behind, in place.
  std::vector<SourceChange> merged;
  merged.reserve(group.changes.size() + sources.size());
  auto old = group.changes.begin();
  for (const A& source : sources) {
    const auto from = std::lower_bound(old, group.changes.end(), source, by_address);
    merged.insert(merged.end(), old, from);
    old = from != group.changes.end() && from->address == source ? from + 1 : from;
    merged.push_back({source, robustness_variable_});
  }
  merged.insert(merged.end(), old, group.changes.end());
  group.changes = std::move(merged);
}

// SC-09..SC-12: one state-change report, and the timer of the next.
template <class A>
void Host<A>::report_change(Index i, TimePoint now, Messages& out) {
  Group& group = groups_[i];
  if (!group.change_pending()) return;
  const Reception<A>& current = group.reception;
  const bool include = current.mode == FilterMode::kInclude;

  if (group.mode_reports_left > 0) {
    --group.mode_reports_left;
    add_record(out, include ? RecordType::kChangeToIncludeMode : RecordType::kChangeToExcludeMode,
               group.address, current.sources);
  } else {
    SourceSet<A> allow, block;  // SC-14: by what the state says now, not by what the change was
    for (const SourceChange& change : group.changes) {
      const bool forwarded = contains(current.sources, change.address) == include;
      (forwarded ? allow : block).push_back(change.address);
    }
    if (!allow.empty()) add_record(out, RecordType::kAllowNewSources, group.address, allow);
    if (!block.empty()) add_record(out, RecordType::kBlockOldSources, group.address, block);
  }
  for (SourceChange& change : group.changes) --change.reports_left;
  std::erase_if(group.changes, [](const SourceChange& change) { return change.reports_left == 0; });

  timers_.set(host_timers::change(i), group.change_pending() ? next_repetition(now) : kNever);
}

// SC-06: at random within the interval, but on a stroke that all groups share, so that what joined
// together is repeated in few reports (SC-16).
template <class A>
TimePoint Host<A>::next_repetition(TimePoint now) {
  const TimePoint due = now + random_within(settings_.unsolicited_report_interval);
  const TimePoint stroke = due - due.time_since_epoch() % kRepetitionStroke;
  return stroke > now ? stroke : due;
}

// --- Answers to queries, §5.2 ----------------------------------------------------------------

// QR-1, QR-2. An answer of several frames begins in the first of as many equal parts of the
// response time and sends a frame's worth in each. A General Query that comes meanwhile has the
// walk go on round all groups, from where it is: no group waits longer because queries come fast.
template <class A>
void Host<A>::schedule_general_response(Duration max_response_time, TimePoint now) {
  const std::int64_t turns = turns_for(answer_size(wanted_, sources_));
  const TimePoint due = now + random_within(std::max(kLeastPause, max_response_time / turns));
  const TimePoint pending = timers_.deadline(host_timers::kGeneralResponse);
  if (pending != kNever && pending <= due && !answering_) return;
  answer_until_ = now + max_response_time;
  left_to_answer_ = groups_.end();
  timers_.set(host_timers::kGeneralResponse, std::min(pending, due));
}

// QR-6
template <class A>
void Host<A>::respond_general(TimePoint now, Messages& out) {
  // What the last record of a turn takes too much, the next turn lacks.
  answer_room_ = kFrameRoom + std::min<std::int64_t>(answer_room_, 0);
  for (; answer_room_ >= answer_size(1, 0) && left_to_answer_ > 0; --left_to_answer_) {
    if (next_to_answer_ >= groups_.end()) next_to_answer_ = 0;
    const Index i = next_to_answer_++;
    Group& group = groups_[i];
    if (group.reception.none()) continue;
    const bool include = group.reception.mode == FilterMode::kInclude;
    add_record(out, include ? RecordType::kModeIsInclude : RecordType::kModeIsExclude,
               group.address, group.reception.sources);
    // This answers a specific query that waits, too (QR-10).
    group.asked.clear();
    timers_.cancel(host_timers::response(i));
    answer_room_ -= answer_size(1, group.reception.sources.size());
  }
  answering_ = left_to_answer_ > 0;
  if (!answering_) {
    answer_room_ = 0;
    return;
  }
  // Groups may have come since the query: what is left goes into the time that is left.
  const std::int64_t left = answer_size(wanted_, sources_) *
                            static_cast<std::int64_t>(left_to_answer_) /
                            static_cast<std::int64_t>(groups_.end());
  const Duration pause = (answer_until_ - now) / (turns_for(left) + 1);
  timers_.set(host_timers::kGeneralResponse, now + std::max(kLeastPause, pause));
}

// QR-1, QR-3..QR-5
template <class A>
void Host<A>::schedule_response(Index i, const Query<A>& query, TimePoint now) {
  const TimePoint due = now + random_within(query.max_response_time);
  // An answer of several messages may reach this group too late.
  const bool one_message = !answering_ && answer_size(wanted_, sources_) <= kFrameRoom;
  if (one_message && timers_.deadline(host_timers::kGeneralResponse) <= due) return;

  Group& group = groups_[i];
  const TimerWheel::Id timer = host_timers::response(i);
  const TimePoint pending = timers_.deadline(timer);
  if (pending == kNever) {
    group.asked = query.sources;
  } else if (query.sources.empty() || group.asked.empty()) {
    group.asked.clear();
  } else {
    group.asked = unite(group.asked, query.sources);
  }
  if (group.asked.size() > kMaxAskedSources) group.asked.clear();
  timers_.set(timer, std::min(pending, due));
}

// QR-7..QR-9
template <class A>
void Host<A>::respond(Index i, Messages& out) {
  Group& group = groups_[i];
  if (group.reception.none()) return;
  const Reception<A>& current = group.reception;
  const bool include = current.mode == FilterMode::kInclude;
  if (group.asked.empty()) {
    add_record(out, include ? RecordType::kModeIsInclude : RecordType::kModeIsExclude,
               group.address, current.sources);
    return;
  }
  const SourceSet<A> wanted =
      include ? intersect(current.sources, group.asked) : subtract(group.asked, current.sources);
  group.asked.clear();
  if (!wanted.empty()) add_record(out, RecordType::kModeIsInclude, group.address, wanted);
}

template void Host<Ipv4>::note_change(Group&, const Reception<Ipv4>&, const Reception<Ipv4>&);
template void Host<Ipv4>::report_change(Index, TimePoint, Messages&);
template TimePoint Host<Ipv4>::next_repetition(TimePoint);
template void Host<Ipv4>::schedule_general_response(Duration, TimePoint);
template void Host<Ipv4>::schedule_response(Index, const Query<Ipv4>&, TimePoint);
template void Host<Ipv4>::respond_general(TimePoint, Messages&);
template void Host<Ipv4>::respond(Index, Messages&);

}  // namespace sluice::control::igmp
