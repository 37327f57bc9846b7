// SPDX-License-Identifier: BSD-3-Clause
#include "control/responder.h"

#include <algorithm>
#include <cstring>

#include "control/igmp/codec.h"
#include "control/igmp/wire.h"

namespace sluice::control {

using igmp::internet_checksum;
using igmp::wire::get16;
using igmp::wire::get_address;
using igmp::wire::put16;
using igmp::wire::put_address;

namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kArp = 28;
constexpr std::size_t kIpv4 = 20;
constexpr std::size_t kEchoHeader = 8;
constexpr std::uint16_t kTypeIpv4 = 0x0800;
constexpr std::uint16_t kTypeArp = 0x0806;
constexpr std::uint16_t kArpRequest = 1;
constexpr std::uint16_t kArpReply = 2;
constexpr std::uint8_t kProtocolIcmp = 1;
constexpr std::uint8_t kEchoRequest = 8;
constexpr std::uint8_t kTtl = 64;

}  // namespace

void Responder::configure(const std::vector<config::Interface>& interfaces) {
  std::map<VlanId, Interface> next;
  for (const config::Interface& interface : interfaces) {
    Interface& at = next[interface.vlan];
    const auto known = interfaces_.find(interface.vlan);
    if (known != interfaces_.end() && known->second.name == interface.name) at = known->second;
    at.name = interface.name;
    at.address = interface.address;
  }
  interfaces_ = std::move(next);
}

bool Responder::is_for(const PuntedFrame& frame) {
  if (frame.bytes.size() < kEthernet) return false;
  return (frame.bytes[0] & 1) == 0 || get16(frame.bytes.data() + 12) == kTypeArp;
}

void Responder::on_frame(const PuntedFrame& frame, TimePoint now, std::vector<OutFrame>& out) {
  const auto known = interfaces_.find(frame.vlan);
  if (known == interfaces_.end()) return;  // a reload took the interface away meanwhile
  Interface& at = known->second;
  at.tokens = std::min(kBurst, at.tokens + to_seconds(now - at.refilled) * kAnswersPerSecond);
  at.refilled = now;
  if (at.tokens < 1) {
    ++at.rate_limited;
    return;
  }
  std::vector<std::uint8_t> bytes = answer(at, frame.bytes);
  if (bytes.empty()) return;
  at.tokens -= 1;
  out.push_back({.vlan = frame.vlan,
                 .tci = frame.tci,
                 .ports = PortSet::of(frame.port),
                 .bytes = std::move(bytes)});
}

// Empty: there is nothing to say to that.
std::vector<std::uint8_t> Responder::answer(Interface& at,
                                            std::span<const std::uint8_t> frame) const {
  std::vector<std::uint8_t> reply;
  const std::uint16_t type = get16(frame.data() + 12);
  if (type == kTypeArp) return answer_arp(at, frame);
  if (type == kTypeIpv4) reply = answer_echo(at, frame);
  if (reply.empty()) ++at.unserved;
  return reply;
}

std::vector<std::uint8_t> Responder::answer_arp(Interface& at,
                                                std::span<const std::uint8_t> frame) const {
  // Ethernet and IPv4, addresses of 6 and 4 bytes.
  static constexpr std::uint8_t kKind[6] = {0, 1, 8, 0, 6, 4};
  const std::uint8_t* const arp = frame.data() + kEthernet;
  if (frame.size() < kEthernet + kArp || std::memcmp(arp, kKind, sizeof kKind) != 0) {
    ++at.unserved;
    return {};
  }
  const Ipv4 sender = get_address(arp + 14);
  if (sender == at.address && std::memcmp(arp + 8, mac_.bytes.data(), 6) != 0) ++at.conflicts;
  if (get16(arp + 6) != kArpRequest || get_address(arp + 24) != at.address) return {};

  std::vector<std::uint8_t> reply(kEthernet + kArp);
  std::copy_n(arp + 8, 6, reply.begin());
  std::ranges::copy(mac_.bytes, reply.begin() + 6);
  put16(&reply[12], kTypeArp);
  std::uint8_t* const body = &reply[kEthernet];
  std::copy_n(kKind, sizeof kKind, body);
  put16(body + 6, kArpReply);
  std::ranges::copy(mac_.bytes, body + 8);
  put_address(body + 14, at.address);
  std::copy_n(arp + 8, 10, body + 18);  // the asker's two addresses
  ++at.arp_replies;
  return reply;
}

std::vector<std::uint8_t> Responder::answer_echo(Interface& at,
                                                 std::span<const std::uint8_t> frame) const {
  if (frame.size() < kEthernet + kIpv4) return {};
  const std::uint8_t* const ip = frame.data() + kEthernet;
  const std::size_t header = (ip[0] & 0x0Fu) * 4u;
  const std::size_t total = get16(ip + 2);
  const bool sound = (ip[0] >> 4) == 4 && header >= kIpv4 && total >= header + kEchoHeader &&
                     total <= frame.size() - kEthernet && internet_checksum({ip, header}) == 0;
  if (!sound) return {};
  const bool fragment = (get16(ip + 6) & 0x3FFF) != 0;
  const Ipv4 asker = get_address(ip + 12);
  const std::span<const std::uint8_t> icmp(ip + header, total - header);
  if (fragment || ip[9] != kProtocolIcmp || get_address(ip + 16) != at.address ||
      !asker.is_unicast() || icmp[0] != kEchoRequest || icmp[1] != 0 ||
      internet_checksum(icmp) != 0) {
    return {};
  }

  std::vector<std::uint8_t> reply(kEthernet + kIpv4 + icmp.size());
  std::copy_n(frame.begin() + 6, 6, reply.begin());
  std::ranges::copy(mac_.bytes, reply.begin() + 6);
  put16(&reply[12], kTypeIpv4);
  std::uint8_t* const out = &reply[kEthernet];
  out[0] = 0x45;
  out[1] = ip[1];
  put16(out + 2, static_cast<std::uint16_t>(kIpv4 + icmp.size()));
  std::copy_n(ip + 4, 2, out + 4);
  out[8] = kTtl;
  out[9] = kProtocolIcmp;
  put_address(out + 12, at.address);
  put_address(out + 16, asker);
  put16(out + 10, internet_checksum({out, kIpv4}));
  std::uint8_t* const echo = out + kIpv4;
  std::ranges::copy(icmp, echo);
  echo[0] = 0;  // echo reply
  put16(echo + 2, 0);
  put16(echo + 2, internet_checksum({echo, icmp.size()}));
  ++at.echo_replies;
  return reply;
}

std::vector<NamedCount> Responder::counters() const {
  std::vector<NamedCount> all;
  for (const auto& [vlan, at] : interfaces_) {
    const std::string label = "{interface=\"" + at.name + "\"}";
    all.push_back({"interface_arp_replies_total" + label, at.arp_replies});
    all.push_back({"interface_echo_replies_total" + label, at.echo_replies});
    all.push_back({"interface_rate_limited_total" + label, at.rate_limited});
    all.push_back({"interface_unserved_total" + label, at.unserved});
    all.push_back({"interface_address_conflicts_total" + label, at.conflicts});
  }
  return all;
}

void Responder::clear_counters() {
  for (auto& [vlan, at] : interfaces_) {
    at.arp_replies = at.echo_replies = at.rate_limited = at.unserved = at.conflicts = 0;
  }
}

}  // namespace sluice::control
