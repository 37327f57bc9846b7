// SPDX-License-Identifier: BSD-3-Clause
// The codec on good messages, both directions: RFC 9776 §4, RFC 2236 §2, RFC 4286 §3.
#include "control/igmp/codec.h"

#include <gtest/gtest.h>

#include "control/igmp/source_set.h"
#include "tests/unit/igmp/frames.h"

namespace sluice::control::igmp::codec_test {
namespace {

using frames::Bytes;
using frames::hex;
using frames::operator+;
using std::chrono::seconds;

constexpr Ipv4 kGroup = ipv4(239, 1, 2, 3);
constexpr Ipv4 kSsmGroup = ipv4(232, 1, 1, 1);
constexpr Ipv4 kSource1 = ipv4(192, 0, 2, 1);
constexpr Ipv4 kSource2 = ipv4(192, 0, 2, 2);
const Origin kOrigin{MacAddress{{2, 0, 0, 0, 0, 10}}, kSource1};

Packet decoded(const Bytes& frame) {
  auto result = decode(frame);
  if (auto* packet = std::get_if<Packet>(&result)) return std::move(*packet);
  ADD_FAILURE() << "not decoded: " << to_string(std::get<DecodeError>(result));
  return {};
}

Query<Ipv4> query(Version version, Ipv4 group, Duration mrt) {
  Query<Ipv4> q{version, group, mrt};
  if (version == Version::kV3) {
    q.robustness_variable = 2;
    q.query_interval = seconds(125);
  }
  return q;
}

std::vector<Message<Ipv4>> expected() {
  Query<Ipv4> suppress = query(Version::kV3, kGroup, seconds(1));
  suppress.suppress_router_processing = true;
  Query<Ipv4> sources = query(Version::kV3, kSsmGroup, seconds(1));
  sources.sources = {kSource1, kSource2};
  const auto report = [](std::vector<GroupRecord<Ipv4>> records) {
    return V3Report<Ipv4>{std::move(records)};
  };
  return {
      query(Version::kV1, Ipv4{}, seconds(10)),
      query(Version::kV2, Ipv4{}, seconds(10)),
      query(Version::kV2, kGroup, seconds(1)),
      query(Version::kV3, Ipv4{}, seconds(10)),
      query(Version::kV3, kGroup, seconds(1)),
      suppress,
      sources,
      V1Report<Ipv4>{kGroup},
      V2Report<Ipv4>{kGroup},
      Leave<Ipv4>{kGroup},
      report({{RecordType::kChangeToExcludeMode, kGroup, {}}}),
      report({{RecordType::kChangeToIncludeMode, kGroup, {}}}),
      report({{RecordType::kAllowNewSources, kSsmGroup, {kSource1}}}),
      report({{RecordType::kModeIsExclude, kGroup, {}},
              {RecordType::kModeIsInclude, kSsmGroup, {kSource1}}}),
  };
}

Bytes encoded(const Message<Ipv4>& message) {
  return std::visit(
      [](const auto& m) -> Bytes {
        if constexpr (requires { encode(m, kOrigin); }) return encode(m, kOrigin);
        return {};
      },
      message);
}

constexpr const char* kAllVectors =
    "igmp-messages/TV-01 igmp-messages/TV-02 igmp-messages/TV-03 igmp-messages/TV-04 "
    "igmp-messages/TV-05 igmp-messages/TV-06 igmp-messages/TV-07 igmp-messages/TV-08 "
    "igmp-messages/TV-09 igmp-messages/TV-10 igmp-messages/TV-11 igmp-messages/TV-12 "
    "igmp-messages/TV-13 igmp-messages/TV-14";

TEST(Rfc9776Sec4, VectorsDecode) {
  RecordProperty("req", kAllVectors);
  const auto messages = expected();
  ASSERT_EQ(messages.size(), std::size(frames::kVectors));
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Packet packet = decoded(frames::frame(hex(frames::kVectors[i])));
    EXPECT_TRUE(packet.message == messages[i]) << "TV-" << i + 1;
    EXPECT_EQ(packet.source, kSource1);
    EXPECT_EQ(packet.source_mac, kOrigin.mac);
    EXPECT_FALSE(packet.notes.no_router_alert || packet.notes.ttl_not_one);
  }
}

// Only where to look: what it says of a frame is what decoding says of it, or nothing.
TEST(Rfc9776Sec4, AGlanceFindsTheFirstGroup) {
  for (const Message<Ipv4>& message : expected()) {
    Ipv4 group;
    if (const auto* v1 = std::get_if<V1Report<Ipv4>>(&message)) group = v1->group;
    if (const auto* v2 = std::get_if<V2Report<Ipv4>>(&message)) group = v2->group;
    if (const auto* leave = std::get_if<Leave<Ipv4>>(&message)) group = leave->group;
    if (const auto* v3 = std::get_if<V3Report<Ipv4>>(&message)) group = v3->records[0].group;
    Bytes frame = encoded(message);
    frame.resize(std::max<std::size_t>(frame.size(), 60));
    EXPECT_EQ(first_group(frame), group);
    while (!frame.empty()) {
      frame.pop_back();
      frame.shrink_to_fit();
      const Ipv4 seen = first_group(frame);
      EXPECT_TRUE(seen == group || seen.is_unspecified());
    }
  }
}

TEST(Rfc9776Sec4, VectorsEncode) {
  RecordProperty("req", kAllVectors);
  const auto messages = expected();
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Bytes frame = encoded(messages[i]);
    ASSERT_GT(frame.size(), 38u);
    EXPECT_EQ(Bytes(frame.begin() + 38, frame.end()), hex(frames::kVectors[i])) << "TV-" << i + 1;
  }
}

