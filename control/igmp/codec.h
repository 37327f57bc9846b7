// SPDX-License-Identifier: BSD-3-Clause
// Ethernet frames to IGMP messages and back. Bounds-checked: every length is tested before a byte
// is read, and a frame costs work in proportion to its real length, whatever it claims (RX-14).
// Pure; any thread. RFC 9776 §4, RFC 2236 §2, RFC 1112 App. I, RFC 4286 §3, RFC 9279 (skipped
// over).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "control/igmp/messages.h"
#include "shared/address.h"

namespace sluice::control::igmp {

// Why a punted frame was not used (requirements igmp-messages §10). One counter each;
// to_string gives the label: "bad_igmp_checksum".
enum class DecodeError : std::uint8_t {
  kNotIpv4,          // RX-01: not IPv4, IHL or total length wrong, cut short
  kBadIpChecksum,    // RX-02
  kFragment,         // RX-03
  kTooShort,         // RX-04, QV-01
  kBadIgmpChecksum,  // RX-05
  kBadQueryLength,   // QV-04: 9 to 11 bytes
  kBadQuery,         // Q3-07: claims more sources than it has; Q3-01: sources without a group
  kBadGroup,         // RX-07, RX-09: not a multicast group, or a report for 224.0.0.1
  kTruncatedReport,  // R3-06: a record passes the end; the records before it stand
  kBadMrd,           // MR-07
  kBadPim,           // a PIM message of wrong version, length, checksum or address
  kOtherPim,         // well-formed PIM, but no Hello: nothing for a snooper to read
  kNotIgmp,          // neither IGMP nor PIM
};
inline constexpr std::size_t kDecodeErrors = static_cast<std::size_t>(DecodeError::kNotIgmp) + 1;
std::string_view to_string(DecodeError error);

// The counted oddities that drop nothing.
struct DecodeNotes {
  bool ttl_not_one = false;           // RX-12
  bool no_router_alert = false;       // AD-10; never set for v1 and PIM, which do not carry it
  std::uint16_t unknown_records = 0;  // R3-01
  std::uint16_t bad_records = 0;      // R3-07: group is not multicast, or is 224.0.0.1 (GA-01)
  bool truncated = false;  // R3-06: kTruncatedReport is to be counted, the message is used
};

struct Packet {
  Ipv4 source;
  Ipv4 destination;
  MacAddress source_mac;
  DecodeNotes notes;
  Message<Ipv4> message;
};

// `frame` starts at the destination MAC and carries no 802.1Q tag; one more tag that a frame with
// two still has is looked through (SC-17). IGMP and PIM are told apart by the IP protocol. A report
// with a record that passes the end of the payload keeps its earlier records and sets
// notes.truncated. The destination address is checked for MRD and PIM only: who accepts what is the
// receiver's to say (AD-01..AD-07).
std::variant<Packet, DecodeError> decode(std::span<const std::uint8_t> frame);

// The group that a report or a leave names, or names first, as far as a glance can tell: nothing is
// checked but that the bytes are there. 0.0.0.0 of anything else.
Ipv4 first_group(std::span<const std::uint8_t> frame);

// RX-08, what a host asks of a query beyond that: Router Alert on v2 and v3 (AD-11), and no General
// Query to a group other than 224.0.0.1 (AD-01). Routers and snoopers do not ask it.
bool host_accepts(const Packet& packet, const Query<Ipv4>& query);

// What a frame from this appliance carries outside the message itself.
struct Origin {
  MacAddress mac;
  Ipv4 source;  // 0.0.0.0 is allowed (RFC 4541 §2.1.1)
};

// A whole frame: Ethernet, IPv4 with TTL 1, TOS 0xc0 and Router Alert, message with checksum.
// Destination by AD-01..AD-07. Sources and records must fit one frame; see split below. What the
// wire cannot carry takes its nearest: a QRV over 7 is sent as 0 (Q3-03), a v2 Max Response Time
// stays within 0.1 to 25.5 s.
std::vector<std::uint8_t> encode(const Query<Ipv4>& query, const Origin& origin);
std::vector<std::uint8_t> encode(const V1Report<Ipv4>& report, const Origin& origin);
std::vector<std::uint8_t> encode(const V2Report<Ipv4>& report, const Origin& origin);
std::vector<std::uint8_t> encode(const Leave<Ipv4>& leave, const Origin& origin);
std::vector<std::uint8_t> encode(const V3Report<Ipv4>& report, const Origin& origin);
std::vector<std::uint8_t> encode(const MrdSolicitation& solicitation, const Origin& origin);

// SZ-01..SZ-04: as many reports as it takes for each to fit an IP packet of `mtu` bytes (>= 576).
std::vector<V3Report<Ipv4>> split(std::vector<GroupRecord<Ipv4>> records, std::size_t mtu);
// SZ-06, Q3-06.
std::vector<Query<Ipv4>> split(const Query<Ipv4>& query, std::size_t mtu);

// Floating-point codes (FP-01..FP-05): encode takes the exact value, else the next lower one;
// anything from 31744 up is 0xff.
std::uint8_t encode_code(std::uint32_t value);
std::uint32_t decode_code(std::uint8_t code);

// RFC 1071 over `bytes`; the result's high byte goes first. Zero over bytes that contain their own,
// correct checksum.
std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes);

}  // namespace sluice::control::igmp
