// SPDX-License-Identifier: BSD-3-Clause
// Any bytes to decode(): no crash, and what can be sent again means the same when it is. The first
// byte of the input says whether the checksums are put right, so that the fuzzer need not guess
// them.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "control/igmp/codec.h"
#include "tests/unit/igmp/frames.h"

namespace sluice::control::igmp {
namespace {

using frames::operator+;

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kMtu = 1500;

frames::Bytes with_right_checksums(frames::Bytes frame) {
  if (frame.size() < kEthernet + 20) return frame;
  const std::size_t header = std::size_t{4} * (frame[kEthernet] & 0xF);
  const std::size_t message = kEthernet + header;
  if (header < 20 || message + 4 > frame.size()) return frame;
  frames::put16(frame, kEthernet + 2, frame.size() - kEthernet);
  const auto at = [&](std::size_t i) { return frame.begin() + static_cast<std::ptrdiff_t>(i); };
  return frames::Bytes(at(0), at(kEthernet)) +
         frames::summed(frames::Bytes(at(kEthernet), at(message)), 10) +
         frames::summed(frames::Bytes(at(message), frame.end()));
}

void expect(bool holds) {
  if (!holds) std::abort();
}

const Origin kOrigin{MacAddress{{2, 0, 0, 0, 0, 1}}, Ipv4{0x0A4D0001}};

template <class M>
void round_trip(const M& message) {
  const auto result = decode(encode(message, kOrigin));
  const auto* packet = std::get_if<Packet>(&result);
  expect(packet != nullptr && packet->source == kOrigin.source);
  expect(std::get<M>(packet->message) == message);
}

void check(const V3Report<Ipv4>& report) {
  for (const auto& part : split(report.records, kMtu)) {
    expect(encode(part, kOrigin).size() <= kEthernet + kMtu);
    round_trip(part);
  }
}

void check(const Query<Ipv4>& query) {
  for (const auto& part : split(query, kMtu)) round_trip(part);
}

template <class M>
void check(const M& message) {
  if constexpr (requires { encode(message, kOrigin); }) round_trip(message);
}

void try_frame(frames::Bytes frame) {
  const auto result = decode(frame);
  if (const auto* packet = std::get_if<Packet>(&result)) {
    std::visit([](const auto& message) { check(message); }, packet->message);
  }
}

}  // namespace
}  // namespace sluice::control::igmp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  if (size == 0) return 0;
  sluice::control::igmp::frames::Bytes frame(bytes + 1, bytes + size);
  if ((bytes[0] & 1) != 0) frame = sluice::control::igmp::with_right_checksums(std::move(frame));
  sluice::control::igmp::try_frame(std::move(frame));
  return 0;
}