TEST(Rfc9776Sec4, WholePackets) {
  RecordProperty("req",
                 "igmp-messages/TV-15 igmp-messages/TV-16 igmp-messages/IP-01 igmp-messages/IP-02 "
                 "igmp-messages/IP-03 igmp-messages/IP-04 igmp-messages/IP-05");
  const auto messages = expected();
  const Bytes query = encoded(messages[3]);
  EXPECT_EQ(Bytes(query.begin() + 14, query.end()), hex(frames::kPacket15));
  const Bytes report =
      encode(std::get<V3Report<Ipv4>>(messages[10]), Origin{kOrigin.mac, ipv4(192, 0, 2, 50)});
  EXPECT_EQ(Bytes(report.begin() + 14, report.end()), hex(frames::kPacket16));

  const Packet packet = decoded(frames::ethernet(hex(frames::kPacket16)));
  EXPECT_EQ(packet.source, ipv4(192, 0, 2, 50));
  EXPECT_EQ(packet.destination, kAllIgmpv3Routers);
}

TEST(Rfc9776Sec4, Destinations) {
  RecordProperty("req",
                 "igmp-messages/AD-01 igmp-messages/AD-02 igmp-messages/AD-03 igmp-messages/AD-04 "
                 "igmp-messages/AD-05 igmp-messages/AD-06 igmp-messages/AD-07 "
                 "igmp-messages/AD-15 igmp-host-proxy/H2-09");
  const std::vector<Ipv4> to = {kAllSystems, kAllSystems, kGroup,           kAllSystems,
                                kGroup,      kGroup,      kSsmGroup,        kGroup,
                                kGroup,      kAllRouters, kAllIgmpv3Routers};
  const auto messages = expected();
  for (std::size_t i = 0; i < to.size(); ++i) {
    const Bytes frame = encoded(messages[i]);
    EXPECT_EQ(decoded(frame).destination, to[i]) << "TV-" << i + 1;
    EXPECT_TRUE(std::equal(frame.begin(), frame.begin() + 6, multicast_mac(to[i]).bytes.begin()));
  }
  const Bytes group = encode(V2Report<Ipv4>{ipv4(239, 129, 2, 3)}, kOrigin);
  EXPECT_EQ(Bytes(group.begin(), group.begin() + 6), hex("01005e010203"));
}

TEST(Rfc9776Sec4p2p14, SourceZeroIsAccepted) {
  RecordProperty("req", "igmp-messages/AD-08 snooping/SC-11");
  for (const std::size_t vector : {3u, 8u, 10u}) {
    const Packet packet = decoded(frames::frame(hex(frames::kVectors[vector]), {.source = Ipv4{}}));
    EXPECT_TRUE(packet.source.is_unspecified());
    EXPECT_TRUE(packet.message == expected()[vector]);
  }
  EXPECT_TRUE(
      decoded(encode(V2Report<Ipv4>{kGroup}, Origin{kOrigin.mac, Ipv4{}})).source.is_unspecified());
}

// --- What a receiver overlooks ---------------------------------------------------------------

