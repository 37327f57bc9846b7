// SPDX-License-Identifier: BSD-3-Clause
// What has changed since somebody last asked, so that a copy of the state can be kept up to date
// without looking at all of it: which memberships came, went or became others, and whether anything
// else did. A report that only says "still here" is no change. Off unless asked for; bounded.
// Control thread.
#pragma once

#include <compare>
#include <cstddef>
#include <vector>

#include "shared/address.h"
#include "shared/ids.h"

namespace sluice::control::snooping {

struct MemberKey {
  VlanId vlan;
  PortId port;
  Ipv4 group;

  auto operator<=>(const MemberKey&) const = default;
};

class ChangeLog {
 public:
  // With more waiting only a new copy of everything helps.
  static constexpr std::size_t kMost = 65536;

  void enable() { enabled_ = true; }
  void note(VlanId vlan, PortId port, Ipv4 group) {
    if (!enabled_) return;
    if (members_.size() < kMost) {
      members_.push_back({vlan, port, group});
    } else {
      overflown_ = true;
    }
  }
  // Queriers, router ports, static members, proxies.
  void note_others() { others_ = enabled_; }

  // Something was heard that may have put timers off, and nothing else.
  void note_refresh() { refreshed_ = true; }

  bool refreshed() const { return refreshed_; }
  bool empty() const { return members_.empty() && !others_ && !overflown_; }
  bool overflown() const { return overflown_; }
  bool others() const { return others_; }
  std::size_t members() const { return members_.size(); }

  // The oldest `most` of the memberships; one that changed often may be there as often.
  std::vector<MemberKey> take_members(std::size_t most) {
    const std::size_t n = most < members_.size() ? most : members_.size();
    const auto end = members_.begin() + static_cast<std::ptrdiff_t>(n);
    std::vector<MemberKey> taken(members_.begin(), end);
    members_.erase(members_.begin(), end);
    return taken;
  }
  void take_others() { others_ = false; }
  void clear() {
    members_.clear();
    others_ = overflown_ = refreshed_ = false;
  }

 private:
  bool enabled_ = false;
  std::vector<MemberKey> members_;
  bool others_ = false;
  bool overflown_ = false;
  bool refreshed_ = false;
};

}  // namespace sluice::control::snooping
