// SPDX-License-Identifier: BSD-3-Clause
// Files with mistakes, and what is said about them: place and words, nothing more and nothing less.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/config/bad_files.h"

namespace sluice::config::bad_file_test {
namespace {

TEST_P(BadFiles, AreExplained) {
  const BadFile& file = GetParam();
  if (!file.req.empty()) RecordProperty("req", std::string(file.req));
  const std::vector<Diagnostic> errors = load_with_ports(file.text).errors;
  ASSERT_EQ(errors.size(), file.told.size()) << all_of(errors);
  for (std::size_t i = 0; i < errors.size(); ++i) {
    EXPECT_EQ(errors[i].line, file.told[i].line) << errors[i];
    EXPECT_EQ(errors[i].column, file.told[i].column) << errors[i];
    EXPECT_THAT(errors[i].message, testing::HasSubstr(std::string(file.told[i].fragment)));
    EXPECT_EQ(errors[i].message.find('\n'), std::string::npos) << errors[i];
  }
}

const BadFile kSyntax[] = {
    {"NotToml", "[system\n", {{1, 8, "not valid TOML: "}}},
    {"KeyTwice",
     "[system]\nlog-level = \"info\"\nlog-level = \"warn\"\n",
     {{3, 13, "cannot redefine existing string 'log-level'"}}},
    {"NotUtf8", "[system]\nsocket = \"/run/\xFF\"\n", {{2, 15, "not valid TOML: "}}},
};

const BadFile kUnknown[] = {
    {"Section",
     "[dataplan]\nmbufs = 1\n",
     {{1, 2, R"(unknown section "dataplan"; did you mean "dataplane"?)"}}},
    {"SectionFar",
     "[zebra]\n",
     {{1, 2,
       "unknown section \"zebra\"; known are system, dataplane, metrics, punt-limit, "
       "dashboard, port, vlan"}}},
    {"KeyOutsideOfAnySection", "mtu = 1500\n", {{1, 1, "it belongs in [[port]]"}}},
    {"Key",
     "[system]\nlog_level = \"info\"\n",
     {{2, 1, R"(unknown key "log_level" in [system]; did you mean "log-level"?)"}}},
    {"KeyInCapitals", "[system]\nLOG-LEVEL = \"info\"\n", {{2, 1, "did you mean \"log-level\"?"}}},
    {"KeyPart",
     "[[vlan]]\nid = 10\n[vlan.snooping]\nenabled = true\n",
     {{3, 7, R"(unknown key "snooping" in [[vlan]]; did you mean "igmp-snooping"?)"}}},
    {"KeyOfOtherSection",
     "[system]\nhuge-pages = \"on\"\n",
     {{2, 1, R"(unknown key "huge-pages" in [system]; it belongs in [dataplane])"}}},
    {"KeyFar",
     "[system]\ncolour = \"red\"\n",
     {{2, 1, R"(unknown key "colour" in [system]; known are socket, log-level)"}}},
    {"KeyWithLineBreak", "[system]\n\"a\\nb\" = 1\n", {{2, 1, R"(unknown key "a\x0ab" in)"}}},
    {"KeyInSnooping",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\n  querry-interval = 60\n",
     {{4, 3, R"(unknown key "querry-interval" in [vlan.igmp-snooping]; did you mean "query-)"}}},
    // One mistake, one error: that access-vlan is then missing is not said besides.
    {"KeyOfPort",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\nacces-vlan = 10\n",
     {{4, 1, R"(unknown key "acces-vlan" in [[port]]; did you mean "access-vlan"?)"}}},
};

const BadFile kTypes[] = {
    {"Boolean",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nfast-leave = 1\n",
     {{4, 14, "fast-leave is an integer; it must be true or false"}}},
    {"Integer",
     "[dataplane]\nmain-core = \"0\"\n",
     {{2, 13, "main-core is a string; it must be an integer"}}},
    {"IntegerNotDecimal",
     "[dataplane]\nmbufs = 4096.0\n",
     {{2, 9, "mbufs is a decimal; it must be an integer"}}},
    {"Seconds",
     "[dataplane]\nmac-ageing-time = \"5 min\"\n",
     {{2, 19, "mac-ageing-time is a string; it must be a number of seconds"}}},
    {"Text",
     "[system]\nsocket = 1979-05-27\n",
     {{2, 10, "socket is a date or a time; it must be a string"}}},
    {"Choice", "[system]\nlog-level = true\n", {{2, 13, "it must be a string in quotes"}}},
    {"Integers",
     "[dataplane]\nworker-cores = 1\n",
     {{2, 16, "worker-cores is an integer; it must be a list of integers, such as [20, 30]"}}},
    {"IntegersElement",
     "[dataplane]\nworker-cores = [1, \"2\"]\n",
     {{2, 20, "worker-cores holds a string; each element must be an integer"}}},
    {"Texts", "[dataplane]\neal-args = \"-n4\"\n", {{2, 12, "it must be a list of strings"}}},
    {"TextsElement",
     "[dataplane]\neal-args = [4]\n",
     {{2, 13, "eal-args holds an integer; each element must be a string"}}},
    {"SectionTwice", "[[system]]\n", {{1, 1, "there is one, with the header [system]"}}},
    {"SectionIsValue", "system = 5\n", {{1, 10, "system is an integer; there is one, with the"}}},
    {"TableForTables",
     "[[interface]]\nname = \"i\"\nvlan = 10\naddress = \"10.0.0.1/8\"\n[vlan]\n",
     {{5, 1, "vlan is a table; there may be several, each with the header [[vlan]]"}}},
    {"TablesHoldValue",
     "interface = [5]\n",
     {{1, 14, "interface holds an integer; each is a table, with the header [[interface]]"}}},
};

const BadFile kSystemAndDataplane[] = {
    {"ListenWithoutPort",
     "[metrics]\nlisten = \"127.0.0.1\"\n",
     {{2, 10,
       "listen = \"127.0.0.1\" is not an address and a port; write one such as "
       "\"127.0.0.1:9464\""}}},
    {"ListenName", "[metrics]\nlisten = \"localhost:9464\"\n", {{2, 10, "is not an address"}}},
    {"ListenBareIpv6", "[metrics]\nlisten = \"::1:9464\"\n", {{2, 10, "\"[::1]:9464\""}}},
    {"ListenPortZero", "[metrics]\nlisten = \"[::1]:0\"\n", {{2, 10, "is not an address"}}},
    {"ListenPortTooLarge", "[metrics]\nlisten = \"[::1]:65536\"\n", {{2, 10, "is not an"}}},
    {"DashboardWithoutPort",
     "[dashboard]\nlisten = \"0.0.0.0\"\n",
     {{2, 10, "listen = \"0.0.0.0\" is not an address and a port"}}},
    {"DashboardOtherKey",
     "[dashboard]\nport = 8080\n",
     {{2, 1, "unknown key \"port\" in [dashboard]"}}},
    {"TopGroups",
     "[metrics]\ntop-groups = 100001\n",
     {{2, 14, "top-groups = 100001 is out of range; allowed is 0 to 100000"}}},
    {"SocketRelative",
     "[system]\nsocket = \"sluice.sock\"\n",
     {{2, 10, "is not an absolute path"}}},
    {"SocketEmpty", "[system]\nsocket = \"\"\n", {{2, 10, "is not an absolute path"}}},
    {"SocketLong",
     "[system]\nsocket = "
     "\"/12345678901234567890123456789012345678901234567890123456789012345678901234567890"
     "123456789012345678901234567\"\n",
     {{2, 10, "socket has 108 bytes; a UNIX socket's path has at most 107"}}},
    {"LogLevel",
     "[system]\nlog-level = \"warning\"\n",
     {{2, 13,
       "log-level = \"warning\" is not known; did you mean \"warn\"? allowed are trace, debug, "
       "info, warn, error"}}},
    {"LogLevelOfASubsystem",
     "[system.log-levels]\nigmp = \"loud\"\n",
     {{2, 8, "igmp = \"loud\" is not known; allowed are trace, debug, info, warn, error"}}},
    {"LogLevelOfNoSubsystem",
     "[system.log-levels]\nipmg = \"info\"\n",
     {{2, 1, "unknown key \"ipmg\" in [system.log-levels]"}}},
    {"HugePages",
     "[dataplane]\nhuge-pages = \"2M\"\n",
     {{2, 14, "huge-pages = \"2M\" is not known; allowed are auto, on, off"}}},
    {"MainCore",
     "[dataplane]\nmain-core = -1\n",
     {{2, 13, "main-core = -1 is out of range; allowed is 0 to 1023"}}},
    {"Mbufs",
     "[dataplane]\nmbufs = 100\n",
     {{2, 9, "mbufs = 100 is out of range; allowed is 0, or 1024 to 16777216"}}},
    {"GroupEntries",
     "[dataplane]\ngroup-entries = 1048577\n",
     {{2, 17, "group-entries = 1048577 is out of range; allowed is 1024 to 1048576"}}},
    {"MacEntries", "[dataplane]\nmac-entries = 0\n", {{2, 15, "allowed is 1024 to 1048576"}}},
    {"MacAgeingTime",
     "[dataplane]\nmac-ageing-time = 9.9\n",
     {{2, 19, "mac-ageing-time = 9.9 is out of range; allowed is 10 to 1000000 seconds"}}},
    {"IdleSleep",
     "[dataplane]\nidle-sleep-us = 10001\n",
     {{2, 17, "idle-sleep-us = 10001 is out of range; allowed is 0, or 1 to 10000"}}},
    {"PuntClass",
     "[punt-limit.report]\nport-rate = 1\n",
     {{1, 13, "unknown key \"report\" in [punt-limit]; did you mean \"reports\"?"}}},
    {"PuntRate",
     "[punt-limit]\nreports = { port-rate = 10000001 }\n",
     {{2, 25, "port-rate = 10000001 is out of range; allowed is 0, or 1 to 10000000"}}},
    {"PuntBurst",
     "[punt-limit.queries]\nvlan-burst = 0\n",
     {{2, 14, "vlan-burst = 0 is out of range; allowed is 1 to 16777216"}}},
    {"PuntKey",
     "[punt-limit.pim-mrd]\nrate = 5\n",
     {{2, 1, "unknown key \"rate\" in [punt-limit.pim-mrd]"}}},
    {"NoWorkers",
     "[dataplane]\nworker-cores = []\n",
     {{2, 16, "worker-cores is empty; name at least one core"}}},
    {"WorkerTwice",
     "[dataplane]\nworker-cores = [1, 2, 1]\n",
     {{2, 23, "worker-cores has core 1 twice"}}},
    {"WorkerIsMain",
     "[dataplane]\nmain-core = 2\nworker-cores = [1, 2]\n",
     {{3, 20, "worker-cores has core 2, which is main-core"}}},
    {"DefaultWorkerIsMain",
     "[dataplane]\nmain-core = 1\n",
     {{2, 13, "main-core = 1 is also the default of worker-cores; give worker-cores other"}}},
    {"TooManyWorkers",
     "[dataplane]\nworker-cores = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,"
     "25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49,50,51,52,53,54,"
     "55,56,57,58,59,60,61,62,63,64,65]\n",
     {{2, 16, "worker-cores has 65 cores; at most 64 are allowed"}}},
    {"EalCores",
     "[dataplane]\neal-args = [\"-l\", \"1-3\"]\n",
     {{2, 13, "\"-l\", which Sluice sets itself; use main-core and worker-cores"}}},
    {"EalAttached",
     "[dataplane]\neal-args = [\"-n4\", \"-c0x3\"]\n",
     {{2, 20, "\"-c0x3\", which Sluice sets itself; use main-core and worker-cores"}}},
    {"EalLong",
     "[dataplane]\neal-args = [\"--vdev=net_null0\", \"--no-huge\"]\n",
     {{2, 13, "use the device of a [[port]]"}, {2, 33, "use huge-pages"}}},
    {"EalMemory", "[dataplane]\neal-args = [\"-m\", \"512\"]\n", {{2, 13, "use mbufs"}}},
    {"EalEmpty", "[dataplane]\neal-args = [\"\"]\n", {{2, 13, "is empty"}}},
};

const BadFile kPortFiles[] = {
    {"NameMissing",
     "[[port]]\ndevice = \"net_null0\"\naccess-vlan = 10\n",
     {{1, 1, "[[port]] has no \"name\", which it needs"}}},
    {"DeviceMissing",
     "\n[[port]]\nname = \"x\"\naccess-vlan = 10\n",
     {{2, 1, "[[port]] has no \"device\", which it needs"}}},
    {"NoVlan",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\n",
     {{1, 1, "[[port]] carries no VLAN; give it an access-vlan, trunk-vlans, or both"}}},
    {"NameEmpty",
     "[[port]]\nname = \"\"\ndevice = \"net_null0\"\naccess-vlan = 10\n",
     {{2, 8, "name = \"\" cannot name a port; use 1 to 32 letters"}}},
    {"NameWithBlank",
     "[[port]]\nname = \"p 1\"\ndevice = \"net_null0\"\naccess-vlan = 10\n",
     {{2, 8, "name = \"p 1\" cannot name a port"}}},
    {"NameLong",
     "[[port]]\nname = \"123456789012345678901234567890123\"\ndevice = \"net_null0\"\n"
     "access-vlan = 10\n",
     {{2, 8, "cannot name a port"}}},
    // The later one of the two is told, with the line of the earlier one.
    {"NameTwice",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\naccess-vlan = 10\n"
     "[[port]]\nname = \"x\"\ndevice = \"net_null1\"\naccess-vlan = 10\n",
     {{6, 8, "name = \"x\" is already the port in line 2"}}},
    {"VdevTwice",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0,size=64\"\naccess-vlan = 10\n"
     "[[port]]\nname = \"y\"\ndevice = \"net_null0,size=128\"\naccess-vlan = 10\n",
     {{7, 10, "device \"net_null0\" is already the port in line 3"}}},
    {"PciTwice",
     "[[port]]\nname = \"x\"\ndevice = \"0000:3B:00.0\"\naccess-vlan = 10\n"
     "[[port]]\nname = \"y\"\ndevice = \"3b:00.0\"\naccess-vlan = 10\n",
     {{7, 10, "device \"0000:3b:00.0\" is already the port in line 3"}}},
    {"KernelInterfaceTwice",
     "[[port]]\nname = \"x\"\ndevice = \"net_af_packet0,iface=e1\"\naccess-vlan = 10\n"
     "[[port]]\nname = \"y\"\ndevice = \"net_af_xdp0,queue_count=1,iface=e1\"\naccess-vlan = 10\n",
     {{7, 10, "kernel interface \"e1\" is already the port in line 3"}}},
    {"DeviceIsKernelName",
     "[[port]]\nname = \"x\"\ndevice = \"eth0\"\naccess-vlan = 10\n",
     {{3, 10, "for the kernel interface of this name write \"net_af_packet0,iface=eth0\""}}},
    {"DeviceUnknownForm",
     "[[port]]\nname = \"x\"\ndevice = \"a/b\"\naccess-vlan = 10\n",
     {{3, 10,
       "is neither kind of device; write a PCI address (\"0000:3b:00.0\") or a vdev string "
       "(\"net_af_packet0,iface=eth1\")"}}},
    {"AccessVlan",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\naccess-vlan = 4095\n",
     {{4, 15, "access-vlan = 4095 is out of range; allowed is 1 to 4094"}}},
    {"TrunkVlan",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\ntrunk-vlans = [10, 0]\n",
     {{4, 20, "trunk-vlans = 0 is out of range; allowed is 1 to 4094"}}},
    {"TrunkVlanTwice",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\ntrunk-vlans = [10, 10]\n",
     {{4, 20, "trunk-vlans has 10 twice"}}},
    {"AccessInTrunk",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\ntrunk-vlans = [20, 10]\naccess-vlan = 10\n",
     {{4, 20, "trunk-vlans has 10, which is access-vlan"}}},
    {"Mtu",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\naccess-vlan = 10\nmtu = 67\n",
     {{5, 7, "mtu = 67 is out of range; allowed is 68 to 9600"}}},
    {"MtuHuge",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\naccess-vlan = 10\n"
     "mtu = 9223372036854775807\n",
     {{5, 7, "is out of range; allowed is 68 to 9600"}}},
};

const BadFile kVlanFiles[] = {
    {"IdMissing", "[[vlan]]\n", {{1, 1, "[[vlan]] has no \"id\", which it needs"}}},
    {"Id", "[[vlan]]\nid = 0\n", {{2, 6, "id = 0 is out of range; allowed is 1 to 4094"}}},
    {"IdTwice", "[[vlan]]\nid = 10\n[[vlan]]\nid = 10\n", {{4, 6, "VLAN 10 is already in line 2"}}},
    {"NotCarried",
     "[[vlan]]\nid = 99\n",
     {{2, 6, "no port carries VLAN 99; add it to a port's access-vlan or trunk-vlans"}}},
    {"VersionRange",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nigmp-version = 4\n",
     {{4, 16, "igmp-version = 4 is out of range; allowed is 1 to 3"}},
     "snooping/YS-03 igmp-router/YR-01"},
    {"QueryIntervalZero",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-interval = 0\n",
     {{4, 18, "query-interval = 0 is out of range; allowed is 1 to 31744 seconds"}},
     "igmp-router/YR-02 snooping/YS-05"},
    {"QueryIntervalHigh",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-interval = 31744.1\n",
     {{4, 18, "query-interval = 31744.1 is out of range"}},
     "igmp-router/YR-02"},
    {"QueryIntervalNan",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-interval = nan\n",
     {{4, 18, "query-interval = nan is out of range"}}},
    {"ResponseTimeZero",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-max-response-time = 0\n",
     {{4, 27, "query-max-response-time = 0 is out of range; allowed is 0.1 to 1023 seconds"}},
     "igmp-router/YR-03"},
    {"ResponseTimeHigh",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-max-response-time = 1024\n",
     {{4, 27, "allowed is 0.1 to 1023 seconds"}},
     "igmp-router/YR-03"},
    {"LastMemberZero",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nlast-member-query-interval = 0\n",
     {{4, 30, "allowed is 0.1 to 1023 seconds"}},
     "igmp-router/YR-04 snooping/YS-06"},
    {"LastMemberHigh",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nlast-member-query-interval = inf\n",
     {{4, 30, "allowed is 0.1 to 1023 seconds"}},
     "igmp-router/YR-04 snooping/YS-06"},
    {"RobustnessZero",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nrobustness-variable = 0\n",
     {{4, 23, "robustness-variable = 0 is out of range; allowed is 1 to 7"}},
     "igmp-router/YR-05 snooping/YS-07"},
    {"RobustnessHigh",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nrobustness-variable = 8\n",
     {{4, 23, "allowed is 1 to 7"}},
     "igmp-router/YR-05 snooping/YS-07"},
    {"TooFine",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nlast-member-query-interval = 0.25\n",
     {{4, 30, "last-member-query-interval = 0.25 is finer than 0.1 seconds; write 0.3"}}},
    {"ResponseNotBelowInterval",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-interval = 10\nquery-max-response-time = 10\n",
     {{5, 27, "query-max-response-time = 10 must be below query-interval = 10"}}},
    // Only one of the two stands in the file; the other is the default.
    {"IntervalBelowDefaultResponse",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-interval = 5\n",
     {{4, 18, "query-max-response-time = 10 must be below query-interval = 5"}}},
    {"ResponseAboveDefaultInterval",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquery-max-response-time = 200\n",
     {{4, 27, "query-max-response-time = 200 must be below query-interval = 125"}}},
    {"Version2ResponseTime",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nigmp-version = 2\nquery-max-response-time = 25.6\n"
     "last-member-query-interval = 30\n",
     {{5, 27, "query-max-response-time = 25.6 cannot be sent with igmp-version = 2"},
      {6, 30, "allowed is up to 25.5"}}},
    {"QuerierSourceMulticast",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquerier-source = \"224.0.0.1\"\n",
     {{4, 18, "querier-source = \"224.0.0.1\" cannot send queries"}}},
    {"QuerierSourceText",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nquerier-source = \"10.0.0.1/24\"\n",
     {{4, 18, "write an IPv4 unicast address, or \"0.0.0.0\""}}},
    {"ReportPolicy",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nreport-policy = \"none\"\n",
     {{4, 17, "report-policy = \"none\" is not known; allowed are proxy, suppress, forward"}}},
    {"Unregistered",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nunregistered = \"mrouters-only\"\n",
     {{4, 16, "did you mean \"mrouter-only\"? allowed are flood, mrouter-only, drop"}}},
    {"MaxGroups",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nmax-groups = -1\n",
     {{4, 14, "max-groups = -1 is out of range; allowed is 0 to 1048576"}}},
    {"RouterPortUnknown",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"p1\", \"p11\"]\n",
     {{4, 35, "there is no port \"p11\"; did you mean \"p1\"?"}}},
    {"RouterPortUnknownFar",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"uplink\"]\n",
     {{4, 29, "there is no port \"uplink\"; known are p1, p2"}}},
    {"RouterPortNotInVlan",
     "[[vlan]]\nid = 20\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"p1\"]\n",
     {{4, 29, "port \"p1\" does not carry VLAN 20"}}},
    {"RouterPortTwice",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"p1\", \"p1\"]\n",
     {{4, 35, "bridge-mrouter-interface has \"p1\" twice"}}},
};

#define STATIC_GROUP "[[vlan]]\nid = 10\n[[vlan.igmp-snooping.static-l2-multicast-group]]\n"

const BadFile kStaticGroups[] = {
    {"AddressMissing",
     STATIC_GROUP "ports = [\"p1\"]\n",
     {{3, 1, "has no \"group-address\", which it needs"}}},
    {"PortsMissing",
     STATIC_GROUP "group-address = \"239.1.1.1\"\n",
     {{3, 1, "has no \"ports\", which it needs"}}},
    {"PortsEmpty",
     STATIC_GROUP "group-address = \"239.1.1.1\"\nports = []\n",
     {{5, 9, "ports is empty; name at least one port"}}},
    {"NotMulticast",
     STATIC_GROUP "group-address = \"10.1.1.1\"\nports = [\"p1\"]\n",
     {{4, 17, "\"10.1.1.1\" is not a multicast address; write one of 224.0.1.0 to"}},
     "snooping/YS-11"},
    {"NoAddress",
     STATIC_GROUP "group-address = \"239.1.1\"\nports = [\"p1\"]\n",
     {{4, 17, "\"239.1.1\" is not a multicast address"}}},
    {"LinkLocal",
     STATIC_GROUP "group-address = \"224.0.0.251\"\nports = [\"p1\"]\n",
     {{4, 17, "lies in 224.0.0.0/24, which every port of the VLAN receives always"}},
     "snooping/YS-11"},
    {"SourceMulticast",
     STATIC_GROUP "group-address = \"239.1.1.1\"\nsource-addr = \"239.1.1.2\"\nports = [\"p1\"]\n",
     {{5, 15, "source-addr = \"239.1.1.2\" is not a source"}}},
    {"SourceUnspecified",
     STATIC_GROUP "group-address = \"239.1.1.1\"\nsource-addr = \"0.0.0.0\"\nports = [\"p1\"]\n",
     {{5, 15, "write an IPv4 unicast address, or \"*\" for any"}}},
    {"PortUnknown",
     STATIC_GROUP "group-address = \"239.1.1.1\"\nports = [\"P3\"]\n",
     {{5, 10, "there is no port \"P3\"; did you mean \"p1\"?"}}},
    {"PortNotInVlan",
     "[[vlan]]\nid = 40\n[[vlan.igmp-snooping.static-l2-multicast-group]]\n"
     "group-address = \"239.1.1.1\"\nports = [\"p1\", \"p2\"]\n",
     {{5, 16, "port \"p2\" does not carry VLAN 40"}}},
    {"Twice",
     STATIC_GROUP "group-address = \"239.1.1.1\"\nports = [\"p1\"]\n"
                  "[[vlan.igmp-snooping.static-l2-multicast-group]]\n"
                  "group-address = \"239.1.1.1\"\nsource-addr = \"*\"\nports = [\"p2\"]\n",
     {{6, 1, "group 239.1.1.1 from any source is already in line 3; add its ports there"}}},
    {"SnoopingOff",
     "[[vlan]]\nid = 10\n[vlan.igmp-snooping]\nenabled = false\n"
     "[[vlan.igmp-snooping.static-l2-multicast-group]]\n"
     "group-address = \"239.1.1.1\"\nports = [\"p1\"]\n",
     {{5, 1, "a static group needs snooping, which is off in VLAN 10"}}},
};

#define INTERFACE_AT "[[interface]]\nname = \"i\"\nvlan = 10\naddress = "

const BadFile kInterfaces[] = {
    {"Missing",
     "[[interface]]\n",
     {{1, 1, "has no \"name\""}, {1, 1, "has no \"vlan\""}, {1, 1, "has no \"address\""}}},
    {"Name",
     "[[interface]]\nname = \"a/b\"\nvlan = 10\naddress = \"10.0.0.1/24\"\n",
     {{2, 8, "cannot name an interface"}}},
    {"NoPrefix",
     INTERFACE_AT "\"10.0.0.1\"\n",
     {{4, 11, "is not an IPv4 address with its prefix length (8 to 32); write one such as"}}},
    {"PrefixShort", INTERFACE_AT "\"10.0.0.1/7\"\n", {{4, 11, "prefix length (8 to 32)"}}},
    {"PrefixLong", INTERFACE_AT "\"10.0.0.1/33\"\n", {{4, 11, "prefix length (8 to 32)"}}},
    {"PrefixText", INTERFACE_AT "\"10.0.0.1/24x\"\n", {{4, 11, "prefix length (8 to 32)"}}},
    {"Network",
     INTERFACE_AT "\"10.77.0.0/24\"\n",
     {{4, 11, "is the address of the subnet itself"}}},
    {"Broadcast",
     INTERFACE_AT "\"10.77.0.255/24\"\n",
     {{4, 11, "is the broadcast address of the subnet"}}},
    {"Multicast", INTERFACE_AT "\"239.0.0.1/24\"\n", {{4, 11, "is a multicast address"}}},
    {"Loopback", INTERFACE_AT "\"127.0.0.1/8\"\n", {{4, 11, "is a loopback address"}}},
    {"Zero", INTERFACE_AT "\"0.0.0.0/32\"\n", {{4, 11, "is an address of this network"}}},
    {"Reserved", INTERFACE_AT "\"255.255.255.255/32\"\n", {{4, 11, "is a reserved address"}}},
    {"VlanNotCarried",
     "[[interface]]\nname = \"i\"\nvlan = 99\naddress = \"10.0.0.1/24\"\n",
     {{3, 8, "no port carries VLAN 99"}}},
    {"NameTwice",
     INTERFACE_AT "\"10.0.0.1/24\"\n[[interface]]\nname = \"i\"\nvlan = 20\n"
                  "address = \"10.0.1.1/24\"\n",
     {{6, 8, "name = \"i\" is already the interface in line 2"}}},
    {"VlanTwice",
     INTERFACE_AT "\"10.0.0.1/24\"\n[[interface]]\nname = \"j\"\nvlan = 10\n"
                  "address = \"10.0.1.1/24\"\n",
     {{7, 8, "VLAN 10 already has the interface in line 3; a VLAN has at most one"}}},
    {"SourceNetworks",
     INTERFACE_AT "\"10.0.0.1/24\"\nsource-networks = \"10.9.0.0/16\"\n",
     {{5, 19, "source-networks is a string; it must be a list of strings"}}},
    {"SourceNetworkText",
     INTERFACE_AT "\"10.0.0.1/24\"\nsource-networks = [\"10.9.0.0/16\", \"10.9.0.0/33\"]\n",
     {{5, 35,
       "source-networks has \"10.9.0.0/33\", which is not a range of IPv4 addresses; write one "
       "such as \"10.77.0.0/16\""}}},
    {"SourceNetworkHostBits",
     INTERFACE_AT "\"10.0.0.1/24\"\nsource-networks = [\"10.9.1.7/16\"]\n",
     {{5, 20,
       "source-networks has \"10.9.1.7/16\", whose address has bits past its length; write "
       "\"10.9.0.0/16\""}}},
    {"SourceNetworksNotUnicast",
     INTERFACE_AT "\"10.0.0.1/24\"\nsource-networks = [\"239.0.0.0/8\", \"127.0.0.0/8\",\n"
                  "  \"0.0.0.0/8\", \"128.0.0.0/1\", \"255.255.255.255\"]\n",
     {{5, 20, "source-networks has \"239.0.0.0/8\", which is not a range of unicast addresses"},
      {5, 35, "has \"127.0.0.0/8\", which is not a range of unicast"},
      {6, 3, "has \"0.0.0.0/8\", which is not a range of unicast"},
      {6, 16, "has \"128.0.0.0/1\", which is not a range of unicast"},
      {6, 31, "has \"255.255.255.255\", which is not a range of unicast"}}},
    {"SourceNetworkTwice",
     INTERFACE_AT "\"10.0.0.1/24\"\nsource-networks = [\"10.9.9.9\", \"10.9.9.9/32\"]\n",
     {{5, 32, "source-networks has \"10.9.9.9/32\" twice; remove one"}}},
    {"Overlap",
     INTERFACE_AT "\"10.0.0.1/24\"\n[[interface]]\nname = \"j\"\nvlan = 20\n"
                  "address = \"10.0.5.1/16\"\n",
     {{8, 11, "overlaps the subnet in line 4; give each VLAN its own subnet"}}},
};

// What is wrong with ports must not come back as errors of what refers to them.
const BadFile kConsequences[] = {
    {"VlanOfBadPort",
     "[[port]]\nname = \"x\"\ndevice = \"net_null0\"\naccess-vlan = \"50\"\n"
     "[[vlan]]\nid = 50\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"x\"]\n",
     {{4, 15, "access-vlan is a string; it must be an integer"}}},
    {"NameOfBadPort",
     "[[port]]\nnam = \"x\"\ndevice = \"net_null0\"\naccess-vlan = 50\n"
     "[[vlan]]\nid = 50\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"x\"]\n",
     {{2, 1, R"(unknown key "nam" in [[port]]; did you mean "name"?)"}}},
    {"PortsOfBadVlan",
     "[[vlan]]\nid = \"10\"\n[vlan.igmp-snooping]\nbridge-mrouter-interface = [\"p1\"]\n",
     {{2, 6, "id is a string; it must be an integer"}}},
};

INSTANTIATE_TEST_SUITE_P(Syntax, BadFiles, testing::ValuesIn(kSyntax), name_of_file);
INSTANTIATE_TEST_SUITE_P(Unknown, BadFiles, testing::ValuesIn(kUnknown), name_of_file);
INSTANTIATE_TEST_SUITE_P(Types, BadFiles, testing::ValuesIn(kTypes), name_of_file);
INSTANTIATE_TEST_SUITE_P(System, BadFiles, testing::ValuesIn(kSystemAndDataplane), name_of_file);
INSTANTIATE_TEST_SUITE_P(Ports, BadFiles, testing::ValuesIn(kPortFiles), name_of_file);
INSTANTIATE_TEST_SUITE_P(Vlans, BadFiles, testing::ValuesIn(kVlanFiles), name_of_file);
INSTANTIATE_TEST_SUITE_P(StaticGroups, BadFiles, testing::ValuesIn(kStaticGroups), name_of_file);
INSTANTIATE_TEST_SUITE_P(Interfaces, BadFiles, testing::ValuesIn(kInterfaces), name_of_file);
INSTANTIATE_TEST_SUITE_P(Consequences, BadFiles, testing::ValuesIn(kConsequences), name_of_file);

}  // namespace
}  // namespace sluice::config::bad_file_test
