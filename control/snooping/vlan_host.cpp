// SPDX-License-Identifier: BSD-3-Clause
// The host side of a VLAN: toward routers it speaks for the members (report-policy proxy), or, in a
// proxy's upstream, for the appliance itself and for nobody else (RFC 4605 §4.1).
#include "control/igmp/codec.h"
#include "control/snooping/forwarding.h"
#include "control/snooping/vlan.h"

namespace sluice::control::snooping {

void Vlan::set_up_host(const Turn& turn) {
  host_.reset();
  if (summarises() || setup_.proxy.upstream) {
    const Version version = setup_.proxy.upstream
                                ? setup_.proxy.version
                                : static_cast<Version>(setup_.snooping.igmp_version);
    host_ = std::make_unique<Host>(
        Host::Settings{.version = version,
                       .robustness_variable = setup_.snooping.robustness_variable},
        shared_.random());
  }
  std::vector<Ipv4> addresses;
  groups_.for_each([&](Group& group) {
    group.own = false;  // the proxy says it again
    addresses.push_back(group.address);
  });
  for (const Ipv4 address : addresses) recompile(*groups_.find(address), turn);
  send_host_messages(turn);
}

void Vlan::set_own_receptions(const std::vector<OwnReception>& receptions, const Turn& turn) {
  for (const auto& [address, wanted] : receptions) {
    host_->set(address, wanted, turn.now, messages_);
    const Group* const known = groups_.find(address);
    const bool owned = known != nullptr && known->own;
    if (owned != wanted.none()) continue;
    Group& group = groups_.find_or_add(address);
    group.own = !owned;
    recompile(group, turn);
  }
  send_host_messages(turn);  // together: many groups in few reports (SC-16)
  arm(turn);
}

void Vlan::tell_receptions(const Turn& turn) {
  groups_.for_each([&](const Group& group) {
    turn.out.receptions.push_back(
        {setup_.id, group.address, merged_reception(group, shared_.slab, turn.now)});
  });
}

// What the querier asks of the host side; in a plain VLAN that side answers for hosts, who are not
// ours to judge what they accept.
void Vlan::query_host(const igmp::Packet& packet, const igmp::Query<Ipv4>& query,
                      const Turn& turn) {
  if (setup_.proxy.upstream && !igmp::host_accepts(packet, query)) return;  // QR-13
  const Version before = host_->version(turn.now);
  host_->on_query(query, turn.now, messages_);
  send_host_messages(turn);
  const bool fell_back = host_->version(turn.now) < before;
  if (setup_.proxy.upstream && fell_back) tell_of_older_querier(packet.source, turn);
}

// Another host toward the upstream querier spoke for the group (H2-04). One on another port of ours
// did so only as far as we pass it on.
void Vlan::heard_older_report(PortId port, Ipv4 group, const Turn& turn) {
  if (setup_.proxy.upstream && host_ports().contains(port)) {
    host_->on_other_report(group, turn.now);
  }
}

// Sources cannot be asked for by such a querier: not upstream by us (HC-08, PS-04), where filtering
// goes on downstream, and not downstream by SSM hosts (SM-05).
void Vlan::tell_of_older_querier(Ipv4 querier, const Turn& turn) const {
  turn.out.events.push_back({.type = EventType::kOlderQuerier,
                             .vlan = setup_.id,
                             .port = std::nullopt,
                             .group = std::nullopt,
                             .source = std::nullopt,
                             .address = querier});
}

// Where the host side is heard. Upstream it speaks although no router port is known: the querier
// may be one without an address.
PortSet Vlan::host_ports() const {
  const PortSet routers = routers_.ports() & up_;
  return routers.empty() && setup_.proxy.upstream ? up_ : routers;
}

void Vlan::send_host_messages(const Turn& turn) {
  const PortSet to = host_ports();
  if (to.empty()) messages_.clear();  // nobody listens
  const igmp::Origin origin{
      shared_.mac, setup_.proxy.upstream ? setup_.proxy.report_source : setup_.own_address};
  for (const igmp::HostMessage<Ipv4>& message : messages_) {
    if (const auto* v3 = std::get_if<igmp::V3Report<Ipv4>>(&message)) {
      for (const auto& report : igmp::split(v3->records, shared_.smallest_mtu)) {
        send(igmp::encode(report, origin), to, MessageType::kReportV3, turn);
      }
    } else if (const auto* v2 = std::get_if<igmp::V2Report<Ipv4>>(&message)) {
      send(igmp::encode(*v2, origin), to, MessageType::kReportV2, turn);
    } else if (const auto* leave = std::get_if<igmp::Leave<Ipv4>>(&message)) {
      send(igmp::encode(*leave, origin), to, MessageType::kLeave, turn);
    } else {
      send(igmp::encode(std::get<igmp::V1Report<Ipv4>>(message), origin), to,
           MessageType::kReportV1, turn);
    }
  }
  messages_.clear();
}

}  // namespace sluice::control::snooping
