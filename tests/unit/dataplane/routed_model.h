// SPDX-License-Identifier: BSD-3-Clause
// What becomes of a frame in an appliance that bridges and routes, worked out from the rules with
// sets and loops (RFC 4605 §3 and §4.2, RFC 4541 §2.1.2). It knows nothing of the worker's or of
// shared/'s code, and is as slow as it is plain.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/dataplane/frames.h"

namespace sluice::dataplane::model {

using frames::Bytes;
using frames::operator+;

inline constexpr MacAddress kOwn{{2, 0, 0, 0, 0, 0x99}};
inline constexpr unsigned kFloods = 0, kRouters = 1, kDrops = 2;
inline constexpr Ipv4 kLinkLocal = ipv4(224, 0, 0, 251);

using Ports = std::set<unsigned>;
inline Ports both(const Ports& a, const Ports& b) {
  Ports result;
  for (const unsigned p : a) {
    if (b.contains(p)) result.insert(p);
  }
  return result;
}
inline Ports either(Ports a, const Ports& b) {
  a.insert(b.begin(), b.end());
  return a;
}

struct Range {
  Ipv4 from, to;
  bool holds(Ipv4 a) const { return from <= a && a <= to; }
};
struct Vlan {
  std::map<unsigned, bool> carries;  // port: tagged
  Ports up, routers;
  bool restricted = false;
  unsigned unregistered = kFloods;
  int proxy = -1;
  bool upstream = false;
  std::map<std::pair<Ipv4, Ipv4>, Ports> entries;
  Range network(unsigned id) const { return {ipv4(10, id, 0, 0), ipv4(10, id, 255, 255)}; }
  Ports ports() const {
    Ports all;
    for (const auto& [port, tagged] : carries) all.insert(port);
    return all;
  }
  const Ports* entry(Ipv4 group, Ipv4 source) const {
    auto found = entries.find({group, source});
    if (found == entries.end()) found = entries.find({group, Ipv4{}});
    return found == entries.end() ? nullptr : &found->second;
  }
};

struct Proxy {
  std::vector<unsigned> downstreams;
  std::set<unsigned> querier_of;
  std::vector<std::pair<Range, unsigned>> upstreams;
  std::map<Ipv4, std::set<unsigned>> members;  // group: VLANs
  std::vector<std::pair<Range, Range>> allow, deny;
  Ipv4 own = ipv4(192, 0, 2, 254);
};

struct Frame {
  frames::Ip ip;
  MacAddress from = frames::kStation;
  unsigned port = 0;
  std::optional<unsigned> tci;
  bool inner_tag = false;

  Bytes bytes(const frames::Ip& as, const MacAddress& mac, std::optional<unsigned> tag) const {
    return frames::macs(multicast_mac(as.destination), mac) + (tag ? frames::tag(*tag) : Bytes{}) +
           (inner_tag ? frames::tag(77, 0x88A8) : Bytes{}) + frames::ipv4_packet(as);
  }
};

struct Outcome {
  std::vector<std::pair<std::uint16_t, Bytes>> sent;
  std::string fate;
  bool routed = false;
};

struct Appliance {
  std::map<unsigned, Vlan> net;
  std::map<unsigned, unsigned> access;  // port: VLAN
  std::vector<Proxy> proxies;

  static bool listed(const std::vector<std::pair<Range, Range>>& list, const frames::Ip& ip) {
    for (const auto& [group, source] : list) {
      if (group.holds(ip.destination) && source.holds(ip.source)) return true;
    }
    return false;
  }

  std::optional<std::string> refused(const Frame& frame, unsigned id, const Vlan& vlan,
                                     const Proxy& proxy, std::optional<unsigned> upstream) const {
    const frames::Ip& ip = frame.ip;
    if (frame.from == kOwn || ip.source == proxy.own) return "own_source";
    bool right = ip.source != ipv4(127, 0, 0, 1);
    if (vlan.upstream) {
      right = right && upstream == id;
      for (const unsigned below : proxy.downstreams) {
        if (net.at(below).network(below).holds(ip.source)) right = false;
      }
    } else {
      right = right && vlan.network(id).holds(ip.source);
    }
    if (!right) return "rpf_failed";
    if (listed(proxy.deny, ip) || (!proxy.allow.empty() && !listed(proxy.allow, ip)))
      return "proxy_denied";
    if (ip.ttl < 2) return "ttl_expired";
    return std::nullopt;
  }

