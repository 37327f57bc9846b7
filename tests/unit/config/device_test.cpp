// SPDX-License-Identifier: BSD-3-Clause
#include "config/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::config::device_test {
namespace {

struct Good {
  const char* text;
  const char* name;
  const char* kernel_interface;
};

TEST(ParseDevice, Accepts) {
  for (const Good& row : {
           Good{"0000:3b:00.0", "0000:3b:00.0", ""},
           Good{"3b:00.7", "0000:3b:00.7", ""},
           Good{"0001:3B:1F.1,representor=[0-3]", "0001:3b:1f.1", ""},
           Good{"net_null0", "net_null0", ""},
           Good{"eth_null0,copy=1", "eth_null0", ""},
           Good{"net_af_packet0,iface=eth1", "net_af_packet0", "eth1"},
           Good{"net_af_xdp0,queue_count=2,iface=eth1", "net_af_xdp0", "eth1"},
           Good{"net_tap0,iface=tap0", "net_tap0", "tap0"},
           Good{"net_tap1", "net_tap1", ""},
           // Two pcap ports may read one interface.
           Good{"net_pcap0,iface=eth1", "net_pcap0", ""},
           Good{"net_memif0,role=server,socket=/run/m.sock", "net_memif0", ""},
       }) {
    const Result<Device> device = parse_device(row.text);
    ASSERT_TRUE(device) << device.error().what;
    EXPECT_EQ(device->name, row.name);
    EXPECT_EQ(device->kernel_interface, row.kernel_interface) << row.text;
  }
}

TEST(ParseDevice, Refuses) {
  for (const auto& [text, why] : {
           std::pair{"", "neither kind"},
           {"eth0", "for the kernel interface of this name write \"net_af_packet0,iface=eth0\""},
           {"net_", "for the kernel interface"},
           {"net_a/b", "neither kind"},
           {"0000:3b:00.8", "neither kind"},
           {"0000:3b:0.0", "neither kind"},
           {"0000:3g:00.0", "neither kind"},
           {"0000:3b:00.00", "neither kind"},
           {"00:0000:3b:00.0", "neither kind"},
           {"3b:00", "neither kind"},
           {"net_null0, size=64", "has a blank"},
           {"net_null0\n", "has a blank"},
           {"net_af_packet0", "names no kernel interface; write \"net_af_packet0,iface=eth1\""},
           {"net_af_xdp0,xiface=e1", "names no kernel interface"},
           {"net_af_packet0,iface=", "names no kernel interface"},
       }) {
    const Result<Device> device = parse_device(text);
    ASSERT_FALSE(device) << text;
    EXPECT_THAT(device.error().what, testing::HasSubstr(why)) << text;
  }
}

TEST(ParseDevice, NameHasDpdksLength) {
  EXPECT_TRUE(parse_device("net_" + std::string(59, 'x')));
  EXPECT_FALSE(parse_device("net_" + std::string(60, 'x')));
}

}  // namespace
}  // namespace sluice::config::device_test
