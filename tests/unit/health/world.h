// SPDX-License-Identifier: BSD-3-Clause
// A switch, a forwarding table and a data plane of numbers under the monitor, in virtual time. VLAN
// 10 has the ports p0 to p3, p3 leads to routers.
#pragma once

#include <set>
#include <string>

#include "control/health/monitor.h"
#include "tests/unit/snooping/world.h"

namespace sluice::control::health {

using igmp::RecordType;
using igmp::Version;
using snooping::general_query;
using snooping::kGroup;
using snooping::kHighRouter;
using snooping::kHost;
using snooping::kLowRouter;
using snooping::kRouter;
using snooping::kVlan;
using snooping::record;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct InstantGrace : GracePeriod {
  std::uint64_t start() override { return 0; }
  bool passed(std::uint64_t) override { return true; }
};

struct Figures : DataplaneView {
  DataplaneHealth figures;
  std::array<PortLosses, 4> lost{};
  std::vector<UnwantedStream> unwanted;

  unsigned workers() const override { return 1; }
  PortStatus port_status(PortId) const override { return {}; }
  PortCounters port_counters(PortId) const override { return {}; }
  std::vector<NamedCount> counters() const override { return {}; }
  std::vector<MacRow> macs() const override { return {}; }
  void clear_counters() override {}
  void flush_macs(VlanId, PortSet) override {}
  DataplaneHealth health() const override { return figures; }
  PortLosses losses(PortId port) const override { return lost[port.value]; }
  std::vector<UnwantedStream> take_unwanted() override { return unwanted; }
};

class HealthWorld {
 public:
  using Set = snooping::World::Set;

  explicit HealthWorld(const Set& set = {}) : HealthWorld(snooping::World::configure(set)) {}
  explicit HealthWorld(const config::Config& c)
      : config(c),
        switched(c),
        monitor({.config = config,
                 .snooper = switched.sw,
                 .fib = fib,
                 .view = plane,
                 .port_name = [](PortId port) { return "p" + std::to_string(port.value); }}) {
    publish();
  }

  // As the loop does: the switch's timers, and the monitor 20 times a second.
  void pass(Duration time) {
    for (const TimePoint end = switched.now + time; switched.now < end;) {
      switched.wait(milliseconds(50));
      publish();
      const std::size_t before = changes.size();
      monitor.advance(switched.now, changes);
      for (std::size_t i = before; i < changes.size(); ++i) {
        ++(changes[i].raised ? raised : cleared);
      }
    }
  }
  template <class M>
  void hear(std::uint16_t port, const M& message, Ipv4 source = kHost) {
    switched.hear(port, message, source);
    publish();
  }
  std::set<std::string> active() const {
    std::set<std::string> names;
    for (const Alarm& alarm : monitor.alarms().active()) names.emplace(alarm.name);
    return names;
  }
  std::optional<Alarm> find(std::string_view name) const {
    for (const Alarm& alarm : monitor.alarms().active()) {
      if (alarm.name == name) return alarm;
    }
    return std::nullopt;
  }
  // A worker forwards a frame.
  void count(Ipv4 group, Ipv4 source) {
    Fib::Reader reader(fib, 0);
    const Fib::Hit hit = reader.lookup(reader.where(kVlan, group), source);
    ASSERT_NE(hit.egress, nullptr);
    reader.count(hit, 1, 100);
  }

  config::Config config;
  snooping::World switched;
  InstantGrace grace;
  Fib fib{1024, 1, grace};
  Figures plane;
  Monitor monitor;
  std::vector<Transition> changes;
  int raised = 0, cleared = 0;

 private:
  // What the loop would have done with the Effects so far.
  void publish() {
    for (const snooping::FibChange& change : switched.out.fib) {
      if (change.members) {
        ASSERT_TRUE(fib.set(change.key, {*change.members}));
      } else {
        fib.erase(change.key);
      }
    }
    switched.out.fib.clear();
  }
};

}  // namespace sluice::control::health
