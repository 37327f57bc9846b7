// SPDX-License-Identifier: BSD-3-Clause
// An appliance with a proxy, in virtual time: frames and links in, and what it says on which VLAN
// as one line of text in the words of RFC 9776: "TO_EX(1,{a})", "v2(1)", "leave(1)"; groups are
// numbers in 239.1.1.0/24 (or 232.1.1.0/24, as "s1"), sources the letters a, b, c.
//
// Port 0 is VLAN 100 (interface wan), port 1 VLAN 200 (wan2), ports 2 and 3 are VLAN 10 (d1), port
// 4 is VLAN 20 (d2).
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "control/appliance.h"
#include "control/igmp/codec.h"
#include "control/igmp/source_set.h"

namespace sluice::control {

using igmp::FilterMode;
using igmp::RecordType;
using igmp::Version;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Reception = igmp::Reception<Ipv4>;
using Sources = igmp::SourceSet<Ipv4>;

inline constexpr VlanId kWan{100}, kWan2{200}, kD1{10}, kD2{20};
inline constexpr std::uint16_t kWanPort = 0, kWan2Port = 1, kD1Port = 2, kD1Other = 3, kD2Port = 4;
inline constexpr Ipv4 kQuerier = ipv4(10, 77, 100, 9);  // upstream
inline constexpr Ipv4 kHost = ipv4(10, 77, 10, 1), kOtherHost = ipv4(10, 77, 10, 2);
inline constexpr MacAddress kOurMac{{2, 0, 0, 0, 0, 0xFE}};
inline constexpr MacAddress kTheirMac{{2, 0, 0, 0, 1, 1}};

constexpr Ipv4 group(unsigned number) {
  return ipv4(239, 1, 1, number);
}
constexpr Ipv4 ssm_group(unsigned number) {
  return ipv4(232, 1, 1, number);
}
inline Sources sources(const char* letters) {
  Sources out;
  for (; *letters != 0; ++letters) {
    igmp::insert(out, ipv4(10, 9, 9, static_cast<unsigned char>(*letters)));
  }
  return out;
}

inline std::string text(Ipv4 group) {
  const std::string number = std::to_string(group.value & 0xFF);
  return (group.value >> 24) == 232 ? "s" + number : number;
}
inline std::string text(const Sources& sources) {
  std::string out = "{";
  for (const Ipv4 source : sources) out += static_cast<char>(source.value & 0xFF);
  return out + "}";
}
inline std::string text(const Reception& r) {
  return (r.mode == FilterMode::kInclude ? "IN" : "EX") + text(r.sources);
}
inline std::string text(const igmp::GroupRecord<Ipv4>& record) {
  static const char* const kNames[] = {"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};
  return kNames[static_cast<std::size_t>(record.type)] + ("(" + text(record.group)) + "," +
         text(record.sources) + ")";
}

inline config::Interface interface(const char* name, VlanId vlan) {
  config::Interface out;
  out.name = name;
  out.vlan = vlan;
  out.address = ipv4(10, 77, vlan.value, 254);
  return out;
}

// One upstream, wan; wan2 is there to be added.
inline config::Config edge() {
  config::Config c;
  for (const VlanId vlan : {kWan, kWan2, kD1, kD1, kD2}) {
    config::Port port;
    port.name = "p" + std::to_string(c.ports.size());
    port.access_vlan = vlan;
    c.ports.push_back(port);
  }
  for (const VlanId id : {kWan, kWan2, kD1, kD2}) {
    config::Vlan& vlan = c.vlans.emplace_back();
    vlan.id = id;
    vlan.igmp_snooping.send_query = id == kD1 || id == kD2;
  }
  c.interfaces = {interface("wan", kWan), interface("wan2", kWan2), interface("d1", kD1),
                  interface("d2", kD2)};
  config::Proxy& proxy = c.proxies.emplace_back();
  proxy.name = "edge";
  proxy.upstreams = {{0, {}}};
  proxy.downstreams = {2, 3};
  return c;
}
inline config::Config two_upstreams() {
  config::Config c = edge();
  c.proxies[0].upstreams.push_back({1, {}});
  return c;
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

class World {
 public:
  explicit World(const config::Config& c = edge()) : config(c), box(c, kOurMac, 1) {
    box.start(now, out);
    std::vector<std::pair<PortId, bool>> links;
    for (std::uint16_t port = 0; port < 5; ++port) links.emplace_back(PortId{port}, true);
    box.on_links(links, now, out);
    absorb();
    said_.clear();
  }

  // After a restart: what `before` knew at its end, `away` ago.
  World(const World& before, Duration away)
      : config(before.config), now(before.now + away), box(config, kOurMac, 2) {
    SavedAppliance saved{{before.now, before.box.snooper().save_vlans(), {}},
                         before.box.save_proxies()};
    before.box.snooper().save_members(0, 100000, saved.switched.members);
    box.start(std::move(saved), now, out);
    absorb();
  }
  void all_links_up() {
    std::vector<std::pair<PortId, bool>> links;
    for (std::uint16_t port = 0; port < 5; ++port) links.emplace_back(PortId{port}, true);
    box.on_links(links, now, out);
    absorb();
  }

  void receive(std::uint16_t port, const std::vector<std::uint8_t>& bytes) {
    const VlanId vlan = *config.ports[port].access_vlan;
    box.on_frame({PortId{port}, vlan, 0, false, bytes}, now, out);
    absorb();
  }
  template <class M>
  void hear(std::uint16_t port, const M& message, Ipv4 source = kHost) {
    receive(port, igmp::encode(message, {kTheirMac, source}));
  }
  void record(std::uint16_t port, RecordType type, Ipv4 to, const char* letters = "",
              Ipv4 source = kHost) {
    hear(port, igmp::V3Report<Ipv4>{{{type, to, sources(letters)}}}, source);
  }
  void join(std::uint16_t port, Ipv4 to, Ipv4 source = kHost) {
    record(port, RecordType::kChangeToExcludeMode, to, "", source);
  }
  void v2_join(std::uint16_t port, Ipv4 to, Ipv4 source = kHost) {
    hear(port, igmp::V2Report<Ipv4>{to}, source);
  }
  void v2_leave(std::uint16_t port, Ipv4 to, Ipv4 source = kHost) {
    hear(port, igmp::Leave<Ipv4>{to}, source);
  }
  // Timers fire at their own time, as in production.
  void wait(Duration time) {
    for (const TimePoint end = now + time; now < end;) {
      now = std::min(end, std::max(now, box.next_deadline()));
      box.advance(now, out);
      absorb();
    }
  }
  void link(std::uint16_t port, bool up) {
    const std::pair<PortId, bool> change{PortId{port}, up};
    box.on_links({&change, 1}, now, out);
    absorb();
  }
  void reload(const config::Config& c) {
    config = c;
    box.reload(c, now, out);
    absorb();
  }

  // What the host side has said on the VLAN since the last call; queries are not its part.
  std::string said(VlanId vlan = kWan) { return std::exchange(said_[vlan], ""); }
  // Frames that left into the VLAN since the last call.
  std::vector<OutFrame> frames(VlanId vlan) {
    std::vector<OutFrame> of;
    for (const OutFrame& frame : std::exchange(frames_, {})) {
      if (frame.vlan == vlan) of.push_back(frame);
    }
    return of;
  }

  // What the proxy reports of a group: "EX{a}", or "" when it has none.
  std::string reported(Ipv4 to) const {
    const std::optional<proxy::GroupRow> row = find(to);
    return row ? text(row->reported) : "";
  }
  std::string upstream_of(Ipv4 to) const {
    const std::optional<proxy::GroupRow> row = find(to);
    return row ? row->upstream.value_or("none") : "";
  }
  // The places of downstreams in the routed entry, as bits; none: no entry.
  std::optional<std::uint64_t> routed(Ipv4 to) const {
    const auto at = fib.find({routed_key(0), to, Ipv4{}});
    return at == fib.end() ? std::nullopt : std::optional(at->second.bits());
  }
  RouteDomain domain() const { return box.vlan_table().domains()[0]; }
  int events(snooping::EventType type) {
    int n = 0;
    for (const snooping::Event& event : std::exchange(events_, {})) n += event.type == type ? 1 : 0;
    return n;
  }
  std::uint64_t count(const std::string& name) const {
    for (const auto& counters : {box.counters(), box.snooper().counters()}) {
      for (const NamedCount& c : counters) {
        if (c.name == name) return c.value;
      }
    }
    return ~std::uint64_t{0};
  }

  config::Config config;
  TimePoint now{};
  snooping::Effects out;
  Appliance box;
  std::map<std::tuple<VlanId, Ipv4, Ipv4>, PortSet> fib;

 private:
  std::optional<proxy::GroupRow> find(Ipv4 to) const {
    const std::vector<proxy::ProxyRow> rows = box.proxies(now);
    const auto at = std::ranges::find(rows.at(0).groups, to, &proxy::GroupRow::group);
    return at == rows[0].groups.end() ? std::nullopt : std::optional(*at);
  }
  void absorb() {
    for (const snooping::FibChange& change : out.fib) {
      const std::tuple key{change.key.vlan, change.key.group, change.key.source};
      if (change.members) {
        fib[key] = *change.members;
      } else {
        fib.erase(key);
      }
    }
    for (const OutFrame& frame : out.frames) hear_own(frame);
    frames_.insert(frames_.end(), out.frames.begin(), out.frames.end());
    events_.insert(events_.end(), out.events.begin(), out.events.end());
    out.clear();
  }
  void hear_own(const OutFrame& frame) {
    const auto decoded = igmp::decode(frame.bytes);
    const auto* packet = std::get_if<igmp::Packet>(&decoded);
    if (packet == nullptr) return;
    std::string& said = said_[frame.vlan];
    const auto add = [&](const std::string& word) { said += (said.empty() ? "" : " ") + word; };
    const auto& message = packet->message;
    if (const auto* v1 = std::get_if<igmp::V1Report<Ipv4>>(&message)) {
      add("v1(" + text(v1->group) + ")");
    } else if (const auto* v2 = std::get_if<igmp::V2Report<Ipv4>>(&message)) {
      add("v2(" + text(v2->group) + ")");
    } else if (const auto* leave = std::get_if<igmp::Leave<Ipv4>>(&message)) {
      add("leave(" + text(leave->group) + ")");
    } else if (const auto* v3 = std::get_if<igmp::V3Report<Ipv4>>(&message)) {
      for (const auto& record : v3->records) add(text(record));
    }
  }

  std::map<VlanId, std::string> said_;
  std::vector<OutFrame> frames_;
  std::vector<snooping::Event> events_;
};

}  // namespace sluice::control
