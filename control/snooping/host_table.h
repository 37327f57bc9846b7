// SPDX-License-Identifier: BSD-3-Clause
// Explicit host tracking of one (port, group): who asked for what, as far as the reports told
// (RFC 9166 explicit-tracking). It decides whether a leave may cut at once; memberships themselves
// live and die by igmp::GroupState. It errs to the side of "still wanted". On most ports there is
// one host, and it wants all sources: such a one takes no memory outside. Control thread only.
#pragma once

#include <memory>
#include <vector>

#include "control/igmp/messages.h"
#include "shared/address.h"
#include "shared/time.h"

namespace sluice::control::snooping {

class HostTable {
 public:
  struct Host {
    Ipv4 address;
    igmp::FilterMode mode = igmp::FilterMode::kInclude;
    igmp::SourceSet<Ipv4> sources;
    TimePoint expires;

    bool wants(Ipv4 source) const;
  };

  // What the report says of its sender. A v1 or v2 report is IS_EX({}), a leave TO_IN({}). Over
  // `most` hosts the table is incomplete, and nobody is cut without a query. False: that was it.
  bool on_record(Ipv4 host, igmp::RecordType type, const igmp::SourceSet<Ipv4>& sources,
                 TimePoint expires, std::size_t most);
  void expire(TimePoint now);
  // Of a new one: what hosts() and complete() said before a restart.
  void restore(std::vector<Host> hosts, bool complete);

  bool empty() const { return hosts_ == nullptr ? !lone() : hosts_->empty(); }
  // False when some hosts are not told apart: too many, or without an address.
  bool complete() const { return complete_; }
  bool anyone_wants(Ipv4 source) const;
  bool anyone_excludes() const;                    // wants any source but a few
  igmp::SourceSet<Ipv4> included_sources() const;  // all that INCLUDE hosts name
  std::vector<Host> hosts() const;
  std::size_t size() const { return hosts_ != nullptr ? hosts_->size() : (lone() ? 1 : 0); }
  // Whether there is a host whose address `wanted` accepts.
  template <class Wanted>
  bool any_of(const Wanted& wanted) const {
    if (hosts_ == nullptr) return lone() && wanted(lone_address_);
    for (const Host& host : *hosts_) {
      if (wanted(host.address)) return true;
    }
    return false;
  }

 private:
  bool lone() const { return !lone_address_.is_unspecified(); }
  std::vector<Host>& spread();  // the hosts as a list, from now on

  std::unique_ptr<std::vector<Host>> hosts_;
  // Without a list: the one host, in EXCLUDE mode without sources; 0.0.0.0: none.
  PackedTime lone_expires_ = TimePoint{};
  bool complete_ = true;
  Ipv4 lone_address_;
};

}  // namespace sluice::control::snooping
