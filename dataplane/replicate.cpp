// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/replicate.h"

#include <cstring>

#include "dataplane/edit.h"

namespace sluice::dataplane {
namespace {

std::uint32_t l3_length(const rte_mbuf* mbuf, bool tagged) {
  return mbuf->pkt_len - kEthernet - (tagged ? kTag : 0);
}

std::uint16_t tag_for(VlanId vlan, std::uint16_t tci) {
  return static_cast<std::uint16_t>((tci & 0xF000) | vlan.value);
}

bool ours_alone(const rte_mbuf* mbuf) {
  return RTE_MBUF_DIRECT(mbuf) && rte_mbuf_refcnt_read(mbuf) == 1;
}

// The frame itself becomes a routed one, with the tag `tci` or, 0, without. The mbuf must not be
// shared. False: no room, and it is as it was.
bool route_in_place(rte_mbuf* mbuf, bool tagged, std::uint16_t tci, const MacAddress& source) {
  if (!tagged && tci != 0) {
    if (!push_tag(mbuf, tci)) return false;
  } else if (tagged && tci == 0) {
    pop_tag(mbuf);
  }
  auto* const bytes = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
  if (tci != 0) write_tag(bytes + kMacs, tci);
  edit_routed(bytes, bytes + kEthernet + (tci == 0 ? 0 : kTag), source);
  return true;
}

// What a routed frame begins with: Ethernet and the fixed part of IPv4.
struct Front {
  std::uint8_t bytes[kEthernet + kIpv4];

