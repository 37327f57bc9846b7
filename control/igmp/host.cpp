// SPDX-License-Identifier: BSD-3-Clause
#include "control/igmp/host.h"

#include "control/igmp/source_set.h"

namespace sluice::control::igmp {
namespace {

// RFC 9776 §8.12 works this out with the default robustness variable and query interval (HC-05).
constexpr Duration kDefaultQueryInterval = std::chrono::seconds(125);
constexpr int kDefaultRobustness = 2;
constexpr Duration kOlderUnsolicitedReportInterval = std::chrono::seconds(10);  // RFC 2236 §8.10

}  // namespace

template <class A>
Host<A>::Host(const Settings& settings, std::uint64_t seed)
    : settings_(settings),
      random_(seed),
      robustness_variable_(settings.robustness_variable),
      followed_(settings.version) {}

template <class A>
TimePoint Host<A>::random_delay(TimePoint now, Duration most) {
  const auto range = static_cast<std::uint64_t>(std::max<std::int64_t>(most.count(), 1));
  return now + Duration(static_cast<std::int64_t>(1 + random_() % range));  // in (0, most]
}

template <class A>
void Host<A>::file(A group) {
  const auto pending = pending_.find(group);
  const TimePoint next = pending == pending_.end() ? kNever : pending->second.next();
  const auto filed = filed_.find(group);
  if (filed != filed_.end() && filed->second != next) {
    due_.erase({filed->second, group});
    filed_.erase(filed);
  }
  if (next != kNever && !filed_.contains(group)) {
    due_.emplace(next, group);
    filed_.emplace(group, next);
  }
  if (pending != pending_.end() && pending->second.idle()) pending_.erase(pending);
}

// --- Compatibility mode, §7.2.1
// -------------------------------------------------------------------

template <class A>
Version Host<A>::version(TimePoint now) const {
  if (now < v1_querier_until_) return Version::kV1;                               // HC-01
  if (now < v2_querier_until_) return std::min(Version::kV2, settings_.version);  // HC-02
  return settings_.version;                                                       // HC-03
}

template <class A>
void Host<A>::note_querier(const Query<A>& query, TimePoint now) {
  const Duration lasts = kDefaultRobustness * kDefaultQueryInterval + 10 * query.max_response_time;
  if (query.version == Version::kV1) v1_querier_until_ = now + lasts;
  if (query.version == Version::kV2 && query.general()) v2_querier_until_ = now + lasts;  // HC-04
  if (query.version == Version::kV3) {
    robustness_variable_ =
        query.robustness_variable != 0 ? query.robustness_variable : settings_.robustness_variable;
  }
  follow_version(now);
}

// HC-06: a change of mode cancels whatever was pending.
template <class A>
void Host<A>::follow_version(TimePoint now) {
  if (version(now) == followed_) return;
  followed_ = version(now);
  general_response_ = kNever;
  pending_.clear();
  filed_.clear();
  due_.clear();
}

// --- Changes, §5.1 and RFC 2236 §6
// ----------------------------------------------------------------

template <class A>
void Host<A>::set(A group, const Reception<A>& reception, TimePoint now, Messages& out) {
  const auto known = receptions_.find(group);
  if (known == receptions_.end() ? reception.none() : known->second == reception) return;
  follow_version(now);
  const Reception<A> old = known == receptions_.end() ? Reception<A>{} : known->second;
  if (reception.none()) {
    receptions_.erase(known);
  } else {
    receptions_.insert_or_assign(group, reception);
  }
  if (followed_ == Version::kV3) {
    change_v3(group, old, reception, now, out);
  } else {
    change_older(group, !old.none(), !reception.none(), now, out);
  }
  file(group);
}

template <class A>
void Host<A>::change_v3(A group, const Reception<A>& from, const Reception<A>& to, TimePoint now,
                        Messages& out) {
  Pending& pending = pending_[group];
  if (from.mode != to.mode) {  // SC-03, SC-04, SC-13
    pending.mode_reports_left = robustness_variable_;
  } else {  // SC-01, SC-02: whatever differs, in either direction
    for (const A source :
         unite(subtract(from.sources, to.sources), subtract(to.sources, from.sources))) {
      auto& counts = pending.source_reports_left;
      const auto at = std::lower_bound(counts.begin(), counts.end(), source,
                                       [](const auto& entry, A s) { return entry.first < s; });
      if (at != counts.end() && at->first == source) {
        at->second = robustness_variable_;
      } else {
        counts.insert(at, {source, robustness_variable_});
      }
    }
  }
  V3Report<A> report;
  take_change_records(group, pending, now, report.records);  // SC-06, SC-07: at once
  if (!report.records.empty()) out.push_back(std::move(report));
}

// SC-08..SC-12, SC-14: one transmission, built from what is still to be told and from the state as
// it is now.
template <class A>
void Host<A>::take_change_records(A group, Pending& pending, TimePoint now,
                                  std::vector<GroupRecord<A>>& records) {
  const auto at = receptions_.find(group);
  const Reception<A> current = at == receptions_.end() ? Reception<A>{} : at->second;
  auto& counts = pending.source_reports_left;
  if (pending.mode_reports_left > 0) {
    --pending.mode_reports_left;
    records.push_back({current.mode == FilterMode::kInclude ? RecordType::kChangeToIncludeMode
                                                            : RecordType::kChangeToExcludeMode,
                       group, current.sources});
  } else {
    GroupRecord<A> allow{RecordType::kAllowNewSources, group, {}};
    GroupRecord<A> block{RecordType::kBlockOldSources, group, {}};
    for (const auto& [source, left] : counts) {
      const bool wanted =
          (current.mode == FilterMode::kInclude) == contains(current.sources, source);
      (wanted ? allow : block).sources.push_back(source);
    }
    if (!allow.sources.empty()) records.push_back(std::move(allow));
    if (!block.sources.empty()) records.push_back(std::move(block));
  }
  for (auto& [source, left] : counts) --left;
  std::erase_if(counts, [](const auto& entry) { return entry.second == 0; });
  const bool more = pending.mode_reports_left > 0 || !counts.empty();
  pending.next_change = more ? random_delay(now, settings_.unsolicited_report_interval) : kNever;
}

template <class A>
void Host<A>::change_older(A group, bool was_member, bool is_member, TimePoint now, Messages& out) {
  if (was_member == is_member) return;  // PX-12: sources and modes cannot be told
  if (is_member) {                      // H2-01
    Pending& pending = pending_[group];
    send_older_report(group, out);
    pending.sent_last_report = true;
    pending.repeats_left = static_cast<std::uint8_t>(robustness_variable_ - 1);
    if (pending.repeats_left > 0) {
      pending.response = random_delay(now, kOlderUnsolicitedReportInterval);
    }
    return;
  }
  const auto pending = pending_.find(group);  // H2-06, H2-07, H2-09
  if (pending == pending_.end()) return;
  if (pending->second.sent_last_report && followed_ == Version::kV2) out.push_back(Leave<A>{group});
  pending_.erase(pending);
}

template <class A>
void Host<A>::send_older_report(A group, Messages& out) const {
  if (followed_ == Version::kV1) {
    out.push_back(V1Report<A>{group});
  } else {
    out.push_back(V2Report<A>{group});
  }
}

template <class A>
void Host<A>::resend_all(TimePoint now, Messages& out) {
  follow_version(now);
  for (const auto& [group, reception] : receptions_) {
    if (followed_ == Version::kV3) {
      // As if it had just come to be: TO_EX or ALLOW.
      change_v3(group, Reception<A>{}, reception, now, out);
    } else {
      change_older(group, false, true, now, out);
    }
    file(group);
  }
}

// --- Queries, §5.2 and RFC 2236 §6
// ----------------------------------------------------------------

template <class A>
void Host<A>::on_query(const Query<A>& query, TimePoint now, Messages& out) {
  (void)out;  // a query is never answered at once (QR-11)
  note_querier(query, now);
  if (receptions_.empty()) return;
  if (followed_ != Version::kV3) {
    if (!query.general()) {
      if (receptions_.contains(query.group)) {
        respond_older(query.group, random_delay(now, query.max_response_time));
      }
      return;
    }
    for (const auto& [group, reception] : receptions_) {  // H2-13: each with a delay of its own
      respond_older(group, random_delay(now, query.max_response_time));
    }
    return;
  }
  const TimePoint at = random_delay(now, query.max_response_time);
  if (general_response_ <= at) return;  // QR-1
  if (query.general()) {                // QR-2
    general_response_ = at;
    return;
  }
  if (!receptions_.contains(query.group)) return;
  Pending& pending = pending_[query.group];
  if (pending.response == kNever) {  // QR-3
    pending.response = at;
    pending.asked = query.sources;
  } else if (query.sources.empty() || pending.asked.empty()) {  // QR-4
    pending.asked.clear();
    pending.response = std::min(pending.response, at);
  } else {  // QR-5; QR-12: a list too long to remember becomes the whole group
    pending.asked = unite(pending.asked, query.sources);
    if (pending.asked.size() > kMostAskedSources) pending.asked.clear();
    pending.response = std::min(pending.response, at);
  }
  file(query.group);
}

// H2-02, H2-03: sooner, never later.
template <class A>
void Host<A>::respond_older(A group, TimePoint at) {
  Pending& pending = pending_[group];
  pending.response = std::min(pending.response, at);
  file(group);
}

template <class A>
void Host<A>::on_other_report(A group, TimePoint now) {
  follow_version(now);
  if (followed_ == Version::kV3) return;  // HC-09
  const auto pending = pending_.find(group);
  if (pending == pending_.end() || pending->second.response == kNever) return;  // H2-08
  pending->second.response = kNever;                                            // H2-04
  pending->second.repeats_left = 0;
  pending->second.sent_last_report = false;
  file(group);
}

// QR-7..QR-9
template <class A>
void Host<A>::take_response_record(A group, Pending& pending,
                                   std::vector<GroupRecord<A>>& records) const {
  const SourceSet<A> asked = std::move(pending.asked);
  pending.response = kNever;
  pending.asked = SourceSet<A>{};
  const auto at = receptions_.find(group);
  if (at == receptions_.end()) return;
  const Reception<A>& current = at->second;
  const bool include = current.mode == FilterMode::kInclude;
  if (asked.empty()) {
    records.push_back({include ? RecordType::kModeIsInclude : RecordType::kModeIsExclude, group,
                       current.sources});
    return;
  }
  SourceSet<A> wanted =
      include ? intersect(current.sources, asked) : subtract(asked, current.sources);
  if (wanted.empty()) return;  // QR-10
  records.push_back({RecordType::kModeIsInclude, group, std::move(wanted)});
}

template <class A>
void Host<A>::advance(TimePoint now, Messages& out) {
  follow_version(now);
  V3Report<A> report;              // whatever is due now shares messages (SC-16)
  if (general_response_ <= now) {  // QR-6
    general_response_ = kNever;
    for (const auto& [group, reception] : receptions_) {
      report.records.push_back({reception.mode == FilterMode::kInclude ? RecordType::kModeIsInclude
                                                                       : RecordType::kModeIsExclude,
                                group, reception.sources});
    }
    std::sort(report.records.begin(), report.records.end(),
              [](const auto& a, const auto& b) { return a.group < b.group; });
  }
  while (!due_.empty() && due_.begin()->first <= now) {
    const A group = due_.begin()->second;
    Pending& pending = pending_[group];
    if (pending.next_change <= now) take_change_records(group, pending, now, report.records);
    if (pending.response <= now) {
      if (followed_ == Version::kV3) {
        take_response_record(group, pending, report.records);
      } else {  // H2-05
        send_older_report(group, out);
        pending.sent_last_report = true;
        if (pending.repeats_left > 0) --pending.repeats_left;
        pending.response =
            pending.repeats_left > 0 ? random_delay(now, kOlderUnsolicitedReportInterval) : kNever;
      }
    }
    file(group);
  }
  if (!report.records.empty()) out.push_back(std::move(report));
}

template <class A>
TimePoint Host<A>::next_deadline() const {
  return due_.empty() ? general_response_ : std::min(general_response_, due_.begin()->first);
}

template class Host<Ipv4>;

}  // namespace sluice::control::igmp
