// SPDX-License-Identifier: BSD-3-Clause
// One line from a client as a value: a JSON object {"command":"show groups","vlan":10}. Everything
// a client can get wrong is found here or in the command table (dispatcher.cpp). Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shared/address.h"
#include "shared/ids.h"
#include "shared/log.h"
#include "shared/result.h"

namespace sluice::control::api {

// Which fields a request carries, a command takes, or a command needs; bits.
enum Field : unsigned {
  kVlan = 1u << 0,
  kPort = 1u << 1,
  kGroup = 1u << 2,
  kSource = 1u << 3,
  kLevel = 1u << 4,
  kIgmp = 1u << 5,
  kSubsystem = 1u << 6,
  kOf = 1u << 7,
  kPrefix = 1u << 8,
};
std::string field_names(unsigned fields);  // "vlan, port"

struct Request {
  std::string command;
  unsigned given = 0;
  std::optional<VlanId> vlan;
  std::optional<std::string> port;
  std::optional<Ipv4> group;
  std::optional<Ipv4> source;  // "*" is none
  std::optional<LogLevel> level;
  std::optional<Subsystem> subsystem;  // none: all of them
  bool igmp = false;
  std::string of;      // what values are asked for: "group"
  std::string prefix;  // only those that begin with it
};

// Error: what is wrong with the line, and what would be right.
Result<Request> parse_request(std::string_view line);

}  // namespace sluice::control::api
