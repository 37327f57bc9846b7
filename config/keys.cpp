// SPDX-License-Identifier: BSD-3-Clause
#include "config/keys.h"

#include <algorithm>
#include <array>

namespace sluice::config {
namespace {

using enum Section;
using enum Type;

constexpr Range kAny{};
constexpr Range kVlanId{1, 4094};
constexpr Range kCore{0, 1023};
constexpr std::string_view kLogLevelWords = "trace debug info warn error";
constexpr Range kPuntRate{1, 10000000, true};
constexpr Range kPuntBurst{1, 16777216};

constexpr SectionText kSections[] = {
    {kFile, "", ""},
    {kSystem, "[system]", "The daemon itself."},
    {kLogLevels, "[system.log-levels]",
     "A log level for one subsystem, when it shall differ from `log-level`. Which lines belong to "
     "which subsystem: [logging.md](logging.md).",
     Applies::kAtOnce},
    {kDataplane, "[dataplane]", "Processor cores, memory and tables of the forwarding plane."},
    {kMetrics, "[metrics]",
     "Figures for Prometheus, by HTTP at the path `/metrics`; [metrics.md](metrics.md) lists them. "
     "Without `listen` nothing listens."},
    {kPuntLimit, "[punt-limit]",
     "How much of what comes in may go up to the control thread: a token bucket for each class of "
     "frames at each port, and one in each VLAN, whose rates are tokens a second. What is more is "
     "dropped and counted. [protection.md](protection.md) says why the defaults are what they "
     "are.",
     Applies::kAtOnce},
    {kPuntQueries, "[punt-limit.queries]", "IGMP queries, a token each.", Applies::kAtOnce},
    {kPuntReports, "[punt-limit.reports]",
     "IGMP reports and leaves, a token for each group record; an IGMPv1 or v2 message is one, and "
     "two sources count as much as a record.",
     Applies::kAtOnce},
    {kPuntPimMrd, "[punt-limit.pim-mrd]",
     "PIM hellos, which flood even so, and multicast router discovery; a token each.",
     Applies::kAtOnce},
    {kPuntLocal, "[punt-limit.local]",
     "ARP for an `[[interface]]`, which floods even so, and what comes to the appliance's own MAC "
     "address, such as ping; a token each.",
     Applies::kAtOnce},
    {kDashboard, "[dashboard]",
     "A page for browsers that shows ports, groups, rates, events and alarms and changes nothing; "
     "[dashboard.md](dashboard.md) shows it. Without `listen` nothing listens."},
    {kPort, "[[port]]",
     "One per port, 1 to 64 (Debian's DPDK is built for 32). DPDK's port numbers follow the order "
     "of the file. A port carries at least one VLAN, untagged, tagged or both; frames of a VLAN "
     "that it does not carry are dropped and counted.",
     Applies::kAtRestart, "name", true},
    {kVlan, "[[vlan]]",
     "One per VLAN that shall do more than plain switching. A VLAN that ports carry and that has "
     "no `[[vlan]]` is switched plainly: its multicast floods. A `[[vlan]]` snoops unless it says "
     "`enabled = false`.",
     Applies::kAtOnce, "id"},
    {kIgmpSnooping, "[vlan.igmp-snooping]",
     "IGMP snooping of the `[[vlan]]` above it. Times are seconds and may have one decimal.\n\n"
     "Other times follow from these (RFC 9776 §8). A membership that is not heard of again lasts "
     "`robustness-variable` x `query-interval` + 2 x `query-max-response-time`: 270 seconds by "
     "default. Another querier that falls silent is replaced after `robustness-variable` x "
     "`query-interval` + `query-max-response-time` / 2: 255 seconds. After a leave, other hosts "
     "have `robustness-variable` x `last-member-query-interval` to object: 2 seconds.",
     Applies::kAtOnce},
    {kStaticGroup, "[[vlan.igmp-snooping.static-l2-multicast-group]]",
     "A group that some ports always receive, whether a host there asked for it or not.",
     Applies::kAtOnce, "group-address source-addr"},
    {kInterface, "[[interface]]",
     "An IPv4 address of the appliance on a VLAN, at most one per VLAN. The VLAN's querier sends "
     "from it; ARP for it and ping to it are answered.",
     Applies::kAtOnce},
    {kProxy, "[[proxy]]",
     "An IGMP proxy (RFC 4605), at most 64. Toward the upstream it is one host that wants what all "
     "the downstream VLANs want together; streams are routed between them. [proxy.md](proxy.md) "
     "shows one at work.\n\n"
     "An interface is in one proxy, and either upstream or downstream of it: anything else would "
     "be a loop. The VLANs of a proxy snoop without a `[[vlan]]` that says so; upstream Sluice "
     "never queries, whatever the default of `send-query`.\n\n"
     "A range of addresses is written `232.0.0.0/8`, one address also `232.1.1.1`; a list has at "
     "most 64 ranges. Ranges of groups lie in 224.0.0.0/4, but not in 224.0.0.0/24, which is never "
     "routed.",
     Applies::kAtOnce},
    {kProxyUpstream, "[[proxy.upstream]]",
     "An upstream with more to say than its interface's name. The same as a table in the list: "
     "`upstream = [\"wan\", { interface = \"wan2\", group-ranges = [\"232.0.0.0/8\"] }]`.",
     Applies::kAtOnce, "interface", true},
    {kSsmMapping, "[[proxy.ssm-map]]",
     "SSM mapping: a host that speaks IGMPv1 or IGMPv2 and joins such a group joins these sources "
     "of it. At most 256; the first that holds the group counts.",
     Applies::kAtOnce, "", true},
    {kProxyAllow, "[[proxy.allow]]",
     "What may be joined and routed, at most 256 rules. Without any, everything; with one or more, "
     "only what one of them matches.",
     Applies::kAtOnce},
    {kProxyDeny, "[[proxy.deny]]",
     "What may not, at most 256 rules; one that matches outweighs every `[[proxy.allow]]`.",
     Applies::kAtOnce},
    {kAlarms, "[alarms]",
     "When an alarm is due. [alarms.md](alarms.md) has all alarms, what they mean and what to do.",
     Applies::kAtOnce},
    {kGroupProfile, "[[group-profile]]",
     "Which groups may be joined, at most 64 profiles. A `[[port]]` or a VLAN's "
     "`[vlan.igmp-snooping]` names one; a join has to pass both. Static groups always pass, and so "
     "do leaves. [protection.md](protection.md) says what becomes of each kind of join.",
     Applies::kAtOnce},
    {kGroupProfileAllow, "[[group-profile.allow]]",
     "What may be joined, at most 256 rules. Without any, everything; with one or more, only what "
     "one of them matches.",
     Applies::kAtOnce},
    {kGroupProfileDeny, "[[group-profile.deny]]",
     "What may not, at most 256 rules; one that matches outweighs every "
     "`[[group-profile.allow]]`.",
     Applies::kAtOnce},
};

constexpr Key kKeys[] = {
    {kFile, "system", kTable, kAny, "", kNone, "", ""},
    {kFile, "dataplane", kTable, kAny, "", kNone, "", ""},
    {kFile, "metrics", kTable, kAny, "", kNone, "", ""},
    {kFile, "punt-limit", kTable, kAny, "", kNone, "", ""},
    {kFile, "dashboard", kTable, kAny, "", kNone, "", ""},
    {kFile, "port", kTables, kAny, "", kRequired, "", ""},
    {kFile, "vlan", kTables, kAny, "", kNone, "", ""},
    {kFile, "interface", kTables, kAny, "", kNone, "", ""},
    {kFile, "proxy", kTables, kAny, "", kNone, "", ""},
    {kFile, "alarms", kTable, kAny, "", kNone, "", ""},
    {kFile, "group-profile", kTables, kAny, "", kNone, "", ""},

    {kSystem, "socket", kText, kAny, "absolute path, at most 107 bytes",
     "\"/run/sluice/sluice.sock\"", "", "The UNIX socket at which `sluicectl` finds the daemon."},
    {kSystem, "log-level", kChoice, kAny, kLogLevelWords, "\"info\"", "",
     "The least severe events to log; `sluicectl log-level` changes it while running.",
     Applies::kAtOnce},
    {kSystem, "state-file", kText, kAny, "absolute path", kNone, "",
     "Memberships, router ports and queriers are kept in this file across a restart; its directory "
     "must exist and be writable. See [restart-and-reload.md](restart-and-reload.md)."},
    {kSystem, "log-levels", kTable, kAny, "", kNone, "", ""},

    {kLogLevels, "system", kChoice, kAny, kLogLevelWords, kNone, "", "Start, stop, reload."},
    {kLogLevels, "dataplane", kChoice, kAny, kLogLevelWords, kNone, "",
     "Ports, memory, workers, the forwarding table."},
    {kLogLevels, "eal", kChoice, kAny, kLogLevelWords, kNone, "",
     "What DPDK and its drivers say; all of it is `debug`."},
    {kLogLevels, "igmp", kChoice, kAny, kLogLevelWords, kNone, "",
     "Snooping: memberships (`debug`), routers, queriers, limits."},
    {kLogLevels, "proxy", kChoice, kAny, kLogLevelWords, kNone, "", "The proxies."},
    {kLogLevels, "api", kChoice, kAny, kLogLevelWords, kNone, "", "The control socket."},
    {kLogLevels, "web", kChoice, kAny, kLogLevelWords, kNone, "",
     "The listeners for metrics and for the dashboard."},
    {kLogLevels, "state", kChoice, kAny, kLogLevelWords, kNone, "", "What is kept over a restart."},
    {kLogLevels, "health", kChoice, kAny, kLogLevelWords, kNone, "", "Alarms."},

    {kDataplane, "main-core", kInteger, kCore, "", "0", "",
     "The processor core of the control thread; it cannot also be a worker's."},
    {kDataplane, "worker-cores", kIntegers, kCore, "", "[1]", "",
     "One forwarding worker runs on each of these cores (1 to 64) and keeps it fully busy."},
    {kDataplane, "huge-pages", kChoice, kAny, "auto on off", "\"auto\"", "",
     "Whether packet memory lies in huge pages; `auto` falls back to ordinary pages and says so "
     "once."},
    {kDataplane,
     "mbufs",
     kInteger,
     {1024, 16777216, true},
     "",
     "0",
     "",
     "Packet buffers of all ports together; 0 works it out from ports and queues."},
    {kDataplane,
     "group-entries",
     kInteger,
     {1024, 1048576},
     "",
     "65536",
     "",
     "The most forwarding entries (VLAN, group, source) that the workers hold; further ones are "
     "refused and counted."},
    {kDataplane,
     "mac-entries",
     kInteger,
     {1024, 1048576},
     "",
     "16384",
     "",
     "The most MAC addresses learned; frames to further ones flood."},
    {kDataplane,
     "mac-ageing-time",
     kSeconds,
     {10, 1000000},
     "",
     "300",
     "IEEE 802.1Q §8.8.3",
     "How long a MAC address that is not heard again is remembered."},
    {kDataplane,
     "idle-sleep-us",
     kInteger,
     {1, 10000, true},
     "",
     "0",
     "",
     "The longest that a worker with nothing to do sleeps before it looks for frames again, in "
     "microseconds; 0: it never sleeps. [idle-power.md](idle-power.md) says what it costs."},
    {kDataplane, "eal-args", kTexts, kAny, "DPDK EAL options", "[]", "",
     "Passed to DPDK as they are, for what this file has no key for; options that the keys of this "
     "file set are refused."},

    {kMetrics, "listen", kText, kAny, "IPv4 address and port, or `[IPv6]` and port", kNone, "",
     "Where Prometheus finds the figures, such as `\"127.0.0.1:9464\"`. Whoever reaches it can "
     "read "
     "them; nothing can be changed there."},
    {kMetrics,
     "top-groups",
     kInteger,
     {0, 100000},
     "",
     "1000",
     "",
     "The most groups shown one by one, those with the most packets a second; the others together "
     "are one group `other` in each VLAN."},
    {kPuntLimit, "queries", kTable, kAny, "", kNone, "", ""},
    {kPuntLimit, "reports", kTable, kAny, "", kNone, "", ""},
    {kPuntLimit, "pim-mrd", kTable, kAny, "", kNone, "", ""},
    {kPuntLimit, "local", kTable, kAny, "", kNone, "", ""},
    {kPuntQueries, "port-rate", kInteger, kPuntRate, "", "10000", "",
     "A second from one port; 0 for no limit."},
    {kPuntQueries, "port-burst", kInteger, kPuntBurst, "", "16384", "",
     "At once from one port that was quiet."},
    {kPuntQueries, "vlan-rate", kInteger, kPuntRate, "", "20000", "",
     "A second in one VLAN, from all its ports; 0 for no limit."},
    {kPuntQueries, "vlan-burst", kInteger, kPuntBurst, "", "16384", "",
     "At once in one VLAN that was quiet."},
    {kPuntReports, "port-rate", kInteger, kPuntRate, "", "100000", "",
     "A second from one port; 0 for no limit."},
    {kPuntReports, "port-burst", kInteger, kPuntBurst, "", "131072", "",
     "At once from one port that was quiet."},
    {kPuntReports, "vlan-rate", kInteger, kPuntRate, "", "400000", "",
     "A second in one VLAN, from all its ports; 0 for no limit."},
    {kPuntReports, "vlan-burst", kInteger, kPuntBurst, "", "600000", "",
     "At once in one VLAN that was quiet."},
    {kPuntPimMrd, "port-rate", kInteger, kPuntRate, "", "1000", "",
     "A second from one port; 0 for no limit."},
    {kPuntPimMrd, "port-burst", kInteger, kPuntBurst, "", "4096", "",
     "At once from one port that was quiet."},
    {kPuntPimMrd, "vlan-rate", kInteger, kPuntRate, "", "1000", "",
     "A second in one VLAN, from all its ports; 0 for no limit."},
    {kPuntPimMrd, "vlan-burst", kInteger, kPuntBurst, "", "1024", "",
     "At once in one VLAN that was quiet."},
    {kPuntLocal, "port-rate", kInteger, kPuntRate, "", "2000", "",
     "A second from one port; 0 for no limit."},
    {kPuntLocal, "port-burst", kInteger, kPuntBurst, "", "2000", "",
     "At once from one port that was quiet."},
    {kPuntLocal, "vlan-rate", kInteger, kPuntRate, "", "8000", "",
     "A second in one VLAN, from all its ports; 0 for no limit."},
    {kPuntLocal, "vlan-burst", kInteger, kPuntBurst, "", "8000", "",
     "At once in one VLAN that was quiet."},

    {kDashboard, "listen", kText, kAny, "IPv4 address and port, or `[IPv6]` and port", kNone, "",
     "Where browsers find the page, such as `\"127.0.0.1:8080\"`. Whoever reaches it sees who "
     "watches what: keep it on the loopback address or on a management network."},

    {kPort, "name", kText, kAny, "1 to 32 of `A-Z a-z 0-9 . _ -`", kRequired, "",
     "What the port is called here, in `sluicectl` and in logs; unique."},
    {kPort, "device", kText, kAny, "PCI address or vdev string", kRequired, "",
     "The network device: `0000:3b:00.0`, or a DPDK virtual device such as "
     "`net_af_packet0,iface=eth1`, `net_tap0,iface=tap0` or `net_memif0,role=server`; one port "
     "per device."},
    {kPort, "access-vlan", kInteger, kVlanId, "", kNone, "IEEE 802.1Q §6.9",
     "Untagged frames belong to this VLAN, and its frames leave untagged; without it untagged "
     "frames are dropped."},
    {kPort, "trunk-vlans", kIntegers, kVlanId, "", "[]", "IEEE 802.1Q §6.9",
     "Tagged frames of these VLANs are accepted, and leave tagged."},
    {kPort,
     "mtu",
     kInteger,
     {68, 9600},
     "",
     "1500",
     "RFC 791 §3.2",
     "The largest IP packet the port takes, without Ethernet header and tag, in bytes."},

    {kPort, "group-profile", kText, kAny, "name of a `[[group-profile]]`", kNone, "",
     "Which groups the hosts of this port may join, in all its VLANs; without it all.",
     Applies::kAtOnce},
    {kPort, "router-guard", kBoolean, kAny, "", "false", "RFC 4541 §2.1.1",
     "Only hosts are there: queries, PIM and multicast router discovery that come in by this port "
     "are dropped and counted, and it never becomes a router port.",
     Applies::kAtOnce},
    {kPort, "querier-guard", kBoolean, kAny, "", "false", "RFC 9776 §6.6.2",
     "No querier is there: queries that come in by this port are dropped and counted; PIM and "
     "multicast router discovery may still make it a router port.",
     Applies::kAtOnce},

    {kVlan, "id", kInteger, kVlanId, "", kRequired, "IEEE 802.1Q §9.6",
     "The VLAN; at least one port carries it."},
    {kVlan, "igmp-snooping", kTable, kAny, "", kNone, "", ""},

    {kIgmpSnooping, "enabled", kBoolean, kAny, "", "true", "RFC 9166",
     "Restrict multicast to the ports that asked for it; false floods it as a plain switch does."},
    {kIgmpSnooping,
     "igmp-version",
     kInteger,
     {1, 3},
     "",
     "3",
     "RFC 9776 §7.3.1",
     "The version the VLAN's own querier speaks; reports of every version are understood."},
    {kIgmpSnooping, "send-query", kBoolean, kAny, "", "true", "RFC 4541 §2.1.1",
     "Take part in the querier election, and send queries when elected."},
    {kIgmpSnooping, "querier-source", kText, kAny, "IPv4 address, unicast or 0.0.0.0", kNone,
     "RFC 4541 §2.1.1",
     "The source of own queries; without it the address of the VLAN's `[[interface]]`, and without "
     "that 0.0.0.0, which gives way to every other querier."},
    {kIgmpSnooping,
     "query-interval",
     kSeconds,
     {1, 31744},
     "",
     "125",
     "RFC 9776 §8.2, RFC 8652",
     "Between general queries; sent to hosts in whole seconds."},
    {kIgmpSnooping,
     "query-max-response-time",
     kSeconds,
     {0.1, 1023},
     "",
     "10",
     "RFC 9776 §8.3, RFC 8652",
     "Within this time hosts answer a general query; below `query-interval`, and at most 25.5 when "
     "`igmp-version` is below 3."},
    {kIgmpSnooping,
     "last-member-query-interval",
     kSeconds,
     {0.1, 1023},
     "",
     "1",
     "RFC 9776 §8.8, RFC 8652",
     "Within this time hosts answer after a leave, and between repeated queries then; at most 25.5 "
     "when `igmp-version` is below 3."},
    {kIgmpSnooping,
     "robustness-variable",
     kInteger,
     {1, 7},
     "",
     "2",
     "RFC 9776 §8.1, RFC 8652",
     "How often what may get lost is sent; 1 survives no loss at all."},
    {kIgmpSnooping, "fast-leave", kBoolean, kAny, "", "false", "RFC 9166",
     "Cut a port at the leave of its last known host, without asking first. With "
     "`explicit-tracking` a host that speaks IGMPv2 or v1 is still asked for, because it may "
     "listen "
     "in silence; without, the first leave cuts, which is for ports with one host each."},
    {kIgmpSnooping, "explicit-tracking", kBoolean, kAny, "", "true", "RFC 9166",
     "Remember each host of a group, for `show groups` and so that fast leave never cuts another "
     "viewer on the port."},
    {kIgmpSnooping, "report-policy", kChoice, kAny, "proxy suppress forward", "\"proxy\"",
     "RFC 4541 §2.1.1",
     "What routers hear of the hosts' reports: one summary (`proxy`), the first of equal ones "
     "(`suppress`), or all (`forward`)."},
    {kIgmpSnooping, "unregistered", kChoice, kAny, "flood mrouter-only drop", "\"flood\"",
     "RFC 4541 §2.1.2",
     "Where a group that nobody joined goes: all ports, router ports only, or nowhere; 224.0.0.x "
     "floods always."},
    {kIgmpSnooping, "flood-without-querier", kBoolean, kAny, "", "true", "RFC 4541 §2.1.1",
     "Flood multicast until a querier has been there for its first response time, because "
     "without one nobody's memberships are known; false restricts from the first frame."},
    {kIgmpSnooping, "bridge-mrouter-interface", kTexts, kAny, "port names", "[]",
     "RFC 9166, RFC 4541 §2.1.1", "Ports that lead to a multicast router, besides those learned."},
    {kIgmpSnooping,
     "max-groups",
     kInteger,
     {0, 1048576},
     "",
     "0",
     "RFC 8652",
     "The most groups a port of this VLAN can join, 0 for no limit; what becomes of further joins "
     "says `max-groups-action`."},
    {kIgmpSnooping, "max-groups-action", kChoice, kAny, "deny replace", "\"deny\"", "",
     "At `max-groups`, refuse the newcomer (`deny`), or let it take the place of what this port "
     "joined first (`replace`); either is counted."},
    {kIgmpSnooping,
     "max-vlan-groups",
     kInteger,
     {0, 1048576},
     "",
     "0",
     "",
     "The most groups that the hosts of this VLAN can join together, 0 for no limit; further ones "
     "are refused and counted, and nobody who is in is thrown out."},
    {kIgmpSnooping,
     "max-sources",
     kInteger,
     {1, 4096},
     "",
     "512",
     "RFC 8652",
     "The most sources that a port can name for one group; further ones are refused and counted."},
    {kIgmpSnooping,
     "max-hosts",
     kInteger,
     {1, 4096},
     "",
     "1024",
     "",
     "The most hosts that `explicit-tracking` remembers for a group on a port; further ones are "
     "served but not told apart, so that fast leave asks before it cuts."},
    {kIgmpSnooping, "group-profile", kText, kAny, "name of a `[[group-profile]]`", kNone, "",
     "Which groups may be joined in this VLAN, by any port; without it all."},
    {kIgmpSnooping, "static-l2-multicast-group", kTables, kAny, "", kNone, "", ""},

    {kStaticGroup, "group-address", kText, kAny, "IPv4 multicast address", kRequired, "RFC 9166",
     "The group; not in 224.0.0.0/24, which floods always."},
    {kStaticGroup, "source-addr", kText, kAny, "IPv4 unicast address or `*`", "\"*\"", "RFC 9166",
     "Only from this source, or `*` from any."},
    {kStaticGroup, "ports", kTexts, kAny, "port names", kRequired, "RFC 9166",
     "The ports that receive it; each carries the VLAN."},

    {kInterface, "name", kText, kAny, "1 to 32 of `A-Z a-z 0-9 . _ -`", kRequired, "RFC 8343",
     "What the interface is called; unique."},
    {kInterface, "vlan", kInteger, kVlanId, "", kRequired, "",
     "The VLAN it is on; at least one port carries it."},
    {kInterface, "address", kText, kAny, "IPv4 address / prefix length 8 to 32", kRequired,
     "RFC 8344",
     "Its address and subnet, `10.77.0.254/24`; subnets of two interfaces do not overlap."},
    {kInterface, "source-networks", kTexts, kAny, "ranges of unicast addresses", "[]", "",
     "Where sources are that reach a proxy's downstream through routers, at most 64; a stream from "
     "a source neither in these nor in the interface's own subnet is refused there (RPF)."},

    {kProxy, "name", kText, kAny, "1 to 32 of `A-Z a-z 0-9 . _ -`", kRequired, "",
     "What the proxy is called in `sluicectl` and in logs; unique."},
    {kProxy, "upstream", kTextsOrTables, kAny, "interface names", kRequired, "RFC 4605 §3",
     "Where the querier and most sources are, in order of preference: the first that has a link, "
     "and "
     "has not lost its querier, is used."},
    {kProxy, "downstream", kTexts, kAny, "interface names", kRequired, "RFC 4605 §3",
     "Where the viewers are, at most 64."},
    {kProxy,
     "igmp-version",
     kInteger,
     {1, 3},
     "",
     "3",
     "RFC 9398, RFC 4605 §4.1",
     "The version spoken upstream until a querier there is heard that speaks an older one."},
    {kProxy, "sender-source-address", kText, kAny, "IPv4 address, unicast or 0.0.0.0", kNone,
     "RFC 9398",
     "The source of reports and leaves; without it the address of the upstream interface."},
    {kProxy,
     "upstream-leave-delay",
     kSeconds,
     {0, 3600},
     "",
     "0",
     "",
     "How long the upstream keeps a group, or a source of it, after the last viewer left, so that "
     "a zapping audience finds it still there."},
    {kProxy, "querier-only", kBoolean, kAny, "", "true", "RFC 4605 §3",
     "Route to a downstream only while Sluice is its querier, because otherwise another proxy may "
     "do it; false is for links with no second proxy."},
    {kProxy,
     "max-groups",
     kInteger,
     {0, 1048576},
     "",
     "0",
     "",
     "The most groups joined upstream at a time, 0 for no limit; further ones are refused and "
     "counted."},
    {kProxy, "ssm-range", kTexts, kAny, "ranges of groups", "[\"232.0.0.0/8\"]",
     "RFC 4607 §1, RFC 4604 §2",
     "Groups that are joined with their sources only: joins for any source are ignored there, "
     "unless an `[[proxy.ssm-map]]` names the sources; `[]` for none."},
    {kProxy, "ssm-map", kTables, kAny, "", kNone, "", ""},
    {kProxy, "allow", kTables, kAny, "", kNone, "", ""},
    {kProxy, "deny", kTables, kAny, "", kNone, "", ""},

    {kProxyUpstream, "interface", kText, kAny, "interface name", kRequired, "RFC 4605 §3",
     "The interface."},
    {kProxyUpstream, "group-ranges", kTexts, kAny, "ranges of groups", "[]", "",
     "The groups that it may have; without ranges all. Of the upstreams that are fit, a group goes "
     "to "
     "the one with the longest range that holds it, the earlier in the file first."},

    {kSsmMapping, "group", kText, kAny, "range of groups", kRequired, "RFC 8652",
     "The groups; not inside an earlier one's."},
    {kSsmMapping, "source", kTexts, kAny, "IPv4 unicast addresses", kRequired, "RFC 8652",
     "The sources that are joined, 1 to 64."},

    {kProxyAllow, "group", kText, kAny, "range of groups", "\"224.0.0.0/4\"", "",
     "The groups; without it all."},
    {kProxyAllow, "source", kText, kAny, "range of unicast addresses", "\"0.0.0.0/0\"", "",
     "The sources; without it all."},
    {kProxyDeny, "group", kText, kAny, "range of groups", "\"224.0.0.0/4\"", "",
     "The groups; without it all."},
    {kProxyDeny, "source", kText, kAny, "range of unicast addresses", "\"0.0.0.0/0\"", "",
     "The sources; without it all."},

    {kAlarms,
     "raise-after",
     kSeconds,
     {0, 3600},
     "",
     "10",
     "",
     "How long something must have been wrong before the alarm is raised."},
    {kAlarms,
     "clear-after",
     kSeconds,
     {1, 3600},
     "",
     "10",
     "",
     "How long it must have been well before the alarm is cleared, so that it does not flap."},
    {kAlarms,
     "no-stream-time",
     kSeconds,
     {1, 86400, true},
     "",
     "60",
     "",
     "How long a group with viewers may stand still before it is an alarm; 0 for never."},
    {kAlarms,
     "near-limit",
     kInteger,
     {1, 100},
     "",
     "90",
     "",
     "How full a table or a limit may be before it is an alarm, in percent."},

    {kGroupProfile, "name", kText, kAny, "1 to 32 of `A-Z a-z 0-9 . _ -`", kRequired, "",
     "What the profile is called; unique."},
    {kGroupProfile, "allow", kTables, kAny, "", kNone, "", ""},
    {kGroupProfile, "deny", kTables, kAny, "", kNone, "", ""},

    {kGroupProfileAllow, "group", kText, kAny, "range of groups", "\"224.0.0.0/4\"", "",
     "The groups; without it all."},
    {kGroupProfileAllow, "source", kText, kAny, "range of unicast addresses", "\"0.0.0.0/0\"", "",
     "The sources; without it all."},
    {kGroupProfileDeny, "group", kText, kAny, "range of groups", "\"224.0.0.0/4\"", "",
     "The groups; without it all."},
    {kGroupProfileDeny, "source", kText, kAny, "range of unicast addresses", "\"0.0.0.0/0\"", "",
     "The sources; without it all."},
};

}  // namespace

std::span<const Key> all_keys() {
  return kKeys;
}
std::span<const SectionText> all_sections() {
  return kSections;
}

bool applies_at_once(Section section) {
  return kSections[static_cast<std::size_t>(section)].applies == Applies::kAtOnce;
}
bool applies_at_once(const Key& key) {
  return key.applies == Applies::kAsItsSection ? applies_at_once(key.section)
                                               : key.applies == Applies::kAtOnce;
}

std::string_view header(Section section) {
  return kSections[static_cast<std::size_t>(section)].header;
}

const Key* find_key(Section section, std::string_view name) {
  const auto at = std::ranges::find_if(
      kKeys, [&](const Key& key) { return key.section == section && key.name == name; });
  return at == std::end(kKeys) ? nullptr : at;
}

std::vector<std::string_view> key_names(Section section) {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys) {
    if (key.section == section) names.push_back(key.name);
  }
  return names;
}

std::vector<std::string_view> choices(const Key& key) {
  std::vector<std::string_view> words;
  for (std::string_view rest = key.values; !rest.empty();) {
    const std::size_t end = std::min(rest.find(' '), rest.size());
    words.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words;
}

}  // namespace sluice::config
