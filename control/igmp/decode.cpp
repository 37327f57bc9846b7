// SPDX-License-Identifier: BSD-3-Clause
// The receive pipeline, step by step in the order of requirements igmp-messages §10.
#include <algorithm>
#include <optional>
#include <utility>

#include "control/igmp/codec.h"
#include "control/igmp/source_set.h"
#include "control/igmp/wire.h"

namespace sluice::control::igmp {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Decoded = std::variant<Message<Ipv4>, DecodeError>;

constexpr Duration tenths(std::uint32_t ds) {
  return Duration(ds * 100);
}
constexpr Duration seconds(std::uint32_t s) {
  return Duration(Duration::rep{s} * 1000);
}

// Whether the options name Router Alert. Options that do not parse end the search: they are no
// reason to drop.
bool has_router_alert(Bytes options) {
  while (!options.empty()) {
    const std::uint8_t kind = options[0];
    if (kind == wire::kRouterAlert) return true;
    if (kind == 0) return false;  // end of list
    if (kind == 1) {              // padding
      options = options.subspan(1);
      continue;
    }
    if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) return false;
    options = options.subspan(options[1]);
  }
  return false;
}

// Reads `count` addresses that lie at `at`. What is no unicast address is passed over (R3-08).
void read_sources(const std::uint8_t* at, std::size_t count, SourceSet<Ipv4>& sources) {
  if (count == 0) return;
  sources.reserve(count);
  for (std::size_t i = 0; i < count; ++i, at += wire::kAddress) {
    const Ipv4 source = wire::get_address(at);
    if (source.is_unicast()) sources.push_back(source);
  }
  normalize<Ipv4>(sources);
}

bool reportable(Ipv4 group) {
  return group.is_multicast() && group != kAllSystems;
}

// RX-07
Decoded decode_query(Bytes igmp) {
  if (igmp.size() > wire::kShortMessage && igmp.size() < wire::kV3Query) {
    return DecodeError::kBadQueryLength;
  }
  Query<Ipv4> query;
  query.group = wire::get_address(&igmp[4]);
  if (!query.group.is_unspecified() && !query.group.is_multicast()) return DecodeError::kBadGroup;

  if (igmp.size() == wire::kShortMessage) {
    if (igmp[1] == 0) {
      query.version = Version::kV1;
      query.group = Ipv4{};  // RFC 1112: ignored when received
      query.max_response_time = tenths(100);
    } else {
      query.version = Version::kV2;
      query.max_response_time = tenths(igmp[1]);  // linear (FP-05)
    }
    return query;
  }

  query.version = Version::kV3;
  query.max_response_time = tenths(decode_code(igmp[1]));
  query.suppress_router_processing = (igmp[8] & wire::kSuppressFlag) != 0;
  query.robustness_variable = igmp[8] & wire::kMaxQrv;
  query.query_interval = seconds(decode_code(igmp[9]));
  const std::size_t count = wire::get16(&igmp[10]);
  if (count > (igmp.size() - wire::kV3Query) / wire::kAddress) return DecodeError::kBadQuery;
  if (count > 0 && query.general()) return DecodeError::kBadQuery;
  read_sources(igmp.data() + wire::kV3Query, count, query.sources);
  // Without this, a query for nothing but nonsense would pass for a group-specific one.
  if (count > 0 && query.sources.empty()) return DecodeError::kBadQuery;
  return query;
}

// RX-10. Steps over each record by its computed size first and looks at it then, so that a record
// we do not know cannot hide those behind it. A step is at least 8 bytes of what is really there.
Decoded decode_v3_report(Bytes igmp, DecodeNotes& notes) {
  V3Report<Ipv4> report;
  std::size_t left = wire::get16(&igmp[6]);
  Bytes rest = igmp.subspan(wire::kShortMessage);
  report.records.reserve(std::min(left, rest.size() / wire::kRecordHeader));
  for (; left > 0; --left) {
    if (rest.size() < wire::kRecordHeader) break;
    const std::uint8_t* record = rest.data();
    const std::size_t aux_words = record[1];
    const std::size_t sources = wire::get16(record + 2);
    const std::size_t size =
        wire::kRecordHeader + wire::kAddress * sources + sizeof(std::uint32_t) * aux_words;
    if (size > rest.size()) break;
    rest = rest.subspan(size);

    const std::uint8_t type = record[0];
    const Ipv4 group = wire::get_address(record + 4);
    if (type < static_cast<std::uint8_t>(RecordType::kModeIsInclude) ||
        type > static_cast<std::uint8_t>(RecordType::kBlockOldSources)) {
      ++notes.unknown_records;
      continue;
    }
    if (!reportable(group)) {
      ++notes.bad_records;
      continue;
    }
    GroupRecord<Ipv4>& out = report.records.emplace_back();
    out.type = static_cast<RecordType>(type);
    out.group = group;
    read_sources(record + wire::kRecordHeader, sources, out.sources);
  }
  notes.truncated = left > 0;
  return report;
}

