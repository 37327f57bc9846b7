// SPDX-License-Identifier: BSD-3-Clause
// One page of the matrix of groups and ports: which groups, in which order, from which row on. The
// browser asks for the rows that it shows and no others. Pure.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "control/web/address_pattern.h"
#include "control/web/sample.h"

namespace sluice::control::web {

struct MatrixQuery {
  enum class Sort : std::uint8_t { kGroup, kVlan, kBytes, kPackets, kMembers };
  static constexpr std::size_t kMostRows = 200;

  Sort sort = Sort::kGroup;
  bool descending = false;
  std::size_t offset = 0;
  std::size_t limit = 50;
  std::optional<VlanId> vlan;
  std::optional<PortId> port;  // groups with a member there
  std::optional<AddressPattern> search;
};

struct MatrixPage {
  std::size_t total = 0;  // rows that match
  std::vector<const GroupLine*> rows;
};

// `found`: where the search means hosts, what they asked for.
MatrixPage find_page(const Sample& sample, const MatrixQuery& query,
                     const std::vector<snooping::HostMembership>& found);

// What of a group a port gets: of the entries that name it.
Rate rate_at(const Sample& sample, const GroupLine& line, PortId port);

}  // namespace sluice::control::web
