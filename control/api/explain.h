// SPDX-License-Identifier: BSD-3-Clause
// Why a multicast frame goes where it goes: the verdict that a worker would reach now, from the
// same forwarding entries and VLAN table that the workers read, and the memberships, router ports
// and policies that made them. The facts are copied on the control thread; reasoning is pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "control/api/views.h"
#include "control/snooping/view.h"
#include "shared/fib.h"
#include "shared/vlan_table.h"

namespace sluice::control::api {

struct Core;

struct Question {
  VlanId vlan;
  PortId port;  // where the frame comes in
  Ipv4 group;
  std::optional<Ipv4> source;  // none: one that no entry names
  bool igmp = false;           // an IGMP message instead of data
};

enum class Verdict { kForward, kFlood, kRouterPortsOnly, kDrop, kPunt };
std::string_view to_string(Verdict verdict);  // "mrouter-only"

// What a proxy would do with the frame besides (RFC 4605 §4.2), decided as the workers decide.
struct Routing {
  std::string proxy;
  bool from_upstream = false;
  std::optional<RouteRefusal> refused;
  std::optional<std::string> upstream;  // the group's, by interface
  bool ssm = false;                     // the group is in the SSM range
  struct Leg {
    std::string interface;
    VlanId vlan;
    PortSet ports;
  };
  std::vector<Leg> legs;            // where it is routed to
  std::vector<std::string> silent;  // downstreams that want it, but whose querier we are not
};

// Everything the verdict depends on, as it was at one moment.
struct Facts {
  std::optional<VlanPolicy> policy;  // none: no port carries the VLAN
  std::optional<Fib::Row> any_source, exact_source;
  std::vector<snooping::GroupRow> groups;  // of this VLAN and group
  std::vector<snooping::MrouterRow> mrouters;
  std::optional<snooping::QuerierRow> querier;
  config::ReportPolicy report_policy = config::ReportPolicy::kProxy;
  std::optional<Routing> routing;  // none: no proxy has the VLAN
  // Ports whose hosts may not join the group, or its source, and by which group profile.
  std::vector<std::pair<PortId, std::string>> refused;
};

struct Explanation {
  Verdict verdict = Verdict::kDrop;
  std::optional<FibView> entry;
  PortSet ports;  // where the frame leaves, inside the VLAN or routed
  std::vector<Routing::Leg> routed;
  std::vector<std::string> why;
};

// Control thread. explain_gather.cpp.
Facts gather(const Question& question, const Core& core);
// Any thread.
Explanation explain(const Question& question, const Facts& facts, const PortNames& names);

}  // namespace sluice::control::api
