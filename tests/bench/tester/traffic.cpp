// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/tester/traffic.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <random>
#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr std::uint16_t kMagic = 0x5142;
constexpr std::uint8_t kTtl = 64;
constexpr std::size_t kTtlAt = 22;
constexpr std::size_t kZipfOrder = 1 << 16;

void put16(std::uint8_t* at, std::uint16_t value) {
  at[0] = static_cast<std::uint8_t>(value >> 8);
  at[1] = static_cast<std::uint8_t>(value);
}

void put32(std::uint8_t* at, std::uint32_t value) {
  put16(at, static_cast<std::uint16_t>(value >> 16));
  put16(at + 2, static_cast<std::uint16_t>(value));
}

std::uint16_t get16(const std::uint8_t* at) {
  return static_cast<std::uint16_t>(at[0] << 8 | at[1]);
}

std::uint32_t get32(const std::uint8_t* at) {
  return static_cast<std::uint32_t>(get16(at)) << 16 | get16(at + 2);
}

std::uint16_t header_checksum(const std::uint8_t* header) {
  std::uint32_t sum = 0;
  for (int i = 0; i < 20; i += 2) sum += get16(header + i);
  sum = (sum >> 16) + (sum & 0xFFFF);
  return static_cast<std::uint16_t>(~(sum + (sum >> 16)));
}

void write_header(const Source& source, const Flow& flow, std::uint8_t* at) {
  const auto ip_bytes = static_cast<std::uint16_t>(source.frame_size - kFcsBytes - 14);
  std::memcpy(at, flow.mac.data(), 6);
  const std::uint8_t own[6] = {2, 0, 0, 0, 1, static_cast<std::uint8_t>(source.port + 1)};
  std::memcpy(at + 6, own, 6);
  put16(at + 12, 0x0800);
  std::uint8_t* const ip = at + 14;
  std::memset(ip, 0, 28);
  ip[0] = 0x45;
  put16(ip + 2, ip_bytes);
  ip[8] = kTtl;
  ip[9] = 17;
  put32(ip + 12, source.address);
  put32(ip + 16, flow.address);
  put16(ip + 10, header_checksum(ip));
  put16(ip + 20, 5000);
  put16(ip + 22, 5000);
  put16(ip + 24, static_cast<std::uint16_t>(ip_bytes - 20));
}

}  // namespace

std::span<const std::uint8_t> write_frame(const Source& source, const Tag& tag,
                                          std::span<std::uint8_t> room) {
  std::uint8_t* const at = room.data();
  write_header(source, source.flow_of(tag.sequence), at);
  std::uint8_t* const body = at + kHeaderBytes;
  put16(body, kMagic);
  put16(body + 2, tag.run);
  body[4] = tag.source;
  body[5] = 0;
  put32(body + 6, tag.sequence);
  put32(body + 10, static_cast<std::uint32_t>(tag.sent >> 32));
  put32(body + 14, static_cast<std::uint32_t>(tag.sent));
  return room.first(source.frame_size - kFcsBytes);  // the rest of `room` is zero
}

std::optional<Tag> read_tag(std::span<const std::uint8_t> frame) {
  if (frame.size() < kHeaderBytes + kTagBytes || get16(frame.data() + 12) != 0x0800) return {};
  const std::uint8_t* const body = frame.data() + kHeaderBytes;
  if (get16(body) != kMagic) return {};
  return Tag{
      .run = get16(body + 2),
      .source = body[4],
      .sequence = get32(body + 6),
      .sent = static_cast<Nanoseconds>(std::uint64_t{get32(body + 10)} << 32 | get32(body + 14))};
}

bool unaltered(const Source& source, const Tag& tag, std::span<const std::uint8_t> frame,
               std::size_t length) {
  if (length != source.frame_size - kFcsBytes) return false;
  std::uint8_t expected[kHeaderBytes];
  write_header(source, source.flow_of(tag.sequence), expected);
  if (source.routed) {
    std::memcpy(expected + 6, frame.data() + 6, 6);
    if (frame[kTtlAt] >= kTtl) return false;
    expected[kTtlAt] = frame[kTtlAt];
    put16(expected + 24, 0);
    put16(expected + 24, header_checksum(expected + 14));
  }
  if (std::memcmp(expected, frame.data(), kHeaderBytes) != 0) return false;
  const auto filler = frame.subspan(kHeaderBytes + kTagBytes);
  return std::all_of(filler.begin(), filler.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::vector<std::uint32_t> make_order(const std::string& name, std::uint32_t flows,
                                      std::uint64_t seed) {
  if (flows == 0) throw std::invalid_argument("a source without flows");
  std::mt19937_64 random(seed);
  std::vector<std::uint32_t> order(flows);
  std::iota(order.begin(), order.end(), 0U);
  if (name == "sequence") return order;
  // Not std::shuffle, whose result differs between standard libraries.
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random() % i]);
  if (name == "random") return order;
  if (name != "zipf") throw std::invalid_argument("order \"" + name + "\"");
  std::vector<double> upto(flows);
  double sum = 0;
  for (std::uint32_t i = 0; i < flows; ++i) upto[i] = sum += 1.0 / (i + 1);
  std::vector<std::uint32_t> drawn(kZipfOrder);
  for (std::uint32_t& flow : drawn) {
    const double point = static_cast<double>(random() >> 11) * 0x1p-53 * sum;
    const auto found = std::upper_bound(upto.begin(), upto.end(), point);
    flow = order[std::min<std::size_t>(static_cast<std::size_t>(found - upto.begin()), flows - 1)];
  }
  return drawn;
}

}  // namespace sluice::bench
