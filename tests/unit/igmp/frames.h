// SPDX-License-Identifier: BSD-3-Clause
// Frames byte by byte for tests and fuzz seeds, made without the encoder under test. The defaults
// are a correct frame; each member is one way to make it incorrect.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "control/igmp/codec.h"

namespace sluice::control::igmp::frames {

using Bytes = std::vector<std::uint8_t>;

inline Bytes hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  Bytes out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<std::uint8_t>(digit(text[i]) * 16 + digit(text[i + 1])));
  }
  return out;
}

inline Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

inline void put16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

// The message with the checksum at `at` computed anew.
inline Bytes summed(Bytes message, std::size_t at = 2) {
  put16(message, at, 0);
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < message.size(); ++i) {
    sum += static_cast<std::uint32_t>(i % 2 == 0 ? message[i] << 8 : message[i]);
  }
  while (sum > 0xFFFF) sum = (sum & 0xFFFF) + (sum >> 16);
  put16(message, at, 0xFFFF - sum);
  return message;
}

struct Ip {
  Ipv4 source = ipv4(192, 0, 2, 1);
  Ipv4 destination = ipv4(224, 0, 0, 1);
  std::uint8_t protocol = 2;
  std::uint8_t ttl = 1;
  Bytes options = {0x94, 4, 0, 0};
  std::uint16_t fragment = 0;    // flags and offset
  int total_length_error = 0;    // added to the right one
  std::uint8_t version_ihl = 0;  // 0: the right one
  bool bad_checksum = false;
};

inline Bytes packet(const Bytes& message, const Ip& ip = {}) {
  Bytes out(20);
  out = out + ip.options;
  out[0] =
      ip.version_ihl != 0 ? ip.version_ihl : static_cast<std::uint8_t>(0x40 | (out.size() / 4));
  out[1] = 0xC0;
  const auto total = static_cast<int>(out.size() + message.size()) + ip.total_length_error;
  put16(out, 2, static_cast<std::size_t>(total));
  put16(out, 6, ip.fragment);
  out[8] = ip.ttl;
  out[9] = ip.protocol;
  put16(out, 12, ip.source.value >> 16);
  put16(out, 14, ip.source.value & 0xFFFF);
  put16(out, 16, ip.destination.value >> 16);
  put16(out, 18, ip.destination.value & 0xFFFF);
  out = summed(std::move(out), 10);
  if (ip.bad_checksum) out[10] ^= 0x40;
  return out + message;
}

inline Bytes ethernet(const Bytes& payload, const Bytes& tag = {}) {
  return hex("01005e00000102000000000a") + tag + hex("0800") + payload;
}

inline Bytes frame(const Bytes& message, const Ip& ip = {}) {
  return ethernet(packet(message, ip));
}

inline Bytes pim_frame(const Bytes& message) {
  return frame(message, {.destination = kAllPimRouters, .protocol = 103, .options = {}});
}

// The test vectors of the requirements, in their order: TV-01..TV-14.
inline constexpr std::string_view kVectors[] = {
    "1100eeff00000000",
    "1164ee9b00000000",
    "110afdf0ef010203",
    "1164ec1e00000000027d0000",
    "110afb73ef010203027d0000",
    "110af373ef0102030a7d0000",
    "110a7f6fe8010101027d0002c0000201c0000202",
    "1200fcfaef010203",
    "1600f8faef010203",
    "1700f7faef010203",
    "2200e8f90000000104000000ef010203",
    "2200e9f90000000103000000ef010203",
    "22002df90000000105000001e8010101c0000201",
    "22003ef30000000202000000ef01020301000001e8010101c0000201",
};
inline constexpr std::string_view kPacket15 =
    "46c000240000000001028211c0000201e0000001940400001164ec1e00000000027d0000";
inline constexpr std::string_view kPacket16 =
    "46c0002800000000010281c7c0000232e0000016940400002200e8f90000000104000000ef010203";

// Correct frames of every kind: what mutation starts from.
inline std::vector<Bytes> seeds() {
  std::vector<Bytes> out;
  for (const std::string_view vector : kVectors) out.push_back(frame(hex(vector)));
  out.push_back(ethernet(hex(kPacket15)));
  out.push_back(ethernet(hex(kPacket16)) + Bytes(14, 0xAA));
  out.push_back(ethernet(packet(hex(kVectors[3])), hex("8100000a")));
  // IS_EX with auxiliary data, a record of unknown type, then BLOCK.
  out.push_back(frame(summed(hex("22000000000000030201000100000000") + hex("c0000201deadbeef") +
                             hex("07000000ef01020406000001ef010205c0000202"))));
  // MRD advertisement, solicitation, termination.
  out.push_back(frame(summed(hex("30140000007d0002")), {.destination = kAllSnoopers}));
  out.push_back(frame(summed(hex("31000000")), {.destination = kAllRouters}));
  out.push_back(frame(summed(hex("32000000")), {.destination = kAllSnoopers}));
  // PIM hello: holdtime 105 s, generation identifier.
  out.push_back(pim_frame(summed(hex("20000000000100020069001400041234abcd"))));
  return out;
}

}  // namespace sluice::control::igmp::frames
