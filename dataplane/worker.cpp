// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <sys/prctl.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <new>

#include "dataplane/edit.h"
#include "dataplane/idle.h"

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

// 32 bits of fraction: exact to a second in a hundred years.
Nanoseconds tsc_nanoseconds() {
  static const std::uint64_t per_cycle = (std::uint64_t{1'000'000'000} << 32) / rte_get_tsc_hz();
  __extension__ using Product = unsigned __int128;
  return static_cast<Nanoseconds>((Product{rte_rdtsc()} * per_cycle) >> 32);
}

Worker::Worker(unsigned id, const WorkerShared& shared)
    : id_(id),
      shared_(shared),
      groups_(shared.fib, id),
      transmit_(id, counts_),
      replicator_(shared.ports, shared.buffers, shared.headers, transmit_, counts_) {}

void Worker::run() noexcept {
  shared_.qsbr.join(id_);
  polling_.store(true, std::memory_order_release);
  const std::uint64_t hz = rte_get_tsc_hz();
  Naps naps(shared_.longest_nap);
  if (naps.allowed()) prctl(PR_SET_TIMERSLACK, 1);  // else a nap takes 50 us more than it should
  while (!shared_.stop.load(std::memory_order_relaxed)) {
    const std::uint64_t begun = rte_rdtsc();
    const auto now_s = static_cast<std::uint32_t>(begun / hz);
    bool idle = true;
    for (const Queue queue : queues_) {
      rte_mbuf* frames[kBurst];
      const std::uint16_t count = rte_eth_rx_burst(queue.port.value, queue.queue, frames, kBurst);
      if (count == 0) continue;
      idle = false;
      if (count == kBurst) counts_.full_bursts.add(1);
      // Read after the frames came: what was published before a frame was sent counts for it.
      process(queue.port, {frames, count}, shared_.vlans.load(), now_s);
      transmit_.flush();
    }
    if (send_injected(shared_.vlans.load())) idle = false;
    if (transmit_.drain_handoffs()) idle = false;
    transmit_.flush();
    shared_.qsbr.quiescent(id_);
    if (idle) {
      counts_.idle_polls.add(1);
    } else {
      counts_.bursts.add(1);
      counts_.busy_cycles.add(rte_rdtsc() - begun);
    }
    if (naps.allowed()) [[unlikely]] {
      if (const Nanoseconds most = naps.after(!idle, tsc_nanoseconds()); most > 0) nap(most);
    }
  }
  shared_.qsbr.leave(id_);
  polling_.store(false, std::memory_order_release);
}

// Nothing is held that is read under RCU. Frames do not end a nap, but those of the control thread
// do.
void Worker::nap(Nanoseconds most) {
  shared_.qsbr.offline(id_);
  bell_.sleep(
      [&] { return injects_.read_available() > 0 || shared_.stop.load(std::memory_order_relaxed); },
      std::chrono::nanoseconds(most));
  shared_.qsbr.online(id_);
  counts_.naps.add(1);
}

void Worker::process(PortId port, std::span<rte_mbuf*> frames, const VlanTable& vlans,
                     std::uint32_t now_s) {
  now_s_ = now_s;
  forward_all(frames, classify_all(frames, port, vlans), port, vlans);
}

// Classifies the whole burst and asks for the lines of tables and rings that it will need.
std::span<Run> Worker::classify_all(std::span<rte_mbuf*> frames, PortId port,
                                    const VlanTable& vlans) {
  for (rte_mbuf* const mbuf : frames) rte_prefetch0(rte_pktmbuf_mtod(mbuf, const void*));
  const Ingress ingress(port, vlans, replicator_.smallest_mtu());
  Run* run = runs_.data();
  std::uint64_t bytes = 0, station = 0;
  std::size_t count = 0;
  for (std::span<rte_mbuf*> rest = frames; !rest.empty(); rest = rest.subspan(count), ++run) {
    const auto* const first = rte_pktmbuf_mtod(rest[0], const std::uint8_t*);
    count = find_stream(rest, first, ingress, *run);
    if (count == 0) {
      count = 1;
      run->decision = classify(describe(rest[0]), port, vlans);
      run->bytes = rest[0]->pkt_len;
      run->count = 1;
      run->straight = run->known_station = false;
      if (run->decision.lane != Lane::kGroup) {
        bytes += run->bytes;
        if (run->decision.lane == Lane::kPunt) punts_.prefetch();
        continue;
      }
    }
    bytes += run->bytes;
    const VlanPolicy& policy = *run->decision.policy;
    const std::uint64_t sender = (load<std::uint64_t>(first + 6) << 16) | policy.id.value;
    run->known_station = sender == station;
    station = sender;
    run->where = groups_.where(policy.id, run->decision.group);
    groups_.prefetch(run->where);
  }
  const std::span<Run> runs(runs_.data(), run);
  PortCounts& counts = counts_.ports[port.value];
  counts.rx_packets.add(frames.size());
  counts.rx_bytes.add(bytes);
  if (!vlans.domains().empty()) prefetch_routed(runs, vlans);
  return runs;
}

// The entry that a run goes by, if there is one; it has been asked for long ago.
inline const EgressSet* Worker::look_up(const Run& run) const {
  const Fib::Hit hit = groups_.lookup(run.where, run.decision.source);
  static_assert(kBurst < FibCount::kMostPackets && kBurst * 0xFFFFu < FibCount::kMostBytes);
  if (hit.egress != nullptr) groups_.count(hit, run.count, run.bytes);
  return hit.egress;
}

void Worker::forward_all(std::span<rte_mbuf*> burst, std::span<Run> runs, PortId port,
                         const VlanTable& vlans) {
  // Neighbours that leave by the same ports, as they came, wait for each other.
  rte_mbuf** waiting = burst.data();
  PortSet together;  // their ports; none: nobody waits
  const auto send_waiting = [&](rte_mbuf** end) {
    if (!together.empty()) send({waiting, end}, together, port);
    waiting = end;
    together = PortSet{};
  };
  for (Run& run : runs) {
    const Decision& decision = run.decision;
    const std::span<rte_mbuf*> frames = burst.first(run.count);
    burst = burst.subspan(run.count);
    if (!run.known_station) {
      if (decision.lane == Lane::kDrop) {
        send_waiting(frames.data());
        drop(frames, port, decision.drop);
        continue;
      }
      learn(frames[0], *decision.policy, port);
    }
    // Bridged, to members, as it came: nearly all there is to do, so it has no more steps than it
    // needs. forward() does just the same.
    if (run.straight) [[likely]] {
      run.entry = look_up(run);
      if (run.entry != nullptr) [[likely]] {
        const VlanPolicy& policy = *decision.policy;
        const PortSet as_it_came = decision.tag_in_frame ? policy.tagged : policy.untagged;
        const PortSet egress =
            ((run.entry->members | policy.router_ports) & policy.up) - PortSet::of(port);
        if (!egress.empty() && (egress - as_it_came).empty()) [[likely]] {
          if (egress != together) {
            send_waiting(frames.data());
            together = egress;
          }
          continue;
        }
      }
    } else if (decision.lane == Lane::kGroup && decision.policy->restricted) {
      run.entry = look_up(run);
    } else {
      run.entry = nullptr;
    }
    send_waiting(frames.data());
    forward(frames, run, port, vlans);
  }
  send_waiting(burst.data());
}

// Out of the loop's way.
[[gnu::noinline]] void Worker::send(std::span<rte_mbuf*> frames, PortSet ports, PortId from) {
  replicator_.send_as_it_came(frames, ports);
  counts_.ports[from.value].forwarded.add(frames.size());
}

void Worker::learn(const rte_mbuf* mbuf, const VlanPolicy& policy, PortId port) {
  const auto* const mac = rte_pktmbuf_mtod(mbuf, const std::uint8_t*) + 6;
  switch (shared_.macs.learn(MacTable::key(policy.id, mac), port, now_s_)) {
    case MacTable::Learned::kMoved:
      mac_moves_.add(1);
      break;
    case MacTable::Learned::kNoRoom:
      mac_no_room_.add(1);
      break;
    default:
      break;
  }
}

void Worker::forward(std::span<rte_mbuf*> frames, Run& run, PortId port, const VlanTable& vlans) {
  Decision& decision = run.decision;
  if (decision.priority_tag) [[unlikely]] {
    // It says nothing but a priority: from here on the frame is an untagged one.
    if (rte_mbuf_refcnt_read(frames[0]) != 1 || !pop_tag(frames[0])) {
      return drop(frames[0], port, RxDrop::kRunt);
    }
    decision.tag_in_frame = false;
  }
  if (decision.lane == Lane::kGroup) return forward_group(frames, run, port, vlans);
  dispatch(frames[0], decision, port);
}

void Worker::dispatch(rte_mbuf* mbuf, const Decision& decision, PortId port) {
  switch (decision.lane) {
    case Lane::kUnicast:
      return forward_unicast(mbuf, decision, port);
    case Lane::kFloodAndShow:
      if (!admit(mbuf, decision, port)) {
        counts_.ports[port.value].not_shown.add(1);
        return flood(mbuf, decision, port);
      }
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
      if (!admit(mbuf, decision, port)) return drop(mbuf, port, drop_of(decision.punted));
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
  const VlanPolicy& policy = *run.decision.policy;
  const PortSet bridged = (bridged_egress(policy, run.entry) & policy.up) - PortSet::of(port);
  if (run.decision.routed) return forward_routed(frames, run, bridged, port, vlans);
  bridge_group(frames, run, bridged, port);
}

void Worker::bridge_group(std::span<rte_mbuf*> frames, const Run& run, PortSet bridged,
                          PortId port) {
  const Decision& decision = run.decision;
  const VlanPolicy& policy = *decision.policy;
  if (bridged.empty()) {
    const RxDrop why = nobody(policy, run.entry);
    if (why == RxDrop::kUnregisteredGroup) {
      unwanted_.note(policy.id, port, decision.group, decision.source, frames.size());
    }
    return drop(frames, port, why);
  }
  PortCounts& counts = counts_.ports[port.value];
  (floods(policy, run.entry) ? counts.flooded : counts.forwarded).add(frames.size());
  for (rte_mbuf* const mbuf : frames) {
    replicator_.send(mbuf, decision.tag_in_frame, decision.tci, policy, bridged);
  }
}

// To other networks, and inside its own VLAN as `bridged` says.
void Worker::forward_routed(std::span<rte_mbuf*> frames, const Run& run, PortSet bridged,
                            PortId port, const VlanTable& vlans) {
  const Decision& decision = run.decision;
  routed_.clear();
  const std::optional<RouteRefusal> refusal = find_routes(frames[0], run, vlans);
  if (refusal) {
    counts_.route_refused[static_cast<std::size_t>(*refusal)].add(frames.size());
    if (bridged.empty()) return drop(frames, port, drop_of(*refusal));
  }
  if (routed_.empty()) return bridge_group(frames, run, bridged, port);
  counts_.ports[port.value].routed.add(frames.size());
  for (rte_mbuf* const mbuf : frames) {
    replicator_.route(
        mbuf, {.tagged = decision.tag_in_frame, .tci = decision.tci, .keep = !bridged.empty()},
        vlans.own_mac(), routed_.all());
  }
  if (!bridged.empty()) return bridge_group(frames, run, bridged, port);
  counts_.ports[port.value].forwarded.add(frames.size());
}

// Two steps: the proxies' entries, and when their lines are there, those of the networks that they
// name.
void Worker::prefetch_routed(std::span<const Run> runs, const VlanTable& vlans) const {
  const auto where = [&](VlanId vlan, const Run& run) {
    return groups_.where(vlan, run.decision.group);
  };
  for (const Run& run : runs) {
    if (!run.decision.routed) continue;
    groups_.prefetch(where(vlans.domain(*run.decision.policy)->key, run));
  }
  for (const Run& run : runs) {
    if (!run.decision.routed) continue;
    const RouteDomain& domain = *vlans.domain(*run.decision.policy);
    const Fib::Hit hit = groups_.lookup(where(domain.key, run), Ipv4{});
    if (hit.egress == nullptr) continue;
    (hit.egress->members & domain.forwarding).for_each([&](PortId downstream) {
      groups_.prefetch(where(domain.downstreams[downstream.value], run));
    });
  }
}

// Collects in routed_ where else the frame goes, unless it is refused.
std::optional<RouteRefusal> Worker::find_routes(const rte_mbuf* mbuf, const Run& run,
                                                const VlanTable& vlans) {
  const Decision& decision = run.decision;
  const VlanPolicy& policy = *decision.policy;
  const auto* const bytes = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  const std::uint8_t ttl = bytes[kEthernet + (decision.tag_in_frame ? kTag : 0) + 8];
  if (std::memcmp(bytes + 6, vlans.own_mac().bytes.data(), 6) == 0) {
    return RouteRefusal::kOwnSource;  // what we routed ourselves comes back: a loop outside
  }
  const std::optional<RouteRefusal> refusal =
      route_refusal(*vlans.domain(policy), policy, decision.group, decision.source, ttl);
  if (refusal) return refusal;
  for_each_routed(
      vlans, policy, decision.group, decision.source,
      [&](VlanId vlan, Ipv4 group, Ipv4 source) {
        const Fib::Hit hit = groups_.lookup(groups_.where(vlan, group), source);
        if (hit.egress != nullptr) groups_.count(hit, run.count, run.bytes);
        return hit.egress;
      },
      [&](const VlanPolicy& to, PortSet ports) { routed_.add(to, ports); });
  return std::nullopt;
}

// False: [punt-limit] has had enough of its kind from this port, or in this VLAN.
bool Worker::admit(const rte_mbuf* mbuf, const Decision& decision, PortId port) {
  const PuntClass of = decision.punted;
  const unsigned tokens = of == PuntClass::kReports ? report_tokens(mbuf->pkt_len) : 1;
  const Admission admission =
      shared_.policer.admit(shared_.vlans.load().punt_shapes(), of, port, decision.policy->id,
                            tokens, shared_.punt_clock());
  if (admission == Admission::kAdmitted) return true;
  auto& counts =
      admission == Admission::kPortLimit ? counts_.over_port_limit : counts_.over_vlan_limit;
  counts[static_cast<std::size_t>(of)].add(1);
  return false;
}

void Worker::forward_unicast(rte_mbuf* mbuf, const Decision& decision, PortId port) {
  const auto* const mac = rte_pktmbuf_mtod(mbuf, const std::uint8_t*);
  const std::optional<PortId> to = shared_.macs.find(MacTable::key(decision.policy->id, mac));
  if (!to) return flood(mbuf, decision, port);
  if (*to == port) return drop(mbuf, port, RxDrop::kSamePort);
  const PortSet egress = PortSet::of(*to) & decision.policy->up;
  if (egress.empty()) return drop(mbuf, port, RxDrop::kNoEgressPort);
  counts_.ports[port.value].forwarded.add(1);
  replicator_.send(mbuf, decision.tag_in_frame, decision.tci, *decision.policy, egress);
}

void Worker::flood(rte_mbuf* mbuf, const Decision& decision, PortId port) {
  const VlanPolicy& policy = *decision.policy;
  const PortSet egress = policy.up - PortSet::of(port);
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
                                       .also_forwarded = also_forwarded,
                                       .of = decision.punted,
                                       .received = rte_rdtsc()});
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

bool Worker::send_injected(const VlanTable& vlans) {
  Inject inject;
  unsigned n = 0;
  for (; n < kBurst && injects_.pop(inject); ++n) {
    const VlanPolicy* const policy = vlans.find(inject.vlan);
    const PortSet egress = policy == nullptr ? PortSet{} : PortSet(inject.ports) & policy->up;
    if (egress.empty()) {
      counts_.injected_no_port.add(1);
      rte_pktmbuf_free(inject.mbuf);
      continue;
    }
    counts_.injected.add(1);
    replicator_.send(inject.mbuf, false, inject.tci, *policy, egress);
  }
  return n > 0;
}

void Worker::discard() {
  transmit_.discard();
  Punt punt;
  while (punts_.pop(punt)) rte_pktmbuf_free(punt.mbuf);
  Inject inject;
  while (injects_.pop(inject)) rte_pktmbuf_free(inject.mbuf);
}

}  // namespace sluice::dataplane
