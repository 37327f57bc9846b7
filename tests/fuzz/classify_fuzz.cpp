// SPDX-License-Identifier: BSD-3-Clause
// Any bytes through the classifier: it reads nothing past their end and always decides.
#include <cstdlib>

#include "dataplane/classify.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace sluice;  // NOLINT: a program of one function
  static const VlanTable* const vlans = [] {
    auto* const table = new VlanTable;
    VlanPolicy policy;
    policy.id = VlanId{10};
    policy.untagged = PortSet(0b0011);
    policy.tagged = PortSet(0b1100);
    policy.up = policy.ports();
    policy.snooping = policy.restricted = true;
    table->add(policy);
    table->set_access_vlan(PortId{0}, VlanId{10});
    table->set_access_vlan(PortId{1}, VlanId{10});
    return table;
  }();
  if (size == 0) return 0;
  const PortId ingress{static_cast<std::uint16_t>(bytes[0] & 3)};
  dataplane::FrameInfo frame;
  frame.bytes = bytes + 1;
  frame.length = static_cast<std::uint32_t>(size - 1);
  frame.stripped = (bytes[0] & 4) != 0;
  frame.tci = static_cast<std::uint16_t>((bytes[0] & 8) != 0 ? 10 : 0);
  const dataplane::Decision decision = dataplane::classify(frame, ingress, *vlans);
  // Whatever is not dropped belongs to a VLAN that the port carries.
  if (decision.lane != dataplane::Lane::kDrop &&
      (decision.policy == nullptr || !decision.policy->ports().contains(ingress))) {
    std::abort();
  }
  return 0;
}
