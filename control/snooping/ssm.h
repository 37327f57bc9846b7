// SPDX-License-Identifier: BSD-3-Clause
// Source-specific multicast on a proxy's downstream: joins to "any source" are no joins in the SSM
// range (RFC 4604 §3; SM-01..SM-06, PS-02), unless SSM mapping says which sources an older host
// means. Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "control/igmp/messages.h"
#include "shared/address.h"

namespace sluice::control::snooping {

struct SsmPolicy {
  std::vector<Prefix> range;
  std::vector<config::SsmMapping> maps;

  bool operator==(const SsmPolicy&) const = default;

  bool covers(Ipv4 group) const;
  // The sources that a report of an older version stands for; empty: none are mapped.
  const std::vector<Ipv4>* mapped(Ipv4 group) const;
};

enum class SsmVerdict : std::uint8_t { kAsSaid, kMapped, kIgnored };

// What a record of a host that speaks `version` is taken for; changes it when it is mapped.
SsmVerdict apply(const SsmPolicy& policy, igmp::Version version, igmp::GroupRecord<Ipv4>& record);

}  // namespace sluice::control::snooping
