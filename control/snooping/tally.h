// SPDX-License-Identifier: BSD-3-Clause
// What the control plane counts: messages by type per VLAN, drops by reason per port. Control
// thread only.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "control/igmp/codec.h"
#include "shared/ids.h"

namespace sluice::control::snooping {

// RFC 9166 §4 statistics, by their parts.
enum class MessageType : std::uint8_t {
  kQueryV1,
  kQueryV2,
  kQueryV3,
  kReportV1,
  kReportV2,
  kReportV3,
  kLeave,
  kMrd,
  kPimHello,
  kUnknown,
};
inline constexpr std::array<std::string_view, 10> kMessageTypeLabels = {
    "query_v1",  "query_v2", "query_v3", "report_v1", "report_v2",
    "report_v3", "leave",    "mrd",      "pim_hello", "unknown"};

struct VlanTally {
  std::array<std::uint64_t, kMessageTypeLabels.size()> received{}, sent{};
  std::uint64_t version_mismatch = 0;  // QE-26, QE-27
  std::uint64_t ttl_not_one = 0;       // RX-12
  std::uint64_t no_router_alert = 0;   // AD-10
  std::uint64_t unknown_records = 0;   // R3-01
  std::uint64_t ignored_records = 0;   // R3-07, MS-07
  std::uint64_t group_limit = 0;       // max-groups refused a group
  std::uint64_t groups_replaced = 0;   // ... or threw out the oldest for it
  std::uint64_t vlan_group_limit = 0;  // max-vlan-groups refused a group
  std::uint64_t source_limit = 0;      // too many sources for one (port, group)
  std::uint64_t host_limit = 0;        // too many hosts for one (port, group)
  std::uint64_t profile_denied = 0;    // joins that a group profile cut down or refused
  std::uint64_t fib_refused = 0;       // the forwarding table was full
  std::uint64_t router_limit = 0;      // too many routers
  std::uint64_t ssm_ignored = 0;       // any-source joins in the SSM range (SM-02)
  std::uint64_t ssm_mapped = 0;        // older reports that SSM mapping gave sources

  void count_received(MessageType type) { ++received[static_cast<std::size_t>(type)]; }
  void count_sent(MessageType type) { ++sent[static_cast<std::size_t>(type)]; }
};

// Reasons beyond what the codec finds.
enum class PolicyDrop : std::uint8_t {
  kOwnMessage,    // AD-14: a frame of ours came back
  kNotSnooped,    // the VLAN does not snoop (any more)
  kRouterGuard,   // a router's message where no router shall be (RP-11, SE-02)
  kQuerierGuard,  // a query where no querier shall be
};
inline constexpr std::array<std::string_view, 4> kPolicyDropLabels = {
    "own_message", "not_snooped", "router_guard", "querier_guard"};

struct PortTally {
  std::array<std::uint64_t, igmp::kDecodeErrors> decode{};
  std::array<std::uint64_t, kPolicyDropLabels.size()> policy{};

  void count(igmp::DecodeError error) { ++decode[static_cast<std::size_t>(error)]; }
  void count(PolicyDrop reason) { ++policy[static_cast<std::size_t>(reason)]; }
};

}  // namespace sluice::control::snooping