  Outcome expected(const Frame& frame) const {
    Outcome outcome;
    unsigned id = 0;
    if (frame.tci) {
      id = *frame.tci & 0xFFF;
      const auto at = net.find(id);
      if (at == net.end() || !at->second.carries.contains(frame.port) ||
          !at->second.carries.at(frame.port)) {
        outcome.fate = "vlan_not_carried";
        return outcome;
      }
    } else {
      id = access.at(frame.port);
    }
    const Vlan& vlan = net.at(id);
    const frames::Ip& ip = frame.ip;
    const unsigned priority = frame.tci.value_or(0) & 0xF000;
    const auto send = [&](unsigned to_vlan, const Ports& ports, const frames::Ip& as,
                          const MacAddress& mac) {
      for (const unsigned port : ports) {
        const bool tagged = net.at(to_vlan).carries.at(port);
        outcome.sent.emplace_back(
            static_cast<std::uint16_t>(port),
            frame.bytes(as, mac, tagged ? std::optional(priority | to_vlan) : std::nullopt));
      }
    };
    const bool link_local = ip.destination == kLinkLocal;

    // Inside the VLAN.
    Ports wanted = vlan.ports();
    bool floods = true;
    const Ports* const entry = vlan.entry(ip.destination, ip.source);
    if (!link_local && vlan.restricted) {
      floods = entry == nullptr && vlan.unregistered == kFloods;
      if (entry != nullptr)
        wanted = either(*entry, vlan.routers);
      else if (vlan.unregistered == kRouters)
        wanted = vlan.routers;
      else if (vlan.unregistered == kDrops)
        wanted = {};
    }
    wanted = both(wanted, vlan.up);
    wanted.erase(frame.port);
    send(id, wanted, ip, frame.from);
    const bool bridged = !outcome.sent.empty();

    // Elsewhere.
    std::optional<std::string> refusal;
    if (vlan.proxy >= 0 && !link_local && !frame.inner_tag) {
      const Proxy& proxy = proxies[static_cast<std::size_t>(vlan.proxy)];
      std::optional<unsigned> upstream;
      for (const auto& [range, to] : proxy.upstreams) {
        if (!upstream && range.holds(ip.destination)) upstream = to;
      }
      refusal = refused(frame, id, vlan, proxy, upstream);
      if (!refusal) {
        frames::Ip as = ip;
        --as.ttl;
        const std::size_t before = outcome.sent.size();
        if (!vlan.upstream && upstream) {
          const Vlan& up = net.at(*upstream);
          Ports to = up.ports();
          const Ports* const there = up.entry(ip.destination, ip.source);
          if (up.restricted && there != nullptr)
            to = *there;
          else if (up.restricted && up.unregistered != kFloods)
            to = {};
          to = both(either(to, up.routers), up.up);
          send(*upstream, to.empty() ? up.up : to, as, kOwn);
        }
        for (const unsigned below : proxy.downstreams) {
          const Vlan& down = net.at(below);
          const Ports* const there = down.entry(ip.destination, ip.source);
          const auto members = proxy.members.find(ip.destination);
          if (below == id || there == nullptr || !proxy.querier_of.contains(below) ||
              members == proxy.members.end() || !members->second.contains(below)) {
            continue;
          }
          send(below, both(*there, down.up), as, kOwn);
        }
        outcome.routed = outcome.sent.size() > before;
      }
    }

    if (bridged)
      outcome.fate = floods ? "flooded" : "forwarded";
    else if (outcome.routed)
      outcome.fate = "forwarded";
    else if (refusal)
      outcome.fate = *refusal;
    else if (floods)
      outcome.fate = "no_egress_port";
    else
      outcome.fate = entry != nullptr ? "no_member" : "unregistered_group";
    return outcome;
  }
};

}  // namespace sluice::dataplane::model
