// SPDX-License-Identifier: BSD-3-Clause
#include "shared/vlan_table.h"

namespace sluice {

void VlanTable::add(const VlanPolicy& policy) {
  std::uint16_t& at = index_[policy.id.value & (kVlanIds - 1)];
  if (at == 0) {
    policies_.push_back(policy);
    at = static_cast<std::uint16_t>(policies_.size());
  } else {
    policies_[at - 1u] = policy;
  }
  VlanPolicy& added = policies_[at - 1u];
  added.up = added.up & added.ports();
}

}  // namespace sluice
