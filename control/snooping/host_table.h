// SPDX-License-Identifier: BSD-3-Clause
// Explicit host tracking of one (port, group): who asked for what, as far as the reports told
// (RFC 9166 explicit-tracking). It decides whether a leave may cut at once; memberships themselves
// live and die by igmp::GroupState. It errs to the side of "still wanted". Control thread only.
#pragma once

#include <vector>

#include "control/igmp/messages.h"
#include "shared/address.h"
#include "shared/time.h"

namespace sluice::control::snooping {

class HostTable {
 public:
  // Over this many hosts the table is incomplete, and nobody is cut without a query.
  static constexpr std::size_t kMostHosts = 1024;

  struct Host {
    Ipv4 address;
    igmp::FilterMode mode = igmp::FilterMode::kInclude;
    igmp::SourceSet<Ipv4> sources;
    TimePoint expires;

    bool wants(Ipv4 source) const;
  };

  // What the report says of its sender. A v1 or v2 report is IS_EX({}), a leave TO_IN({}).
  void on_record(Ipv4 host, igmp::RecordType type, const igmp::SourceSet<Ipv4>& sources,
                 TimePoint expires);
  void expire(TimePoint now);

  // False when some hosts are not told apart: too many, or without an address.
  bool complete() const { return complete_; }
  bool anyone_wants(Ipv4 source) const;
  bool anyone_excludes() const;                    // wants any source but a few
  igmp::SourceSet<Ipv4> included_sources() const;  // all that INCLUDE hosts name
  const std::vector<Host>& hosts() const { return hosts_; }

 private:
  std::vector<Host> hosts_;
  bool complete_ = true;
};

}  // namespace sluice::control::snooping
