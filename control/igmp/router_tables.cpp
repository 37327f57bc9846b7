// SPDX-License-Identifier: BSD-3-Clause
#include "control/igmp/router_tables.h"

#include "control/igmp/source_set.h"

namespace sluice::control::igmp {
namespace {

// The RFC's own signs (§6.2: "A+B union, A*B intersection, A-B difference"), so that a row below
// can be held against the RFC's line. For this file only.
template <class A>
SourceSet<A> operator+(const SourceSet<A>& a, const SourceSet<A>& b) {
  return unite<A>(a, b);
}
template <class A>
SourceSet<A> operator*(const SourceSet<A>& a, const SourceSet<A>& b) {
  return intersect<A>(a, b);
}
template <class A>
SourceSet<A> operator-(const SourceSet<A>& a, const SourceSet<A>& b) {
  return subtract<A>(a, b);
}

constexpr FilterMode kInclude = FilterMode::kInclude;
constexpr FilterMode kExclude = FilterMode::kExclude;

// Each row: state and record received; then new state; then the actions in the RFC's order, except
// the deletions, which follow from the new state.
template <class A>
struct Rows {
  using Set = SourceSet<A>;
  using S = RouterSets<A>;
  using To = Transition<A>;

  static constexpr std::array<RouterRow<A>, kRouterRows> kTable = {{
      // --- Table 8: reception of current-state records ----------------------------------------

      // INCLUDE (A)  IS_IN (B)  ->  INCLUDE (A+B);  (B)=GMI
      {kInclude, RecordType::kModeIsInclude, "6.4.1",
       [](const S& s, const Set& b) {
         const Set& a = s.x;
         return To{.mode = kInclude, .x = a + b, .gmi = b};
       }},

      // INCLUDE (A)  IS_EX (B)  ->  EXCLUDE (A*B,B-A);  (B-A)=0, Delete (A-B), Group Timer=GMI
      {kInclude, RecordType::kModeIsExclude, "6.4.1",
       [](const S& s, const Set& b) {
         const Set& a = s.x;
         return To{.mode = kExclude, .x = a * b, .y = b - a, .restart_group = true};
       }},

      // EXCLUDE (X,Y)  IS_IN (A)  ->  EXCLUDE (X+A,Y-A);  (A)=GMI
      {kExclude, RecordType::kModeIsInclude, "6.4.1",
       [](const S& s, const Set& a) {
         return To{.mode = kExclude, .x = s.x + a, .y = s.y - a, .gmi = a};
       }},

      // EXCLUDE (X,Y)  IS_EX (A)  ->  EXCLUDE (A-Y,Y*A);
      //   (A-X-Y)=GMI, Delete (X-A), Delete (Y-A), Group Timer=GMI
      {kExclude, RecordType::kModeIsExclude, "6.4.1",
       [](const S& s, const Set& a) {
         return To{.mode = kExclude,
                   .x = a - s.y,
                   .y = s.y * a,
                   .gmi = a - s.x - s.y,
                   .restart_group = true};
       }},

      // --- Table 9: reception of filter-mode-change and source-list-change records -------------

      // INCLUDE (A)  ALLOW (B)  ->  INCLUDE (A+B);  (B)=GMI
      {kInclude, RecordType::kAllowNewSources, "6.4.2",
       [](const S& s, const Set& b) {
         const Set& a = s.x;
         return To{.mode = kInclude, .x = a + b, .gmi = b};
       }},

      // INCLUDE (A)  BLOCK (B)  ->  INCLUDE (A);  Send Q(G,A*B)
      {kInclude, RecordType::kBlockOldSources, "6.4.2",
       [](const S& s, const Set& b) {
         const Set& a = s.x;
         return To{.mode = kInclude, .x = a, .query = a * b};
       }},

      // INCLUDE (A)  TO_EX (B)  ->  EXCLUDE (A*B,B-A);
      //   (B-A)=0, Delete (A-B), Send Q(G,A*B), Group Timer=GMI
      {kInclude, RecordType::kChangeToExcludeMode, "6.4.2",
       [](const S& s, const Set& b) {
         const Set& a = s.x;
         return To{.mode = kExclude, .x = a * b, .y = b - a, .query = a * b, .restart_group = true};
       }},

      // INCLUDE (A)  TO_IN (B)  ->  INCLUDE (A+B);  (B)=GMI, Send Q(G,A-B)
      {kInclude, RecordType::kChangeToIncludeMode, "6.4.2",
       [](const S& s, const Set& b) {
         const Set& a = s.x;
         return To{.mode = kInclude, .x = a + b, .gmi = b, .query = a - b};
       }},

      // EXCLUDE (X,Y)  ALLOW (A)  ->  EXCLUDE (X+A,Y-A);  (A)=GMI
      {kExclude, RecordType::kAllowNewSources, "6.4.2",
       [](const S& s, const Set& a) {
         return To{.mode = kExclude, .x = s.x + a, .y = s.y - a, .gmi = a};
       }},

      // EXCLUDE (X,Y)  BLOCK (A)  ->  EXCLUDE (X+(A-Y),Y);  (A-X-Y)=Group Timer, Send Q(G,A-Y)
      {kExclude, RecordType::kBlockOldSources, "6.4.2",
       [](const S& s, const Set& a) {
         return To{.mode = kExclude,
                   .x = s.x + (a - s.y),
                   .y = s.y,
                   .group_timer = a - s.x - s.y,
                   .query = a - s.y};
       }},

      // EXCLUDE (X,Y)  TO_EX (A)  ->  EXCLUDE (A-Y,Y*A);  (A-X-Y)=Group Timer,
      //   Delete (X-A), Delete (Y-A), Send Q(G,A-Y), Group Timer=GMI
      {kExclude, RecordType::kChangeToExcludeMode, "6.4.2",
       [](const S& s, const Set& a) {
         return To{.mode = kExclude,
                   .x = a - s.y,
                   .y = s.y * a,
                   .group_timer = a - s.x - s.y,
                   .query = a - s.y,
                   .restart_group = true};
       }},

      // EXCLUDE (X,Y)  TO_IN (A)  ->  EXCLUDE (X+A,Y-A);  (A)=GMI, Send Q(G,X-A), Send Q(G)
      {kExclude, RecordType::kChangeToIncludeMode, "6.4.2",
       [](const S& s, const Set& a) {
         return To{.mode = kExclude,
                   .x = s.x + a,
                   .y = s.y - a,
                   .gmi = a,
                   .query = s.x - a,
                   .query_group = true};
       }},
  }};

