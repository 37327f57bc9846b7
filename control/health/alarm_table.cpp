// SPDX-License-Identifier: BSD-3-Clause
#include "control/health/alarm_table.h"

#include <algorithm>
#include <utility>

namespace sluice::control::health {

bool AlarmTable::wants(const Subject& subject) {
  Room& room = this->room(subject.kind);
  if (room.entries < kMostOfAKind || entries_.contains(subject)) return true;
  ++room.turned_away;
  return false;
}

void AlarmTable::sight(const Subject& subject, const Hold& hold, TimePoint now, Advice advice) {
  if (!wants(subject)) return;
  const auto [at, is_new] = entries_.try_emplace(subject, Entry{.first = now});
  if (is_new) ++room(subject.kind).entries;
  Entry& entry = at->second;
  entry.last = now;
  entry.hold = hold;
  entry.advice = std::move(advice);
}

void AlarmTable::end_round(Kind kind) {
  Room& room = this->room(kind);
  room.turned_away_last = std::exchange(room.turned_away, 0);
}

void AlarmTable::settle(TimePoint now, std::vector<Transition>& out) {
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    if (!entry.raised && entry.last - entry.first >= entry.hold.raise_after) {
      entry.raised = true;
      ++raised_total_;
      out.push_back({true, alarm_of(at->first, entry)});
    }
    // Seen at every turn means: gone as soon as a turn goes by without.
    if (now - entry.last <= entry.hold.clear_after) {
      ++at;
      continue;
    }
    if (entry.raised) out.push_back({false, alarm_of(at->first, entry)});
    --room(at->first.kind).entries;
    at = entries_.erase(at);
  }
}

Alarm AlarmTable::alarm_of(const Subject& subject, const Entry& entry) {
  const KindText& kind = text_of(subject.kind);
  return {.name = kind.name,
          .severity = kind.severity,
          .vlan = subject.vlan,
          .port = subject.port,
          .group = subject.group,
          .source = entry.advice.source,
          .worker = subject.worker,
          .since = entry.first,
          .cause = entry.advice.cause,
          .remedy = entry.advice.remedy};
}

std::vector<Alarm> AlarmTable::active() const {
  std::vector<Alarm> alarms;
  for (const auto& [subject, entry] : entries_) {
    if (entry.raised) alarms.push_back(alarm_of(subject, entry));
  }
  std::ranges::stable_sort(alarms, std::greater{}, &Alarm::severity);
  return alarms;
}

std::size_t AlarmTable::not_listed() const {
  std::size_t sum = 0;
  for (const Room& room : rooms_) sum += room.turned_away_last;
  return sum;
}

}  // namespace sluice::control::health
