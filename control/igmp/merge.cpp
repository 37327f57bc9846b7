// SPDX-License-Identifier: BSD-3-Clause
#include "control/igmp/merge.h"

#include "control/igmp/source_set.h"

namespace sluice::control::igmp {

template <class A>
Reception<A> subscription(FilterMode mode, const SourceSet<A>& forwarded,
                          const SourceSet<A>& blocked, Version version) {
  if (version != Version::kV3 && mode == FilterMode::kExclude) return {mode, {}};  // PX-06
  if (mode == FilterMode::kInclude) return {mode, forwarded};                      // PX-07
  return {mode, blocked};                                                          // PX-08
}

template <class A>
Reception<A> merge(std::span<const Reception<A>> wishes) {
  bool any_exclude = false;
  SourceSet<A> excluded;  // by every EXCLUDE wish
  SourceSet<A> included;  // by some INCLUDE wish
  for (const Reception<A>& wish : wishes) {
    if (wish.mode == FilterMode::kInclude) {
      included = unite(included, wish.sources);
    } else {
      excluded = any_exclude ? intersect(excluded, wish.sources) : wish.sources;
      any_exclude = true;
    }
  }
  // HS-03: EXCLUDE only when somebody asked for it.
  if (!any_exclude) return {FilterMode::kInclude, std::move(included)};
  return {FilterMode::kExclude, subtract(excluded, included)};
}

template Reception<Ipv4> subscription(FilterMode, const SourceSet<Ipv4>&, const SourceSet<Ipv4>&,
                                      Version);
template Reception<Ipv4> merge(std::span<const Reception<Ipv4>>);

}  // namespace sluice::control::igmp
