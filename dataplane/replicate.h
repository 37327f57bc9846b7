// SPDX-License-Identifier: BSD-3-Clause
// One frame to many ports without copying its payload. Inside a VLAN there are at most two forms of
// a frame: as it came, and with its tag added or removed. All ports of a form share it by reference
// count. The other form is the frame itself, edited in place, when nobody else needs it as it came;
// otherwise a private header segment before a shared view of the payload.
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/counters.h"
#include "dataplane/transmit.h"
#include "shared/vlan_table.h"

namespace sluice::dataplane {

// What replication needs to know of the ports; the same for all workers.
struct PortTraits {
  std::array<std::uint16_t, kMaxPorts> mtu{};
  std::uint16_t smallest_mtu = 0;
  PortSet takes_segments;
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

 private:
  PortSet without_too_big(const rte_mbuf* mbuf, bool tagged, PortSet egress);
  void send_form(rte_mbuf* form, PortSet ports);
  rte_mbuf* other_form(rte_mbuf* mbuf, bool tagged, std::uint16_t tci);
  void no_mbuf(PortSet ports);

  const PortTraits& ports_;
  rte_mempool* buffers_;
  rte_mempool* headers_;
  Transmit& transmit_;
  WorkerCounts& counts_;
};

// Takes the 802.1Q tag off, or puts one on, in place. The mbuf must not be shared. False: no room.
bool pop_tag(rte_mbuf* mbuf);
bool push_tag(rte_mbuf* mbuf, std::uint16_t tci);

}  // namespace sluice::dataplane
