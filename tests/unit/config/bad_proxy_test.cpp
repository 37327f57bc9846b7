// SPDX-License-Identifier: BSD-3-Clause
// Proxies with mistakes, and what is said about them; checked in bad_file_test.cpp.
#include <string>

#include "tests/unit/config/bad_files.h"

namespace sluice::config::bad_proxy_test {
namespace {

// One per VLAN that kPorts carries; what is tested stands before, so that its lines begin at 1.
#define INTERFACES                                                          \
  "[[interface]]\nname = \"wan\"\nvlan = 10\naddress = \"10.77.1.1/24\"\n"  \
  "[[interface]]\nname = \"wan2\"\nvlan = 20\naddress = \"10.77.2.1/24\"\n" \
  "[[interface]]\nname = \"left\"\nvlan = 30\naddress = \"10.77.3.1/24\"\n" \
  "[[interface]]\nname = \"right\"\nvlan = 40\naddress = \"10.77.4.1/24\"\n"
// A sound proxy of four lines, to which tests add.
#define PROXY "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n"

const BadFile kProxies[] = {
    {"IsATable",
     "[proxy]\nname = \"edge\"\n" INTERFACES,
     {{1, 1, "proxy is a table; there may be several, each with the header [[proxy]]"}}},
    {"Missing",
     "[[proxy]]\n" INTERFACES,
     {{1, 1, "[[proxy]] has no \"name\", which it needs"},
      {1, 1, "[[proxy]] has no \"upstream\", which it needs"},
      {1, 1, "[[proxy]] has no \"downstream\", which it needs"}},
     "igmp-host-proxy/PX-01"},
    {"UnknownKey",
     PROXY "leave-delay = 5\n" INTERFACES,
     {{5, 1, R"(unknown key "leave-delay" in [[proxy]]; did you mean "upstream-leave-delay"?)"}}},
    {"Name",
     "[[proxy]]\nname = \"my proxy\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n" INTERFACES,
     {{2, 8, "name = \"my proxy\" cannot name a proxy; use 1 to 32 letters, digits"}}},
    {"NameTwice",
     PROXY "[[proxy]]\nname = \"edge\"\nupstream = [\"wan2\"]\n"
           "downstream = [\"right\"]\n" INTERFACES,
     {{6, 8, "name = \"edge\" is already the proxy in line 2; give each proxy its own name"}}},
    {"Version",
     PROXY "igmp-version = 0\n" INTERFACES,
     {{5, 16, "igmp-version = 0 is out of range; allowed is 1 to 3"}},
     "igmp-host-proxy/YP-01"},
    {"SenderMulticast",
     PROXY "sender-source-address = \"224.0.0.22\"\n" INTERFACES,
     {{5, 25,
       "sender-source-address = \"224.0.0.22\" cannot send reports; write an IPv4 unicast address, "
       "or \"0.0.0.0\""}}},
    {"SenderText", PROXY "sender-source-address = \"wan\"\n" INTERFACES, {{5, 25, "cannot send"}}},
    {"LeaveDelayHigh",
     PROXY "upstream-leave-delay = 3600.1\n" INTERFACES,
     {{5, 24, "upstream-leave-delay = 3600.1 is out of range; allowed is 0 to 3600 seconds"}}},
    {"LeaveDelayFine",
     PROXY "upstream-leave-delay = 0.05\n" INTERFACES,
     {{5, 24, "upstream-leave-delay = 0.05 is finer than 0.1 seconds; write 0.1"}}},
    {"QuerierOnly",
     PROXY "querier-only = \"yes\"\n" INTERFACES,
     {{5, 16, "querier-only is a string; it must be true or false"}}},
    {"MaxGroups",
     PROXY "max-groups = 1048577\n" INTERFACES,
     {{5, 14, "max-groups = 1048577 is out of range; allowed is 0 to 1048576"}}},
    // All of them in one go.
    {"Several",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wam\"]\ndownstream = [\"left\", \"left\"]\n"
     "ssm-range = [\"10.0.0.0/8\"]\nmax-groups = -1\n" INTERFACES,
     {{3, 13, "there is no interface \"wam\""},
      {4, 23, "interface \"left\" is already in line 4"},
      {5, 14, "is not a range of groups"},
      {6, 14, "max-groups = -1 is out of range"}}},
};

const BadFile kInterfacesOfProxies[] = {
    {"UpstreamIsText",
     "[[proxy]]\nname = \"edge\"\nupstream = \"wan\"\ndownstream = [\"left\"]\n" INTERFACES,
     {{3, 12, "upstream is a string; it must be a list of strings or tables, such as [\"wan\"]"}}},
    {"UpstreamHoldsNumber",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\", 20]\ndownstream = [\"left\"]\n" INTERFACES,
     {{3, 20, "upstream holds an integer; each element must be a string or a table"}}},
    {"UpstreamEmpty",
     "[[proxy]]\nname = \"edge\"\nupstream = []\ndownstream = [\"left\"]\n" INTERFACES,
     {{3, 12, "upstream is empty; name at least one interface"}},
     "igmp-host-proxy/PX-01"},
    {"DownstreamEmpty",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = []\n" INTERFACES,
     {{4, 14, "downstream is empty; name at least one interface"}},
     "igmp-host-proxy/PX-01"},
    {"DownstreamIsText",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = \"left\"\n" INTERFACES,
     {{4, 14, "downstream is a string; it must be a list of strings"}}},
    {"UpstreamUnknown",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"WAN3\"]\ndownstream = [\"left\"]\n" INTERFACES,
     {{3, 13, "there is no interface \"WAN3\"; did you mean \"wan\"?"}}},
    {"DownstreamUnknownFar",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"vlan77\"]\n" INTERFACES,
     {{4, 15, "there is no interface \"vlan77\"; known are wan, wan2, left, right"}}},
    {"NoInterfaces",
     PROXY,
     {{3, 13, "there is no interface \"wan\"; add an [[interface]] of this name"},
      {4, 15, "there is no interface \"left\"; add an [[interface]] of this name"}}},
    {"UpstreamTwice",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\", \"wan2\", \"wan\"]\n"
     "downstream = [\"left\"]\n" INTERFACES,
     {{3, 28, "interface \"wan\" is already in line 3; remove one of the two"}}},
    {"DownstreamTwice",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\n"
     "downstream = [\"left\",\n  \"left\"]\n" INTERFACES,
     {{5, 3, "interface \"left\" is already in line 4; remove one of the two"}}},
    {"UpstreamIsDownstream",
     "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\", "
     "\"wan\"]\n" INTERFACES,
     {{4, 23,
       "interface \"wan\" is already an upstream of this proxy in line 3; streams would loop, so "
       "remove one of the two"}},
     "igmp-host-proxy/PF-10"},
    // Two proxies back to back.
    {"UpstreamOfOneIsDownstreamOfTheOther",
     "[[proxy]]\nname = \"a\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n"
     "[[proxy]]\nname = \"b\"\nupstream = [\"left\"]\ndownstream = [\"wan\"]\n" INTERFACES,
     {{7, 13,
       "interface \"left\" is already a downstream of another proxy in line 4; each interface "
       "belongs to one proxy"},
      {8, 15, "interface \"wan\" is already an upstream of another proxy in line 3"}},
     "igmp-host-proxy/MU-01 igmp-host-proxy/PF-10"},
    {"DownstreamOfTwo",
     PROXY "[[proxy]]\nname = \"b\"\nupstream = [\"wan2\"]\ndownstream = [\"left\"]\n" INTERFACES,
     {{8, 15, "interface \"left\" is already a downstream of another proxy in line 4"}},
     "igmp-host-proxy/MU-01"},
    {"UpstreamOfTwo",
     PROXY "[[proxy]]\nname = \"b\"\nupstream = [\"wan\"]\ndownstream = [\"right\"]\n" INTERFACES,
     {{7, 13, "interface \"wan\" is already an upstream of another proxy in line 3"}},
     "igmp-host-proxy/MU-01"},
    {"UpstreamTableWithoutInterface",
     "[[proxy]]\nname = \"edge\"\nupstream = [{group-ranges = []}]\n"
     "downstream = [\"left\"]\n" INTERFACES,
     {{3, 13, "[[proxy.upstream]] has no \"interface\", which it needs"}}},
    {"UpstreamTableUnknownKey",
     "[[proxy]]\nname = \"edge\"\ndownstream = [\"left\"]\n[[proxy.upstream]]\n"
     "interface = \"wan\"\ngroups = [\"232.0.0.0/8\"]\n" INTERFACES,
     {{6, 1, R"(unknown key "groups" in [[proxy.upstream]]; known are interface, group-ranges)"}}},
    {"UpstreamTableUnknownInterface",
     "[[proxy]]\nname = \"edge\"\ndownstream = [\"left\"]\n[[proxy.upstream]]\n"
     "interface = \"wan9\"\n" INTERFACES,
     {{5, 13, "there is no interface \"wan9\"; did you mean \"wan\"?"}}},
    // A mistake in an interface is told once.
    {"ConsequenceOfBadInterface",
     "[[interface]]\nnam = \"wan\"\nvlan = 10\naddress = \"10.77.1.1/24\"\n"
     "[[interface]]\nname = \"left\"\nvlan = \"20\"\naddress = \"10.77.1.2/24\"\n" PROXY,
     {{2, 1, "unknown key \"nam\" in [[interface]]"},
      {7, 8, "vlan is a string"},
      {8, 11, "overlaps the subnet in line 4"}}},
    {"ConsequenceOfBadAddresses",
     "[[interface]]\nname = \"wan\"\nvlan = 10\naddress = \"10.77.1/24\"\n"
     "[[interface]]\nname = \"left\"\nvlan = 20\naddress = \"10.77.1.0/24\"\n" PROXY,
     {{4, 11, "is not an IPv4 address with its"}, {8, 11, "is the address of the subnet itself"}}},
};

#define RANGES                                                                     \
  "[[proxy]]\nname = \"edge\"\ndownstream = [\"left\"]\nupstream = [{interface = " \
  "\"wan\", group-ranges = "

const BadFile kRanges[] = {
    {"GroupRangesText", RANGES "\"232.0.0.0/8\"}]\n" INTERFACES, {{4, 48, "is a string; it must"}}},
    {"GroupRangeNoRange",
     RANGES "[\"232\"]}]\n" INTERFACES,
     {{4, 49,
       "group-ranges has \"232\", which is not a range of IPv4 addresses; write one such as "
       "\"232.0.0.0/8\""}}},
    {"GroupRangeUnicast",
     RANGES "[\"232.0.0.0/8\", \"10.0.0.0/8\"]}]\n" INTERFACES,
     {{4, 64,
       "group-ranges has \"10.0.0.0/8\", which is not a range of groups; those lie in "
       "224.0.0.0/4"}}},
    {"GroupRangeWide",
     RANGES "[\"224.0.0.0/3\"]}]\n" INTERFACES,
     {{4, 49, "group-ranges has \"224.0.0.0/3\", which is not a range of groups"}}},
    {"GroupRangeHostBits",
     RANGES "[\"232.1.2.3/8\"]}]\n" INTERFACES,
     {{4, 49,
       "group-ranges has \"232.1.2.3/8\", whose address has bits past its length; write "
       "\"232.0.0.0/8\""}}},
    {"GroupRangeLinkLocal",
     RANGES "[\"224.0.0.128/25\"]}]\n" INTERFACES,
     {{4, 49, "which lies in 224.0.0.0/24, whose groups are never routed; remove it"}},
     "igmp-host-proxy/PX-18"},
    {"GroupRangeTwice",
     RANGES "[\"232.1.1.1\", \"232.0.0.0/8\", \"232.1.1.1/32\"]}]\n" INTERFACES,
     {{4, 77, "group-ranges has \"232.1.1.1/32\" twice; remove one"}}},
    {"SsmRangeUnicast",
     PROXY "ssm-range = [\"192.0.2.0/24\"]\n" INTERFACES,
     {{5, 14, "ssm-range has \"192.0.2.0/24\", which is not a range of groups"}}},
    {"SsmRangeText", PROXY "ssm-range = \"\"\n" INTERFACES, {{5, 13, "must be a list of strings"}}},
    {"RuleKeys",
     PROXY "[[proxy.allow]]\ngroups = \"239.0.0.0/8\"\n[[proxy.deny]]\nport = \"p1\"\n" INTERFACES,
     {{6, 1, R"(unknown key "groups" in [[proxy.allow]]; did you mean "group"?)"},
      {8, 1, R"(unknown key "port" in [[proxy.deny]]; known are group, source)"}}},
    {"RuleGroup",
     PROXY "[[proxy.allow]]\ngroup = \"10.9.9.9\"\n[[proxy.deny]]\ngroup = \"any\"\n" INTERFACES,
     {{6, 9, "group has \"10.9.9.9\", which is not a range of groups"},
      {8, 9, "group has \"any\", which is not a range of IPv4 addresses"}}},
    {"RuleSource",
     PROXY "[[proxy.allow]]\nsource = \"232.0.0.0/8\"\n"
           "[[proxy.deny]]\nsource = \"10.9.9.9/8\"\n" INTERFACES,
     {{6, 10, "source has \"232.0.0.0/8\", which is not a range of unicast addresses"},
      {8, 10,
       "source has \"10.9.9.9/8\", whose address has bits past its length; write \"10.0.0."}}},
    {"RuleSourceList",
     PROXY "[[proxy.deny]]\nsource = [\"10.9.9.9\"]\n" INTERFACES,
     {{6, 10, "source is a list; it must be a string in quotes"}}},
};

#define SSM_MAP PROXY "[[proxy.ssm-map]]\n"

const BadFile kSsmMaps[] = {
    {"Missing",
     SSM_MAP INTERFACES,
     {{5, 1, "[[proxy.ssm-map]] has no \"group\", which it needs"},
      {5, 1, "[[proxy.ssm-map]] has no \"source\", which it needs"}}},
    {"Group",
     SSM_MAP "group = \"10.1.0.0/16\"\nsource = [\"10.9.9.9\"]\n" INTERFACES,
     {{6, 9, "group has \"10.1.0.0/16\", which is not a range of groups"}}},
    {"SourceText",
     SSM_MAP "group = \"232.1.0.0/16\"\nsource = \"10.9.9.9\"\n" INTERFACES,
     {{7, 10, "source is a string; it must be a list of strings"}}},
    {"SourceEmpty",
     SSM_MAP "group = \"232.1.0.0/16\"\nsource = []\n" INTERFACES,
     {{7, 10, "source is empty; name at least one address"}}},
    {"SourcesNotUnicast",
     SSM_MAP "group = \"232.1.0.0/16\"\nsource = [\"232.1.1.1\", \"0.0.0.0\", "
             "\"10.9.9.0/24\"]\n" INTERFACES,
     {{7, 11, "source has \"232.1.1.1\"; write an IPv4 unicast address"},
      {7, 24, "source has \"0.0.0.0\"; write an IPv4 unicast address"},
      {7, 35, "source has \"10.9.9.0/24\"; write an IPv4 unicast address"}}},
    {"SourceTwice",
     SSM_MAP "group = \"232.1.0.0/16\"\nsource = [\"10.9.9.9\", \"10.9.9.9\"]\n" INTERFACES,
     {{7, 23, "source has \"10.9.9.9\" twice; remove one"}}},
    // The first that holds the group counts, so that this one never would.
    {"Hidden",
     SSM_MAP "group = \"232.1.0.0/16\"\nsource = [\"10.9.9.9\"]\n"
             "[[proxy.ssm-map]]\ngroup = \"232.1.7.0/24\"\nsource = [\"10.9.9.8\"]\n" INTERFACES,
     {{9, 9,
       "group 232.1.7.0/24 lies in that of line 6, which comes first and counts; put this one "
       "before it"}}},
};

const BadFile kVlansOfProxies[] = {
    {"SnoopingOff",
     PROXY "[[vlan]]\nid = 30\n[vlan.igmp-snooping]\nenabled = false\n" INTERFACES,
     {{8, 11,
       "enabled = false, but VLAN 30 is a downstream of a proxy, which needs it to snoop; remove "
       "this (the proxy is in line 1)"}}},
    {"SnoopingOffUpstream",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nenabled = false\n" PROXY INTERFACES,
     {{4, 11,
       "VLAN 10 is an upstream of a proxy, which needs it to snoop; remove this (the proxy "
       "is in line 5)"}}},
    {"QueryUpstream",
     PROXY "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nsend-query = true\n" INTERFACES,
     {{8, 14,
       "send-query = true, but VLAN 10 is an upstream of a proxy, where Sluice is a host and never "
       "queries (RFC 4605 §3); remove this (the proxy is in line 1)"}},
     "igmp-host-proxy/PX-02"},
    {"NoQueryDownstream",
     PROXY "[[vlan]]\nid = 30\n[vlan.igmp-snooping]\nsend-query = false\n" INTERFACES,
     {{8, 14,
       "send-query = false, but VLAN 30 is a downstream of a proxy, which routes to it only as its "
       "querier: never; remove this, or set querier-only = false in the proxy (the proxy is in "
       "line 1)"}},
     "igmp-host-proxy/PF-05"},
};

#define INTERFACE(name, vlan, address, networks)                              \
  "[[interface]]\nname = \"" name "\"\nvlan = " vlan "\naddress = \"" address \
  "\"\n"                                                                      \
  "source-networks = [" networks "]\n"

// Where a source is expected must be unambiguous.
const BadFile kNetworks[] = {
    {"DownstreamsOverlap",
     INTERFACE("wan", "10", "10.77.1.1/24", "")
         INTERFACE("left", "20", "10.77.2.1/24", "\"10.9.0.0/16\"") INTERFACE(
             "right", "30", "10.77.3.1/24",
             "\"10.8.0.0/16\", \"10.9.4.0/24\"") "[[proxy]]\nname = \"edge\"\nupstream = "
                                                 "[\"wan\"]\ndownstream = [\"left\", \"right\"]\n",
     {{15, 35,
       "source-networks has 10.9.4.0/24, which overlaps 10.9.0.0/16 of interface \"left\" in line "
       "10 of the same proxy; a source is on one side only, so make them disjoint"}},
     "igmp-host-proxy/PF-08"},
    {"DownstreamHoldsUpstreamSubnet",
     INTERFACE("wan", "10", "10.77.1.1/24", "") INTERFACE(
         "left", "20", "10.77.2.1/24", "\"10.77.0.0/16\"") "[[proxy]]\nname = \"edge\"\nupstream = "
                                                           "[\"wan\"]\ndownstream = [\"left\"]\n",
     {{10, 20,
       "source-networks has 10.77.0.0/16, which overlaps 10.77.1.0/24 of interface \"wan\" in line "
       "4 of the same proxy"}},
     "igmp-host-proxy/PF-08"},
    {"UpstreamHoldsDownstreamSubnet",
     INTERFACE("wan", "10", "10.77.1.1/24", "\"10.77.2.128/25\"") INTERFACE(
         "left", "20", "10.77.2.1/24",
         "") "[[proxy]]\nname = \"edge\"\nupstream = [\"wan\"]\ndownstream = [\"left\"]\n",
     {{5, 20,
       "source-networks has 10.77.2.128/25, which overlaps 10.77.2.0/24 of interface \"left\" in "
       "line 9 of the same proxy"}}},
    {"AnySource",
     INTERFACE("wan", "10", "10.77.1.1/24", "") INTERFACE(
         "left", "20", "10.77.2.1/24", "\"0.0.0.0/0\"") "[[proxy]]\nname = \"edge\"\nupstream = "
                                                        "[\"wan\"]\ndownstream = [\"left\"]\n",
     {{10, 20, "source-networks has 0.0.0.0/0, which overlaps 10.77.1.0/24"}}},
};

INSTANTIATE_TEST_SUITE_P(Proxies, BadFiles, testing::ValuesIn(kProxies), name_of_file);
INSTANTIATE_TEST_SUITE_P(ProxyInterfaces, BadFiles, testing::ValuesIn(kInterfacesOfProxies),
                         name_of_file);
INSTANTIATE_TEST_SUITE_P(ProxyRanges, BadFiles, testing::ValuesIn(kRanges), name_of_file);
INSTANTIATE_TEST_SUITE_P(SsmMaps, BadFiles, testing::ValuesIn(kSsmMaps), name_of_file);
INSTANTIATE_TEST_SUITE_P(ProxyVlans, BadFiles, testing::ValuesIn(kVlansOfProxies), name_of_file);
INSTANTIATE_TEST_SUITE_P(ProxyNetworks, BadFiles, testing::ValuesIn(kNetworks), name_of_file);

}  // namespace
}  // namespace sluice::config::bad_proxy_test
