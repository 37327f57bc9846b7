// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>

namespace sluice::dataplane {
namespace {

HardwareChecksum ip_checksum(const rte_mbuf* mbuf) {
  switch (mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) {
    case RTE_MBUF_F_RX_IP_CKSUM_GOOD:
      return HardwareChecksum::kGood;
    case RTE_MBUF_F_RX_IP_CKSUM_BAD:
      return HardwareChecksum::kBad;
    default:
      return HardwareChecksum::kUnknown;
  }
}

FrameInfo describe(const rte_mbuf* mbuf) {
  return {.bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*),
          .length = mbuf->data_len,
          .stripped = (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0,
          .tci = mbuf->vlan_tci,
          .ip_checksum = ip_checksum(mbuf)};
}

}  // namespace

Worker::Worker(unsigned id, const WorkerShared& shared)
    : id_(id),
      shared_(shared),
      transmit_(id, counts_),
      replicator_(shared.ports, shared.buffers, shared.headers, transmit_, counts_) {}

void Worker::run() noexcept {
  shared_.qsbr.join(id_);
  polling_.store(true, std::memory_order_release);
  const std::uint64_t hz = rte_get_tsc_hz();
  while (!shared_.stop.load(std::memory_order_relaxed)) {
    const auto now_s = static_cast<std::uint32_t>(rte_rdtsc() / hz);
    bool idle = true;
    for (const Queue queue : queues_) {
      rte_mbuf* frames[kBurst];
      const std::uint16_t count = rte_eth_rx_burst(queue.port.value, queue.queue, frames, kBurst);
      if (count == 0) continue;
      idle = false;
      // Read after the frames came: what was published before a frame was sent counts for it.
      process(queue.port, {frames, count}, shared_.vlans.load(), now_s);
      transmit_.flush();
    }
    send_injected(shared_.vlans.load());
    transmit_.drain_handoffs();
    transmit_.flush();
    shared_.qsbr.quiescent(id_);
    (idle ? counts_.idle_polls : counts_.bursts).add(1);
  }
  shared_.qsbr.leave(id_);
  polling_.store(false, std::memory_order_release);
}

void Worker::process(PortId port, std::span<rte_mbuf*> frames, const VlanTable& vlans,
                     std::uint32_t now_s) {
  PortCounts& counts = counts_.ports[port.value];
  Decision decisions[kBurst];
  std::uint32_t hashes[kBurst];
  std::uint64_t bytes = 0;
  // The whole burst is classified, and its table lines asked for, before any of it is forwarded.
  for (std::size_t i = 0; i < frames.size(); ++i) {
    bytes += frames[i]->pkt_len;
    decisions[i] = classify(describe(frames[i]), port, vlans);
    if (decisions[i].lane == Lane::kGroup) {
      hashes[i] = Fib::hash(decisions[i].policy->id, decisions[i].group, Ipv4{});
      shared_.fib.prefetch(hashes[i]);
    }
  }
  counts.rx_packets.add(frames.size());
  counts.rx_bytes.add(bytes);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    if (decisions[i].lane == Lane::kDrop) {
      drop(frames[i], port, decisions[i].drop);
      continue;
    }
    learn(*decisions[i].policy, rte_pktmbuf_mtod(frames[i], const std::uint8_t*) + 6, port, now_s);
    if (decisions[i].priority_tag) [[unlikely]] {
      // It says nothing but a priority: from here on the frame is an untagged one.
      if (rte_mbuf_refcnt_read(frames[i]) != 1 || !pop_tag(frames[i])) {
        drop(frames[i], port, RxDrop::kRunt);
        continue;
      }
      decisions[i].tag_in_frame = false;
    }
    dispatch(frames[i], decisions[i], hashes[i], port);
  }
}

void Worker::learn(const VlanPolicy& policy, const std::uint8_t* mac, PortId port,
                   std::uint32_t now_s) {
  const std::uint64_t key = MacTable::key(policy.id, mac);
  if (key == learned_key_ && port == learned_port_ && now_s == learned_s_) return;
  switch (shared_.macs.learn(key, port, now_s)) {
    case MacTable::Learned::kMoved:
      mac_moves_.add(1);
      break;
    case MacTable::Learned::kNoRoom:
      mac_no_room_.add(1);
      return;
    default:
      break;
  }
  learned_key_ = key;
  learned_port_ = port;
  learned_s_ = now_s;
}