// MR-01..MR-03, MR-07. That the source is on the local network is the receiver's to know.
Decoded decode_mrd(Bytes igmp, const Packet& packet) {
  const bool solicitation = igmp[0] == wire::kMrdSolicitation;
  if (packet.destination != (solicitation ? kAllRouters : kAllSnoopers)) {
    return DecodeError::kBadMrd;
  }
  if (solicitation) return MrdSolicitation{};
  if (!packet.source.is_unicast()) return DecodeError::kBadMrd;
  if (igmp[0] == wire::kMrdTermination) return MrdTermination{};
  if (igmp.size() < wire::kShortMessage) return DecodeError::kBadMrd;
  return MrdAdvertisement{.advertisement_interval = seconds(igmp[1]),
                          .query_interval = seconds(wire::get16(&igmp[4])),
                          .robustness_variable = wire::get16(&igmp[6])};
}

Decoded decode_igmp(Bytes igmp, Packet& packet) {
  if (igmp.size() < 4) return DecodeError::kTooShort;  // RX-04
  const std::uint8_t type = igmp[0];
  const bool ours = type == wire::kQuery || type == wire::kV1Report || type == wire::kV2Report ||
                    type == wire::kLeave || type == wire::kV3Report;
  if (ours && igmp.size() < wire::kShortMessage) return DecodeError::kTooShort;
  if (internet_checksum(igmp) != 0) return DecodeError::kBadIgmpChecksum;  // RX-05

  switch (type) {  // RX-06
    case wire::kQuery:
      return decode_query(igmp);
    case wire::kV3Report:
      return decode_v3_report(igmp, packet.notes);
    case wire::kV1Report:
    case wire::kV2Report:
    case wire::kLeave: {  // RX-09
      const Ipv4 group = wire::get_address(&igmp[4]);
      if (!reportable(group)) return DecodeError::kBadGroup;
      if (type == wire::kV1Report) return V1Report<Ipv4>{group};
      if (type == wire::kV2Report) return V2Report<Ipv4>{group};
      return Leave<Ipv4>{group};
    }
    case wire::kMrdAdvertisement:
    case wire::kMrdSolicitation:
    case wire::kMrdTermination:
      return decode_mrd(igmp, packet);
    default:
      return UnknownType{type};
  }
}

// RFC 7761 §4.9 and §4.9.2: |version 2|type 0|, reserved, checksum, then options of |type|length|.
Decoded decode_pim(Bytes pim, const Packet& packet) {
  constexpr std::uint8_t kVersion = 2;
  constexpr std::uint16_t kHoldtimeOption = 1;
  constexpr std::size_t kHeader = 4, kOptionHeader = 4;
  if (pim.size() < kHeader || (pim[0] >> 4) != kVersion) return DecodeError::kBadPim;
  if ((pim[0] & 0xF) != 0) return DecodeError::kOtherPim;
  if (internet_checksum(pim) != 0) return DecodeError::kBadPim;
  if (packet.destination != kAllPimRouters || !packet.source.is_unicast()) {
    return DecodeError::kBadPim;
  }
  PimHello hello{.holdtime = seconds(105)};
  for (Bytes rest = pim.subspan(kHeader); !rest.empty();) {
    if (rest.size() < kOptionHeader) return DecodeError::kBadPim;
    const std::uint16_t type = wire::get16(&rest[0]);
    const std::size_t length = wire::get16(&rest[2]);
    if (length > rest.size() - kOptionHeader) return DecodeError::kBadPim;
    if (type == kHoldtimeOption) {
      if (length != 2) return DecodeError::kBadPim;
      hello.holdtime = seconds(wire::get16(&rest[kOptionHeader]));
    }
    rest = rest.subspan(kOptionHeader + length);
  }
  return hello;
}

// The Ethernet payload when it is IPv4.
std::optional<Bytes> ip_packet(Bytes frame) {
  std::size_t at = wire::kEthernetHeader;
  if (frame.size() < at) return std::nullopt;
  std::uint16_t type = wire::get16(&frame[at - 2]);
  if (type == wire::kEtherVlan || type == wire::kEtherServiceVlan) {  // SC-17
    at += wire::kVlanTag;
    if (frame.size() < at) return std::nullopt;
    type = wire::get16(&frame[at - 2]);
  }
  if (type != wire::kEtherIpv4) return std::nullopt;
  return frame.subspan(at);
}

