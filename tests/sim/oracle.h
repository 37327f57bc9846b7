// SPDX-License-Identifier: BSD-3-Clause
// What each port must and must not receive, given what its hosts want and since when. Knows the
// hosts' wishes and RFC 9776's time bounds, nothing of how the switch comes to its decisions.
#pragma once

#include "tests/sim/world.h"

namespace sluice::sim {

class Oracle {
 public:
  explicit Oracle(World& world) : world_(world) {}

  // Judges one frame (source, group) that comes in by `ingress`. Throws Violation.
  void judge_frame(const VlanPlan& plan, GroupIndex group, Ipv4 source, PortId ingress);
  // Router ports, restriction, and what the router has been told.
  void judge_vlan(const VlanPlan& plan);
  // Everything, from every port.
  void judge_all();
  // Nobody wants anything, for longer than the settle time: no trace may be left.
  void judge_empty();

  // During a storm, and until it is over for long enough, only the invariants are judged.
  void set_lenient(bool lenient) { lenient_ = lenient; }

  std::uint64_t judgements() const { return judgements_; }
  std::uint64_t musts() const { return musts_; }
  std::uint64_t must_nots() const { return must_nots_; }

 private:
  TimePoint now() { return world_.clock().now(); }
  Duration join_time(const Host& host) const;
  bool must_receive(const VlanPlan& plan, PortId port, GroupIndex group, Ipv4 source);
  // Since when a leave in this VLAN has brought a specific query; kNever: it does not.
  TimePoint asked_about_since(const VlanPlan& plan);
  bool must_not_receive(const VlanPlan& plan, PortId port, GroupIndex group, Ipv4 source);
  void judge_router(const VlanPlan& plan, Router& router);
  [[noreturn]] void complain(const VlanPlan& plan, PortId port, GroupIndex group, Ipv4 source,
                             const std::string& what);

  World& world_;
  bool lenient_ = false;
  std::uint64_t judgements_ = 0, musts_ = 0, must_nots_ = 0;
};

// The sources that hosts name, and last one that nobody ever names.
inline constexpr std::size_t kSources = 5;
Ipv4 source_address(std::size_t source);

}  // namespace sluice::sim
