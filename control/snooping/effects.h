// SPDX-License-Identifier: BSD-3-Clause
// What the protocol core wants done. The core appends; the event loop (or a test) carries out, in
// this order: forwarding entries, VLAN table, frames, events.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/igmp/reception.h"
#include "shared/address.h"
#include "shared/fib.h"
#include "shared/ids.h"
#include "shared/planes.h"

namespace sluice::control::snooping {

struct FibChange {
  FibKey key;
  std::optional<PortSet> members;  // none: erase the entry
};

enum class EventType : std::uint8_t {
  kGroupJoined,
  kGroupLeft,
  kGroupExpired,
  kSourceAdded,
  kSourceRemoved,
  kMrouterUp,
  kMrouterDown,
  kQuerierChanged,
  kLimitReached,
  kUpstreamChanged,
  kOlderQuerier,
  kJoinDenied,   // by a group profile
  kAlarmRaised,  // control/health
  kAlarmCleared,
};
std::string_view to_string(EventType type);  // "group-joined"

struct Event {
  EventType type;
  VlanId vlan;
  std::optional<PortId> port;
  std::optional<Ipv4> group;
  std::optional<Ipv4> source;   // none: "*"
  std::optional<Ipv4> address;  // reporter, router or querier
  std::string_view alarm{};     // its name; such an event may be of no VLAN (0)
};

// What the appliance itself wants of a group upstream; "none" leaves it.
struct OwnReception {
  Ipv4 group;
  igmp::Reception<Ipv4> wanted;
};

// What all members of a group in a proxy's downstream want together (RFC 4605 §4.1).
struct ReceptionChange {
  VlanId vlan;
  Ipv4 group;
  igmp::Reception<Ipv4> wanted;
};

struct Effects {
  std::vector<FibChange> fib;
  bool vlans_changed = false;  // publish Switch::vlan_table() anew
  std::vector<OutFrame> frames;
  std::vector<Event> events;
  std::vector<ReceptionChange> receptions;  // for the proxies; may repeat what was said before

  void clear() {
    fib.clear();
    vlans_changed = false;
    frames.clear();
    events.clear();
    receptions.clear();
  }
};

}  // namespace sluice::control::snooping
