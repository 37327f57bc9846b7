// SPDX-License-Identifier: BSD-3-Clause
// Static members: from the file and by command (MS-11). They never age.
#include <algorithm>
#include <string>

#include "control/snooping/vlan.h"

namespace sluice::control::snooping {
namespace {

std::string describe(VlanId vlan, Ipv4 group, std::optional<Ipv4> source) {
  std::string text("(");
  text.append(source ? to_string(*source) : "*").append(", ").append(to_string(group));
  return text.append(") in VLAN ").append(std::to_string(vlan.value));
}

StaticMember* find_static(Group& group, std::optional<Ipv4> source) {
  if (group.statics == nullptr) return nullptr;
  const auto at = std::find_if(group.statics->begin(), group.statics->end(),
                               [&](const StaticMember& m) { return m.source == source; });
  return at == group.statics->end() ? nullptr : &*at;
}

StaticMember& find_or_add(Group& group, std::optional<Ipv4> source) {
  if (StaticMember* const known = find_static(group, source)) return *known;
  if (group.statics == nullptr) group.statics = std::make_unique<std::vector<StaticMember>>();
  return group.statics->emplace_back(StaticMember{source, {}, {}});
}

void drop_empty(Group& group) {
  if (group.statics == nullptr) return;
  std::erase_if(*group.statics, [](const StaticMember& m) { return m.ports().empty(); });
  if (group.statics->empty()) group.statics.reset();
}

bool has_commanded(const Group& group) {
  return group.statics != nullptr && std::ranges::any_of(*group.statics, [](const StaticMember& m) {
           return !m.from_command.empty();
         });
}

}  // namespace

Status Vlan::check_static(Ipv4 group, std::optional<Ipv4> source, PortId port) const {
  if (!group.is_multicast() || group.is_link_local_multicast()) {
    return Error{to_string(group) +
                 " cannot be a static group: it must lie in 224.0.1.0 to 239.255.255.255"};
  }
  if (source && !source->is_unicast()) {
    return Error{to_string(*source) + " cannot be a source: it must be a unicast address"};
  }
  if (!setup_.ports.contains(port)) {
    return Error{"the port does not carry VLAN " + std::to_string(setup_.id.value)};
  }
  return Ok{};
}

Status Vlan::add_static(Ipv4 group, std::optional<Ipv4> source, PortId port, const Turn& turn) {
  if (const Status checked = check_static(group, source, port); !checked) return checked;
  Group& entry = groups_.find_or_add(group);
  StaticMember& member = find_or_add(entry, source);
  if (member.ports().contains(port)) {
    return Error{describe(setup_.id, group, source) + " is on this port already"};
  }
  member.from_command.insert(port);
  commanded_.insert(group);
  shared_.changes.note_others();
  recompile(entry, turn);
  send_host_messages(turn);
  arm(turn);
  return Ok{};
}

Status Vlan::remove_static(Ipv4 group, std::optional<Ipv4> source, PortId port, const Turn& turn) {
  if (const Status checked = check_static(group, source, port); !checked) return checked;
  Group* const known = groups_.find(group);
  StaticMember* const member = known == nullptr ? nullptr : find_static(*known, source);
  if (member == nullptr || !member->ports().contains(port)) {
    return Error{"there is no static " + describe(setup_.id, group, source) + " on this port"};
  }
  member->from_command.erase(port);
  member->from_file.erase(port);
  drop_empty(*known);
  if (!has_commanded(*known)) commanded_.erase(group);
  shared_.changes.note_others();
  recompile(*known, turn);
  send_host_messages(turn);
  arm(turn);
  return Ok{};
}

void Vlan::restore_statics(const std::vector<SavedStatic>& statics, const Turn& turn) {
  for (const SavedStatic& saved : statics) {
    const PortSet ports = saved.ports & setup_.ports;
    if (ports.empty()) continue;
    Group& group = groups_.find_or_add(saved.group);
    StaticMember& member = find_or_add(group, saved.source);
    member.from_command = member.from_command | (ports - member.from_file);
    if (has_commanded(group)) commanded_.insert(saved.group);
    recompile(group, turn);
  }
}

// The file's entries replace the former file's; those added by command stay.
void Vlan::set_file_statics(const Turn& turn) {
  std::vector<Ipv4> touched;
  groups_.for_each([&](Group& group) {
    if (group.statics == nullptr) return;
    for (StaticMember& member : *group.statics) member.from_file = PortSet{};
    touched.push_back(group.address);
  });
  for (const config::StaticGroup& entry : setup_.snooping.static_groups) {
    StaticMember& member = find_or_add(groups_.find_or_add(entry.group), entry.source);
    for (const PortId port : entry.ports) member.from_file.insert(port);
    touched.push_back(entry.group);
  }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const Ipv4 address : touched) {
    Group& group = *groups_.find(address);
    drop_empty(group);
    recompile(group, turn);
  }
  send_host_messages(turn);
}

}  // namespace sluice::control::snooping
