// SPDX-License-Identifier: BSD-3-Clause
// One frame to many ports without copying its payload.
//
// Inside a VLAN there are at most two forms of a frame: as it came, and with its tag added or
// removed. Routed there is one for all ports that want no tag, and one for each VLAN that leaves
// tagged. All ports of a form share it by reference count. A form is the frame itself, edited in
// place, when nobody needs it as it came; otherwise a private header segment before a shared view
// of the payload.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/counters.h"
#include "dataplane/edit.h"
#include "dataplane/transmit.h"
#include "shared/vlan_table.h"

namespace sluice::dataplane {

// What replication needs to know of the ports; the same for all workers.
struct PortTraits {
  std::array<std::uint16_t, kMaxPorts> mtu{};
  std::uint16_t smallest_mtu = 0;
  PortSet takes_segments;
};

// What a routed frame leaves as, collected network by network. To be kept and used again: it is
// more than one wants to clear for every frame.
class RoutedForms {
 public:
  struct Form {
    VlanId vlan;  // none: no tag
    PortSet ports;
  };

  void clear() {
    forms_[0].ports = PortSet{};
    count_ = 1;
  }
  // `ports` are some of the policy's. At most kMostDownstreams + 1 networks.
  void add(const VlanPolicy& policy, PortSet ports) {
    forms_[0].ports = forms_[0].ports | (ports & policy.untagged);
    const PortSet tagged = ports & policy.tagged;
    if (!tagged.empty()) forms_[count_++] = {policy.id, tagged};
  }
  void add(const Form& form) {
    if (form.vlan.value == 0) {
      forms_[0] = form;
    } else {
      forms_[count_++] = form;
    }
  }
  bool empty() const { return count_ == 1 && forms_[0].ports.empty(); }
  // Those that have ports.
  std::span<const Form> all() const {
    const std::size_t first = forms_[0].ports.empty() ? 1 : 0;
    return std::span(forms_).subspan(first, count_ - first);
  }

 private:
  std::array<Form, kMostDownstreams + 2> forms_;
  std::size_t count_ = 1;
};

class Replicator {
 public:
  // `buffers`: for flat copies. `headers`: for header segments and views; small buffers.
  Replicator(const PortTraits& ports, rte_mempool* buffers, rte_mempool* headers,
             Transmit& transmit, WorkerCounts& counts)
      : ports_(ports), buffers_(buffers), headers_(headers), transmit_(transmit), counts_(counts) {}

  // Takes the mbuf. `egress` must be carried by the VLAN and not be empty. `tagged`: the frame
  // carries an 802.1Q tag. `tci`: its tag, or the priority that a new tag is to carry.
  void send(rte_mbuf* mbuf, bool tagged, std::uint16_t tci, const VlanPolicy& policy,
            PortSet egress);

  // That of the port with the smallest.
  std::uint32_t smallest_mtu() const { return ports_.smallest_mtu; }
  // What send() does with frames of one segment that fit all ports, which all want them as they
  // are, only sooner.
  void send_as_it_came(std::span<rte_mbuf*> frames, PortSet egress) {
    if (const int copies = egress.size(); copies > 1) {
      for (rte_mbuf* const mbuf : frames) {
        rte_pktmbuf_refcnt_update(mbuf, static_cast<std::int16_t>(copies - 1));
      }
    }
    transmit_.push(egress, frames);
  }

  // An IPv4 group's frame, with nothing but that one tag before its IPv4 header, its TTL more than
  // 1. Each form has ports. `source`: the MAC address that it gets.
  struct Routed {
    bool tagged = false;
    std::uint16_t tci = 0;
    bool keep = false;  // the mbuf stays the caller's, as it is; else it is taken
  };
  void route(rte_mbuf* mbuf, const Routed& how, const MacAddress& source,
             std::span<const RoutedForms::Form> forms);

 private:
  void route_where_it_fits(rte_mbuf* mbuf, const Routed& how, const MacAddress& source,
                           std::span<const RoutedForms::Form> forms);
  void route_all(rte_mbuf* mbuf, const Routed& how, const MacAddress& source,
                 std::span<const RoutedForms::Form> forms);
  PortSet without_too_big(std::uint32_t l3_length, PortSet egress);
  void send_form(rte_mbuf* form, PortSet ports);
  rte_mbuf* other_form(rte_mbuf* mbuf, bool tagged, std::uint16_t tci);
  void no_mbuf(PortSet ports);

  const PortTraits& ports_;
  rte_mempool* buffers_;
  rte_mempool* headers_;
  Transmit& transmit_;
  WorkerCounts& counts_;
};

}  // namespace sluice::dataplane
