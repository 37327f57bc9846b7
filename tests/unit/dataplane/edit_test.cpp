// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/edit.h"

#include <gtest/gtest.h>

#include "tests/unit/dataplane/frames.h"

namespace sluice::dataplane::edit_test {
namespace {

using frames::operator+;

// Every checksum there can be: with 65,536 identifications each value comes up, 0x0000 and 0xFFFF
// and their neighbours too, where RFC 1141's formula was wrong (RFC 1624 §2).
TEST(Rfc1624, ChecksumOfADecrementedTtlIsThatOfTheHeader) {
  RecordProperty("req", "igmp-host-proxy/PF-07");
  unsigned checked = 0;
  for (const std::uint8_t ttl : {2, 64, 128, 255}) {
    for (unsigned id = 0; id <= 0xFFFF; ++id) {
      frames::Ip ip{.payload = 0, .ttl = ttl, .id = id};
      frames::Bytes header = frames::ipv4_packet(ip);
      decrement_ttl(header.data() + 2);
      --ip.ttl;
      ASSERT_EQ(header, frames::ipv4_packet(ip)) << "TTL " << int{ttl} << ", id " << id;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 4u * 65536);
}

TEST(Rfc1112, TheGroupGivesTheMacAddress) {
  const frames::Ip ip{.destination = ipv4(239, 255, 2, 3), .options = 2, .ttl = 9};
  frames::Bytes frame =
      frames::macs(MacAddress{{1, 0, 0x5E, 0, 0, 0}}, frames::kStation) + frames::ipv4_packet(ip);
  const MacAddress own{{2, 0, 0, 0, 0, 0x99}};
  edit_routed(frame.data(), frame.data() + kEthernet, own);
  EXPECT_EQ(frame,
            frames::group_frame({.destination = ip.destination, .options = 2, .ttl = 8}, {}, own));
}

}  // namespace
}  // namespace sluice::dataplane::edit_test
