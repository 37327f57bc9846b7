// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>

#include "dataplane/edit.h"

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
  const bool stripped = (mbuf->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
  return {.bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*),
          .length = mbuf->data_len,
          .beyond = mbuf->pkt_len - mbuf->data_len,
          .stripped = stripped,
          .tci = stripped ? mbuf->vlan_tci : std::uint16_t{0},
          .ip_checksum = ip_checksum(mbuf)};
}

// Whether a group's frame goes to all ports of its VLAN. `entry`: the group's, if any.
bool floods(const VlanPolicy& policy, const EgressSet* entry) {
  return !policy.restricted ||
         (entry == nullptr && policy.unregistered == UnregisteredPolicy::kFlood);
}

// Why it leaves its VLAN by no port, in a VLAN that nobody routes.
RxDrop nobody(const VlanPolicy& policy, const EgressSet* entry) {
  if (floods(policy, entry)) return RxDrop::kNoEgressPort;
  return entry == nullptr ? RxDrop::kUnregisteredGroup : RxDrop::kNoMember;
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
  now_s_ = now_s;
  for (rte_mbuf* const mbuf : frames) rte_prefetch0(rte_pktmbuf_mtod(mbuf, const void*));
  // The whole burst is classified, and its table lines asked for, before any of it is forwarded.
  // Runs are made in place: a copy would wait for the parts that it was just made of.
  alignas(Run) std::byte room[kBurst * sizeof(Run)];
  auto* const runs = reinterpret_cast<Run*>(room);
  std::size_t count = 0;
  std::uint64_t bytes = 0;
  bool any_routed = false;
  Stream stream;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    const std::uint32_t length = frames[i]->pkt_len;
    bytes += length;
    if (stream.continues(frames[i])) {
      Run& run = runs[count - 1];
      ++run.count;
      run.longest = std::max(run.longest, length);
      run.bytes += length;
      continue;
    }
    Run& run = *new (runs + count++) Run;
    run.first = static_cast<std::uint16_t>(i);
    run.count = 1;
    run.longest = length;
    run.bytes = length;
    if (classify_stream(frames[i], port, vlans, run.decision)) {
      stream = Stream(frames[i], run.decision);
    } else {
      run.decision = classify(describe(frames[i]), port, vlans);
      stream = Stream();
    }
    if (run.decision.lane == Lane::kGroup) {
      run.hash = Fib::hash(run.decision.policy->id, run.decision.group, Ipv4{});
      shared_.fib.prefetch(id_, run.hash);
      if (run.decision.routed) {
        any_routed = true;
        const VlanId key = vlans.domain(*run.decision.policy)->key;
        shared_.fib.prefetch(id_, Fib::hash(key, run.decision.group, Ipv4{}));
      }
    }
  }
  if (any_routed) {
    for (const Run& run : std::span(runs, count)) {
      if (run.decision.routed) {
        prefetch_routed(run.decision, *vlans.domain(*run.decision.policy));
      }
    }
  }
  PortCounts& counts = counts_.ports[port.value];
  counts.rx_packets.add(frames.size());
  counts.rx_bytes.add(bytes);
  for (Run& run : std::span(runs, count)) {
    rte_mbuf*& first = frames[run.first];
    Decision& decision = run.decision;
    if (decision.lane == Lane::kDrop) {
      drop(first, port, decision.drop);
      continue;
    }
    learn(*decision.policy, rte_pktmbuf_mtod(first, const std::uint8_t*) + 6, port, now_s);
    if (decision.priority_tag) [[unlikely]] {
      // It says nothing but a priority: from here on the frame is an untagged one.
      if (rte_mbuf_refcnt_read(first) != 1 || !pop_tag(first)) {
        drop(first, port, RxDrop::kRunt);
        continue;
      }
      decision.tag_in_frame = false;
    }
    if (decision.lane == Lane::kGroup) {
      forward_group(frames.subspan(run.first, run.count), run, port, vlans);
    } else {
      dispatch(first, decision, port);
    }
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

void Worker::dispatch(rte_mbuf* mbuf, const Decision& decision, PortId port) {
  switch (decision.lane) {
    case Lane::kUnicast:
      return forward_unicast(mbuf, decision, port);
    case Lane::kFloodAndShow:
      if (decision.local && !admit_local()) return flood(mbuf, decision, port);
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
      if (decision.local && !admit_local()) return drop(mbuf, port, RxDrop::kLocalRateLimit);
      if (punt(mbuf, decision, port, false)) {
        counts_.ports[port.value].punted.add(1);
      } else {
        drop(mbuf, port, RxDrop::kPuntRingFull);
      }
      return;
    case Lane::kDrop:
    case Lane::kGroup:
      break;  // process() has seen to those
  }
}

void Worker::forward_group(std::span<rte_mbuf*> frames, const Run& run, PortId port,
                           const VlanTable& vlans) {
  const Decision& decision = run.decision;
  const VlanPolicy& policy = *decision.policy;
  Fib::Hit hit;
  if (policy.restricted) {
    hit = shared_.fib.lookup(run.hash, policy.id, decision.group, decision.source);
    if (hit.egress != nullptr) shared_.fib.count(id_, hit.entry, run.count, run.bytes);
  }
  const PortSet bridged =
      (bridged_egress(policy, hit.egress) & policy.ports() & policy.up) - PortSet::of(port);
  if (decision.routed) return forward_routed(frames, run, hit.egress, bridged, port, vlans);
  bridge_group(frames, run, hit.egress, bridged, port);
}

[[gnu::always_inline]] inline void Worker::bridge_group(std::span<rte_mbuf*> frames, const Run& run,
                                                        const EgressSet* entry, PortSet bridged,
                                                        PortId port) {
  const Decision& decision = run.decision;
  const VlanPolicy& policy = *decision.policy;
  if (bridged.empty()) return drop(frames, port, nobody(policy, entry));
  PortCounts& counts = counts_.ports[port.value];
  (floods(policy, entry) ? counts.flooded : counts.forwarded).add(frames.size());
  if (replicator_.sends_as_it_came(run.longest, decision.tag_in_frame, policy, bridged) &&
      frames.front()->nb_segs == 1) {
    return replicator_.send_as_it_came(frames, bridged);
  }
  for (rte_mbuf* const mbuf : frames) {
    replicator_.send(mbuf, decision.tag_in_frame, decision.tci, policy, bridged);
  }
}

// To other networks, and inside its own VLAN as `bridged` says.
void Worker::forward_routed(std::span<rte_mbuf*> frames, const Run& run, const EgressSet* entry,
                            PortSet bridged, PortId port, const VlanTable& vlans) {
  const Decision& decision = run.decision;
  routed_.clear();
  const std::optional<RouteRefusal> refusal = find_routes(frames.front(), run, vlans);
  if (refusal) {
    counts_.route_refused[static_cast<std::size_t>(*refusal)].add(frames.size());
    if (bridged.empty()) return drop(frames, port, drop_of(*refusal));
  }
  if (routed_.empty()) return bridge_group(frames, run, entry, bridged, port);
  counts_.ports[port.value].routed.add(frames.size());
  for (rte_mbuf* const mbuf : frames) {
    replicator_.route(
        mbuf, {.tagged = decision.tag_in_frame, .tci = decision.tci, .keep = !bridged.empty()},
        vlans.own_mac(), routed_.all());
  }
  if (!bridged.empty()) return bridge_group(frames, run, entry, bridged, port);
  counts_.ports[port.value].forwarded.add(frames.size());
}

// The proxy's entry, whose line is there by now, says which networks' entries will be looked up.
void Worker::prefetch_routed(const Decision& decision, const RouteDomain& domain) const {
  const std::uint32_t hash = Fib::hash(domain.key, decision.group, Ipv4{});
  const Fib::Hit hit = shared_.fib.lookup(hash, domain.key, decision.group, Ipv4{});
  if (hit.egress == nullptr) return;
  (hit.egress->members & domain.forwarding).for_each([&](PortId place) {
    shared_.fib.prefetch(id_, Fib::hash(domain.downstreams[place.value], decision.group, Ipv4{}));
  });
}

// Collects in routed_ where else the frame goes, unless it is refused.
std::optional<RouteRefusal> Worker::find_routes(const rte_mbuf* mbuf, const Run& run,
                                                const VlanTable& vlans) {
  const Decision& decision = run.decision;
  const VlanPolicy& policy = *decision.policy;
  const auto* const source_mac = rte_pktmbuf_mtod(mbuf, const std::uint8_t*) + 6;
  if (std::memcmp(source_mac, vlans.own_mac().bytes.data(), 6) == 0) {
    return RouteRefusal::kOwnSource;  // what we routed ourselves comes back: a loop outside
  }
  const std::optional<RouteRefusal> refusal =
      route_refusal(*vlans.domain(policy), policy, decision.group, decision.source, decision.ttl);
  if (refusal) return refusal;
  for_each_routed(
      vlans, policy, decision.group, decision.source,
      [&](VlanId vlan, Ipv4 group, Ipv4 source) {
        const Fib::Hit hit =
            shared_.fib.lookup(Fib::hash(vlan, group, Ipv4{}), vlan, group, source);
        if (hit.egress != nullptr) shared_.fib.count(id_, hit.entry, run.count, run.bytes);
        return hit.egress;
      },
      [&](const VlanPolicy& to, PortSet ports) { routed_.add(to, ports); });
  return std::nullopt;
}

// True: one more frame for our own addresses may go up.
bool Worker::admit_local() {
  if (local_s_ != now_s_) {
    local_s_ = now_s_;
    local_punts_ = 0;
  }
  if (local_punts_ == kLocalPunts || punts_.write_available() <= kRingFrames / 2) return false;
  ++local_punts_;
  return true;
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
  const bool pushed = punts_.push(Punt{.mbuf = mbuf,
                                       .port = port,
                                       .vlan = decision.policy->id,
                                       .tci = decision.tci,
                                       .tag_in_frame = decision.tag_in_frame,
                                       .also_forwarded = also_forwarded});
  if (pushed && shared_.control != nullptr) shared_.control->ring();
  return pushed;
}

void Worker::drop(rte_mbuf* mbuf, PortId port, RxDrop reason) {
  counts_.ports[port.value][reason].add(1);
  rte_pktmbuf_free(mbuf);
}

void Worker::drop(std::span<rte_mbuf*> frames, PortId port, RxDrop reason) {
  counts_.ports[port.value][reason].add(frames.size());
  for (rte_mbuf* const mbuf : frames) rte_pktmbuf_free(mbuf);
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
