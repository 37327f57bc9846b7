// SPDX-License-Identifier: BSD-3-Clause
#include "control/snooping/group_profile.h"

#include <algorithm>

namespace sluice::control::snooping {

using config::GroupProfile;
using config::GroupRule;
using igmp::RecordType;

namespace {

bool matches(const GroupRule& rule, Ipv4 group, Ipv4 source) {
  return rule.group.contains(group) && rule.source.contains(source);
}

}  // namespace

bool permits(const GroupProfile& profile, Ipv4 group, Ipv4 source) {
  const auto match = [&](const GroupRule& rule) { return matches(rule, group, source); };
  if (std::ranges::any_of(profile.deny, match)) return false;
  return profile.allow.empty() || std::ranges::any_of(profile.allow, match);
}

bool permits_any_source(const GroupProfile& profile, Ipv4 group) {
  const auto of_group = [&](const GroupRule& rule) { return rule.group.contains(group); };
  if (std::ranges::any_of(profile.deny, of_group)) return false;
  return profile.allow.empty() || std::ranges::any_of(profile.allow, [&](const GroupRule& rule) {
           return of_group(rule) && rule.source.length == 0;
         });
}

void PortProfiles::add(PortSet ports, const GroupProfile& profile) {
  profiles_.emplace_back(ports, std::make_shared<const GroupProfile>(profile));
}

const GroupProfile* PortProfiles::refusal(PortId port, Ipv4 group,
                                          std::optional<Ipv4> source) const {
  for (const auto& [ports, profile] : profiles_) {
    if (!ports.contains(port)) continue;
    const bool permitted =
        source ? permits(*profile, group, *source) : permits_any_source(*profile, group);
    if (!permitted) return profile.get();
  }
  return nullptr;
}

PortProfiles::Verdict PortProfiles::apply(PortId port, igmp::GroupRecord<Ipv4>& record) const {
  Verdict verdict;
  if (profiles_.empty()) return verdict;
  switch (record.type) {
    case RecordType::kBlockOldSources:
      return verdict;
    case RecordType::kModeIsExclude:
    case RecordType::kChangeToExcludeMode:
      verdict.refused_by = refusal(port, record.group, std::nullopt);
      verdict.emptied = verdict.refused_by != nullptr;
      if (verdict.emptied) record.sources.clear();
      return verdict;
    case RecordType::kModeIsInclude:
    case RecordType::kChangeToIncludeMode:
    case RecordType::kAllowNewSources:
      break;
  }
  const std::size_t before = record.sources.size();
  const auto refused = [&](Ipv4 source) {
    const GroupProfile* const by = refusal(port, record.group, source);
    if (by != nullptr) verdict.refused_by = by;
    return by != nullptr;
  };
  record.sources.erase(std::remove_if(record.sources.begin(), record.sources.end(), refused),
                       record.sources.end());
  // TO_IN without sources would still be a leave, as its sender has left all other sources.
  verdict.emptied =
      before != 0 && record.sources.empty() && record.type != RecordType::kChangeToIncludeMode;
  return verdict;
}

bool PortProfiles::operator==(const PortProfiles& other) const {
  return std::ranges::equal(profiles_, other.profiles_, [](const auto& a, const auto& b) {
    return a.first == b.first && *a.second == *b.second;
  });
}

}  // namespace sluice::control::snooping
