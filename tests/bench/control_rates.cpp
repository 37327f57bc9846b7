// SPDX-License-Identifier: BSD-3-Clause
// What the control plane takes: new joins and refreshing reports per second, and what a membership
// costs in memory. All of it is the real code: a Worker on the second core, given frames as a port
// would, hands them up; the Loop on the first core decodes, keeps state, publishes. Only the wire
// is not there: the frames are in memory, the ports are net_null's.
//
//   control_rates [--cores 0,1] [--groups 65536] [--ports 8] [--rounds 5] [--only joins-v2,...]
//
// Prints one JSON object; progress goes to stderr. tests/bench/control.py reads it.
#include <malloc.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <nlohmann/json.hpp>
#include <random>

#include "control/igmp/codec.h"
#include "control/loop.h"
#include "dataplane/eal.h"
#include "dataplane/exchange.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"

namespace sluice {
namespace {

using control::igmp::GroupRecord;
using control::igmp::RecordType;
using dataplane::Worker;
using Clock = std::chrono::steady_clock;

constexpr VlanId kVlan{10};
constexpr std::uint32_t kFirstGroup = ipv4(239, 1, 0, 0).value;
constexpr std::size_t kFrameRecords = 182;  // in a report of 1,500 bytes

template <class T>
T or_exit(Result<T> result) {
  if (result) return std::move(*result);
  std::cerr << result.error().what << '\n';
  std::exit(1);
}

struct Options {
  std::vector<unsigned> cores = {0, 1};
  std::uint32_t groups = 65536;
  std::uint16_t ports = 8;
  unsigned rounds = 5;
  std::vector<std::string> only;

  bool wants(const std::string& name) const {
    return only.empty() || std::ranges::find(only, name) != only.end();
  }
  PortSet members() const { return PortSet((std::uint64_t{1} << ports) - 1); }
  PortId router() const { return PortId{ports}; }  // one port more
};

// --- Frames --------------------------------------------------------------------------------------

// Reports in the order in which they come in, each of one host per port.
struct Reports {
  struct Frame {
    std::uint32_t at;
    std::uint16_t size;
    PortId port;
    std::uint16_t records;
  };
  std::vector<std::uint8_t> bytes;
  std::vector<Frame> frames;
  std::size_t records = 0;

  template <class Message>
  void add(const Message& message, PortId port, std::size_t count) {
    const auto host = static_cast<std::uint8_t>(port.value + 1);
    std::vector<std::uint8_t> frame =
        control::igmp::encode(message, {MacAddress{{2, 0, 0, 0, 1, host}}, ipv4(10, 77, 0, host)});
    frame.resize(std::max<std::size_t>(frame.size(), 60));  // as Ethernet pads it
    frames.push_back({static_cast<std::uint32_t>(bytes.size()),
                      static_cast<std::uint16_t>(frame.size()), port,
                      static_cast<std::uint16_t>(count)});
    bytes.insert(bytes.end(), frame.begin(), frame.end());
    records += count;
  }
};

std::vector<Ipv4> shuffled(std::uint32_t groups, unsigned seed) {
  std::vector<Ipv4> all(groups);
  for (std::uint32_t i = 0; i < groups; ++i) all[i] = Ipv4{kFirstGroup + i};
  std::shuffle(all.begin(), all.end(), std::mt19937(seed));
  return all;
}

// Every group once by each of the ports, in random order; the ports take turns.
Reports v2_reports(const Options& options, std::uint16_t ports, unsigned seed) {
  Reports reports;
  std::vector<std::vector<Ipv4>> orders;
  for (std::uint16_t p = 0; p < ports; ++p) orders.push_back(shuffled(options.groups, seed + p));
  for (std::size_t from = 0; from < options.groups; from += Worker::kBurst) {
    const auto to = std::min<std::size_t>(from + Worker::kBurst, options.groups);
    for (std::uint16_t p = 0; p < ports; ++p) {
      for (std::size_t i = from; i < to; ++i) {
        reports.add(control::igmp::V2Report<Ipv4>{orders[p][i]}, PortId{p}, 1);
      }
    }
  }
  return reports;
}

Reports v3_reports(const Options& options, std::uint16_t ports, RecordType type, unsigned seed) {
  Reports reports;
  std::vector<std::vector<Ipv4>> orders;
  for (std::uint16_t p = 0; p < ports; ++p) orders.push_back(shuffled(options.groups, seed + p));
  for (std::size_t from = 0; from < options.groups; from += kFrameRecords) {
    const auto to = std::min<std::size_t>(from + kFrameRecords, options.groups);
    for (std::uint16_t p = 0; p < ports; ++p) {
      control::igmp::V3Report<Ipv4> report;
      for (std::size_t i = from; i < to; ++i) {
        report.records.push_back(GroupRecord<Ipv4>{type, orders[p][i], {}});
      }
      reports.add(report, PortId{p}, to - from);
    }
  }
  return reports;
}

// --- The planes ----------------------------------------------------------------------------------

// EAL and its ports: once per process, as EAL wants it.
struct Ports {
  std::unique_ptr<dataplane::Eal> eal;
  rte_mempool* buffers = nullptr;
  rte_mempool* headers = nullptr;
  std::vector<std::unique_ptr<dataplane::Port>> all;

