// SPDX-License-Identifier: BSD-3-Clause
// The configuration as plain values, defaults included. Filled by loader.h from TOML; every key has
// its place in docs/configuration.md. Immutable after loading; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "shared/address.h"
#include "shared/ids.h"
#include "shared/log.h"
#include "shared/punt_limits.h"
#include "shared/time.h"
#include "shared/vlan_table.h"

namespace sluice::config {

using sluice::LogLevel;
enum class HugePages : std::uint8_t { kAuto, kOn, kOff };
// What becomes of hosts' reports on their way to the router ports (RFC 4541 §2.1.1).
enum class ReportPolicy : std::uint8_t { kProxy, kSuppress, kForward };

// What becomes of a join on a port that has max-groups already.
enum class MaxGroupsAction : std::uint8_t { kDeny, kReplace };

struct System {
  std::string socket = "/run/sluice/sluice.sock";
  LogLevel log_level = LogLevel::kInfo;
  std::string state_file;  // empty: nothing is kept across a restart
  std::array<std::optional<LogLevel>, kSubsystems> log_levels;  // none: log_level

  LogLevels levels() const {
    LogLevels all;
    for (std::size_t i = 0; i < kSubsystems; ++i) all[i] = log_levels[i].value_or(log_level);
    return all;
  }
};

struct Dataplane {
  unsigned main_core = 0;
  std::vector<unsigned> worker_cores = {1};
  HugePages huge_pages = HugePages::kAuto;
  std::uint32_t mbufs = 0;              // of all ports; 0: worked out from ports and queues
  std::uint32_t group_entries = 65536;  // forwarding entries, 1024..1048576
  std::uint32_t mac_entries = 16384;    // learned addresses, 1024..1048576
  Duration mac_ageing_time = std::chrono::seconds(300);  // 802.1Q default; 10 s .. 1,000,000 s
  std::uint32_t idle_sleep_us = 0;  // the longest nap of a worker without work; 0: it polls on
  std::vector<std::string> eal_args;
};

// Prometheus metrics over HTTP.
struct Metrics {
  std::optional<std::string> listen;  // none: off
  std::uint32_t top_groups = 1000;    // shown one by one; the rest together. 0..100000
};

// The page for browsers.
struct Dashboard {
  std::optional<std::string> listen;  // none: off
};

// Groups, or some sources of them.
struct GroupRule {
  Prefix group{ipv4(224, 0, 0, 0), 4};
  Prefix source{};  // any

  bool operator==(const GroupRule&) const = default;
};

// What may be joined (Cisco's "igmp profile", "access-group").
struct GroupProfile {
  std::string name;
  std::vector<GroupRule> allow, deny;  // no allow rule: everything that no deny rule matches

  bool operator==(const GroupProfile&) const = default;
};
// Names a profile by its place in Config::group_profiles.
using ProfileIndex = std::size_t;

struct Port {
  std::string name;
  std::string device;  // PCI address or vdev string
  std::optional<VlanId> access_vlan;
  std::vector<VlanId> trunk_vlans;
  std::uint16_t mtu = 1500;
  std::optional<ProfileIndex> group_profile;
  bool router_guard = false;   // no query, no PIM, no MRD from there
  bool querier_guard = false;  // no query from there
};

struct StaticGroup {
  Ipv4 group;
  std::optional<Ipv4> source;  // none: any source
  std::vector<PortId> ports;

  bool operator==(const StaticGroup&) const = default;
};

// RFC 9166 leaf names; times as RFC 8652 (seconds in the file, milliseconds here).
struct IgmpSnooping {
  bool enabled = true;
  std::uint8_t igmp_version = 3;
  bool send_query = true;
  std::optional<Ipv4> querier_source;  // none: the VLAN's interface address, else 0.0.0.0
  Duration query_interval = std::chrono::seconds(125);
  Duration query_max_response_time = std::chrono::seconds(10);
  Duration last_member_query_interval = std::chrono::seconds(1);
  std::uint8_t robustness_variable = 2;
  bool fast_leave = false;
  bool explicit_tracking = true;
  ReportPolicy report_policy = ReportPolicy::kProxy;
  UnregisteredPolicy unregistered = UnregisteredPolicy::kFlood;
  bool flood_without_querier = true;
  std::vector<PortId> router_ports;  // bridge-mrouter-interface
  std::uint32_t max_groups = 0;      // per port; 0: no limit
  MaxGroupsAction max_groups_action = MaxGroupsAction::kDeny;
  std::uint32_t max_vlan_groups = 0;  // of the whole VLAN; 0: no limit
  std::uint32_t max_sources = 512;    // per port and group
  std::uint32_t max_hosts = 1024;     // tracked, per port and group
  std::optional<ProfileIndex> group_profile;
  std::vector<StaticGroup> static_groups;

