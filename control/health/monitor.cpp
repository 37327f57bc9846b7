// SPDX-License-Identifier: BSD-3-Clause
// The monitor's turn, and what it looks at in the data plane. The network is in network.cpp.
#include "control/health/monitor.h"

#include <algorithm>
#include <utility>

namespace sluice::control::health {

bool Monitor::Walk::due(TimePoint now) {
  if (!under_way && now < next) return false;
  if (!under_way) began = now;
  under_way = true;
  return true;
}

void Monitor::Walk::end(TimePoint now) {
  under_way = false;
  took = now - began;
  next = began + kRound;
}

Hold Monitor::lasting() const {
  return {parts_.config.alarms.raise_after, parts_.config.alarms.clear_after};
}

Hold Monitor::at_once(Duration extra) const {
  return {Duration{0}, parts_.config.alarms.clear_after + extra};
}

bool Monitor::near_limit(std::uint64_t used, std::uint64_t capacity) const {
  return capacity != 0 && used * 100 >= capacity * parts_.config.alarms.near_limit;
}

void Monitor::advance(TimePoint now, std::vector<Transition>& changes) {
  look_at_vlans(now);
  look_at_groups(now);
  look_at_memberships(now);
  look_at_dataplane(now);
  look_at_next_port(now);
  if (now < next_settling_) return;
  next_settling_ = now + kRound;
  alarms_.settle(now, changes);
}

// --- The data plane
// ------------------------------------------------------------------------------

void Monitor::look_at_dataplane(TimePoint now) {
  if (!dataplane_.due(now)) return;
  const DataplaneHealth health = parts_.view.health();
  look_at_workers(health, now);
  look_at_tables(health, now);
  look_at_unwanted(now);
  dataplane_.end(now);
}

// Who finds at nearly every poll as many frames as one takes leaves some behind each time.
void Monitor::look_at_workers(const DataplaneHealth& health, TimePoint now) {
  constexpr std::uint64_t kLeastPolls = 100;
  for (std::size_t i = 0; i < health.workers.size() && i < workers_.size(); ++i) {
    const std::uint64_t polls = health.workers[i].polls - workers_[i].polls;
    const std::uint64_t full = health.workers[i].full_bursts - workers_[i].full_bursts;
    if (polls < kLeastPolls || full * 10 < polls * 9) continue;
    const std::string number = std::to_string(i);
    alarms_.sight({.kind = Kind::kWorkerBehind, .worker = static_cast<unsigned>(i)}, lasting(), now,
                  {"Worker " + number +
                       " finds a full burst of frames at nearly every poll, so it "
                       "is as fast as it can be.",
                   "Give it less to do: add cores to worker-cores, or queues to its ports."});
  }
  workers_ = health.workers;
  alarms_.end_round(Kind::kWorkerBehind);
}

void Monitor::look_at_tables(const DataplaneHealth& health, TimePoint now) {
  const auto look = [&](Kind kind, std::uint64_t used, std::uint64_t capacity, const char* what,
                        const char* remedy) {
    if (near_limit(used, capacity)) {
      alarms_.sight(
          {.kind = kind}, lasting(), now,
          {std::to_string(used) + " of " + std::to_string(capacity) + " " + what + " are in use.",
           remedy});
    }
    alarms_.end_round(kind);
  };
  look(Kind::kFibNearLimit, parts_.fib.size(), parts_.fib.capacity(), "forwarding entries",
       "Raise group-entries in [dataplane], or limit what ports may join by max-groups.");
  look(Kind::kMacTableNearLimit, health.macs, health.mac_capacity, "MAC table entries",
       "Raise mac-entries in [dataplane], or find the port that many addresses come from by "
       "sluicectl show macs.");
  look(Kind::kMbufsNearLimit, health.mbufs, health.mbuf_capacity, "packet buffers",
       "Raise mbufs in [dataplane], and look for a port whose transmit queue does not drain.");
}

void Monitor::look_at_unwanted(TimePoint now) {
  for (const UnwantedStream& stream : parts_.view.take_unwanted()) {
    const std::string group = to_string(stream.group);
    const std::string vlan = std::to_string(stream.vlan.value);
    alarms_.sight({.kind = Kind::kUnregisteredDropped, .vlan = stream.vlan, .group = stream.group},
                  lasting(), now,
                  {.cause = to_string(stream.source) + " on " + parts_.port_name(stream.port) +
                            " sends " + group + " into VLAN " + vlan +
                            ", where nobody has joined it and unregistered = \"drop\".",
                   .remedy = "Find out why its viewers do not join, add a static group, or stop "
                             "the source.",
                   .source = stream.source});
  }
  alarms_.end_round(Kind::kUnregisteredDropped);
}

void Monitor::look_at_next_port(TimePoint now) {
  const std::size_t count = parts_.config.ports.size();
  if (count == 0) return;
  ports_.resize(count);
  if (next_port_ >= count) {
    next_port_ = 0;
    for (const Kind kind : {Kind::kRxMissed, Kind::kPuntRingFull}) alarms_.end_round(kind);
  }
  const PortId id{static_cast<std::uint16_t>(next_port_)};
  PortSeen& port = ports_[next_port_++];
  const PortLosses was = std::exchange(port.losses, parts_.view.losses(id));
  if (!std::exchange(port.known, true)) return;
  const std::string name = parts_.port_name(id);
  if (port.losses.missed > was.missed) {
    alarms_.sight({.kind = Kind::kRxMissed, .port = id}, at_once(), now,
                  {"The device of " + name +
                       " has lost received frames, because its worker did "
                       "not fetch them in time.",
                   "Give the port's worker less to do: add cores to worker-cores, and let nothing "
                   "else run on them."});
  }
  if (port.losses.punt_ring_full > was.punt_ring_full) {
    alarms_.sight({.kind = Kind::kPuntRingFull, .port = id}, at_once(), now,
                  {"IGMP and PIM frames that came in by " + name +
                       " were lost, because the "
                       "control thread is behind.",
                   "Find who floods " + name +
                       " with reports, lower its share by [punt-limit], "
                       "and let nothing else run on main-core."});
  }
}

std::vector<NamedCount> Monitor::counters() const {
  std::vector<NamedCount> counts;
  for (const Alarm& alarm : alarms_.active()) {
    std::string label = "{name=\"" + std::string(alarm.name) + "\"";
    if (alarm.vlan) label += ",vlan=\"" + std::to_string(alarm.vlan->value) + "\"";
    if (alarm.port) label += ",port=\"" + parts_.port_name(*alarm.port) + "\"";
    if (alarm.group) label += ",group=\"" + to_string(*alarm.group) + "\"";
    if (alarm.worker) label += ",worker=\"" + std::to_string(*alarm.worker) + "\"";
    counts.push_back({"alarm_active" + label + "}", 1});
  }
  counts.push_back({"alarms_not_listed", alarms_.not_listed()});
  counts.push_back({"alarms_raised_total", alarms_.raised_total()});
  return counts;
}

}  // namespace sluice::control::health
