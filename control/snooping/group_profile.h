// SPDX-License-Identifier: BSD-3-Clause
// Group access profiles: what the hosts of a port may join (EX-06). A port's joins in a VLAN have
// to pass the port's profile and the VLAN's. Pure; any thread.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "config/config.h"
#include "control/igmp/messages.h"
#include "shared/address.h"
#include "shared/ids.h"

namespace sluice::control::snooping {

bool permits(const config::GroupProfile& profile, Ipv4 group, Ipv4 source);
// A join for any source brings every source: it passes only where the profile lets every source of
// the group pass.
bool permits_any_source(const config::GroupProfile& profile, Ipv4 group);

// The profiles of one VLAN, and whose joins each has to pass.
class PortProfiles {
 public:
  void add(PortSet ports, const config::GroupProfile& profile);

  // Cuts a record down to what the port may join; what asks for less passes always. The profile
  // that refused something; nullptr: none did. A record that is left without anything to say has
  // no sources, and is `emptied`.
  struct Verdict {
    const config::GroupProfile* refused_by = nullptr;
    bool emptied = false;
  };
  Verdict apply(PortId port, igmp::GroupRecord<Ipv4>& record) const;

  // The profile that refuses a join; nullptr: none. No source: for any.
  const config::GroupProfile* refusal(PortId port, Ipv4 group, std::optional<Ipv4> source) const;

  bool empty() const { return profiles_.empty(); }
  bool operator==(const PortProfiles& other) const;

 private:
  std::vector<std::pair<PortSet, std::shared_ptr<const config::GroupProfile>>> profiles_;
};

}  // namespace sluice::control::snooping
