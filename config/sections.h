// SPDX-License-Identifier: BSD-3-Clause
// The sections of the file, each read and checked in a file of its own, in this order: a later one
// may refer to what an earlier one defined, wherever in the file they stand.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/config.h"
#include "config/diagnostics.h"
#include "config/section_reader.h"

namespace sluice::config {

// One load in progress.
struct Reading {
  Config config;
  Diagnostics diagnostics;
  // False when a port could not be understood: then what refers to ports is not checked against
  // them, because one mistake should not be reported twice.
  bool ports_sound = true;
};

void read_system(SectionReader& file, Reading& reading);
void read_dataplane(SectionReader& file, Reading& reading);
void read_ports(SectionReader& file, Reading& reading);
void read_vlans(SectionReader& file, Reading& reading);
void read_interfaces(SectionReader& file, Reading& reading);

// What several of them need.

// A port or interface name: 1 to 32 letters, digits, '.', '_' and '-'.
bool is_name(std::string_view text);
bool carries(const Port& port, VlanId vlan);
// Reports at `place` a VLAN that no port carries.
void check_carried(SectionReader& section, const Reading& reading, VlanId vlan, Place place);
// The port of this name that carries the VLAN; else reports what is wrong with it.
std::optional<PortId> find_port_in(SectionReader& section, const Reading& reading, VlanId vlan,
                                   const Placed<std::string>& name);

}  // namespace sluice::config
