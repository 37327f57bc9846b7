// SPDX-License-Identifier: BSD-3-Clause
// The codec on bad frames: each is refused for one named reason, none does harm.
#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <set>
#include <string>

#include "control/igmp/codec.h"
#include "tests/unit/igmp/frames.h"

namespace sluice::control::igmp::codec_bad_test {
namespace {

using frames::Bytes;
using frames::hex;
using frames::operator+;

std::string reason(const Bytes& frame) {
  const auto result = decode(frame);
  const auto* error = std::get_if<DecodeError>(&result);
  return error == nullptr ? "none" : std::string(to_string(*error));
}

std::string message_reason(const char* text) {
  return reason(frames::frame(frames::summed(hex(text))));
}

const Bytes kGood = hex(frames::kVectors[3]);

TEST(ReceivePipeline, NotIpv4) {
  RecordProperty("req", "igmp-messages/RX-01");
  EXPECT_EQ(reason({}), "not_ipv4");
  EXPECT_EQ(reason(Bytes(13)), "not_ipv4");
  EXPECT_EQ(reason(hex("01005e00000102000000000a86dd") + frames::packet(kGood)), "not_ipv4");
  EXPECT_EQ(reason(hex("01005e00000102000000000a8100")), "not_ipv4") << "tag cut short";
  EXPECT_EQ(reason(frames::frame(kGood, {.version_ihl = 0x66})), "not_ipv4");
  EXPECT_EQ(reason(frames::frame(kGood, {.options = {}, .version_ihl = 0x44})), "not_ipv4");
  EXPECT_EQ(reason(frames::frame(kGood, {.version_ihl = 0x4F})), "not_ipv4") << "IHL over total";
  EXPECT_EQ(reason(frames::frame(kGood, {.total_length_error = 1})), "not_ipv4");
  EXPECT_EQ(reason(frames::frame(kGood, {.total_length_error = -13})), "not_ipv4");
  Bytes cut = frames::frame(kGood);
  while (!cut.empty()) {
    cut.pop_back();
    EXPECT_EQ(reason(cut), "not_ipv4") << cut.size();
  }
}

TEST(ReceivePipeline, BadIpChecksum) {
  RecordProperty("req", "igmp-messages/RX-02 snooping/SC-05");
  EXPECT_EQ(reason(frames::frame(kGood, {.bad_checksum = true})), "bad_ip_checksum");
}

TEST(ReceivePipeline, Fragments) {
  RecordProperty("req", "igmp-messages/RX-03");
  EXPECT_EQ(reason(frames::frame(kGood, {.fragment = 0x2000})), "fragment");
  EXPECT_EQ(reason(frames::frame(kGood, {.fragment = 0x0001})), "fragment");
  EXPECT_EQ(reason(frames::frame(kGood, {.fragment = 0x4000})), "none") << "don't fragment";
}

TEST(ReceivePipeline, TooShort) {
  RecordProperty("req", "igmp-messages/RX-04 igmp-messages/QV-01 igmp-messages/V2-03");
  for (const std::string_view vector :
       {frames::kVectors[1], frames::kVectors[7], frames::kVectors[8], frames::kVectors[9],
        frames::kVectors[10]}) {
    for (std::size_t length = 0; length < 8; ++length) {
      Bytes message = hex(vector);
      message.resize(length);
      if (length >= 4) message = frames::summed(std::move(message));
      EXPECT_EQ(reason(frames::frame(message)), "too_short") << vector << " " << length;
    }
  }
  EXPECT_EQ(reason(frames::frame(hex("440000"))), "too_short");
}

TEST(ReceivePipeline, BadIgmpChecksum) {
  RecordProperty("req", "igmp-messages/RX-05 igmp-messages/V2-01 snooping/SC-05");
  for (const std::string_view vector : frames::kVectors) {
    Bytes message = hex(vector);
    message[3] ^= 1;
    EXPECT_EQ(reason(frames::frame(message)), "bad_igmp_checksum") << vector;
  }
  EXPECT_EQ(reason(frames::frame(hex(frames::kVectors[8]) + hex("01020304"))), "bad_igmp_checksum")
      << "bytes past the eighth are covered";
  EXPECT_EQ(reason(frames::frame(hex("44000000"))), "bad_igmp_checksum");
}

TEST(ReceivePipeline, BadQueries) {
  RecordProperty("req",
                 "igmp-messages/RX-07 igmp-messages/QV-04 igmp-messages/Q3-01 igmp-messages/Q3-07 "
                 "snooping/SC-18");
  EXPECT_EQ(message_reason("116400000000000002"), "bad_query_length");
  EXPECT_EQ(message_reason("1164000000000000027d"), "bad_query_length");
  EXPECT_EQ(message_reason("1164000000000000027d00"), "bad_query_length");
  EXPECT_EQ(message_reason("1164000000000000027d0001"), "bad_query") << "TV-04 with N = 1";
  EXPECT_EQ(message_reason("11640000ef010203027d0002c0000201"), "bad_query");
  EXPECT_EQ(message_reason("11640000ef010203027dffffc0000201"), "bad_query");
  EXPECT_EQ(message_reason("1164000000000000027d0001c0000201"), "bad_query") << "no group";
  EXPECT_EQ(message_reason("11640000ef010203027d0001e0000001"), "bad_query")
      << "must not pass for a group-specific query";
  EXPECT_EQ(message_reason("116400000a000001"), "bad_group");
  EXPECT_EQ(message_reason("116400000a000001027d0000"), "bad_group");
}

TEST(ReceivePipeline, BadGroups) {
  RecordProperty("req", "igmp-messages/RX-09 igmp-messages/GA-01");
  for (const char* type : {"12", "16", "17"}) {
    for (const char* group : {"0a000001", "00000000", "e0000001", "ffffffff"}) {
      const std::string text = std::string(type) + "000000" + group;
      EXPECT_EQ(message_reason(text.c_str()), "bad_group") << text;
    }
  }
}

TEST(Rfc4286Sec3, BadMessages) {
  RecordProperty("req", "snooping/MR-07");
  const auto mrd = [](const char* text, const frames::Ip& ip) {
    return reason(frames::frame(frames::summed(hex(text)), ip));
  };
  EXPECT_EQ(mrd("30140000007d0002", {.destination = kAllSystems}), "bad_mrd");
  EXPECT_EQ(mrd("30140000007d00", {.destination = kAllSnoopers}), "bad_mrd");
  EXPECT_EQ(mrd("30140000", {.destination = kAllSnoopers}), "bad_mrd");
  EXPECT_EQ(mrd("30140000007d0002", {.source = Ipv4{}, .destination = kAllSnoopers}), "bad_mrd");
  EXPECT_EQ(mrd("32000000", {.destination = kAllRouters}), "bad_mrd");
  EXPECT_EQ(mrd("31000000", {.destination = kAllSnoopers}), "bad_mrd");
  Bytes flipped = frames::summed(hex("30140000007d0002"));
  flipped[1] ^= 1;
  EXPECT_EQ(reason(frames::frame(flipped, {.destination = kAllSnoopers})), "bad_igmp_checksum");
}

TEST(Rfc7761Sec4p9p2, BadHellos) {
  RecordProperty("req", "snooping/RP-04");
  const auto pim = [](const char* text) {
    return reason(frames::pim_frame(frames::summed(hex(text))));
  };
  EXPECT_EQ(reason(frames::pim_frame(hex("2000"))), "bad_pim");
  EXPECT_EQ(pim("10000000"), "bad_pim") << "version 1";
  EXPECT_EQ(pim("23000000"), "other_pim") << "Join/Prune";
  EXPECT_EQ(pim("200000000001"), "bad_pim");
  EXPECT_EQ(pim("200000000001000200"), "bad_pim") << "option passes the end";
  EXPECT_EQ(pim("20000000000100010000"), "bad_pim") << "holdtime of one byte";
  EXPECT_EQ(reason(frames::pim_frame(hex("20000000"))), "bad_pim") << "checksum";
  EXPECT_EQ(reason(frames::frame(frames::summed(hex("20000000")), {.protocol = 103})), "bad_pim")
      << "not to 224.0.0.13";
}

TEST(ReceivePipeline, OtherProtocols) {
  EXPECT_EQ(reason(frames::frame(kGood, {.protocol = 17})), "not_igmp");
}

TEST(ReceivePipeline, EveryReasonHasItsOwnName) {
  RecordProperty("req", "igmp-messages/RX-13");
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kDecodeErrors; ++i) {
    const std::string_view name = to_string(static_cast<DecodeError>(i));
    EXPECT_NE(name, "unknown");
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kDecodeErrors);
}

// Random damage to good frames, with the checksums put right again half of the time so that it
// gets as far as the parsers. Under the sanitizers this finds any read out of bounds.
TEST(ReceivePipeline, SurvivesMutation) {
  RecordProperty("req", "igmp-messages/RX-14 igmp-messages/RX-10");
  const std::vector<Bytes> seeds = frames::seeds();
  std::mt19937_64 random(20260101);
  std::size_t accepted = 0, refused = 0;
  for (int round = 0; round < 1'000'000; ++round) {
    Bytes frame = seeds[random() % seeds.size()];
    for (std::uint64_t n = 1 + random() % 3; n > 0; --n) {
      frame[random() % frame.size()] = static_cast<std::uint8_t>(random());
    }
    if (random() % 4 == 0) frame.resize(random() % (frame.size() + 1));
    if (random() % 2 == 0 && frame.size() >= 42) {
      const std::size_t header = std::size_t{4} * (frame[14] & 0xF);
      frames::put16(frame, 16, frame.size() - 14);
      if (header >= 20 && 14 + header + 4 <= frame.size()) {
        const auto message = frame.begin() + static_cast<std::ptrdiff_t>(14 + header);
        const Bytes ip = frames::summed(Bytes(frame.begin() + 14, message), 10);
        const Bytes igmp = frames::summed(Bytes(message, frame.end()));
        frame = Bytes(frame.begin(), frame.begin() + 14) + ip + igmp;
      }
    }
    // A copy of exact size, so that one byte too far is seen.
    const std::unique_ptr<std::uint8_t[]> exact(new std::uint8_t[frame.size()]);
    std::copy(frame.begin(), frame.end(), exact.get());
    const auto result = decode({exact.get(), frame.size()});
    std::holds_alternative<Packet>(result) ? ++accepted : ++refused;
  }
  EXPECT_GT(accepted, 10'000u);
  EXPECT_GT(refused, 10'000u);
}

}  // namespace
}  // namespace sluice::control::igmp::codec_bad_test
