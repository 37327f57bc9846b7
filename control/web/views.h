// SPDX-License-Identifier: BSD-3-Clause
// What the dashboard's page is told, as JSON: names and units as in the operator contract where it
// has them; ports in lists are their places in the summary's `ports`, for there are many. Rates are
// null until they were measured. Pure.
#pragma once

#include "control/api/json.h"
#include "control/web/sample.h"

namespace sluice::control::web {

using api::Json;
using api::PortNames;

inline constexpr std::size_t kMostHostsShown = 100;    // of one membership
inline constexpr std::size_t kMostSourcesShown = 100;  // the same
inline constexpr std::size_t kMostFlowsShown = 200;    // of one group

Json summary_json(const Sample& sample, const PortNames& names);
// A row of the matrix. `at`: why ports are members, as of now.
Json row_json(const Sample& sample, const GroupLine& line, const snooping::MemberPorts& at);
// A group and its entries, without its members.
Json group_json(const Sample& sample, const GroupLine& line, const PortNames& names);
// A port and what it carries, without its members.
Json port_json(const Sample& sample, PortId port, const PortNames& names);
// One membership; of many hosts or sources the first, and how many there are.
Json member_json(snooping::GroupRow row, const PortNames& names);

}  // namespace sluice::control::web
