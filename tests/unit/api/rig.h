// SPDX-License-Identifier: BSD-3-Clause
// A whole appliance without a data plane: the real switch, loop, dispatcher and forwarding table,
// with vectors for ports and rings and a clock that stands still until it is told to move.
// Ports p1, p2, p3 are access ports of VLAN 10; p4 carries it tagged; p5 carries VLAN 20 only.
#pragma once

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "control/api/dispatcher.h"
#include "control/api/json.h"
#include "control/igmp/codec.h"
#include "control/loop.h"

namespace sluice::control::api {

inline constexpr VlanId kTen{10};

struct InstantGrace : GracePeriod {
  std::uint64_t start() override { return 0; }
  bool passed(std::uint64_t) override { return true; }
};

struct FakePunts : PuntSource {
  struct Frame {
    PortId port;
    VlanId vlan;
    std::vector<std::uint8_t> bytes;
  };
  std::deque<Frame> frames;
  std::optional<std::chrono::steady_clock::time_point> received;  // the stamp of each

  std::size_t poll(std::size_t max, const Visit& visit) override {
    std::size_t count = 0;
    for (; count < max && !frames.empty(); ++count) {
      const Frame frame = std::move(frames.front());
      frames.pop_front();
      const PuntedFrame lent{frame.port, frame.vlan, 0, false, frame.bytes, received};
      visit({&lent, 1});
    }
    return count;
  }
};

struct FakeSink : FrameSink {
  std::vector<OutFrame> sent;
  bool full = false;

  bool send(const OutFrame& frame) override {
    if (!full) sent.push_back(frame);
    return !full;
  }
};

struct FakePublisher : VlanPublisher {
  std::unique_ptr<const VlanTable> table = std::make_unique<VlanTable>();
  int published = 0;

  void publish(std::unique_ptr<const VlanTable> next) override {
    table = std::move(next);
    ++published;
  }
  const VlanTable& current() const override { return *table; }
};

struct FakeView : DataplaneView {
  std::vector<std::pair<VlanId, PortSet>> flushed;
  int cleared = 0;

  unsigned workers() const override { return 2; }
  PortStatus port_status(PortId port) const override {
    return {true, 10000, MacAddress{{2, 0, 0, 0, 0, static_cast<std::uint8_t>(port.value + 1)}}};
  }
  PortCounters port_counters(PortId) const override {
    return {7, 700, 5, 500, {{"vlan_not_carried", 3}, {"too_short", 0}}, {{"tx_full", 1}}};
  }
  std::vector<NamedCount> counters() const override {
    return {{"worker_bursts_total{worker=\"0\"}", 9}};
  }
  std::vector<MacRow> macs() const override {
    return {{VlanId{20}, MacAddress{{2, 0, 0, 0, 9, 9}}, PortId{4}, 1.5},
            {kTen, MacAddress{{2, 0, 0, 0, 9, 8}}, PortId{0}, 0.5}};
  }
  void clear_counters() override { ++cleared; }
  void flush_macs(VlanId vlan, PortSet ports) override { flushed.emplace_back(vlan, ports); }
};

inline config::Config lab() {
  config::Config config;
  for (const char* name : {"p1", "p2", "p3", "p4", "p5"}) {
    config::Port port;
    port.name = name;
    port.device = std::string("net_null_") + name;
    config.ports.push_back(port);
  }
  for (std::size_t i = 0; i < 3; ++i) config.ports[i].access_vlan = kTen;
  config.ports[3].trunk_vlans = {kTen};
  config.ports[4].trunk_vlans = {VlanId{20}};
  config::Vlan ten{kTen, {}};
  ten.igmp_snooping.querier_source = ipv4(10, 77, 0, 254);
  ten.igmp_snooping.report_policy = config::ReportPolicy::kForward;
  config.vlans.push_back(ten);
  return config;
}

class Rig {
 public:
  explicit Rig(config::Config with = lab(), std::uint32_t entries = 1024)
      : config(std::move(with)),
        ports(names()),
        fib(entries, 2, grace),
        appliance(config, MacAddress{{2, 0, 0, 0, 0, 1}}, 1),
        dispatcher({"lab.toml", ports, [] { return 12.5; }}, commands),
        loop({config, appliance, fib, punts, sink, vlans, view, commands, feed, bell, ports,
              [this] { return now; },
              [this](const auto& visit) {
                for (const auto& [port, up] : std::exchange(link_changes, {})) visit(port, up);
              },
              [this](TimePoint) { ++maintained; }}) {
    for (std::uint16_t i = 0; i < ports.size(); ++i) link_changes.emplace_back(PortId{i}, true);
    loop.start();
  }

  // Moves the clock a tenth of a second at a time, as timers are due.
  void pass(Duration time) {
    for (const TimePoint end = now + time; now < end;) {
      now = std::min(end, now + std::chrono::milliseconds(100));
      while (loop.turn()) {
      }
    }
  }
  // Past the first query's response time: VLAN 10 restricts.
  void settle() { pass(std::chrono::seconds(11)); }

  template <class Message>
  void hear(std::uint16_t port, const Message& message, Ipv4 from, VlanId vlan = kTen) {
    const igmp::Origin origin{MacAddress{{2, 0, 0, 0, 1, static_cast<std::uint8_t>(port)}}, from};
    punts.frames.push_back({PortId{port}, vlan, igmp::encode(message, origin)});
    while (loop.turn()) {
    }
  }
  void join(std::uint16_t port, Ipv4 group, Ipv4 from) {
    hear(port, record(igmp::RecordType::kChangeToExcludeMode, group, {}), from);
  }
  static igmp::V3Report<Ipv4> record(igmp::RecordType type, Ipv4 group,
                                     igmp::SourceSet<Ipv4> sources) {
    return {{{type, group, std::move(sources)}}};
  }
  void hear_querier(std::uint16_t port, Ipv4 from) {
    igmp::Query<Ipv4> query;
    query.max_response_time = std::chrono::seconds(10);
    query.robustness_variable = 2;
    query.query_interval = std::chrono::seconds(125);
    hear(port, query, from);
  }

  // As a client would: the answer is made on another thread while the loop turns on this one.
  Dispatcher::Answer answer(const std::string& line) {
    auto answer = std::async(std::launch::async, [&] { return dispatcher.answer(line); });
    while (answer.wait_for(std::chrono::microseconds(50)) != std::future_status::ready) loop.turn();
    return answer.get();
  }
  Json ask(const std::string& line) { return Json::parse(answer(line).line); }
  Json result(const std::string& line) {
    const Json json = ask(line);
    return json.value("ok", false) ? json["result"] : json;
  }
  std::string refusal(const std::string& line) {
    const Json json = ask(line);
    return json["ok"].get<bool>() ? "" : json["error"].get<std::string>();
  }

  config::Config config;
  PortNames ports;
  InstantGrace grace;
  Fib fib;
  FakePunts punts;
  FakeSink sink;
  FakePublisher vlans;
  FakeView view;
  control::Appliance appliance;
  Doorbell bell;
  CommandQueue commands{bell};
  EventFeed feed;
  Dispatcher dispatcher;
  TimePoint now{};
  std::vector<std::pair<PortId, bool>> link_changes;
  int maintained = 0;
  Loop loop;

 private:
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const config::Port& port : config.ports) names.push_back(port.name);
    return names;
  }
};

}  // namespace sluice::control::api
