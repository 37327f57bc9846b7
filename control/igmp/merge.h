// SPDX-License-Identifier: BSD-3-Clause
// Many receivers of a group seen as one: the merge of RFC 9776 §3.2 (HS-02), fed by the router
// states of several networks as RFC 4605 §4.1 prepares them (PX-06..PX-09). Pure; any thread.
#pragma once

#include <span>

#include "control/igmp/reception.h"

namespace sluice::control::igmp {

// A router state as one receiver's wish. `forwarded` has the sources whose timer runs, `blocked`
// those whose timer is zero: INCLUDE (forwarded), or EXCLUDE (forwarded, blocked). `version` is the
// group's compatibility mode: v1 and v2 know no sources.
template <class A>
Reception<A> subscription(FilterMode mode, const SourceSet<A>& forwarded,
                          const SourceSet<A>& blocked, Version version);

// What must be received so that each of `wishes` is met.
template <class A>
Reception<A> merge(std::span<const Reception<A>> wishes);

}  // namespace sluice::control::igmp
