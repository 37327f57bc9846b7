// SPDX-License-Identifier: BSD-3-Clause
#include "control/metrics/families.h"

#include <algorithm>

namespace sluice::control::metrics {
namespace {

constexpr Family kFamilies[] = {
    {"build_info", "version", "Always 1; the version of the daemon is in the label"},
    {"uptime_seconds", "", "Since the daemon started"},
    {"start_time_seconds", "", "When the daemon started, in Unix time"},

    {"port_up", "port", "1 when the port has a link, else 0"},
    {"port_speed_bytes_per_second", "port", "Of the link; 0 when it is not known"},
    {"port_rx_packets_total", "port", "Frames received by the workers"},
    {"port_rx_bytes_total", "port", "Bytes received by the workers, without the frame checksum"},
    {"port_tx_packets_total", "port", "Frames given to the device to send"},
    {"port_tx_bytes_total", "port", "Bytes given to the device to send"},
    {"frames_dropped_total", "port direction reason",
     "Frames dropped by the data plane; received ones at the port they came in by, sent ones at "
     "the "
     "port they should have left by"},
    {"frames_forwarded_total", "port", "Frames received here that were forwarded by an entry"},
    {"frames_flooded_total", "port", "Frames received here that went to all ports of their VLAN"},
    {"frames_punted_total", "port", "Frames received here that were given to the control thread"},
    {"frames_shown_total", "port",
     "Frames received here that were flooded and shown to the control thread besides"},
    {"frames_not_shown_total", "port", "Frames flooded and, being too many, not shown"},
    {"frames_routed_total", "port", "Frames received here that a proxy sent to another network"},
    {"route_refused_total", "reason", "Frames that a proxy did not route, bridged or not"},

    {"group_packets_total", "vlan group",
     "Frames forwarded by the group's entries; group `other` is the rest of the VLAN"},
    {"group_bytes_total", "vlan group",
     "Bytes forwarded by the group's entries; group `other` is the rest of the VLAN"},
    {"group_member_ports", "vlan group", "Ports with a member, static ones included"},
    {"group_hosts", "vlan group",
     "Hosts that asked for the group; where hosts are not tracked, one for each port"},
    {"vlan_multicast_packets_total", "vlan", "Frames forwarded by entries, all groups together"},
    {"vlan_multicast_bytes_total", "vlan", "Bytes forwarded by entries, all groups together"},
    {"vlan_groups", "vlan", "Groups with an entry in the forwarding table"},
    {"vlan_groups_in_other", "vlan", "Of these, those that are in `other`"},

    {"igmp_received_total", "vlan type leaf",
     "IGMP, MRD and PIM hello messages received; leaf is RFC 9166's name, where it has one"},
    {"igmp_sent_total", "vlan type leaf",
     "IGMP messages sent; leaf is RFC 9166's name, where it has one"},
    {"igmp_dropped_total", "port reason", "Control messages received and not used"},
    {"punt_over_limit_total", "class limit",
     "Frames not given to the control thread: over the port's or the VLAN's limit for their class"},
    {"igmp_version_mismatch_total", "vlan", "Queries of another version than the VLAN's"},
    {"igmp_ttl_not_one_total", "vlan", "Messages with a TTL other than 1"},
    {"igmp_no_router_alert_total", "vlan", "Messages without the Router Alert option"},
    {"igmp_unknown_records_total", "vlan", "Group records of an unknown type"},
    {"igmp_ignored_records_total", "vlan", "Group records for what may not be joined"},

    {"join_latency_seconds", "",
     "From a worker's receiving a report to the forwarding table's being changed by it"},
    {"leave_latency_seconds", "",
     "The same for reports and leaves that take a member away at once"},
    {"control_turn_seconds", "", "How long the control thread was busy without a break"},

    {"snooping_groups", "vlan", "Groups with a member"},
    {"snooping_memberships", "", "Memberships (VLAN, port, group)"},
    {"snooping_group_limit_refused_total", "vlan", "Joins refused by max-groups"},
    {"snooping_groups_replaced_total", "vlan",
     "Groups that max-groups-action ended for newer ones"},
    {"snooping_vlan_group_limit_refused_total", "vlan", "Joins refused by max-vlan-groups"},
    {"snooping_source_limit_refused_total", "vlan", "Sources refused: too many of one membership"},
    {"snooping_host_limit_refused_total", "vlan", "Reports of hosts beyond max-hosts"},
    {"snooping_profile_denied_total", "vlan", "Joins that a group profile cut down or refused"},
    {"snooping_router_limit_refused_total", "vlan", "Routers not learned: too many"},
    {"snooping_fib_refused_total", "vlan", "Joins refused: the forwarding table was full"},
    {"snooping_ssm_ignored_total", "vlan", "Joins of any source in the SSM range"},
    {"snooping_ssm_mapped_total", "vlan", "Joins of older hosts that SSM mapping gave sources"},

    {"proxy_groups", "proxy", "Groups that the proxy has joined upstream"},
    {"proxy_denied_total", "proxy", "Joins that the proxy's lists do not allow"},
    {"proxy_ssm_ignored_total", "proxy", "Joins of any source in the proxy's SSM range"},
    {"proxy_group_limit_refused_total", "proxy", "Joins refused by the proxy's max-groups"},
    {"proxy_fib_refused_total", "proxy", "Joins refused: the forwarding table was full"},
    {"proxy_failovers_total", "proxy", "Changes to another upstream"},

    {"interface_arp_replies_total", "interface", "ARP requests answered"},
    {"interface_echo_replies_total", "interface", "Pings answered"},
    {"interface_rate_limited_total", "interface", "ARP requests and pings over the limit"},
    {"interface_unserved_total", "interface", "Frames to the address that nobody serves"},
    {"interface_address_conflicts_total", "interface", "ARP by somebody else with our address"},

    {"alarm_active", "name vlan port group worker", "1 for each alarm that is raised"},
    {"alarms_not_listed", "", "Alarms that are raised beyond those that are listed"},
    {"alarms_raised_total", "", "Alarms raised so far"},

    {"worker_packets_total", "worker", "Frames that the worker received"},
    {"worker_busy_seconds_total", "worker",
     "Time spent in rounds that had something to do; its rate is how busy the worker is, 0 to 1"},
    {"worker_busy_cycles_total", "worker",
     "The same in cycles of the time stamp counter; by packets, it is cycles per packet"},
    {"worker_bursts_total", "worker", "Rounds that had something to do"},
    {"worker_idle_polls_total", "worker", "Rounds that had nothing to do"},
    {"worker_naps_total", "worker", "Naps of an idle worker (idle-sleep-us)"},
    {"tsc_hertz", "", "Frequency of the time stamp counter"},
    {"frames_injected_total", "worker", "Frames of the control thread that the worker sent"},
    {"frames_injected_no_port_total", "worker",
     "Frames of the control thread for which no port was up any more"},
    {"punt_ring_frames", "worker", "Frames waiting for the control thread"},
    {"punt_ring_most_frames", "worker", "The most that ever waited"},
    {"punt_ring_capacity_frames", "", "Room in each ring to the control thread"},
    {"inject_ring_frames", "", "Frames of the control thread waiting to be sent"},
    {"inject_ring_most_frames", "", "The most that ever waited"},
    {"inject_ring_capacity_frames", "", "Room in the ring from the control thread"},
    {"inject_ring_full_total", "", "Frames of the control thread lost: the ring was full"},
    {"inject_no_mbuf_total", "", "Frames of the control thread lost: no buffer"},

    {"fib_entries", "", "Entries of the forwarding table"},
    {"fib_capacity", "", "The most it holds"},
    {"fib_egress_sets", "", "Different sets of ports that the entries have"},
    {"fib_retired", "", "Places and sets that wait for the workers to look away"},
    {"mac_entries", "", "Learned MAC addresses"},
    {"mac_capacity", "", "The most that are learned"},
    {"mac_moves_total", "", "MAC addresses that were heard on another port than before"},
    {"mac_table_full_total", "", "MAC addresses not learned: the table was full"},
    {"mbufs_in_use", "", "Packet buffers in use"},
    {"mbufs_available", "", "Packet buffers free"},
    {"header_mbufs_in_use", "", "Header buffers in use"},

    {"api_clients", "", "Clients of the control socket"},
    {"api_watchers", "", "Of these, those that watch events"},
    {"api_clients_accepted_total", "", "Clients accepted"},
    {"api_clients_refused_total", "", "Clients told to come again"},
    {"api_clients_evicted_total", "", "Silent clients that lost their place to another"},
    {"api_clients_stalled_total", "", "Clients cut off: they did not read their answer"},
    {"api_requests_total", "", "Requests on the control socket"},
    {"api_requests_malformed_total", "", "Of these, those that were no request"},
    {"api_requests_refused_total", "", "Of these, those that were refused"},
    {"api_requests_oversized_total", "", "Requests over 65536 bytes"},
    {"api_events_total", "", "Events for those who watch"},
    {"api_events_lost_total", "", "Events that somebody who watches did not get"},

    {"http_connections_total", "listener", "Connections accepted"},
    {"http_connections_refused_total", "listener", "Connections told to come again"},
    {"http_connections_evicted_total", "listener", "Silent connections that lost their place"},
    {"http_connections_timed_out_total", "listener", "Connections closed for taking too long"},
    {"http_connections", "listener", "Open connections"},
    {"http_requests_total", "listener", "Requests answered"},
    {"http_requests_refused_total", "listener", "Of these, those answered with an error"},
    {"http_streams", "listener", "Readers of events"},
    {"http_streams_cut_total", "listener", "Readers of events that fell behind and were cut"},
    {"scrape_duration_seconds", "", "How long it took to collect this scrape"},
};

}  // namespace

std::span<const Family> all_families() {
  return kFamilies;
}

const Family* find_family(std::string_view name) {
  const auto at = std::find_if(std::begin(kFamilies), std::end(kFamilies),
                               [&](const Family& family) { return family.name == name; });
  return at == std::end(kFamilies) ? nullptr : at;
}

FamilyType type_of(std::string_view name) {
  if (name.ends_with("_total")) return FamilyType::kCounter;
  const bool histogram = name.ends_with("_latency_seconds") || name == "control_turn_seconds";
  return histogram ? FamilyType::kHistogram : FamilyType::kGauge;
}

std::string help_of(std::string_view name) {
  const Family* const family = find_family(name);
  if (family != nullptr) return std::string(family->help) + ".";
  std::string words(name);
  std::replace(words.begin(), words.end(), '_', ' ');
  return words + ".";
}

std::string reference_table() {
  std::string table = "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n";
  for (const Family& family : kFamilies) {
    std::string labels;
    for (std::string_view rest = family.labels; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      labels += (labels.empty() ? "`" : ", `") + std::string(rest.substr(0, end)) + "`";
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    constexpr std::string_view kTypes[] = {"counter", "gauge", "histogram"};
    table += "| `" + std::string(kPrefix) + std::string(family.name) + "` | " +
             std::string(kTypes[static_cast<std::size_t>(type_of(family.name))]) + " | " + labels +
             " | " + std::string(family.help) + ". |\n";
  }
  return table;
}

}  // namespace sluice::control::metrics
