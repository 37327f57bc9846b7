// SPDX-License-Identifier: BSD-3-Clause
// What a proxy shows of its state (RFC 9398): plain rows, copied out on the control thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "control/igmp/reception.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/time.h"

namespace sluice::control::proxy {

struct UpstreamRow {
  std::string interface;
  VlanId vlan;
  bool up = false;
  bool active = false;                         // some group would be asked for here
  std::optional<Ipv4> querier;                 // heard there
  igmp::Version version = igmp::Version::kV3;  // spoken there now
  std::vector<Prefix> group_ranges;
};

struct DownstreamRow {
  std::string interface;
  VlanId vlan;
  bool up = false;
  bool querier = false;     // we are
  bool forwarding = false;  // streams are routed there
};

struct GroupRow {
  Ipv4 group;
  igmp::Reception<Ipv4> reported;       // upstream; the merge, and what is held after a leave
  std::optional<std::string> upstream;  // none: every upstream that could have it is down
  Duration up_time{0};
  std::vector<std::string> downstreams;  // where it is wanted
  bool leaving = false;                  // held by upstream-leave-delay
};

struct ProxyRow {
  std::string name;
  igmp::Version igmp_version = igmp::Version::kV3;
  std::vector<UpstreamRow> upstreams;
  std::vector<DownstreamRow> downstreams;
  std::vector<GroupRow> groups;  // ascending
};

}  // namespace sluice::control::proxy