TEST(Rfc9776Sec4, PaddingIsNotTheMessage) {
  RecordProperty("req", "igmp-messages/IP-05 igmp-messages/QV-03");
  const Packet packet = decoded(frames::frame(hex(frames::kVectors[1])) + Bytes(14, 0x5A));
  EXPECT_EQ(std::get<Query<Ipv4>>(packet.message).version, Version::kV2);
}

TEST(Rfc9776Sec4, RouterAlertIsNotDemanded) {
  RecordProperty("req", "igmp-messages/IP-04 igmp-messages/AD-10 igmp-router/YR-06 snooping/YS-08");
  const Packet packet = decoded(frames::frame(hex(frames::kVectors[3]), {.options = {}}));
  EXPECT_TRUE(packet.notes.no_router_alert);
  EXPECT_FALSE(
      decoded(frames::frame(hex(frames::kVectors[7]), {.options = {}})).notes.no_router_alert)
      << "v1 does not carry it";
  // Found behind other options; options that do not parse only hide it.
  const auto alert_missing = [](const char* options) {
    return decoded(frames::frame(hex(frames::kVectors[3]), {.options = hex(options)}))
        .notes.no_router_alert;
  };
  EXPECT_FALSE(alert_missing("0101010194040000"));
  EXPECT_FALSE(alert_missing("4404050094040000"));
  EXPECT_TRUE(alert_missing("44ff000094040000")) << "passes the end";
  EXPECT_TRUE(alert_missing("4400000094040000")) << "no length";
  EXPECT_TRUE(alert_missing("0001010194040000")) << "behind the end of the list";
}

TEST(Rfc9776Sec9p1, HostsWantRouterAlertAndAllSystems) {
  RecordProperty("req", "igmp-messages/AD-11 igmp-messages/RX-08 igmp-host-proxy/QR-13");
  const auto accepts = [](std::size_t vector, const frames::Ip& ip) {
    const Packet packet = decoded(frames::frame(hex(frames::kVectors[vector]), ip));
    return host_accepts(packet, std::get<Query<Ipv4>>(packet.message));
  };
  EXPECT_TRUE(accepts(3, {}));
  EXPECT_TRUE(accepts(3, {.destination = ipv4(10, 77, 0, 1)}));
  EXPECT_FALSE(accepts(3, {.options = {}}));
  EXPECT_FALSE(accepts(3, {.destination = kGroup}));
  EXPECT_FALSE(accepts(1, {.options = {}}));
  EXPECT_TRUE(accepts(0, {.options = {}})) << "v1";
  EXPECT_TRUE(accepts(4, {.destination = kGroup}));
}

TEST(Rfc9776Sec4, TtlIsCountedOnly) {
  RecordProperty("req", "igmp-messages/RX-12");
  EXPECT_TRUE(decoded(frames::frame(hex(frames::kVectors[3]), {.ttl = 64})).notes.ttl_not_one);
}

TEST(Rfc4541Sec2p1p1, LooksThroughASecondTag) {
  RecordProperty("req", "snooping/SC-17");
  for (const char* tag : {"8100000a", "88a80014"}) {
    const Packet packet =
        decoded(frames::ethernet(frames::packet(hex(frames::kVectors[8])), hex(tag)));
    EXPECT_TRUE(packet.message == expected()[8]);
  }
}

TEST(Rfc2236Sec2p5, BytesPastTheEighthAreIgnored) {
  RecordProperty("req", "igmp-messages/V2-02");
  for (const std::size_t vector : {7u, 8u, 9u}) {
    const Bytes longer = frames::summed(hex(frames::kVectors[vector]) + hex("01020304"));
    EXPECT_TRUE(decoded(frames::frame(longer)).message == expected()[vector]);
  }
}

TEST(Rfc9776Sec4p1, QueryVersions) {
  RecordProperty("req",
                 "igmp-messages/QV-02 igmp-messages/QV-03 igmp-messages/QV-05 igmp-messages/V1-01 "
                 "igmp-messages/FP-05 igmp-messages/FP-06 igmp-messages/Q3-05");
  const auto get = [](const char* text) {
    return std::get<Query<Ipv4>>(decoded(frames::frame(frames::summed(hex(text)))).message);
  };
  EXPECT_EQ(get("1100000000000000").version, Version::kV1);
  EXPECT_EQ(get("1100000000000000").max_response_time, seconds(10));
  EXPECT_EQ(get("11c8000000000000").max_response_time, seconds(20)) << "v2 is linear";
  EXPECT_EQ(get("11c800000000000002000000").max_response_time, Duration(307200));
  const auto zero = get("110000000000000002000000");
  EXPECT_EQ(zero.version, Version::kV3);
  EXPECT_EQ(zero.max_response_time, Duration(0));
  EXPECT_EQ(get("11640000000000000200000001020304ff").version, Version::kV3) << "trailing data";
  EXPECT_TRUE(get("11000000ef010203").general()) << "v1: the group is ignored";
}

