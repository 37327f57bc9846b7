// SPDX-License-Identifier: BSD-3-Clause
// The sections of the file, each read and checked in a file of its own, in this order: a later one
// may refer to what an earlier one defined, wherever in the file they stand.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/section_reader.h"

namespace sluice::config {

// What an interface has said about networks, as config.interfaces has it.
struct InterfacePlaces {
  Place address;
  std::vector<Place> source_networks;
};

// What a VLAN has said itself about snooping, as against a default.
struct SnoopingPlaces {
  std::optional<Place> enabled, send_query;
};

// One load in progress.
struct Reading {
  Config config;
  Diagnostics diagnostics;
  // False when a port could not be understood: then what refers to ports is not checked against
  // them, because one mistake should not be reported twice.
  bool ports_sound = true;
  bool profiles_sound = true;                     // the same for group profiles
  bool interfaces_sound = true;                   // the same for interfaces
  std::vector<InterfacePlaces> interface_places;  // as long as config.interfaces
  std::map<VlanId, SnoopingPlaces> snooping_places;
};

void read_system(SectionReader& file, Reading& reading);
void read_dataplane(SectionReader& file, Reading& reading);
void read_metrics(SectionReader& file, Reading& reading);
void read_punt_limits(SectionReader& file, Reading& reading);
void read_dashboard(SectionReader& file, Reading& reading);
void read_alarms(SectionReader& file, Reading& reading);
void read_group_profiles(SectionReader& file, Reading& reading);
void read_ports(SectionReader& file, Reading& reading);
void read_vlans(SectionReader& file, Reading& reading);
void read_interfaces(SectionReader& file, Reading& reading);
void read_proxies(SectionReader& file, Reading& reading);

// What several of them need.

// A section's tables, if they are not too many; `owner` is for the message: "proxy".
std::vector<const toml::table*> few_tables(SectionReader& section, std::string_view key,
                                           Section below, std::string_view owner);
inline constexpr std::size_t kMostRules = 256;  // of a kind, in one owner
std::vector<GroupRule> read_rules(SectionReader& owning_section, std::string_view key,
                                  Section below, std::string_view owner, Diagnostics& diagnostics);
// The section's group-profile; reports one that there is not.
std::optional<ProfileIndex> read_profile_name(SectionReader& section, const Reading& reading);

// A port, interface or proxy name: 1 to 32 letters, digits, '.', '_' and '-'.
bool is_name(std::string_view text);
bool carries(const Port& port, VlanId vlan);
// Reports at `place` a VLAN that no port carries.
void check_carried(SectionReader& section, const Reading& reading, VlanId vlan, Place place);
// The port of this name that carries the VLAN; else reports what is wrong with it.
std::optional<PortId> find_port_in(SectionReader& section, const Reading& reading, VlanId vlan,
                                   const Placed<std::string>& name);

// "127.0.0.1:9464" or "[::1]:9464", port 1 to 65535; else reports what is wrong with it.
void read_listen(SectionReader& section, std::optional<std::string>& listen);

enum class RangeOf : std::uint8_t { kGroups, kSources };
// "232.0.0.0/8", or one address; else reports what is wrong with it.
std::optional<Prefix> to_range(SectionReader& section, std::string_view key,
                               const Placed<std::string>& text, RangeOf of);
// The sound ranges of a list, at most kMostRanges and each once.
std::vector<Placed<Prefix>> read_ranges(SectionReader& section, std::string_view key, RangeOf of);
inline constexpr std::size_t kMostRanges = 64;
// Leaves `range` as it is when the key is not there or its value is not sound.
std::optional<Place> read_range(SectionReader& section, std::string_view key, RangeOf of,
                                Prefix& range);

}  // namespace sluice::config
