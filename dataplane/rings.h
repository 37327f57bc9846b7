// SPDX-License-Identifier: BSD-3-Clause
// The rings between one worker and the control thread. An element owns its mbuf: whoever fails to
// push still has it, whoever pops has it from then on.
#pragma once

#include <rte_mbuf.h>

#include <boost/lockfree/spsc_queue.hpp>
#include <cstdint>
#include <type_traits>

#include "shared/ids.h"
#include "shared/punt_limits.h"

namespace sluice::dataplane {

// Worker to control thread.
struct Punt {
  rte_mbuf* mbuf;
  PortId port;
  VlanId vlan;
  std::uint16_t tci;
  bool tag_in_frame : 1;
  bool also_forwarded : 1;  // the mbuf is shared: read it, do not write it
  PuntClass of;
  std::uint64_t received;  // time stamp counter
};

// Control thread to worker: an untagged frame for these ports.
struct Inject {
  rte_mbuf* mbuf;
  std::uint64_t ports;
  VlanId vlan;
  std::uint16_t tci;
};

inline constexpr std::size_t kRingFrames = 4096;
static_assert(sizeof(Punt) == 24);
static_assert(std::is_trivially_copyable_v<Punt> && std::is_trivially_copyable_v<Inject>);

template <class T>
using Ring = boost::lockfree::spsc_queue<T, boost::lockfree::capacity<kRingFrames>>;

}  // namespace sluice::dataplane
