// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/text.h"

#include "tests/sim/violation.h"

namespace sluice::sim {
namespace {

std::string names(const igmp::SourceSet<Ipv4>& sources) {
  std::string out = "{";
  for (Ipv4 s : sources) out += (out.size() > 1 ? " " : "") + to_string(s);
  return out + "}";
}

}  // namespace

std::string text(const igmp::Packet& packet) {
  std::string out = to_string(packet.source) + " ";
  if (const auto* q = std::get_if<igmp::Query<Ipv4>>(&packet.message)) {
    out += "v" + std::to_string(static_cast<int>(q->version)) + " query " + to_string(q->group) +
           " " + names(q->sources) + (q->suppress_router_processing ? " S" : "");
  } else if (const auto* r = std::get_if<igmp::V3Report<Ipv4>>(&packet.message)) {
    constexpr const char* kTypes[] = {"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};
    for (const auto& record : r->records) {
      out += std::string(kTypes[static_cast<int>(record.type)]) + " " + to_string(record.group) +
             names(record.sources) + " ";
    }
  } else if (const auto* v2 = std::get_if<igmp::V2Report<Ipv4>>(&packet.message)) {
    out += "v2 report " + to_string(v2->group);
  } else if (const auto* v1 = std::get_if<igmp::V1Report<Ipv4>>(&packet.message)) {
    out += "v1 report " + to_string(v1->group);
  } else if (const auto* leave = std::get_if<igmp::Leave<Ipv4>>(&packet.message)) {
    out += "leave " + to_string(leave->group);
  } else {
    out += "other";
  }
  return out;
}

igmp::Packet decoded(std::span<const std::uint8_t> bytes) {
  auto result = igmp::decode(bytes);
  if (auto* packet = std::get_if<igmp::Packet>(&result)) return std::move(*packet);
  throw Violation("a frame that does not decode: " +
                  std::string(igmp::to_string(std::get<igmp::DecodeError>(result))));
}

}  // namespace sluice::sim
