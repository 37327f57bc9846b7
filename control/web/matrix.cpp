// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/matrix.h"

#include <algorithm>
#include <set>
#include <utility>

namespace sluice::control::web {
namespace {

using Lines = std::vector<const GroupLine*>;
using Less = bool (*)(const GroupLine&, const GroupLine&);

Less order_by(MatrixQuery::Sort sort) {
  switch (sort) {
    case MatrixQuery::Sort::kGroup:
      return [](const GroupLine& a, const GroupLine& b) { return a.group < b.group; };
    case MatrixQuery::Sort::kVlan:
      break;
    case MatrixQuery::Sort::kBytes:
      return [](const GroupLine& a, const GroupLine& b) {
        return a.rate.bytes_per_s < b.rate.bytes_per_s;
      };
    case MatrixQuery::Sort::kPackets:
      return [](const GroupLine& a, const GroupLine& b) {
        return a.rate.packets_per_s < b.rate.packets_per_s;
      };
    case MatrixQuery::Sort::kMembers:
      return [](const GroupLine& a, const GroupLine& b) {
        return a.members.size() < b.members.size();
      };
  }
  return [](const GroupLine& a, const GroupLine& b) { return a.vlan < b.vlan; };
}

// Only the rows that are shown are put in order.
void order_page(Lines& lines, std::size_t begin, std::size_t end, const MatrixQuery& query) {
  const Less less = order_by(query.sort);
  const auto before = [&](const GroupLine* a, const GroupLine* b) {
    const GroupLine& first = query.descending ? *b : *a;
    const GroupLine& second = query.descending ? *a : *b;
    if (less(first, second)) return true;
    if (less(second, first)) return false;
    return std::pair(a->group, a->vlan) < std::pair(b->group, b->vlan);  // equals stay put
  };
  const auto at = [&](std::size_t i) { return lines.begin() + static_cast<std::ptrdiff_t>(i); };
  if (begin != 0) std::nth_element(lines.begin(), at(begin), lines.end(), before);
  std::partial_sort(at(begin), at(end), lines.end(), before);
}

}  // namespace

MatrixPage find_page(const Sample& sample, const MatrixQuery& query,
                     const std::vector<snooping::HostMembership>& found) {
  const bool by_group = query.search && query.search->means_groups();
  std::set<std::pair<VlanId, Ipv4>> of_hosts;
  if (query.search && !by_group) {
    for (const snooping::HostMembership& row : found) {
      if (!query.port || *query.port == row.port) of_hosts.emplace(row.vlan, row.group);
    }
  }
  Lines lines;
  for (const GroupLine& line : sample.groups) {
    if (query.vlan && line.vlan != *query.vlan) continue;
    if (query.port && !line.members.contains(*query.port)) continue;
    if (by_group && !query.search->matches(line.group)) continue;
    if (query.search && !by_group && !of_hosts.contains({line.vlan, line.group})) continue;
    lines.push_back(&line);
  }
  MatrixPage page;
  page.total = lines.size();
  const std::size_t begin = std::min(query.offset, lines.size());
  const std::size_t end = begin + std::min(query.limit, lines.size() - begin);
  if (begin == end) return page;
  order_page(lines, begin, end, query);
  page.rows.assign(lines.begin() + static_cast<std::ptrdiff_t>(begin),
                   lines.begin() + static_cast<std::ptrdiff_t>(end));
  return page;
}

Rate rate_at(const Sample& sample, const GroupLine& line, PortId port) {
  Rate rate;
  for (const Flow& flow : sample.flows_of(line)) {
    if (flow.members.contains(port)) rate += flow.meter.rate;
  }
  return rate;
}

}  // namespace sluice::control::web
