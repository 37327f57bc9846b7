// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/router.h"

#include <algorithm>
#include <iterator>

#include "control/igmp/codec.h"

namespace sluice::sim {
namespace {

using igmp::RecordType;
using igmp::Version;
constexpr Duration kLastMemberQueryInterval = std::chrono::seconds(1);

}  // namespace

Router::Router(const Settings& settings, bool one_speaker, Clock& clock,
               std::function<void(std::vector<std::uint8_t>)> send)
    : settings_(settings), one_speaker_(one_speaker), clock_(clock), send_(std::move(send)) {}

void Router::power(bool on) {
  if (on == on_) return;
  on_ = on;
  ++timer_;
  if (!on) return;
  on_since_ = clock_.now();
  other_until_ = TimePoint{};
  startup_left_ = settings_.robustness_variable;
  told_ = {};
  send_general_query();
}

void Router::send_general_query() {
  if (startup_left_ > 0) --startup_left_;
  const Duration interval =
      startup_left_ > 0 ? settings_.query_interval / 4 : settings_.query_interval;
  const std::uint64_t timer = ++timer_;
  if (is_querier()) {
    igmp::Query<Ipv4> query;
    query.max_response_time = settings_.query_response_interval;
    send(query);
  }
  // A router that lost the election looks again when the other one has been silent.
  const TimePoint next = std::max(clock_.now() + interval, other_until_);
  clock_.at(next, [this, timer] {
    if (timer == timer_) send_general_query();
  });
}

void Router::send(igmp::Query<Ipv4> query) {
  query.version = settings_.version;
  if (query.version == Version::kV3) {
    query.robustness_variable = static_cast<std::uint8_t>(settings_.robustness_variable);
    query.query_interval = settings_.query_interval;
  }
  last_query_ = clock_.now();
  if (query.general()) last_general_query_ = clock_.now();
  send_(igmp::encode(query, {MacAddress{{2, 0, 0, 2, 0, 0}}, settings_.address}));
}

void Router::hear_query(const igmp::Query<Ipv4>& query, Ipv4 from) {
  if (!on_ || !query.general() || from.is_unspecified() || from >= settings_.address) return;
  other_until_ = clock_.now() + settings_.robustness_variable * settings_.query_interval +
                 settings_.query_response_interval / 2;
}

void Router::ask_about(const igmp::SourceSet<Ipv4>& sources, Ipv4 group) {
  if (!is_querier()) return;
  if (!sources.empty() && settings_.version != Version::kV3) return;
  for (int i = 0; i < settings_.robustness_variable; ++i) {
    clock_.after(i * kLastMemberQueryInterval, [this, sources, group] {
      if (!is_querier()) return;
      igmp::Query<Ipv4> query;
      query.group = group;
      query.sources = sources;
      query.max_response_time = kLastMemberQueryInterval;
      send(query);
    });
  }
}

void Router::hear_report(const igmp::Message<Ipv4>& message) {
  if (!on_) return;
  const bool too_new = std::holds_alternative<igmp::V3Report<Ipv4>>(message) &&
                       settings_.version != Version::kV3;  // an unknown type
  if (too_new) return;
  if (const auto* report = std::get_if<igmp::V3Report<Ipv4>>(&message)) {
    for (const auto& record : report->records) hear_record(record);
  } else if (const auto* v2 = std::get_if<igmp::V2Report<Ipv4>>(&message)) {
    hear_record({RecordType::kModeIsExclude, v2->group, {}});
  } else if (const auto* v1 = std::get_if<igmp::V1Report<Ipv4>>(&message)) {
    hear_record({RecordType::kModeIsExclude, v1->group, {}});
  } else if (const auto* leave = std::get_if<igmp::Leave<Ipv4>>(&message)) {
    hear_record({RecordType::kChangeToIncludeMode, leave->group, {}});
  }
}

void Router::hear_record(const igmp::GroupRecord<Ipv4>& record) {
  const GroupIndex index = group_index(record.group);
  if (index == kGroups) return;
  Told& told = told_[index];
  const TimePoint now = clock_.now();
  const std::set<Ipv4> sources(record.sources.begin(), record.sources.end());
  const bool supports = record.type != RecordType::kBlockOldSources &&
                        (record.type == RecordType::kModeIsExclude ||
                         record.type == RecordType::kChangeToExcludeMode || !sources.empty());
  if (supports) told.last_support = now;
  const TimePoint until = now + membership_interval();
  told.named.insert(sources.begin(), sources.end());
  switch (record.type) {
    case RecordType::kModeIsInclude:
    case RecordType::kAllowNewSources:
      for (Ipv4 s : sources) {
        told.blocked.erase(s);
        told.include_until[s] = until;
      }
      break;
    case RecordType::kModeIsExclude:
    case RecordType::kChangeToExcludeMode:
      told.exclude_until = until;
      told.blocked = sources;
      told.include_until.clear();
      break;
    case RecordType::kChangeToIncludeMode:
      told.exclude_until = TimePoint{};
      told.blocked.clear();
      told.include_until.clear();
      for (Ipv4 s : sources) told.include_until[s] = until;
      ask_about({}, record.group);
      {  // Q(G,X-A), as far as a model without X can tell
        igmp::SourceSet<Ipv4> others;
        std::set_difference(told.named.begin(), told.named.end(), sources.begin(), sources.end(),
                            std::back_inserter(others));
        if (!others.empty()) ask_about(others, record.group);
      }
      break;
    case RecordType::kBlockOldSources:
      for (Ipv4 s : sources) {
        told.include_until.erase(s);
        told.blocked.insert(s);
      }
      ask_about(record.sources, record.group);
      break;
  }
}

bool Router::told_wants(GroupIndex group, Ipv4 source) const {
  const Told& told = told_[group];
  if (clock_.now() < told.exclude_until) return !told.blocked.contains(source);
  const auto at = told.include_until.find(source);
  return at != told.include_until.end() && clock_.now() < at->second;
}

}  // namespace sluice::sim
