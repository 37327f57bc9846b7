// SPDX-License-Identifier: BSD-3-Clause
// A model of a multicast router on one port: queries, takes part in the election, asks after
// leaves, and notes what the reports it hears tell it. Only as much of a router as a snooping
// switch needs to meet; it shares nothing with the appliance's querier.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "control/igmp/messages.h"
#include "tests/sim/clock.h"
#include "tests/sim/host.h"

namespace sluice::sim {

class Router {
 public:
  struct Settings {
    VlanId vlan;
    PortId port;
    Ipv4 address;
    igmp::Version version = igmp::Version::kV3;
    int robustness_variable = 2;
    Duration query_interval{0};
    Duration query_response_interval{0};
  };

  // `one_speaker`: the switch answers for all its hosts (report policy "proxy").
  Router(const Settings& settings, bool one_speaker, Clock& clock,
         std::function<void(std::vector<std::uint8_t>)> send);

  const Settings& settings() const { return settings_; }
  void power(bool on);
  bool is_on() const { return on_; }
  // Another software after the next start.
  void set_version(igmp::Version version) { settings_.version = version; }
  TimePoint on_since() const { return on_since_; }
  TimePoint last_query() const { return last_query_; }
  TimePoint last_general_query() const { return last_general_query_; }

  void hear_query(const igmp::Query<Ipv4>& query, Ipv4 from);
  void hear_report(const igmp::Message<Ipv4>& message);

  // What one speaker's reports say now.
  bool told_wants(GroupIndex group, Ipv4 source) const;
  // With many speakers: when last anything was heard that supports the group.
  TimePoint last_support(GroupIndex group) const { return told_[group].last_support; }
  Duration membership_interval() const {
    return settings_.robustness_variable * settings_.query_interval +
           2 * settings_.query_response_interval;
  }

 private:
  // The state of one group as one speaker has told it, without queries' effects.
  struct Told {
    TimePoint exclude_until{};
    std::set<Ipv4> blocked;
    std::map<Ipv4, TimePoint> include_until;
    TimePoint last_support{};
    std::set<Ipv4> named;  // every source ever named
  };

  void send_general_query();
  void ask_about(const igmp::SourceSet<Ipv4>& sources, Ipv4 group);
  void send(igmp::Query<Ipv4> query);
  void hear_record(const igmp::GroupRecord<Ipv4>& record);
  bool is_querier() const { return on_ && clock_.now() >= other_until_; }

  Settings settings_;
  bool one_speaker_;
  Clock& clock_;
  std::function<void(std::vector<std::uint8_t>)> send_;
  bool on_ = false;
  TimePoint on_since_{};
  TimePoint last_query_ = TimePoint::min();
  TimePoint last_general_query_ = TimePoint::min();
  TimePoint other_until_{};
  int startup_left_ = 0;
  std::uint64_t timer_ = 0;
  std::array<Told, kGroups> told_;
};

}  // namespace sluice::sim
