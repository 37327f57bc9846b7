// SPDX-License-Identifier: BSD-3-Clause
// Messages to whole frames: RFC 9776 §4, RFC 2236 §2, RFC 4286 §3.2. Reserved and flag fields are
// zero, auxiliary data is never sent (R3-02).
#include <algorithm>
#include <cassert>

#include "control/igmp/codec.h"
#include "control/igmp/wire.h"

namespace sluice::control::igmp {
namespace {

constexpr std::size_t kMessageAt = wire::kEthernetHeader + wire::kIpHeaderWithAlert;

// A frame whose message is zero but for its type; `seal` completes it. The frame is not padded to
// the Ethernet minimum: that is the sending port's business.
class Frame {
 public:
  Frame(std::uint8_t type, std::size_t message_bytes) : bytes_(kMessageAt + message_bytes) {
    message()[0] = type;
  }

  std::uint8_t* message() { return bytes_.data() + kMessageAt; }

  std::vector<std::uint8_t> seal(Ipv4 destination, const Origin& origin) {
    put_checksum(kMessageAt, bytes_.size() - kMessageAt, 2);

    const MacAddress to = multicast_mac(destination);
    std::copy(to.bytes.begin(), to.bytes.end(), bytes_.begin());
    std::copy(origin.mac.bytes.begin(), origin.mac.bytes.end(), bytes_.begin() + 6);
    wire::put16(&bytes_[12], wire::kEtherIpv4);

    const std::size_t total = bytes_.size() - wire::kEthernetHeader;
    assert(total <= 0xFFFF);
    std::uint8_t* ip = bytes_.data() + wire::kEthernetHeader;
    ip[0] = 0x40 | (wire::kIpHeaderWithAlert / 4);
    ip[1] = wire::kInternetworkControl;
    wire::put16(ip + 2, total);
    ip[8] = 1;  // TTL (IP-02)
    ip[9] = wire::kProtocolIgmp;
    wire::put_address(ip + 12, origin.source);
    wire::put_address(ip + 16, destination);
    ip[20] = wire::kRouterAlert;
    ip[21] = 4;
    put_checksum(wire::kEthernetHeader, wire::kIpHeaderWithAlert, 10);
    return std::move(bytes_);
  }

 private:
  void put_checksum(std::size_t at, std::size_t size, std::size_t field) {
    const auto covered = std::span<const std::uint8_t>(bytes_).subspan(at, size);
    wire::put16(&bytes_[at + field], internet_checksum(covered));
  }

  std::vector<std::uint8_t> bytes_;
};

std::uint8_t* put_sources(std::uint8_t* at, const SourceSet<Ipv4>& sources) {
  for (const Ipv4 source : sources) {
    wire::put_address(at, source);
    at += wire::kAddress;
  }
  return at;
}

std::uint32_t tenths(Duration d) {
  return static_cast<std::uint32_t>(std::max<Duration::rep>(0, d.count()) / 100);
}

std::uint8_t max_response_code(const Query<Ipv4>& query) {
  switch (query.version) {
    case Version::kV1:
      return 0;
    case Version::kV2:  // linear; zero would make it a v1 query
      return static_cast<std::uint8_t>(
          std::clamp<std::uint32_t>(tenths(query.max_response_time), 1, 255));
    case Version::kV3:
      break;
  }
  return encode_code(tenths(query.max_response_time));
}

std::vector<std::uint8_t> encode_short(std::uint8_t type, Ipv4 group, Ipv4 destination,
                                       const Origin& origin) {
  Frame frame(type, wire::kShortMessage);
  wire::put_address(frame.message() + 4, group);
  return frame.seal(destination, origin);
}

}  // namespace

std::vector<std::uint8_t> encode(const Query<Ipv4>& query, const Origin& origin) {
  const bool v3 = query.version == Version::kV3;
  Frame frame(wire::kQuery,
              v3 ? wire::kV3Query + wire::kAddress * query.sources.size() : wire::kShortMessage);
  std::uint8_t* at = frame.message();
  at[1] = max_response_code(query);
  wire::put_address(at + 4, query.group);
  if (v3) {
    const std::uint8_t qrv =
        query.robustness_variable > wire::kMaxQrv ? 0 : query.robustness_variable;
    at[8] = static_cast<std::uint8_t>((query.suppress_router_processing ? wire::kSuppressFlag : 0) |
                                      qrv);
    at[9] = encode_code(tenths(query.query_interval) / 10);
    wire::put16(at + 10, query.sources.size());
    put_sources(at + wire::kV3Query, query.sources);
  }
  return frame.seal(query.general() ? kAllSystems : query.group, origin);  // AD-01..AD-03
}

std::vector<std::uint8_t> encode(const V1Report<Ipv4>& report, const Origin& origin) {
  return encode_short(wire::kV1Report, report.group, report.group, origin);
}

std::vector<std::uint8_t> encode(const V2Report<Ipv4>& report, const Origin& origin) {
  return encode_short(wire::kV2Report, report.group, report.group, origin);
}

std::vector<std::uint8_t> encode(const Leave<Ipv4>& leave, const Origin& origin) {
  return encode_short(wire::kLeave, leave.group, kAllRouters, origin);
}

std::vector<std::uint8_t> encode(const V3Report<Ipv4>& report, const Origin& origin) {
  std::size_t size = wire::kShortMessage;
  for (const auto& record : report.records) {
    size += wire::kRecordHeader + wire::kAddress * record.sources.size();
  }
  Frame frame(wire::kV3Report, size);
  wire::put16(frame.message() + 6, report.records.size());
  std::uint8_t* at = frame.message() + wire::kShortMessage;
  for (const auto& record : report.records) {
    at[0] = static_cast<std::uint8_t>(record.type);
    wire::put16(at + 2, record.sources.size());
    wire::put_address(at + 4, record.group);
    at = put_sources(at + wire::kRecordHeader, record.sources);
  }
  return frame.seal(kAllIgmpv3Routers, origin);
}

std::vector<std::uint8_t> encode(const MrdSolicitation&, const Origin& origin) {
  return Frame(wire::kMrdSolicitation, 4).seal(kAllRouters, origin);
}

}  // namespace sluice::control::igmp
