// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/replicate.h"

#include <cstring>

namespace sluice::dataplane {
namespace {

constexpr std::uint16_t kMacs = 12;
constexpr std::uint16_t kTag = 4;
constexpr std::uint16_t kEthernet = 14;

void write_tag(std::uint8_t* at, std::uint16_t tci) {
  at[0] = 0x81;
  at[1] = 0x00;
  at[2] = static_cast<std::uint8_t>(tci >> 8);
  at[3] = static_cast<std::uint8_t>(tci);
}

bool ours_alone(const rte_mbuf* mbuf) {
  return RTE_MBUF_DIRECT(mbuf) && rte_mbuf_refcnt_read(mbuf) == 1;
}

}  // namespace

bool pop_tag(rte_mbuf* mbuf) {
  auto* const bytes = rte_pktmbuf_mtod(mbuf, std::uint8_t*);
  std::memmove(bytes + kTag, bytes, kMacs);
  return rte_pktmbuf_adj(mbuf, kTag) != nullptr;
}

bool push_tag(rte_mbuf* mbuf, std::uint16_t tci) {
  void* const start = rte_pktmbuf_prepend(mbuf, kTag);
  if (start == nullptr) return false;
  auto* const bytes = static_cast<std::uint8_t*>(start);
  std::memmove(bytes, bytes + kTag, kMacs);
  write_tag(bytes + kMacs, tci);
  return true;
}

void Replicator::send(rte_mbuf* mbuf, bool tagged, std::uint16_t tci, const VlanPolicy& policy,
                      PortSet egress) {
  const std::uint32_t l3_length = mbuf->pkt_len - kEthernet - (tagged ? kTag : 0);
  if (l3_length > ports_.smallest_mtu) [[unlikely]] {
    egress = without_too_big(mbuf, tagged, egress);
    if (egress.empty()) return rte_pktmbuf_free(mbuf);
  }
  const PortSet as_it_came = egress & (tagged ? policy.tagged : policy.untagged);
  const PortSet otherwise = egress - as_it_came;
  if (otherwise.empty()) return send_form(mbuf, as_it_came);

  const auto new_tci = static_cast<std::uint16_t>((tci & 0xF000) | policy.id.value);
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

PortSet Replicator::without_too_big(const rte_mbuf* mbuf, bool tagged, PortSet egress) {
  const std::uint32_t l3_length = mbuf->pkt_len - kEthernet - (tagged ? kTag : 0);
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
  ports.for_each([&](PortId port) { transmit_.push(port, form); });
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
  header->next = payload;
  header->nb_segs = static_cast<std::uint16_t>(payload->nb_segs + 1);
  header->pkt_len = length + payload->pkt_len;
  return header;
}

void Replicator::no_mbuf(PortSet ports) {
  ports.for_each([this](PortId port) { counts_.ports[port.value][TxDrop::kNoMbuf].add(1); });
}

}  // namespace sluice::dataplane
