// SPDX-License-Identifier: BSD-3-Clause
#include "shared/address.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sluice::address_test {
namespace {

TEST(ParseIpv4, AcceptsDottedQuads) {
  EXPECT_EQ(parse_ipv4("0.0.0.0"), Ipv4{0});
  EXPECT_EQ(parse_ipv4("10.77.0.254"), Ipv4{0x0A4D00FE});
  EXPECT_EQ(parse_ipv4("255.255.255.255"), Ipv4{0xFFFFFFFF});
  EXPECT_EQ(parse_ipv4("1.10.100.2"), ipv4(1, 10, 100, 2));
}

TEST(ParseIpv4, RefusesEverythingElse) {
  for (const char* text :
       {"", ".", "...", "1", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.", "1.2.3.4.5",
        "256.0.0.1", "1.2.3.256", "1.2.3.999999999999", "-1.2.3.4", "+1.2.3.4", " 1.2.3.4",
        "1.2.3.4 ", "1. 2.3.4", "1.2.3.4/24", "1.2.3.0x4", "a.b.c.d", "1,2,3,4", "::1",
        // A leading zero is octal to some and decimal to others.
        "01.2.3.4", "1.2.3.04", "00.0.0.0", "1.2.3.000"}) {
    EXPECT_EQ(parse_ipv4(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(parse_ipv4(std::string_view("1.2.3.4\0", 8)), std::nullopt);
}

TEST(ParseIpv4, ReadsNoFurtherThanItsText) {
  EXPECT_EQ(parse_ipv4(std::string_view("10.0.0.123").substr(0, 8)), ipv4(10, 0, 0, 1));
  EXPECT_EQ(parse_ipv4(std::string_view("10.0.0.1").substr(0, 7)), std::nullopt);
}

TEST(ParseIpv4, ReadsWhatIsPrinted) {
  std::mt19937 random(1);
  for (int i = 0; i < 10'000; ++i) {
    const Ipv4 address{static_cast<std::uint32_t>(random())};
    ASSERT_EQ(parse_ipv4(to_string(address)), address) << to_string(address);
  }
}

TEST(Ipv4Address, PrintsDottedQuads) {
  EXPECT_EQ(to_string(Ipv4{}), "0.0.0.0");
  EXPECT_EQ(to_string(ipv4(239, 1, 20, 255)), "239.1.20.255");
}

TEST(Ipv4Address, KnowsItsClass) {
  EXPECT_FALSE(ipv4(223, 255, 255, 255).is_multicast());
  EXPECT_TRUE(ipv4(224, 0, 0, 0).is_multicast());
  EXPECT_TRUE(ipv4(239, 255, 255, 255).is_multicast());
  EXPECT_FALSE(ipv4(240, 0, 0, 0).is_multicast());

  EXPECT_TRUE(ipv4(224, 0, 0, 0).is_link_local_multicast());
  EXPECT_TRUE(ipv4(224, 0, 0, 255).is_link_local_multicast());
  EXPECT_FALSE(ipv4(224, 0, 1, 0).is_link_local_multicast());
  // 32 groups share a MAC address with each of these; they are other groups.
  EXPECT_FALSE(ipv4(224, 128, 0, 1).is_link_local_multicast());
  EXPECT_FALSE(ipv4(239, 0, 0, 1).is_link_local_multicast());

  EXPECT_TRUE(ipv4(10, 0, 0, 1).is_unicast());
  EXPECT_FALSE(Ipv4{}.is_unicast());
  EXPECT_FALSE(ipv4(255, 255, 255, 255).is_unicast());
  EXPECT_FALSE(ipv4(224, 0, 0, 1).is_unicast());
  EXPECT_TRUE(Ipv4{}.is_unspecified());
}

TEST(ParsePrefix, AcceptsAddressAndLength) {
  EXPECT_EQ(parse_prefix("10.77.0.0/16"), (Prefix{ipv4(10, 77, 0, 0), 16}));
  EXPECT_EQ(parse_prefix("0.0.0.0/0"), (Prefix{Ipv4{}, 0}));
  EXPECT_EQ(parse_prefix("10.77.0.254/32"), (Prefix{ipv4(10, 77, 0, 254), 32}));
  // The bits past the length are kept: an interface's address and subnet stand in one.
  EXPECT_EQ(parse_prefix("10.77.0.254/24"), (Prefix{ipv4(10, 77, 0, 254), 24}));
}

TEST(ParsePrefix, RefusesEverythingElse) {
  for (const char* text :
       {"", "/", "10.77.0.0", "10.77.0.0/", "/16", "10.77.0/16", "10.77.0.0/33", "10.77.0.0/256",
        "10.77.0.0/-1", "10.77.0.0/+8", "10.77.0.0/ 8", "10.77.0.0/8 ", "10.77.0.0/08",
        "10.77.0.0/00", "10.77.0.0/8/8", "10.77.0.0/255.255.0.0", "10.77.0.0 /8", "10.77.0.0/a",
        "10.77.0.0/99999999999999999999"}) {
    EXPECT_EQ(parse_prefix(text), std::nullopt) << '"' << text << '"';
  }
  EXPECT_EQ(parse_prefix(std::string_view("10.77.0.0/161").substr(0, 12)),
            (Prefix{ipv4(10, 77, 0, 0), 16}))
      << "no further than its text";
}

TEST(ParsePrefix, ReadsWhatIsPrinted) {
  std::mt19937 random(2);
  for (int i = 0; i < 10'000; ++i) {
    const Prefix prefix{Ipv4{static_cast<std::uint32_t>(random())},
                        static_cast<std::uint8_t>(random() % 33)};
    ASSERT_EQ(parse_prefix(to_string(prefix)), prefix) << to_string(prefix);
  }
}

TEST(PrefixRange, HasFirstAndLast) {
  const Prefix subnet{ipv4(10, 77, 3, 254), 22};
  EXPECT_EQ(subnet.first(), ipv4(10, 77, 0, 0));
  EXPECT_EQ(subnet.last(), ipv4(10, 77, 3, 255));
  EXPECT_EQ(Prefix{}.first(), Ipv4{});
  EXPECT_EQ(Prefix{}.last(), Ipv4{0xFFFFFFFF});
  const Prefix host{ipv4(10, 9, 9, 9), 32};
  EXPECT_EQ(host.first(), host.last());
}

TEST(PrefixRange, ContainsItsAddresses) {
  const Prefix subnet{ipv4(10, 77, 3, 254), 22};
  EXPECT_TRUE(subnet.contains(ipv4(10, 77, 0, 0)));
  EXPECT_TRUE(subnet.contains(ipv4(10, 77, 3, 255)));
  EXPECT_FALSE(subnet.contains(ipv4(10, 76, 255, 255)));
  EXPECT_FALSE(subnet.contains(ipv4(10, 77, 4, 0)));
  EXPECT_TRUE(Prefix{}.contains(ipv4(255, 255, 255, 255)));
  const Prefix host{ipv4(10, 9, 9, 9), 32};
  EXPECT_TRUE(host.contains(ipv4(10, 9, 9, 9)));
  EXPECT_FALSE(host.contains(ipv4(10, 9, 9, 8)));
}

// Two prefixes overlap when one lies in the other.
TEST(PrefixRange, Overlaps) {
  const Prefix wide{ipv4(10, 77, 0, 0), 16};
  const Prefix inside{ipv4(10, 77, 255, 1), 24};
  const Prefix beside{ipv4(10, 78, 0, 0), 16};
  EXPECT_TRUE(wide.overlaps(inside));
  EXPECT_TRUE(inside.overlaps(wide));
  EXPECT_TRUE(wide.overlaps(wide));
  EXPECT_FALSE(wide.overlaps(beside));
  EXPECT_FALSE(beside.overlaps(inside));
  EXPECT_TRUE(beside.overlaps(Prefix{}));
}

// The querier election compares addresses as numbers in network order.
TEST(Rfc2236Sec3, LowerAddressIsLower) {
  EXPECT_LT(ipv4(10, 0, 0, 2), ipv4(10, 0, 0, 10));
  EXPECT_LT(ipv4(9, 255, 255, 255), ipv4(10, 0, 0, 0));
  EXPECT_LT(ipv4(10, 0, 0, 1), ipv4(192, 168, 0, 1));
}

TEST(Rfc1112Sec6p4, GroupToMac) {
  RecordProperty("req", "igmp-messages/AD-15");
  EXPECT_EQ(to_string(multicast_mac(kAllSystems)), "01:00:5e:00:00:01");
  EXPECT_EQ(to_string(multicast_mac(kAllRouters)), "01:00:5e:00:00:02");
  EXPECT_EQ(to_string(multicast_mac(kAllIgmpv3Routers)), "01:00:5e:00:00:16");
  EXPECT_EQ(to_string(multicast_mac(ipv4(239, 129, 2, 3))), "01:00:5e:01:02:03");
  // Only the low 23 bits count.
  EXPECT_EQ(to_string(multicast_mac(ipv4(239, 255, 255, 255))), "01:00:5e:7f:ff:ff");
  EXPECT_EQ(multicast_mac(ipv4(224, 1, 2, 3)), multicast_mac(ipv4(239, 129, 2, 3)));
  EXPECT_NE(multicast_mac(ipv4(224, 1, 2, 3)), multicast_mac(ipv4(224, 65, 2, 3)));
}

TEST(Mac, KnowsTheGroupBit) {
  EXPECT_TRUE((MacAddress{{0x01, 0, 0x5E, 0, 0, 1}}.is_multicast()));
  EXPECT_TRUE((MacAddress{{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}.is_multicast()));
  EXPECT_FALSE((MacAddress{{0x02, 0xFF, 0, 0, 0, 1}}.is_multicast()));
}

TEST(Mac, PrintsInSmallLetters) {
  EXPECT_EQ(to_string(MacAddress{{0x02, 0xAB, 0, 0x0C, 0xFF, 0x10}}), "02:ab:00:0c:ff:10");
}

}  // namespace
}  // namespace sluice::address_test