TEST(Rfc9776Sec4p1, QueryFields) {
  RecordProperty("req",
                 "igmp-messages/Q3-01 igmp-messages/Q3-02 igmp-messages/Q3-03 igmp-messages/Q3-04 "
                 "igmp-messages/EX-01 igmp-messages/EX-03 igmp-messages/CH-05");
  // All flags set: E of RFC 9279 and the unassigned ones are ignored.
  const auto flags = std::get<Query<Ipv4>>(
      decoded(frames::frame(frames::summed(hex("11640000ef010203fd8f0000") + hex("00010002beef"))))
          .message);
  EXPECT_TRUE(flags.suppress_router_processing);
  EXPECT_EQ(flags.robustness_variable, 5);
  EXPECT_EQ(flags.query_interval, seconds(248));
  EXPECT_TRUE(flags.sources.empty());

  Query<Ipv4> q = query(Version::kV3, Ipv4{}, seconds(10));
  q.robustness_variable = 8;
  const Bytes frame = encode(q, kOrigin);
  EXPECT_EQ(frame[38 + 8], 0) << "flags 0, QRV over 7 is 0";
  q.query_interval = seconds(3600);
  EXPECT_EQ(encode(q, kOrigin)[38 + 9], 0xCC);
}

TEST(Rfc2236Sec2p2, MaxResponseTimeOfV2StaysInItsByte) {
  RecordProperty("req", "igmp-messages/FP-05");
  EXPECT_EQ(encode(query(Version::kV2, Ipv4{}, Duration(0)), kOrigin)[39], 1) << "0 would be v1";
  EXPECT_EQ(encode(query(Version::kV2, Ipv4{}, seconds(20)), kOrigin)[39], 200);
  EXPECT_EQ(encode(query(Version::kV2, Ipv4{}, seconds(60)), kOrigin)[39], 255);
}

// --- Reports ---------------------------------------------------------------------------------

Packet report(const char* records, std::size_t claimed) {
  Bytes message = hex("2200000000000000") + hex(records);
  frames::put16(message, 6, claimed);
  return decoded(frames::frame(frames::summed(std::move(message))));
}

std::vector<GroupRecord<Ipv4>> records(const Packet& packet) {
  return std::get<V3Report<Ipv4>>(packet.message).records;
}

TEST(Rfc9776Sec4p2, UnknownRecordsAreSteppedOver) {
  RecordProperty("req", "igmp-messages/R3-01 igmp-messages/R3-02 igmp-messages/R3-04");
  const Packet packet = report(
      "01000001ef010203c0000201"
      "00010001ef010203c0000201deadbeef"
      "07000000ef010203"
      "06020001ef010203c0000202deadbeefdeadbeef"
      "05000001ef010203c0000201",
      5);
  EXPECT_EQ(packet.notes.unknown_records, 2);
  EXPECT_FALSE(packet.notes.truncated);
  const std::vector<GroupRecord<Ipv4>> want = {
      {RecordType::kModeIsInclude, kGroup, {kSource1}},
      {RecordType::kBlockOldSources, kGroup, {kSource2}},
      {RecordType::kAllowNewSources, kGroup, {kSource1}},
  };
  EXPECT_EQ(records(packet), want);
}

TEST(Rfc9776Sec4p2, TrailingDataNoRecordsAndExtensions) {
  RecordProperty("req",
                 "igmp-messages/R3-03 igmp-messages/R3-05 igmp-messages/EX-01 "
                 "igmp-messages/EX-02 igmp-messages/EX-03");
  EXPECT_TRUE(records(report("", 0)).empty());
  const Packet trailing = report(
      "04000000ef010203"
      "0102030405",
      1);
  EXPECT_EQ(records(trailing).size(), 1u);
  EXPECT_FALSE(trailing.notes.truncated);
  // E flag and a TLV that passes the end: the base message counts.
  Bytes extended = hex("22000000800000010400000000000000") + hex("0001ffff");
  frames::put16(extended, 12, 0xEF01);
  frames::put16(extended, 14, 0x0203);
  EXPECT_TRUE(decoded(frames::frame(frames::summed(extended))).message == expected()[10]);
}

