// SPDX-License-Identifier: BSD-3-Clause
#include "control/snooping/ssm.h"

#include <algorithm>

namespace sluice::control::snooping {

using igmp::RecordType;

bool SsmPolicy::covers(Ipv4 group) const {
  return std::ranges::any_of(range, [&](const Prefix& prefix) { return prefix.contains(group); });
}

const std::vector<Ipv4>* SsmPolicy::mapped(Ipv4 group) const {
  const auto map =
      std::ranges::find_if(maps, [&](const auto& entry) { return entry.group.contains(group); });
  return map == maps.end() ? nullptr : &map->sources;
}

SsmVerdict apply(const SsmPolicy& policy, igmp::Version version, igmp::GroupRecord<Ipv4>& record) {
  const bool older = version != igmp::Version::kV3;
  if (const std::vector<Ipv4>* const sources = older ? policy.mapped(record.group) : nullptr) {
    const bool leave = record.type == RecordType::kChangeToIncludeMode;
    record.type = leave ? RecordType::kBlockOldSources : RecordType::kModeIsInclude;
    record.sources.assign(sources->begin(), sources->end());
    return SsmVerdict::kMapped;
  }
  const bool any_source = older || record.type == RecordType::kModeIsExclude ||
                          record.type == RecordType::kChangeToExcludeMode;
  return any_source && policy.covers(record.group) ? SsmVerdict::kIgnored : SsmVerdict::kAsSaid;
}

}  // namespace sluice::control::snooping