  explicit Ports(const Options& options) {
    constexpr unsigned kBuffers = 16383;
    config::Config config;
    config.dataplane.main_core = options.cores[0];
    config.dataplane.worker_cores = {options.cores[1]};
    config.dataplane.eal_args = {"--file-prefix=sluice-control-rates"};
    const auto memory =
        or_exit(dataplane::plan_memory(config::HugePages::kAuto, std::size_t{128} << 20));
    eal = or_exit(dataplane::Eal::start(config, memory, 128));
    buffers = rte_pktmbuf_pool_create("buffers", kBuffers, 256, 0, 2176, SOCKET_ID_ANY);
    headers = rte_pktmbuf_pool_create("headers", 4095, 256, 0, 192, SOCKET_ID_ANY);
    if (buffers == nullptr || headers == nullptr) {
      std::cerr << "no memory for " << kBuffers << " packet buffers\n";
      std::exit(1);
    }
    for (std::uint16_t i = 0; i <= options.ports; ++i) {
      config::Port port;
      port.name = "p" + std::to_string(i);
      port.device = "net_null" + std::to_string(i);
      all.push_back(or_exit(dataplane::Port::probe(port, PortId{i})));
      if (!all.back()->configure(1, buffers) || !all.back()->start()) std::exit(1);
    }
  }
};

struct NoView : DataplaneView {
  unsigned workers() const override { return 1; }
  PortStatus port_status(PortId) const override { return {}; }
  PortCounters port_counters(PortId) const override { return {}; }
  std::vector<NamedCount> counters() const override { return {}; }
  std::vector<MacRow> macs() const override { return {}; }
  void clear_counters() override {}
  void flush_macs(VlanId, PortSet) override {}
};

struct Variant {
  bool tracking = true;
  config::ReportPolicy policy = config::ReportPolicy::kProxy;
  bool router = false;  // on a port of its own
};

config::Config configure(const Options& options, const Variant& variant) {
  config::Config config;
  for (std::uint16_t i = 0; i <= options.ports; ++i) {
    config::Port port;
    port.name = "p" + std::to_string(i);
    port.access_vlan = kVlan;
    config.ports.push_back(port);
  }
  config::Vlan vlan{kVlan, {}};
  vlan.igmp_snooping.querier_source = ipv4(10, 77, 0, 254);
  vlan.igmp_snooping.explicit_tracking = variant.tracking;
  vlan.igmp_snooping.report_policy = variant.policy;
  if (variant.router) vlan.igmp_snooping.router_ports = {options.router()};
  config.vlans.push_back(vlan);
  for (PuntLimit& limit : config.punt_limits) limit = {};  // what it can do, not what it may
  config.dataplane.group_entries = std::max<std::uint32_t>(options.groups, 1024);
  return config;
}

// An appliance with one worker, as control/main.cpp puts it together, but for the wire.
class Box {
 public:
  Box(Ports& ports, const Options& options, const Variant& variant)
      : ports_(ports),
        config_(configure(options, variant)),
        fib_(config_.dataplane.group_entries, 1, qsbr_),
        port_count_(static_cast<std::uint16_t>(options.ports + 1)) {
    traits_.mtu.fill(1500);
    traits_.smallest_mtu = 1500;
    traits_.takes_segments = PortSet(~std::uint64_t{0});
    for (const auto& port : ports.all) workers_[0]->add_port(*port);
    loop_.start();
    rte_eal_remote_launch(
        [](void* self) {
          static_cast<Box*>(self)->work();
          return 0;
        },
        this, 1);
    run_dry();
  }
  ~Box() {
    stop_ = true;
    rte_eal_mp_wait_lcore();
    workers_[0]->discard();
  }
  Box(const Box&) = delete;
  Box& operator=(const Box&) = delete;

