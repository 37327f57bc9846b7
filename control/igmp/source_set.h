// SPDX-License-Identifier: BSD-3-Clause
// The set algebra that the IGMP tables are written in: for SourceSet, sorted and without
// duplicates. RFC 9776 writes A+B, A*B, A-B; here unite, intersect, subtract. Every function costs
// one pass over its arguments. Any thread; values in, values out. (One named result per function,
// no early return: g++ 12 warns falsely about moving a small_vector.)
#pragma once

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "control/igmp/messages.h"

namespace sluice::control::igmp {

// Any list of addresses made a set: sorted, duplicates gone (R3-09).
template <class A>
void normalize(SourceSet<A>& list) {
  // Most senders list ascending; a look costs less than a sort.
  if (std::is_sorted(list.begin(), list.end())) {
    list.erase(std::unique(list.begin(), list.end()), list.end());
    return;
  }
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

template <class A>
SourceSet<A> source_set(std::initializer_list<A> addresses) {
  SourceSet<A> set(addresses.begin(), addresses.end());
  normalize<A>(set);
  return set;
}

template <class A>
bool contains(const SourceSet<A>& set, const A& address) {
  return std::binary_search(set.begin(), set.end(), address);
}

// False when it was there already.
template <class A>
bool insert(SourceSet<A>& set, const A& address) {
  const auto at = std::lower_bound(set.begin(), set.end(), address);
  if (at != set.end() && *at == address) return false;
  set.insert(at, address);
  return true;
}

// False when it was not there.
template <class A>
bool erase(SourceSet<A>& set, const A& address) {
  const auto at = std::lower_bound(set.begin(), set.end(), address);
  if (at == set.end() || *at != address) return false;
  set.erase(at);
  return true;
}

// A+B
template <class A>
SourceSet<A> unite(const SourceSet<A>& a, const SourceSet<A>& b) {
  SourceSet<A> out;
  out.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

// A*B
template <class A>
SourceSet<A> intersect(const SourceSet<A>& a, const SourceSet<A>& b) {
  SourceSet<A> out;
  if (a.empty() || b.empty()) return out;
  out.reserve(std::min(a.size(), b.size()));
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

// A-B
template <class A>
SourceSet<A> subtract(const SourceSet<A>& a, const SourceSet<A>& b) {
  SourceSet<A> out;
  out.reserve(a.size());
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

// Every element of `part` is in `whole`.
template <class A>
bool includes(const SourceSet<A>& whole, const SourceSet<A>& part) {
  return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
}

}  // namespace sluice::control::igmp
