// SPDX-License-Identifier: BSD-3-Clause
// Shows that the appliance lives: answers ARP (RFC 826) for its addresses and ping (RFC 792) to
// them, in the VLAN and out of the port that the request came from. Nothing else is served. Pure:
// frames and the time go in, frames come out; control thread only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "shared/address.h"
#include "shared/planes.h"
#include "shared/time.h"

namespace sluice::control {

class Responder {
 public:
  // Answers per interface and second, and how many of them at once.
  static constexpr double kAnswersPerSecond = 1000;
  static constexpr double kBurst = 100;

  explicit Responder(MacAddress mac) : mac_(mac) {}

  // Counters of interfaces that stay go on.
  void configure(const std::vector<config::Interface>& interfaces);
  // ARP, and whatever is sent to us alone.
  static bool is_for(const PuntedFrame& frame);
  void on_frame(const PuntedFrame& frame, TimePoint now, std::vector<OutFrame>& out);

  std::vector<NamedCount> counters() const;
  void clear_counters();

 private:
  struct Interface {
    std::string name;
    Ipv4 address;
    double tokens = kBurst;
    TimePoint refilled{};
    std::uint64_t arp_replies = 0, echo_replies = 0, rate_limited = 0;
    std::uint64_t unserved = 0;   // neither ARP nor a well-formed echo request
    std::uint64_t conflicts = 0;  // another station claims our address
  };

  std::vector<std::uint8_t> answer(Interface& at, std::span<const std::uint8_t> frame) const;
  std::vector<std::uint8_t> answer_arp(Interface& at, std::span<const std::uint8_t> frame) const;
  std::vector<std::uint8_t> answer_echo(Interface& at, std::span<const std::uint8_t> frame) const;

  MacAddress mac_;
  std::map<VlanId, Interface> interfaces_;
};

}  // namespace sluice::control