  struct Trial {
    double seconds = 0;         // from the first frame to the last effect
    std::uint64_t refused = 0;  // the punt ring was full
    bool disturbed = false;     // another program had the control thread's core meanwhile
  };
  // `rate` in records per second; 0: as fast as they are taken, the ring never over half full.
  Trial run(const Reports& reports, double rate) {
    const std::uint64_t refused = refused_frames();
    const long switches = involuntary_switches();
    frames_per_tick_ = rate * static_cast<double>(reports.frames.size()) /
                       static_cast<double>(reports.records) / static_cast<double>(rte_get_tsc_hz());
    const auto started = Clock::now();
    given_.store(&reports, std::memory_order_release);
    auto done = started;
    while (given_.load(std::memory_order_acquire) != nullptr) {
      if (loop_.turn()) done = Clock::now();
    }
    while (loop_.turn()) done = Clock::now();
    return {std::chrono::duration<double>(done - started).count(), refused_frames() - refused,
            involuntary_switches() != switches};
  }

  // How many of the groups do not have just these ports in the forwarding table.
  std::uint32_t missing(std::uint32_t groups, PortSet members) const {
    std::uint32_t missing = 0;
    for (std::uint32_t i = 0; i < groups; ++i) {
      const auto row = fib_.find({kVlan, Ipv4{kFirstGroup + i}, Ipv4{}});
      missing += !row || row->egress.members != members;
    }
    return missing;
  }
  std::uint64_t counter(const std::string& name) const {
    for (const NamedCount& count : appliance_.snooper().counters()) {
      if (count.name == name) return count.value;
    }
    return 0;
  }

 private:
  std::vector<std::unique_ptr<Worker>> one_worker() {
    std::vector<std::unique_ptr<Worker>> workers;
    workers.push_back(std::make_unique<Worker>(
        0, dataplane::WorkerShared{qsbr_, vlans_, fib_, macs_, traits_, ports_.buffers,
                                   ports_.headers, stop_, policer_, &bell_}));
    return workers;
  }

  // The second core: a worker whose port is a list of frames.
  void work() {
    Worker& worker = *workers_[0];
    qsbr_.join(0);
    while (!stop_.load(std::memory_order_relaxed)) {
      if (const Reports* reports = given_.load(std::memory_order_acquire)) {
        feed(worker, *reports);
        given_.store(nullptr, std::memory_order_release);
      }
      round(worker);
    }
    qsbr_.leave(0);
  }

  void round(Worker& worker) {
    worker.send_injected(vlans_.load());
    worker.flush();
    qsbr_.quiescent(0);
  }

  void feed(Worker& worker, const Reports& reports) {
    const std::uint64_t began = rte_rdtsc();
    for (std::size_t next = 0; next < reports.frames.size();) {
      std::size_t due = reports.frames.size();
      if (frames_per_tick_ > 0) {
        due = std::min<std::size_t>(
            due, 1 + static_cast<std::size_t>(static_cast<double>(rte_rdtsc() - began) *
                                              frames_per_tick_));
      } else if (worker.punts().free_places() <= dataplane::kRingFrames / 2 + Worker::kBurst) {
        due = next;
      }
      if (due == next) {
        round(worker);
        continue;
      }
      next = receive(worker, reports, next, due);
      round(worker);
    }
  }

  // A burst from one port, of what is due.
  std::size_t receive(Worker& worker, const Reports& reports, std::size_t from, std::size_t due) {
    const PortId port = reports.frames[from].port;
    rte_mbuf* burst[Worker::kBurst];
    std::size_t count = 0;
    while (count < Worker::kBurst && from + count < due &&
           reports.frames[from + count].port == port) {
      ++count;
    }
    if (rte_pktmbuf_alloc_bulk(ports_.buffers, burst, static_cast<unsigned>(count)) != 0) {
      return from;  // all are on their way; soon some come back
    }
    for (std::size_t i = 0; i < count; ++i) {
      const Reports::Frame& frame = reports.frames[from + i];
      std::memcpy(rte_pktmbuf_append(burst[i], frame.size), &reports.bytes[frame.at], frame.size);
    }
    worker.process(port, {burst, count}, vlans_.load(), 1);
    return from + count;
  }

  void run_dry() {
    const auto until = Clock::now() + std::chrono::milliseconds(20);
    while (Clock::now() < until) loop_.turn();
  }
  std::uint64_t refused_frames() const {
    std::uint64_t sum = 0;
    for (std::uint16_t i = 0; i < port_count_; ++i) {
      sum += workers_[0]->counts().ports[i][dataplane::RxDrop::kPuntRingFull].read();
    }
    return sum;
  }

