// SPDX-License-Identifier: BSD-3-Clause
#include "control/snooping/forwarding.h"

#include <algorithm>
#include <span>

#include "control/igmp/merge.h"
#include "control/igmp/source_set.h"

namespace sluice::control::snooping {

using igmp::FilterMode;
using igmp::SourceSet;

namespace {

template <class Visit>
void for_each_with_sources(const Group& group, const PortGroupSlab& slab, Visit visit) {
  group.with_sources.for_each([&](PortId port) { visit(slab[*group.member(port)]); });
}

SourceSet<Ipv4> named_sources(const Group& group, const PortGroupSlab& slab) {
  SourceSet<Ipv4> named;
  for_each_with_sources(group, slab, [&](const PortGroup& member) {
    for (const auto& source : member.state.sources()) named.push_back(source.address);
  });
  if (group.statics != nullptr) {
    for (const StaticMember& member : *group.statics) {
      if (member.source) named.push_back(*member.source);
    }
  }
  igmp::normalize(named);
  return named;
}

}  // namespace

PortSet members_of(const Group& group, const PortGroupSlab& slab, std::optional<Ipv4> source) {
  PortSet ports = group.excluding;
  if (source) {
    for_each_with_sources(group, slab, [&](const PortGroup& member) {
      member.state.admits(*source) ? ports.insert(member.port) : ports.erase(member.port);
    });
  }
  if (group.statics != nullptr) {
    for (const StaticMember& member : *group.statics) {
      if (!member.source || member.source == source) ports = ports | member.ports();
    }
  }
  return ports;
}

void compile(VlanId vlan, Group& group, const PortGroupSlab& slab, std::vector<FibChange>& out) {
  const auto key = [&](Ipv4 source) { return FibKey{vlan, group.address, source}; };
  if (group.registered()) {
    const PortSet any = members_of(group, slab, std::nullopt);
    if (!group.compiled || any != group.compiled_any) out.push_back({key(Ipv4{}), any});
    group.compiled_any = any;
    group.compiled = true;
  }

  CompiledSources wanted;
  for (const Ipv4 source : named_sources(group, slab)) {
    wanted.emplace_back(source, members_of(group, slab, source));
  }
  static const CompiledSources kNothing;
  const CompiledSources& present = group.compiled_sources ? *group.compiled_sources : kNothing;
  auto old = present.begin();
  for (const auto& [source, ports] : wanted) {
    for (; old != present.end() && old->first < source; ++old) {
      out.push_back({key(old->first), std::nullopt});
    }
    const bool known = old != present.end() && old->first == source;
    if (!known || old->second != ports) out.push_back({key(source), ports});
    if (known) ++old;
  }
  for (; old != present.end(); ++old) out.push_back({key(old->first), std::nullopt});
  if (wanted.empty()) {
    group.compiled_sources.reset();
  } else {
    group.compiled_sources = std::make_unique<CompiledSources>(std::move(wanted));
  }

  if (!group.registered() && group.compiled) {
    out.push_back({key(Ipv4{}), std::nullopt});
    group.compiled = false;
  }
}

igmp::Reception<Ipv4> merged_reception(const Group& group, const PortGroupSlab& slab,
                                       TimePoint now) {
  // Who wants all sources leaves nothing to merge.
  if (!(group.excluding - group.with_sources).empty()) return {FilterMode::kExclude, {}};
  std::vector<igmp::Reception<Ipv4>> wishes;
  for_each_with_sources(group, slab, [&](const PortGroup& member) {
    const auto& state = member.state;
    wishes.push_back(igmp::subscription(state.filter_mode(), state.forwarded_sources(),
                                        state.blocked_sources(), state.version(now)));
  });
  if (group.statics != nullptr) {
    for (const StaticMember& member : *group.statics) {
      igmp::Reception<Ipv4> wish;
      if (member.source) {
        wish.sources.push_back(*member.source);
      } else {
        wish.mode = FilterMode::kExclude;
      }
      wishes.push_back(std::move(wish));
    }
  }
  return igmp::merge(std::span<const igmp::Reception<Ipv4>>(wishes));
}

}  // namespace sluice::control::snooping
