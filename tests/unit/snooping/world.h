// SPDX-License-Identifier: BSD-3-Clause
// A switch with four access ports of VLAN 10, in virtual time: frames in, and what became of them.
// Ports 0 to 2 have hosts, port 3 leads to other routers. The appliance queries from 10.0.0.100
// unless a test says otherwise.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "control/igmp/codec.h"
#include "control/igmp/source_set.h"
#include "control/snooping/switch.h"
#include "tests/unit/igmp/frames.h"

namespace sluice::control::snooping {

using Bytes = std::vector<std::uint8_t>;
using Sources = igmp::SourceSet<Ipv4>;
using igmp::RecordType;
using igmp::Version;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr VlanId kVlan{10};
inline constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1);
inline constexpr Ipv4 kA = ipv4(10, 9, 9, 1), kB = ipv4(10, 9, 9, 2);
inline constexpr Ipv4 kHost = ipv4(10, 0, 0, 1), kOtherHost = ipv4(10, 0, 0, 2);
inline constexpr Ipv4 kLowRouter = ipv4(10, 0, 0, 50), kHighRouter = ipv4(10, 0, 0, 200);
inline constexpr MacAddress kOurMac{{2, 0, 0, 0, 0, 0xFE}};
inline constexpr std::uint16_t kHosts[] = {0, 1, 2};
inline constexpr std::uint16_t kRouter = 3;

inline PortSet ports(std::initializer_list<std::uint16_t> list) {
  PortSet set;
  for (const std::uint16_t port : list) set.insert(PortId{port});
  return set;
}

template <class M>
Bytes frame(const M& message, Ipv4 source) {
  return igmp::encode(message, {MacAddress{{2, 0, 0, 0, 1, 1}}, source});
}
inline igmp::V3Report<Ipv4> record(RecordType type, const Sources& sources = {},
                                   Ipv4 group = kGroup) {
  return {{{type, group, sources}}};
}
inline igmp::Query<Ipv4> general_query(Version version = Version::kV3) {
  igmp::Query<Ipv4> query;
  query.version = version;
  query.max_response_time = seconds(10);
  if (version == Version::kV3) {
    query.robustness_variable = 2;
    query.query_interval = seconds(125);
  }
  return query;
}
inline igmp::Query<Ipv4> specific_query(Ipv4 group) {
  igmp::Query<Ipv4> query = general_query();
  query.group = group;
  query.max_response_time = seconds(1);
  return query;
}

class World {
 public:
  using Set = std::function<void(config::IgmpSnooping&)>;

  explicit World(const Set& set = {}) : World(configure(set)) {}
  explicit World(const config::Config& c) : sw(c, kOurMac, 1) {
    sw.start(now, out);
    for (std::uint16_t port = 0; port < 4; ++port) sw.on_link(PortId{port}, true, now, out);
    absorb();
  }
  // After a restart: what `before` knew at its end, `away` ago.
  World(const World& before, Duration away, const Set& set = {},
        std::initializer_list<std::uint16_t> up = {0, 1, 2, 3})
      : World(before, away, configure(set), up) {}
  World(const World& before, Duration away, const config::Config& c,
        std::initializer_list<std::uint16_t> up = {0, 1, 2, 3})
      : now(before.now + away), sw(c, kOurMac, 2) {
    restored = sw.start(before.saved(), now, out);
    absorb();
    before_links = out;
    out.clear();
    for (std::uint16_t port = 0; port < 4; ++port) {
      sw.on_link(PortId{port}, std::ranges::count(up, port) > 0, now, out);
    }
    absorb();
  }
  SavedSwitch saved() const {
    SavedSwitch all{now, sw.save_vlans(), {}};
    for (std::optional<std::size_t> place = 0; place;) {
      place = sw.save_members(*place, 2, all.members);
    }
    return all;
  }
  static config::Config configure(const Set& set) {
    config::Config c;
    for (int i = 0; i < 4; ++i) {
      config::Port port;
      port.name = "p" + std::to_string(i);
      port.access_vlan = kVlan;
      c.ports.push_back(port);
    }
    config::Vlan vlan;
    vlan.id = kVlan;
    vlan.igmp_snooping.querier_source = ipv4(10, 0, 0, 100);
    if (set) set(vlan.igmp_snooping);
    c.vlans.push_back(vlan);
    return c;
  }

  // Each starts with empty Effects; what it led to is in `out` and in the table.
  void receive(std::uint16_t port, const Bytes& bytes) {
    out.clear();
    sw.on_frame({PortId{port}, kVlan, 0, false, bytes}, now, out);
    absorb();
  }
  template <class M>
  void hear(std::uint16_t port, const M& message, Ipv4 source = kHost) {
    receive(port, frame(message, source));
  }
  // Timers fire at their own time, as in production.
  void wait(Duration time) {
    out.clear();
    const TimePoint end = now + time;
    while (sw.next_deadline() <= end) {
      now = std::max(now, sw.next_deadline());
      sw.advance(now, out);
    }
    now = end;
    sw.advance(now, out);
    absorb();
  }
  void link(std::uint16_t port, bool up) {
    out.clear();
    sw.on_link(PortId{port}, up, now, out);
    absorb();
  }

  // The forwarding table as the switch had it made; none: no entry.
  std::optional<PortSet> entry(Ipv4 source = {}, Ipv4 group = kGroup) const {
    const auto at = fib.find({group, source});
    return at == fib.end() ? std::nullopt : std::optional(at->second);
  }
  PortSet router_ports() const { return sw.vlan_table().find(kVlan)->router_ports; }
  bool restricted() const { return sw.vlan_table().find(kVlan)->restricted; }
  // The ports that got exactly these bytes.
  PortSet got(const Bytes& bytes) const {
    PortSet set;
    for (const OutFrame& f : out.frames) {
      if (f.bytes == bytes) set = set | f.ports;
    }
    return set;
  }
  template <class M>
  std::vector<std::pair<PortSet, M>> sent() const {
    std::vector<std::pair<PortSet, M>> all;
    for (const OutFrame& f : out.frames) {
      const auto decoded = igmp::decode(f.bytes);
      const auto* packet = std::get_if<igmp::Packet>(&decoded);
      if (packet == nullptr) continue;
      if (const M* m = std::get_if<M>(&packet->message)) all.emplace_back(f.ports, *m);
    }
    return all;
  }
  int events(EventType type) const {
    int n = 0;
    for (const Event& event : out.events) n += event.type == type ? 1 : 0;
    return n;
  }
  std::uint64_t count(const std::string& name) const {
    for (const NamedCount& c : sw.counters()) {
      if (c.name == name) return c.value;
    }
    return ~std::uint64_t{0};
  }

  TimePoint now{};
  Effects out;
  Switch sw;
  Restored restored;
  Effects before_links;  // of the restart itself
  std::map<std::tuple<Ipv4, Ipv4>, PortSet> fib;

 private:
  void absorb() {
    for (const FibChange& change : out.fib) {
      const std::tuple key{change.key.group, change.key.source};
      if (change.members) {
        fib[key] = *change.members;
      } else {
        fib.erase(key);
      }
    }
  }
};

}  // namespace sluice::control::snooping