  bool operator==(const IgmpSnooping&) const = default;
};

struct Vlan {
  VlanId id;
  IgmpSnooping igmp_snooping;
};

// An address of the appliance on a VLAN. A source on a proxy's downstream is taken for real when it
// is in the interface's subnet or in one of `source_networks` (RPF).
struct Interface {
  std::string name;
  VlanId vlan;
  Ipv4 address;
  std::uint8_t prefix_length = 24;
  std::vector<Prefix> source_networks;

  // Where hosts of the VLAN may have their addresses.
  std::vector<Prefix> networks() const {
    std::vector<Prefix> all = source_networks;
    all.push_back({address, prefix_length});
    return all;
  }
  bool operator==(const Interface&) const = default;
};

// Names an interface by its place in Config::interfaces.
using InterfaceIndex = std::size_t;

struct ProxyUpstream {
  InterfaceIndex interface = 0;
  std::vector<Prefix> group_ranges;  // empty: every group that no other upstream claims

  bool operator==(const ProxyUpstream&) const = default;
};

// What a (*,G) join of an IGMPv1 or IGMPv2 host stands for.
struct SsmMapping {
  Prefix group;
  std::vector<Ipv4> sources;  // ascending, not empty

  bool operator==(const SsmMapping&) const = default;
};

// RFC 4605. Interfaces of different proxies are disjoint (MU-01); their VLANs are in Config::vlans
// and snoop, with send_query off upstream and on downstream.
struct Proxy {
  std::string name;
  std::vector<ProxyUpstream> upstreams;  // by preference
  std::vector<InterfaceIndex> downstreams;
  std::uint8_t igmp_version = 3;              // spoken upstream until an older querier is heard
  std::optional<Ipv4> sender_source_address;  // none: the upstream interface's
  Duration upstream_leave_delay{0};
  bool querier_only = true;      // forward to a downstream only where we are its querier (PF-05)
  std::uint32_t max_groups = 0;  // 0: no limit
  std::vector<Prefix> ssm_range = {{ipv4(232, 0, 0, 0), 8}};
  std::vector<SsmMapping> ssm_maps;    // the first that holds the group counts
  std::vector<GroupRule> allow, deny;  // no allow rule: everything that no deny rule matches

  bool operator==(const Proxy&) const = default;
};

// When an alarm is due.
struct Alarms {
  Duration raise_after = std::chrono::seconds(10);
  Duration clear_after = std::chrono::seconds(10);
  Duration no_stream_time = std::chrono::seconds(60);  // 0: viewers without a stream are no alarm
  unsigned near_limit = 90;                            // percent of a table
};

struct Config {
  std::string text;  // the file as it was read, for a comparison with another
  System system;
  Dataplane dataplane;
  Metrics metrics;
  PuntLimits punt_limits = kDefaultPuntLimits;
  Dashboard dashboard;
  Alarms alarms;
  std::vector<GroupProfile> group_profiles;
  std::vector<Port> ports;  // position is the PortId
  std::vector<Vlan>
      vlans;  // a VLAN that ports carry but that has no entry here is switched plainly
  std::vector<Interface> interfaces;
  std::vector<Proxy> proxies;

  const Vlan* find_vlan(VlanId id) const {
    for (const Vlan& vlan : vlans) {
      if (vlan.id == id) return &vlan;
    }
    return nullptr;
  }
  std::optional<PortId> find_port(const std::string& name) const {
    for (std::size_t i = 0; i < ports.size(); ++i) {
      if (ports[i].name == name) return PortId{static_cast<std::uint16_t>(i)};
    }
    return std::nullopt;
  }
};

}  // namespace sluice::config