TEST(Rfc9776Sec4p2, ARecordPastTheEndEndsTheReport) {
  RecordProperty("req", "igmp-messages/R3-06 igmp-messages/RX-10");
  const Packet two = report("04000000ef010203", 2);  // TV-11 with M = 2
  EXPECT_TRUE(two.notes.truncated);
  EXPECT_EQ(records(two).size(), 1u) << "the earlier record stands";
  const Packet aux = report("04000000ef01020304ff0000ef010204", 2);
  EXPECT_TRUE(aux.notes.truncated);
  EXPECT_EQ(records(aux).size(), 1u);
  EXPECT_TRUE(records(report("04000001ef010203", 1)).empty());
  EXPECT_TRUE(report("04000000ef0102", 1).notes.truncated);
}

TEST(Rfc9776Sec4p2, AbsurdClaimsCostNothing) {
  RecordProperty("req", "igmp-messages/RX-14");
  const Packet packet = report("0400ffffef010203c0000201", 65535);
  EXPECT_TRUE(packet.notes.truncated);
  EXPECT_TRUE(records(packet).empty());
  EXPECT_LE(std::get<V3Report<Ipv4>>(packet.message).records.capacity(), 2u);
}

TEST(Rfc9776Sec4p2, BadGroupsAndSourcesAreLeftOut) {
  RecordProperty("req",
                 "igmp-messages/R3-07 igmp-messages/R3-08 igmp-messages/R3-09 "
                 "igmp-messages/R3-10 igmp-messages/GA-01 igmp-messages/GA-02 "
                 "igmp-messages/GA-05");
  const Packet packet = report(
      "040000000a000001"
      "04000000e0000001"
      "04000000e0000005"
      "05000000ef010203"
      "01000006ef010203"
      "c0000202"
      "00000000"
      "e0000005"
      "ffffffff"
      "c0000201"
      "c0000202",
      5);
  EXPECT_EQ(packet.notes.bad_records, 2) << "10.0.0.1 and 224.0.0.1";
  const std::vector<GroupRecord<Ipv4>> want = {
      {RecordType::kChangeToExcludeMode, ipv4(224, 0, 0, 5), {}},
      {RecordType::kAllowNewSources, kGroup, {}},
      {RecordType::kModeIsInclude, kGroup, {kSource1, kSource2}},
  };
  EXPECT_EQ(records(packet), want);
}

// --- Other messages --------------------------------------------------------------------------

TEST(Rfc9776Sec4, UnknownTypesAreNamed) {
  RecordProperty("req", "igmp-messages/RX-06 igmp-messages/V2-04 snooping/SC-04");
  const Packet packet = decoded(frames::frame(frames::summed(hex("44000000"))));
  EXPECT_TRUE(packet.message == Message<Ipv4>(UnknownType{0x44}));
}

TEST(Rfc4286Sec3, Messages) {
  RecordProperty("req", "snooping/MR-01 snooping/MR-02 snooping/MR-03");
  const auto get = [](const char* text, Ipv4 to) {
    return decoded(frames::frame(frames::summed(hex(text)), {.destination = to})).message;
  };
  EXPECT_TRUE(get("30140000007d0002", kAllSnoopers) ==
              Message<Ipv4>(MrdAdvertisement{seconds(20), seconds(125), 2}));
  EXPECT_TRUE(get("30140000007d0002ffff", kAllSnoopers) ==
              Message<Ipv4>(MrdAdvertisement{seconds(20), seconds(125), 2}));
  EXPECT_TRUE(get("32000000", kAllSnoopers) == Message<Ipv4>(MrdTermination{}));
  const Packet solicitation = decoded(encode(MrdSolicitation{}, kOrigin));
  EXPECT_TRUE(solicitation.message == Message<Ipv4>(MrdSolicitation{}));
  EXPECT_EQ(solicitation.destination, kAllRouters);
  EXPECT_FALSE(solicitation.notes.no_router_alert || solicitation.notes.ttl_not_one);
  EXPECT_EQ(encode(MrdSolicitation{}, kOrigin).size(), 14u + 24 + 4);
}

