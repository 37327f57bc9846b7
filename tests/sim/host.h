// SPDX-License-Identifier: BSD-3-Clause
// A model of one host: RFC 1112, RFC 2236 §6 or RFC 9776 §5 and §7.2, written for the simulation
// and sharing no logic with the appliance's own host side. It also remembers what it wanted when,
// which is the truth that the oracle judges by.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "control/igmp/messages.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "tests/sim/clock.h"

namespace sluice::sim {

namespace igmp = control::igmp;

inline constexpr std::size_t kGroups = 12;
using GroupIndex = std::size_t;
Ipv4 group_address(GroupIndex group);
// kGroups when it is none of ours.
GroupIndex group_index(Ipv4 address);

// What a host wants of a group: INCLUDE or EXCLUDE a list of sources.
struct Wish {
  bool exclude = false;
  std::set<Ipv4> sources;

  bool admits(Ipv4 source) const { return sources.contains(source) != exclude; }
  bool nothing() const { return !exclude && sources.empty(); }
  bool operator==(const Wish&) const = default;
};

// What a frame is for; the link loses by kind, so that losses stay within what robustness covers.
enum class Purpose : std::uint8_t {
  kUnsolicited,
  kLeave,
  kGeneralResponse,
  kSpecificResponse,
  kGeneralQuery,
  kSpecificQuery,
  kOther,
};

struct Sending {
  std::vector<std::uint8_t> bytes;
  Purpose purpose = Purpose::kOther;
  // Which sendings stand in for each other, so that no two of them in a row may be lost: a v3
  // host's about a change, or its answers; a segment's v1 and v2 reports of a group, whoever
  // speaks.
  std::uint64_t speaker = 0;
};

class Host {
 public:
  struct Settings {
    std::uint32_t number = 0;
    VlanId vlan;
    PortId port;
    Ipv4 address;
    igmp::Version version = igmp::Version::kV3;
  };

  Host(const Settings& settings, Clock& clock, Dice& dice, std::function<void(Sending)> send);

  const Settings& settings() const { return settings_; }
  const Wish& wish(GroupIndex group) const { return groups_[group].history.back().wish; }
  void want(GroupIndex group, const Wish& wish);
  TimePoint last_change(GroupIndex group) const { return groups_[group].history.back().at; }

  void hear_query(const igmp::Query<Ipv4>& query);
  // A v1 or v2 report of another host on the segment. To a v1 host a v2 report is an unknown type.
  void hear_report(GroupIndex group, igmp::Version version);

  // Since when its wish has been such without a break; kNever: it is not.
  TimePoint since(GroupIndex group, const std::function<bool(const Wish&)>& is_such) const;
  // Since when it has wanted (group, source) without a break; kNever: it does not.
  TimePoint wanted_since(GroupIndex group, Ipv4 source) const;
  // Since when it has not; kNever: it does. With no source: since when it wants nothing at all.
  TimePoint unwanted_since(GroupIndex group, Ipv4 source) const;
  TimePoint idle_since(GroupIndex group) const;

 private:
  struct Change {
    TimePoint at;
    Wish wish;
  };
  struct Group {
    std::vector<Change> history;
    // §5.1: what is still to be said of a change.
    int mode_reports_left = 0;
    std::map<Ipv4, int> source_reports_left;
    std::uint64_t change_timer = 0;  // which of the scheduled calls is still meant
    // §5.2, RFC 2236 §6: a response that waits.
    TimePoint response_at = kNever;
    std::uint64_t response_timer = 0;
    std::set<Ipv4> asked_sources;  // empty: about the whole group
    bool response_is_specific = false;
    int repeats_left = 0;  // v1, v2: unsolicited
  };

  igmp::Version mode();
  void cancel_all();
  Duration response_delay(Duration longest);
  void schedule_response(GroupIndex group, TimePoint at);
  void respond(GroupIndex group);
  void respond_to_general_query();
  void say_change(GroupIndex group);
  void schedule_repeat(GroupIndex group);
  void send_report(GroupIndex group, Purpose purpose);
  void send_records(std::vector<igmp::GroupRecord<Ipv4>> records, Purpose purpose);

  Settings settings_;
  Clock& clock_;
  Dice& dice_;
  std::function<void(Sending)> send_;
  std::array<Group, kGroups> groups_;
  igmp::Version mode_was_;
  TimePoint v1_querier_until_{};
  TimePoint v2_querier_until_{};
  int robustness_ = 2;
  TimePoint general_response_at_ = kNever;
  std::uint64_t general_timer_ = 0;
  bool general_answers_specific_ = false;  // QR-1 left a specific query to it
};

}  // namespace sluice::sim