void Worker::dispatch(rte_mbuf* mbuf, const Decision& decision, std::uint32_t hash, PortId port) {
  switch (decision.lane) {
    case Lane::kGroup:
      return forward_group(mbuf, decision, hash, port);
    case Lane::kUnicast:
      return forward_unicast(mbuf, decision, port);
    case Lane::kFloodAndShow:
      rte_pktmbuf_refcnt_update(mbuf, 1);
      if (punt(mbuf, decision, port, true)) {
        counts_.ports[port.value].punt_copies.add(1);
      } else {
        rte_pktmbuf_refcnt_update(mbuf, -1);
      }
      return flood(mbuf, decision, port);
    case Lane::kFlood:
      return flood(mbuf, decision, port);
    case Lane::kPunt:
      if (punt(mbuf, decision, port, false)) {
        counts_.ports[port.value].punted.add(1);
      } else {
        drop(mbuf, port, RxDrop::kPuntRingFull);
      }
      return;
    case Lane::kDrop:
      return drop(mbuf, port, decision.drop);
  }
}

void Worker::forward_group(rte_mbuf* mbuf, const Decision& decision, std::uint32_t hash,
                           PortId port) {
  const VlanPolicy& policy = *decision.policy;
  const Fib::Hit hit = shared_.fib.lookup(hash, policy.id, decision.group, decision.source);
  PortSet wanted = policy.router_ports;
  if (hit.egress != nullptr) {
    shared_.fib.count(id_, hit.entry, 1, mbuf->pkt_len);
    wanted = wanted | hit.egress->members;
  } else if (policy.unregistered == UnregisteredPolicy::kFlood) {
    return flood(mbuf, decision, port);
  } else if (policy.unregistered == UnregisteredPolicy::kDrop) {
    return drop(mbuf, port, RxDrop::kUnregisteredGroup);
  }
  const PortSet egress = (wanted & policy.ports() & policy.up) - PortSet::of(port);
  if (egress.empty()) {
    return drop(mbuf, port, hit.egress == nullptr ? RxDrop::kUnregisteredGroup : RxDrop::kNoMember);
  }
  counts_.ports[port.value].forwarded.add(1);
  replicator_.send(mbuf, decision.tag_in_frame, decision.tci, policy, egress);
}

void Worker::forward_unicast(rte_mbuf* mbuf, const Decision& decision, PortId port) {
  const auto* const mac = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  const std::optional<PortId> to = shared_.macs.find(MacTable::key(decision.policy->id, mac));
  if (!to) return flood(mbuf, decision, port);
  if (*to == port) return drop(mbuf, port, RxDrop::kSamePort);
  const PortSet egress = PortSet::of(*to) & decision.policy->ports() & decision.policy->up;
  if (egress.empty()) return drop(mbuf, port, RxDrop::kNoEgressPort);
  counts_.ports[port.value].forwarded.add(1);
  replicator_.send(mbuf, decision.tag_in_frame, decision.tci, *decision.policy, egress);
}

void Worker::flood(rte_mbuf* mbuf, const Decision& decision, PortId port) {
  const VlanPolicy& policy = *decision.policy;
  const PortSet egress = (policy.ports() & policy.up) - PortSet::of(port);
  if (egress.empty()) return drop(mbuf, port, RxDrop::kNoEgressPort);
  counts_.ports[port.value].flooded.add(1);
  replicator_.send(mbuf, decision.tag_in_frame, decision.tci, policy, egress);
}

// True: the control thread owns a reference. False: it took nothing.
bool Worker::punt(rte_mbuf* mbuf, const Decision& decision, PortId port, bool also_forwarded) {
  return punts_.push(Punt{.mbuf = mbuf,
                          .port = port,
                          .vlan = decision.policy->id,
                          .tci = decision.tci,
                          .tag_in_frame = decision.tag_in_frame,
                          .also_forwarded = also_forwarded});
}

void Worker::drop(rte_mbuf* mbuf, PortId port, RxDrop reason) {
  counts_.ports[port.value][reason].add(1);
  rte_pktmbuf_free(mbuf);
}

void Worker::send_injected(const VlanTable& vlans) {
  Inject inject;
  for (unsigned n = 0; n < kBurst && injects_.pop(inject); ++n) {
    const VlanPolicy* const policy = vlans.find(inject.vlan);
    const PortSet egress =
        policy == nullptr ? PortSet{} : PortSet(inject.ports) & policy->ports() & policy->up;
    if (egress.empty()) {
      counts_.injected_no_port.add(1);
      rte_pktmbuf_free(inject.mbuf);
      continue;
    }
    counts_.injected.add(1);
    replicator_.send(inject.mbuf, false, inject.tci, *policy, egress);
  }
}

void Worker::discard() {
  transmit_.discard();
  Punt punt;
  while (punts_.pop(punt)) rte_pktmbuf_free(punt.mbuf);
  Inject inject;
  while (injects_.pop(inject)) rte_pktmbuf_free(inject.mbuf);
}

}  // namespace sluice::dataplane