TEST(Rfc7761Sec4p9p2, Hello) {
  RecordProperty("req", "snooping/RP-04");
  const auto holdtime = [](const char* text) {
    return std::get<PimHello>(decoded(frames::pim_frame(frames::summed(hex(text)))).message)
        .holdtime;
  };
  EXPECT_EQ(holdtime("20000000"
                     "000100020069"
                     "001400041234abcd"),
            seconds(105));
  EXPECT_EQ(holdtime("20000000"
                     "001400041234abcd"
                     "00010002012c"),
            seconds(300));
  EXPECT_EQ(holdtime("20000000"), seconds(105)) << "default";
  EXPECT_EQ(holdtime("20000000"
                     "00010002ffff"),
            seconds(65535))
      << "never";
  EXPECT_EQ(holdtime("20000000"
                     "000100020000"),
            seconds(0))
      << "goodbye";
}

// --- Sizes -----------------------------------------------------------------------------------

SourceSet<Ipv4> many(std::size_t n) {
  SourceSet<Ipv4> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(Ipv4{static_cast<std::uint32_t>(0x0A000000 + i)});
  return out;
}

TEST(Rfc9776Sec4p2p17, RecordsFillMessages) {
  RecordProperty("req",
                 "igmp-messages/SZ-01 igmp-messages/SZ-02 igmp-messages/IP-06 snooping/VP-07");
  std::vector<GroupRecord<Ipv4>> all;
  for (unsigned i = 0; i < 184; ++i) {
    all.push_back({RecordType::kModeIsExclude, Ipv4{0xEF000000 + i}, {}});
  }
  const auto reports = split(all, 1500);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_EQ(reports[0].records.size(), 183u);
  EXPECT_EQ(reports[1].records.size(), 1u);
  EXPECT_LE(encode(reports[0], kOrigin).size(), 1514u);
  EXPECT_EQ(records(decoded(encode(reports[0], kOrigin))), reports[0].records);
  EXPECT_TRUE(split(std::vector<GroupRecord<Ipv4>>{}, 1500).empty());
}

TEST(Rfc9776Sec4p2p17, OversizedListsAreSplit) {
  RecordProperty("req", "igmp-messages/SZ-01 igmp-messages/SZ-03");
  for (const RecordType type : {RecordType::kModeIsInclude, RecordType::kChangeToIncludeMode,
                                RecordType::kAllowNewSources, RecordType::kBlockOldSources}) {
    const SourceSet<Ipv4> sources = many(365 * 2 + 1);
    const auto reports = split({{type, kGroup, sources}}, 1500);
    ASSERT_EQ(reports.size(), 3u);
    SourceSet<Ipv4> seen;
    for (const auto& part : reports) {
      ASSERT_EQ(part.records.size(), 1u);
      EXPECT_EQ(part.records[0].type, type);
      EXPECT_LE(encode(part, kOrigin).size(), 1514u);
      EXPECT_TRUE(intersect(seen, part.records[0].sources).empty()) << "disjoint";
      seen = unite(seen, part.records[0].sources);
    }
    EXPECT_EQ(seen, sources);
  }
  EXPECT_EQ(split({{RecordType::kModeIsInclude, kGroup, many(365)}}, 1500).size(), 1u);
}

TEST(Rfc9776Sec4p2p17, OversizedExcludeListsAreCut) {
  RecordProperty("req", "igmp-messages/SZ-04");
  for (const RecordType type : {RecordType::kModeIsExclude, RecordType::kChangeToExcludeMode}) {
    const auto reports = split({{type, kGroup, many(1000)}}, 1500);
    ASSERT_EQ(reports.size(), 1u);
    ASSERT_EQ(reports[0].records.size(), 1u);
    EXPECT_EQ(reports[0].records[0].sources, many(365)) << "always the same ones";
  }
}

TEST(Rfc9776Sec4p1p8, QueriesAreSplit) {
  RecordProperty("req", "igmp-messages/Q3-06 igmp-messages/SZ-06");
  Query<Ipv4> q = query(Version::kV3, kGroup, seconds(1));
  q.sources = many(366);
  EXPECT_EQ(split(q, 1500).size(), 1u);
  EXPECT_EQ(encode(q, kOrigin).size(), 1514u);
  q.sources = many(367);
  const auto parts = split(q, 1500);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(unite(parts[0].sources, parts[1].sources), q.sources);
  EXPECT_EQ(parts[1].sources.size(), 1u);
  EXPECT_EQ(parts[1].group, kGroup);
  EXPECT_EQ(split(q, 576).size(), 3u);
}

}  // namespace
}  // namespace sluice::control::igmp::codec_test
