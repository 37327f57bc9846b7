// SPDX-License-Identifier: BSD-3-Clause
// The reception state of one group on an interface: what a host side wants to receive. RFC 9776
// §3.2. A value; any thread.
#pragma once

#include "control/igmp/messages.h"

namespace sluice::control::igmp {

// INCLUDE({}) is "none", and the same as no state at all (SC-05).
template <class A>
struct Reception {
  FilterMode mode = FilterMode::kInclude;
  SourceSet<A> sources;

  bool none() const { return mode == FilterMode::kInclude && sources.empty(); }
  bool operator==(const Reception&) const = default;
};

}  // namespace sluice::control::igmp
