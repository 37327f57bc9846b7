// SPDX-License-Identifier: BSD-3-Clause
// The router's two action tables as data: RFC 9776 §6.4.1 table 8 (current-state records) and
// §6.4.2 table 9 (state-change records). A row is a pure function from the sets of the state and of
// the record to what becomes of them; GroupState carries it out. Timers and queries are named here,
// not touched.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "control/igmp/messages.h"
#include "control/igmp/source_set.h"

namespace sluice::control::igmp {

// A router state as the tables write it. INCLUDE (A): A is `x`, `y` is empty. EXCLUDE (X,Y).
template <class A>
struct RouterSets {
  SourceSet<A> x;  // source timer runs
  SourceSet<A> y;  // source timer is zero
};

// The right-hand columns of a row: new state, then actions. A source that is new in `x` always
// stands in `gmi` or `group_timer`; a source in neither `x` nor `y` is deleted.
template <class A>
struct Transition {
  FilterMode mode = FilterMode::kInclude;
  SourceSet<A> x;
  SourceSet<A> y;
  SourceSet<A> gmi;            // (these) = Group Membership Interval
  SourceSet<A> group_timer;    // (these) = Group Timer, its value before this record
  SourceSet<A> query;          // Send Q(G, these)
  bool query_group = false;    // Send Q(G)
  bool restart_group = false;  // Group Timer = Group Membership Interval
};

template <class A>
struct RouterRow {
  FilterMode state;
  RecordType record;
  std::string_view section;  // of RFC 9776
  Transition<A> (*apply)(const RouterSets<A>& s, const SourceSet<A>& r);
};

inline constexpr std::size_t kRouterRows = 12;  // 2 filter modes x 6 record types

// In the order of the RFC's tables.
template <class A>
const std::array<RouterRow<A>, kRouterRows>& router_rows();

// The row for this cell applied.
template <class A>
Transition<A> transition(FilterMode state, RecordType record, const RouterSets<A>& sets,
                         const SourceSet<A>& sources);

}  // namespace sluice::control::igmp
