// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/host.h"

#include <algorithm>

#include "control/igmp/codec.h"

namespace sluice::sim {
namespace {

using igmp::RecordType;
using igmp::Version;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kUnsolicitedReportIntervalV3 = seconds(1);   // 9776 §8.11
constexpr Duration kUnsolicitedReportIntervalV2 = seconds(10);  // 2236 §8.10
constexpr Duration kLeastSpacing = milliseconds(60);            // more than any link reorders

igmp::SourceSet<Ipv4> list(const std::set<Ipv4>& sources) {
  return igmp::SourceSet<Ipv4>(sources.begin(), sources.end());
}

}  // namespace

Ipv4 group_address(GroupIndex group) {
  // Two in each MAC address's 32, so that a mix-up by MAC would show.
  return group % 2 == 0 ? ipv4(239, 1, 1, static_cast<unsigned>(group / 2 + 1))
                        : ipv4(239, 129, 1, static_cast<unsigned>(group / 2 + 1));
}

GroupIndex group_index(Ipv4 address) {
  for (GroupIndex group = 0; group < kGroups; ++group) {
    if (group_address(group) == address) return group;
  }
  return kGroups;
}

Host::Host(const Settings& settings, Clock& clock, Dice& dice, std::function<void(Sending)> send)
    : settings_(settings),
      clock_(clock),
      dice_(dice),
      send_(std::move(send)),
      mode_was_(settings.version) {
  for (Group& group : groups_) group.history.push_back({TimePoint{}, Wish{}});
}

// --- Truth
// -----------------------------------------------------------------------------------------

TimePoint Host::since(GroupIndex group, const std::function<bool(const Wish&)>& is_such) const {
  TimePoint since = kNever;
  const auto& history = groups_[group].history;
  for (auto change = history.rbegin(); change != history.rend(); ++change) {
    if (!is_such(change->wish)) break;
    since = change->at;
  }
  return since;
}

TimePoint Host::wanted_since(GroupIndex group, Ipv4 source) const {
  return since(group, [source](const Wish& wish) { return wish.admits(source); });
}

TimePoint Host::unwanted_since(GroupIndex group, Ipv4 source) const {
  return since(group, [source](const Wish& wish) { return !wish.admits(source); });
}

TimePoint Host::idle_since(GroupIndex group) const {
  const Change& last = groups_[group].history.back();
  return last.wish.nothing() ? last.at : kNever;
}

// --- Mode: 9776 §7.2.1
// -----------------------------------------------------------------------------

Version Host::mode() {
  Version mode = settings_.version;
  if (v2_querier_until_ > clock_.now()) mode = std::min(mode, Version::kV2);
  if (v1_querier_until_ > clock_.now()) mode = Version::kV1;
  if (mode != mode_was_) cancel_all();
  mode_was_ = mode;
  return mode;
}

void Host::cancel_all() {
  ++general_timer_;
  general_response_at_ = kNever;
  for (Group& group : groups_) {
    ++group.change_timer;
    ++group.response_timer;
    group.response_at = kNever;
    group.mode_reports_left = 0;
    group.source_reports_left.clear();
    group.repeats_left = 0;
  }
}

// --- Changes: 9776 §5.1, 2236 §6
// ---------------------------------------------------------------------

void Host::want(GroupIndex index, const Wish& wish) {
  Group& group = groups_[index];
  const Wish before = group.history.back().wish;
  if (before == wish) return;
  group.history.push_back({clock_.now(), wish});

  const Version version = mode();
  if (version != Version::kV3) {
    if (before.nothing()) {
      group.repeats_left = 1;
      send_report(index, Purpose::kUnsolicited);
      schedule_repeat(index);
    } else if (wish.nothing()) {
      ++group.change_timer;
      ++group.response_timer;
      group.response_at = kNever;
      if (version == Version::kV2) {
        send_({igmp::encode(igmp::Leave<Ipv4>{group_address(index)},
                            {MacAddress{{2, 0, 0, 1, 0, 0}}, settings_.address}),
               Purpose::kLeave, settings_.number});
      }
    }
    return;
  }
  if (before.exclude != wish.exclude) {
    group.mode_reports_left = robustness_;
    group.source_reports_left.clear();
  } else {
    std::vector<Ipv4> changed;
    std::set_symmetric_difference(before.sources.begin(), before.sources.end(),
                                  wish.sources.begin(), wish.sources.end(),
                                  std::back_inserter(changed));
    for (Ipv4 source : changed) group.source_reports_left[source] = robustness_;
  }
  say_change(index);
}

// SC-09..SC-12.
void Host::say_change(GroupIndex index) {
  Group& group = groups_[index];
  const Wish& now = wish(index);
  std::vector<igmp::GroupRecord<Ipv4>> records;
  if (group.mode_reports_left > 0) {
    --group.mode_reports_left;
    records.push_back(
        {now.exclude ? RecordType::kChangeToExcludeMode : RecordType::kChangeToIncludeMode,
         group_address(index), list(now.sources)});
    for (auto& [source, left] : group.source_reports_left) --left;
  } else {
    std::set<Ipv4> allow, block;
    for (auto& [source, left] : group.source_reports_left) {
      (now.admits(source) ? allow : block).insert(source);
      --left;
    }
    if (!allow.empty()) {
      records.push_back({RecordType::kAllowNewSources, group_address(index), list(allow)});
    }
    if (!block.empty()) {
      records.push_back({RecordType::kBlockOldSources, group_address(index), list(block)});
    }
  }
  std::erase_if(group.source_reports_left, [](const auto& entry) { return entry.second <= 0; });
  send_records(std::move(records), now.nothing() ? Purpose::kLeave : Purpose::kUnsolicited);
  if (group.mode_reports_left > 0 || !group.source_reports_left.empty()) {
    const std::uint64_t timer = ++group.change_timer;
    const Duration delay = std::max(kLeastSpacing, dice_.within(kUnsolicitedReportIntervalV3));
    clock_.after(delay, [this, index, timer] {
      mode();
      if (groups_[index].change_timer == timer) say_change(index);
    });
  } else {
    ++group.change_timer;
  }
}

void Host::schedule_repeat(GroupIndex index) {
  const std::uint64_t timer = ++groups_[index].change_timer;
  const Duration delay = std::max(kLeastSpacing, dice_.within(kUnsolicitedReportIntervalV2));
  clock_.after(delay, [this, index, timer] {
    mode();
    Group& group = groups_[index];
    if (group.change_timer != timer || group.repeats_left == 0) return;
    --group.repeats_left;
    send_report(index, Purpose::kUnsolicited);
  });
}

// --- Queries: 9776 §5.2, 2236 §6
// ---------------------------------------------------------------------

// RFC: random in (0, longest]. This model keeps a fifth in hand for the way there and back, for a
// Last Member Query Time has no allowance for it. (A v1 host would take up to 10 s whatever the
// query says; the link is taken to be configured so that this is within the query's time.)
Duration Host::response_delay(Duration longest) {
  return dice_.within(longest * 4 / 5);
}

void Host::hear_query(const igmp::Query<Ipv4>& query) {
  const TimePoint now = clock_.now();
  if (query.general() && query.version != Version::kV3) {
    // Older Version Querier Present: 9776 §8.12 with the default RV and QI.
    const Duration present = 2 * Duration(seconds(125)) + 10 * query.max_response_time;
    (query.version == Version::kV1 ? v1_querier_until_ : v2_querier_until_) = now + present;
  }
  if (settings_.version == Version::kV1 && !query.general()) return;
  if (query.version == Version::kV3 && query.robustness_variable != 0) {
    robustness_ = query.robustness_variable;
  }
  const Version version = mode();
  const Duration longest = query.max_response_time;

  if (version != Version::kV3) {
    for (GroupIndex index = 0; index < kGroups; ++index) {
      Group& group = groups_[index];
      if (wish(index).nothing()) continue;
      if (!query.general() && query.group != group_address(index)) continue;
      const TimePoint at = now + response_delay(longest);
      if (!query.general()) group.response_is_specific = true;
      if (group.response_at != kNever && group.response_at <= at) continue;  // H2-02
      schedule_response(index, at);
    }
    return;
  }

  const TimePoint at = now + response_delay(longest);
  if (general_response_at_ <= at) {  // QR-1
    if (!query.general()) general_answers_specific_ = true;
    return;
  }
  if (query.general()) {  // QR-2
    general_response_at_ = at;
    const std::uint64_t timer = ++general_timer_;
    clock_.at(at, [this, timer] {
      mode();
      if (general_timer_ == timer) respond_to_general_query();
    });
    return;
  }
  const GroupIndex index = group_index(query.group);
  if (index == kGroups || wish(index).nothing()) return;
  Group& group = groups_[index];
  group.response_is_specific = true;
  const std::set<Ipv4> asked(query.sources.begin(), query.sources.end());
  if (group.response_at == kNever) {  // QR-3
    group.asked_sources = asked;
    schedule_response(index, at);
  } else {
    if (asked.empty() || group.asked_sources.empty()) {  // QR-4
      group.asked_sources.clear();
    } else {  // QR-5
      group.asked_sources.insert(asked.begin(), asked.end());
    }
    schedule_response(index, std::min(group.response_at, at));
  }
}

void Host::schedule_response(GroupIndex index, TimePoint at) {
  Group& group = groups_[index];
  group.response_at = at;
  const std::uint64_t timer = ++group.response_timer;
  clock_.at(at, [this, index, timer] {
    mode();
    if (groups_[index].response_timer == timer) respond(index);
  });
}

void Host::respond(GroupIndex index) {
  Group& group = groups_[index];
  group.response_at = kNever;
  const Wish& now = wish(index);
  if (now.nothing()) return;
  const Purpose purpose =
      group.response_is_specific ? Purpose::kSpecificResponse : Purpose::kGeneralResponse;
  group.response_is_specific = false;
  if (mode() != Version::kV3) {
    send_report(index, purpose);
    return;
  }
  std::set<Ipv4> asked = std::move(group.asked_sources);
  group.asked_sources.clear();
  if (asked.empty()) {  // QR-7
    send_records({{now.exclude ? RecordType::kModeIsExclude : RecordType::kModeIsInclude,
                   group_address(index), list(now.sources)}},
                 purpose);
    return;
  }
  std::erase_if(asked, [&now](Ipv4 source) { return !now.admits(source); });  // QR-8, QR-9
  if (asked.empty()) return;
  send_records({{RecordType::kModeIsInclude, group_address(index), list(asked)}}, purpose);
}

void Host::respond_to_general_query() {  // QR-6
  general_response_at_ = kNever;
  std::vector<igmp::GroupRecord<Ipv4>> records;
  for (GroupIndex index = 0; index < kGroups; ++index) {
    const Wish& now = wish(index);
    if (now.nothing()) continue;
    records.push_back({now.exclude ? RecordType::kModeIsExclude : RecordType::kModeIsInclude,
                       group_address(index), list(now.sources)});
  }
  const Purpose purpose =
      general_answers_specific_ ? Purpose::kSpecificResponse : Purpose::kGeneralResponse;
  general_answers_specific_ = false;
  if (!records.empty()) send_records(std::move(records), purpose);
}

void Host::hear_report(GroupIndex index, Version version) {
  if (mode() == Version::kV3 || settings_.version < version) return;
  Group& group = groups_[index];  // H2-04
  group.response_at = kNever;
  ++group.response_timer;
  group.repeats_left = 0;
}

// --- Frames
// ------------------------------------------------------------------------------------------

void Host::send_report(GroupIndex index, Purpose purpose) {
  const igmp::Origin origin{MacAddress{{2, 0, 0, 1, 0, 0}}, settings_.address};
  const std::uint64_t speaker = (std::uint64_t{1} << 40) |
                                (std::uint64_t{settings_.vlan.value} << 24) |
                                (std::uint64_t{settings_.port.value} << 8) | index;
  const bool v1 = mode() == Version::kV1;
  // A v1 answer holds leaves off, which no v2 answer does in its stead: not to be lost.
  if (v1 && purpose == Purpose::kGeneralResponse) purpose = Purpose::kOther;
  if (v1) {
    send_({igmp::encode(igmp::V1Report<Ipv4>{group_address(index)}, origin), purpose, speaker});
  } else {
    send_({igmp::encode(igmp::V2Report<Ipv4>{group_address(index)}, origin), purpose, speaker});
  }
}

void Host::send_records(std::vector<igmp::GroupRecord<Ipv4>> records, Purpose purpose) {
  if (records.empty()) return;
  const igmp::Origin origin{MacAddress{{2, 0, 0, 1, 0, 0}}, settings_.address};
  // A change is repeated by itself, an answer with all others.
  const bool change = purpose == Purpose::kUnsolicited || purpose == Purpose::kLeave;
  const std::uint64_t about = change ? 1 + group_index(records.front().group) : 0;
  send_({igmp::encode(igmp::V3Report<Ipv4>{std::move(records)}, origin), purpose,
         settings_.number | about << 32});
}

}  // namespace sluice::sim