  static long involuntary_switches() {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nivcsw;
  }

  Ports& ports_;
  config::Config config_;
  dataplane::Qsbr qsbr_{1};
  dataplane::RcuVlanPublisher vlans_{qsbr_};
  Fib fib_;
  dataplane::MacTable macs_{1024};
  dataplane::PortTraits traits_;
  std::atomic<bool> stop_{false};
  dataplane::Policer policer_;
  Doorbell bell_;
  const std::vector<std::unique_ptr<Worker>> workers_ = one_worker();
  dataplane::Exchange exchange_{workers_, ports_.buffers};
  NoView view_;
  control::Appliance appliance_{config_, MacAddress{{2, 0, 0, 0, 0, 1}}, 1};
  control::api::CommandQueue commands_{bell_};
  control::api::EventFeed feed_;
  control::api::PortNames names_{{}};
  std::uint16_t port_count_;
  bool links_told_ = false;
  const Clock::time_point started_ = Clock::now();
  control::Loop loop_{{.config = config_,
                       .appliance = appliance_,
                       .fib = fib_,
                       .punts = exchange_,
                       .frames = exchange_,
                       .vlans = vlans_,
                       .view = view_,
                       .commands = commands_,
                       .feed = feed_,
                       .bell = bell_,
                       .ports = names_,
                       .clock =
                           [this] {
                             return TimePoint(
                                 std::chrono::duration_cast<Duration>(Clock::now() - started_));
                           },
                       .poll_links =
                           [this](const auto& visit) {
                             if (std::exchange(links_told_, true)) return;
                             for (std::uint16_t i = 0; i < port_count_; ++i) visit(PortId{i}, true);
                           },
                       .maintain =
                           [this](TimePoint) {
                             fib_.reclaim();
                             vlans_.reclaim();
                           }}};
  std::atomic<const Reports*> given_{nullptr};
  double frames_per_tick_ = 0;
};

// --- Measuring -----------------------------------------------------------------------------------

nlohmann::json summary(std::vector<double> rates) {
  std::sort(rates.begin(), rates.end());
  return {{"median", rates[rates.size() / 2]}, {"min", rates.front()}, {"max", rates.back()}};
}

[[noreturn]] void wrong(const std::string& what) {
  std::cerr << what << '\n';
  std::exit(1);
}

// Each group once, by one port, into an empty table. Rates are records from the first frame to the
// last entry, every entry looked up at the end. `taken`: the worker waits for room in the ring.
// `paced`: it does not; the highest rate offered of which nothing was lost.
nlohmann::json joins(Ports& ports, const Options& options, const Reports& reports,
                     const Variant& variant) {
  const auto trial = [&](double rate) {
    Box box(ports, options, variant);
    const Box::Trial result = box.run(reports, rate);
    if (result.refused == 0 && box.missing(options.groups, PortSet(1)) != 0)
      wrong("a group is lost");
    return result;
  };
  const auto records = static_cast<double>(reports.records);
  std::vector<double> taken;
  for (unsigned i = 0; i < options.rounds; ++i) taken.push_back(records / trial(0).seconds);
  nlohmann::json result = {{"taken", summary(taken)}};
  // What is lost because somebody else had the core says nothing: tried again, but not for ever.
  constexpr unsigned kTrials = 3, kAttempts = 12;
  for (double offered = 1.2 * result["taken"]["max"].get<double>();; offered *= 0.95) {
    std::vector<double> paced;
    bool lost = false;
    for (unsigned i = 0; i < kAttempts && !lost && paced.size() < kTrials; ++i) {
      const Box::Trial one = trial(offered);
      if (one.refused == 0) {
        paced.push_back(records / one.seconds);
      } else {
        lost = !one.disturbed;
      }
    }
    if (lost || paced.empty()) continue;
    result["offered"] = offered;
    result["paced"] = summary(paced);
    return result;
  }
}

// All groups of all ports again and again.
nlohmann::json refresh(Ports& ports, const Options& options, const Reports& first,
                       const Reports& again, const Variant& variant, const char* type) {
  Box box(ports, options, variant);
  if (box.run(first, 0).refused != 0) wrong("a report was lost with room for it");
  const std::string received =
      std::string("igmp_received_total{vlan=\"10\",type=\"") + type + "\"}";
  const std::uint64_t before = box.counter(received);
  std::vector<double> taken;
  for (unsigned i = 0; i < options.rounds; ++i) {
    taken.push_back(static_cast<double>(again.records) / box.run(again, 0).seconds);
  }
  if (box.counter(received) - before != std::uint64_t{options.rounds} * again.frames.size()) {
    wrong("a report was lost");
  }
  if (box.missing(options.groups, options.members()) != 0) wrong("a group is lost");
  return {{"taken", summary(taken)}, {"records_per_report", again.records / again.frames.size()}};
}

struct Memory {
  std::size_t heap, resident;