  static constexpr std::size_t rows_for(FilterMode state, RecordType record) {
    std::size_t n = 0;
    for (const RouterRow<A>& row : kTable) n += row.state == state && row.record == record;
    return n;
  }
  static constexpr bool each_cell_once() {
    for (int record = 1; record <= 6; ++record) {
      for (const FilterMode state : {kInclude, kExclude}) {
        if (rows_for(state, static_cast<RecordType>(record)) != 1) return false;
      }
    }
    return true;
  }
};

}  // namespace

template <class A>
const std::array<RouterRow<A>, kRouterRows>& router_rows() {
  static_assert(Rows<A>::each_cell_once());
  return Rows<A>::kTable;
}

template <class A>
Transition<A> transition(FilterMode state, RecordType record, const RouterSets<A>& sets,
                         const SourceSet<A>& sources) {
  for (const RouterRow<A>& row : router_rows<A>()) {
    if (row.state == state && row.record == record) return row.apply(sets, sources);
  }
  // Not one of the six types: the codec lets none through (R3-01). The state stays as it is.
  return Transition<A>{.mode = state, .x = sets.x, .y = sets.y};
}

template const std::array<RouterRow<Ipv4>, kRouterRows>& router_rows<Ipv4>();
template Transition<Ipv4> transition(FilterMode, RecordType, const RouterSets<Ipv4>&,
                                     const SourceSet<Ipv4>&);

}  // namespace sluice::control::igmp