bool without_router_alert(const Message<Ipv4>& message) {
  if (const auto* query = std::get_if<Query<Ipv4>>(&message)) return query->version == Version::kV1;
  return std::holds_alternative<V1Report<Ipv4>>(message) ||
         std::holds_alternative<PimHello>(message);
}

}  // namespace

Ipv4 first_group(Bytes frame) {
  constexpr std::size_t kGroup = 4;  // of a short message, and of a record
  if (frame.size() < wire::kEthernetHeader + wire::kIpHeader) return {};
  const std::size_t header = std::size_t{frame[wire::kEthernetHeader]} % 16 * 4;
  const std::size_t at = wire::kEthernetHeader + header;
  if (frame.size() < at + wire::kShortMessage + wire::kRecordHeader) return {};
  switch (frame[at]) {
    case wire::kV3Report:
      return wire::get_address(&frame[at + wire::kShortMessage + kGroup]);
    case wire::kV1Report:
    case wire::kV2Report:
    case wire::kLeave:
      return wire::get_address(&frame[at + kGroup]);
    default:
      return {};
  }
}

std::variant<Packet, DecodeError> decode(std::span<const std::uint8_t> frame) {
  // RX-01
  const std::optional<Bytes> present = ip_packet(frame);
  if (!present || present->size() < wire::kIpHeader) return DecodeError::kNotIpv4;
  const Bytes ip = *present;
  const std::size_t header = std::size_t{4} * (ip[0] & 0xF);
  // The frame may be longer than the packet: Ethernet pads (IP-05).
  const std::size_t total = wire::get16(&ip[2]);
  if ((ip[0] >> 4) != 4 || header < wire::kIpHeader || header > total || total > ip.size()) {
    return DecodeError::kNotIpv4;
  }
  if (internet_checksum(ip.first(header)) != 0) return DecodeError::kBadIpChecksum;  // RX-02
  constexpr std::uint16_t kMoreFragmentsAndOffset = 0x3FFF;
  if ((wire::get16(&ip[6]) & kMoreFragmentsAndOffset) != 0) return DecodeError::kFragment;  // RX-03

  std::variant<Packet, DecodeError> result;  // a Packet, filled in place
  Packet& packet = std::get<Packet>(result);
  packet.source = wire::get_address(&ip[12]);
  packet.destination = wire::get_address(&ip[16]);
  std::copy(&frame[6], &frame[12], packet.source_mac.bytes.begin());
  packet.notes.ttl_not_one = ip[8] != 1;  // RX-12

  const Bytes payload = ip.first(total).subspan(header);
  const std::uint8_t protocol = ip[9];
  Decoded decoded = DecodeError::kNotIgmp;
  if (protocol == wire::kProtocolIgmp) decoded = decode_igmp(payload, packet);
  if (protocol == wire::kProtocolPim) decoded = decode_pim(payload, packet);
  if (const auto* error = std::get_if<DecodeError>(&decoded)) return *error;
  packet.message = std::move(std::get<Message<Ipv4>>(decoded));
  packet.notes.no_router_alert = !without_router_alert(packet.message) &&
                                 !has_router_alert(ip.first(header).subspan(wire::kIpHeader));
  return result;
}

bool host_accepts(const Packet& packet, const Query<Ipv4>& query) {
  if (packet.notes.no_router_alert) return false;
  return !query.general() || !packet.destination.is_multicast() ||
         packet.destination == kAllSystems;
}

std::string_view to_string(DecodeError error) {
  switch (error) {
    case DecodeError::kNotIpv4:
      return "not_ipv4";
    case DecodeError::kBadIpChecksum:
      return "bad_ip_checksum";
    case DecodeError::kFragment:
      return "fragment";
    case DecodeError::kTooShort:
      return "too_short";
    case DecodeError::kBadIgmpChecksum:
      return "bad_igmp_checksum";
    case DecodeError::kBadQueryLength:
      return "bad_query_length";
    case DecodeError::kBadQuery:
      return "bad_query";
    case DecodeError::kBadGroup:
      return "bad_group";
    case DecodeError::kTruncatedReport:
      return "truncated_report";
    case DecodeError::kBadMrd:
      return "bad_mrd";
    case DecodeError::kBadPim:
      return "bad_pim";
    case DecodeError::kOtherPim:
      return "other_pim";
    case DecodeError::kNotIgmp:
      return "not_igmp";
  }
  return "unknown";
}

}  // namespace sluice::control::igmp