  Front(const std::uint8_t* frame, bool tagged, const MacAddress& source) {
    std::memcpy(bytes + kMacs, frame + kMacs + (tagged ? kTag : 0), sizeof bytes - kMacs);
    edit_routed(bytes, bytes + kEthernet, source);
  }
  void write(std::uint8_t* to, std::uint16_t tci) const {
    std::memcpy(to, bytes, kMacs);
    to += kMacs;
    if (tci != 0) {
      write_tag(to, tci);
      to += kTag;
    }
    std::memcpy(to, bytes + kMacs, sizeof bytes - kMacs);
  }
};

// What is behind the first `length` bytes, which stand in the first segment. Takes the mbuf, which
// must not be shared; nullptr when there is nothing behind them.
rte_mbuf* cut_front(rte_mbuf* mbuf, std::uint16_t length) {
  rte_pktmbuf_adj(mbuf, length);
  if (mbuf->data_len > 0) [[likely]]
    return mbuf;
  rte_mbuf* const rest = mbuf->next;
  if (rest != nullptr) {
    rest->nb_segs = static_cast<std::uint16_t>(mbuf->nb_segs - 1);
    rest->pkt_len = mbuf->pkt_len;
  }
  mbuf->next = nullptr;
  mbuf->nb_segs = 1;
  rte_pktmbuf_free(mbuf);
  return rest;
}

void chain(rte_mbuf* header, rte_mbuf* payload) {
  header->next = payload;
  header->nb_segs = static_cast<std::uint16_t>(payload->nb_segs + 1);
  header->pkt_len = header->data_len + payload->pkt_len;
}

}  // namespace

void Replicator::send(rte_mbuf* mbuf, bool tagged, std::uint16_t tci, const VlanPolicy& policy,
                      PortSet egress) {
  if (l3_length(mbuf, tagged) > ports_.smallest_mtu) [[unlikely]] {
    egress = without_too_big(l3_length(mbuf, tagged), egress);
    if (egress.empty()) return rte_pktmbuf_free(mbuf);
  }
  const PortSet as_it_came = egress & (tagged ? policy.tagged : policy.untagged);
  const PortSet otherwise = egress - as_it_came;
  if (otherwise.empty()) return send_form(mbuf, as_it_came);

  const std::uint16_t new_tci = tag_for(policy.id, tci);
  if (as_it_came.empty() && ours_alone(mbuf) &&
      (tagged ? pop_tag(mbuf) : push_tag(mbuf, new_tci))) {
    return send_form(mbuf, otherwise);
  }
  rte_mbuf* const form = other_form(mbuf, tagged, new_tci);
  if (form == nullptr) {
    no_mbuf(otherwise);
  } else {
    send_form(form, otherwise);
  }
  if (as_it_came.empty()) return rte_pktmbuf_free(mbuf);
  send_form(mbuf, as_it_came);
}

void Replicator::route(rte_mbuf* mbuf, const Routed& how, const MacAddress& source,
                       std::span<const RoutedForms::Form> forms) {
  if (l3_length(mbuf, how.tagged) > ports_.smallest_mtu) [[unlikely]] {
    return route_where_it_fits(mbuf, how, source, forms);
  }
  route_all(mbuf, how, source, forms);
}

void Replicator::route_where_it_fits(rte_mbuf* mbuf, const Routed& how, const MacAddress& source,
                                     std::span<const RoutedForms::Form> forms) {
  RoutedForms fitting;
  for (const auto& form : forms) {
    const PortSet ports = without_too_big(l3_length(mbuf, how.tagged), form.ports);
    if (!ports.empty()) fitting.add({form.vlan, ports});
  }
  if (!fitting.empty()) return route_all(mbuf, how, source, fitting.all());
  if (!how.keep) rte_pktmbuf_free(mbuf);
}

void Replicator::route_all(rte_mbuf* mbuf, const Routed& how, const MacAddress& source,
                           std::span<const RoutedForms::Form> forms) {
  const auto tci = [&](const RoutedForms::Form& form) {
    return form.vlan.value == 0 ? std::uint16_t{0} : tag_for(form.vlan, how.tci);
  };
  if (forms.size() == 1 && !how.keep && ours_alone(mbuf) &&
      route_in_place(mbuf, how.tagged, tci(forms.front()), source)) {
    return send_form(mbuf, forms.front().ports);
  }

  const Front front(rte_pktmbuf_mtod(mbuf, const std::uint8_t*), how.tagged, source);
  rte_mbuf* payload = mbuf;
  if (how.keep || rte_mbuf_refcnt_read(mbuf) != 1) {
    payload = rte_pktmbuf_clone(mbuf, headers_);
    if (!how.keep) rte_pktmbuf_free(mbuf);
    if (payload == nullptr) {
      for (const auto& form : forms) no_mbuf(form.ports);
      return;
    }
  }
  payload =
      cut_front(payload, static_cast<std::uint16_t>(sizeof front.bytes + (how.tagged ? kTag : 0)));
  if (payload != nullptr) {  // a reference for each form
    rte_pktmbuf_refcnt_update(payload, static_cast<std::int16_t>(forms.size() - 1));
  }
  for (const auto& form : forms) {
    rte_mbuf* const header = rte_pktmbuf_alloc(headers_);
    if (header == nullptr) {
      no_mbuf(form.ports);
      rte_pktmbuf_free(payload);
      continue;
    }
    const auto length = sizeof front.bytes + (form.vlan.value == 0 ? 0 : kTag);
    void* const start = rte_pktmbuf_append(header, static_cast<std::uint16_t>(length));
    front.write(static_cast<std::uint8_t*>(start), tci(form));
    if (payload != nullptr) chain(header, payload);
    send_form(header, form.ports);
  }
}

PortSet Replicator::without_too_big(std::uint32_t l3_length, PortSet egress) {
  PortSet fits = egress;
  egress.for_each([&](PortId port) {
    if (l3_length <= ports_.mtu[port.value]) return;
    counts_.ports[port.value][TxDrop::kTooBig].add(1);
    fits.erase(port);
  });
  return fits;
}

// Gives one reference to every port. A frame of several segments is flattened, once, for the
// devices that cannot take it.
void Replicator::send_form(rte_mbuf* form, PortSet ports) {
  const PortSet flat = form->nb_segs > 1 ? ports - ports_.takes_segments : PortSet{};
  if (!flat.empty()) [[unlikely]] {
    rte_mbuf* const copy = rte_pktmbuf_copy(form, buffers_, 0, UINT32_MAX);
    if (copy != nullptr && copy->nb_segs == 1) {
      send_form(copy, flat);
    } else {
      rte_pktmbuf_free(copy);
      no_mbuf(flat);
    }
    ports = ports - flat;
    if (ports.empty()) return rte_pktmbuf_free(form);
  }
  if (const int copies = ports.size(); copies > 1) {
    rte_pktmbuf_refcnt_update(form, static_cast<std::int16_t>(copies - 1));
  }
  transmit_.push(ports, form);
}

// Leaves `mbuf` to the caller.
rte_mbuf* Replicator::other_form(rte_mbuf* mbuf, bool tagged, std::uint16_t tci) {
  const std::uint16_t skipped = tagged ? kMacs + kTag : kMacs;
  rte_mbuf* const header = rte_pktmbuf_alloc(headers_);
  rte_mbuf* const payload = header == nullptr ? nullptr : rte_pktmbuf_clone(mbuf, headers_);
  if (payload == nullptr || rte_pktmbuf_adj(payload, skipped) == nullptr) {
    rte_pktmbuf_free(payload);
    rte_pktmbuf_free(header);
    return nullptr;
  }
  const std::uint16_t length = tagged ? kMacs : kMacs + kTag;
  void* const start = rte_pktmbuf_append(header, length);
  auto* const bytes = static_cast<std::uint8_t*>(start);
  std::memcpy(bytes, rte_pktmbuf_mtod(mbuf, const std::uint8_t*), kMacs);
  if (!tagged) write_tag(bytes + kMacs, tci);
  chain(header, payload);
  return header;
}

void Replicator::no_mbuf(PortSet ports) {
  ports.for_each([this](PortId port) { counts_.ports[port.value][TxDrop::kNoMbuf].add(1); });
}

}  // namespace sluice::dataplane