  static Memory now() {
    const struct mallinfo2 info = mallinfo2();
    std::size_t pages = 0, resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
      if (std::fscanf(file, "%zu %zu", &pages, &resident) != 2) resident = 0;
      std::fclose(file);
    }
    return {info.uordblks + info.hblkhd, resident * static_cast<std::size_t>(getpagesize())};
  }
};

// What the heap grows by, and the forwarding table's share of its mapping: it is made at the start.
nlohmann::json memory(Ports& ports, const Options& options, const Reports& reports,
                      const Variant& variant) {
  malloc_trim(0);
  Box box(ports, options, variant);
  const Memory before = Memory::now();
  if (box.run(reports, 0).refused != 0) wrong("a report was lost with room for it");
  const Memory after = Memory::now();
  const auto memberships = static_cast<double>(box.counter("snooping_memberships"));
  if (memberships != static_cast<double>(options.groups) * options.ports) wrong("a group is lost");
  const Memory fib_before = Memory::now();
  dataplane::Qsbr qsbr(1);
  const Fib fib(options.groups, 1, qsbr);
  const Memory fib_after = Memory::now();
  const double table = static_cast<double>(fib_after.resident - fib_before.resident);
  const auto per = [&](std::size_t to, std::size_t from) {
    return static_cast<double>(static_cast<std::int64_t>(to - from)) / memberships;
  };
  return {{"heap", per(after.heap, before.heap)},
          {"resident", per(after.resident, before.resident)},
          {"forwarding_table", table / memberships},
          {"total", per(after.heap, before.heap) + table / memberships},
          {"memberships", memberships}};
}

int run(const Options& options) {
  Ports ports(options);
  nlohmann::json all;
  const auto measure = [&](const char* name, auto what) {
    if (!options.wants(name)) return;
    std::cerr << "control_rates: " << name << '\n';
    all[name] = what();
  };
  const Variant plain{}, router{.router = true}, untracked{.tracking = false};
  const Variant forward{.policy = config::ReportPolicy::kForward};
  const Reports one_v2 = v2_reports(options, 1, 1);
  const Reports one_v3 = v3_reports(options, 1, RecordType::kChangeToExcludeMode, 1);
  measure("joins-v2", [&] { return joins(ports, options, one_v2, plain); });
  measure("joins-v3", [&] { return joins(ports, options, one_v3, plain); });
  measure("joins-v2-router", [&] { return joins(ports, options, one_v2, router); });
  measure("joins-v3-router", [&] { return joins(ports, options, one_v3, router); });
  measure("joins-v2-forward", [&] { return joins(ports, options, one_v2, forward); });
  const std::uint16_t n = options.ports;
  const Reports all_v3 = v3_reports(options, n, RecordType::kChangeToExcludeMode, 1);
  measure("refresh-v3", [&] {
    return refresh(ports, options, all_v3, v3_reports(options, n, RecordType::kModeIsExclude, 100),
                   plain, "report_v3");
  });
  measure("refresh-v2", [&] {
    return refresh(ports, options, v2_reports(options, n, 1), v2_reports(options, n, 100), plain,
                   "report_v2");
  });
  measure("memory", [&] { return memory(ports, options, all_v3, plain); });
  measure("memory-untracked", [&] { return memory(ports, options, all_v3, untracked); });
  std::cout << all.dump(1) << '\n';
  return 0;
}

}  // namespace
}  // namespace sluice

int main(int argc, char** argv) {
  sluice::Options options;
  CLI::App app("Rates and memory of the control plane, as JSON", "control_rates");
  app.add_option("--cores", options.cores, "control thread's and worker's core")
      ->delimiter(',')
      ->expected(2);
  app.add_option("--groups", options.groups)->check(CLI::Range(1, 1 << 20));
  app.add_option("--ports", options.ports)->check(CLI::Range(1, 30));
  app.add_option("--rounds", options.rounds)->check(CLI::Range(1, 100));
  app.add_option("--only", options.only, "names, with commas")->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  return sluice::run(options);
}
