// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/dataplane.h"

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <vector>

#include "dataplane/eal.h"
#include "dataplane/exchange.h"
#include "dataplane/port.h"
#include "dataplane/view.h"
#include "dataplane/worker.h"

namespace sluice::dataplane {
namespace {

constexpr unsigned kPoolCache = 256;
constexpr std::uint32_t kLeastHeaders = 16384;
constexpr std::size_t kHugePage = std::size_t{2} << 20, kOrdinaryPage = 4096;
constexpr std::uint16_t kHeaderRoom = RTE_PKTMBUF_HEADROOM + 64;
constexpr std::uint32_t kMacPlacesPerCall = 4096;

struct PoolFree {
  void operator()(rte_mempool* pool) const { rte_mempool_free(pool); }
};
using Pool = std::unique_ptr<rte_mempool, PoolFree>;

// Room for the largest frame in one buffer, so that a received frame is one segment.
std::uint16_t buffer_room(const config::Config& config) {
  std::uint16_t mtu = 1500;
  for (const config::Port& port : config.ports) mtu = std::max(mtu, port.mtu);
  const unsigned frame = mtu + 14u + 8u + 4u;  // Ethernet, two tags, checksum
  return static_cast<std::uint16_t>(RTE_PKTMBUF_HEADROOM + std::max(2048u, (frame + 63u) & ~63u));
}

// Enough for every queue full, every ring full, every cache full, and something to work with.
std::uint32_t buffer_count(const config::Config& config) {
  if (config.dataplane.mbufs != 0) return config.dataplane.mbufs;
  const auto ports = static_cast<std::uint32_t>(config.ports.size());
  const auto workers = static_cast<std::uint32_t>(config.dataplane.worker_cores.size());
  return ports * workers * 2 * Port::kDescriptors + ports * Port::kHandoffFrames +
         workers * (2 * kRingFrames + 2 * kPoolCache + ports * Transmit::kBurst) + 4096;
}

// What a buffer takes of pages that none lies across, as DPDK's pools have it.
std::size_t share_of_pages(std::size_t bytes, std::size_t page) {
  return bytes > page ? (bytes + page - 1) / page * page : page / (page / bytes);
}

// Enough for every queue and ring full of frames that are a header and a shared rest each.
std::uint32_t header_count(const config::Config& config) {
  const auto ports = static_cast<std::uint32_t>(config.ports.size());
  const auto workers = static_cast<std::uint32_t>(config.dataplane.worker_cores.size());
  const std::uint32_t handed_over = workers > 1 ? ports * Port::kHandoffFrames : 0;
  return std::max(kLeastHeaders, 2 * (ports * workers * Port::kDescriptors + handed_over) +
                                     workers * 2 * kPoolCache);
}

}  // namespace

struct Dataplane::Impl {
  LogSink log;
  std::unique_ptr<Eal> eal;
  Pool buffers, headers;
  std::vector<std::unique_ptr<Port>> ports;
  PortTraits traits;
  std::unique_ptr<Qsbr> qsbr;
  std::unique_ptr<RcuVlanPublisher> vlans;
  std::unique_ptr<Fib> fib;
  std::unique_ptr<MacTable> macs;
  std::unique_ptr<Policer> policer;
  std::atomic<bool> stop{false};
  std::vector<std::unique_ptr<Worker>> workers;
  std::unique_ptr<Exchange> exchange;
  std::unique_ptr<View> view;
  bool running = false;
  std::array<std::int8_t, kMaxPorts> link{};  // -1: not visited yet
  std::uint32_t mac_ageing_s = 300;

  ~Impl() {
    halt();
    ports.clear();  // closing a port returns its buffers
    exchange.reset();
    for (auto& worker : workers) worker->discard();
    for (const auto& pool : {&buffers, &headers}) {
      if (*pool && rte_mempool_in_use_count(pool->get()) > 0) {
        log(LogEvent::kBuffersLost, {{"count", rte_mempool_in_use_count(pool->get())}});
      }
    }
  }

  void halt() {
    if (!running) return;
    stop.store(true, std::memory_order_relaxed);
    rte_eal_mp_wait_lcore();
    running = false;
  }

  void forward_dpdk_log() {
    for (const std::string& line : Eal::take_log()) log(LogEvent::kEalLine, {{"text", line}});
  }

  Status open(const config::Config& config, Doorbell& control);
  Status open_ports(const config::Config& config);
  void make_workers(const config::Config& config, Doorbell& control);
};

Status Dataplane::Impl::open(const config::Config& config, Doorbell& control) {
  const std::uint32_t count = buffer_count(config), header_buffers = header_count(config);
  const std::uint16_t room = buffer_room(config);
  const auto needed = [&](std::size_t page) {
    const std::size_t bytes = count * share_of_pages(room + 320u, page) +
                              header_buffers * share_of_pages(kHeaderRoom + 320u, page);
    return bytes + bytes / 4 + (64u << 20);
  };
  const auto memory = plan_memory(config.dataplane.huge_pages, needed(kHugePage));
  if (!memory) return memory.error();
  if (!memory->note.empty()) log(LogEvent::kOrdinaryPages, {{"reason", memory->note}});
  const std::size_t bytes = needed(memory->huge_pages ? kHugePage : kOrdinaryPage);
  auto started = Eal::start(config, *memory, static_cast<unsigned>(bytes >> 20));
  if (!started) return started.error();
  eal = std::move(*started);

  buffers.reset(rte_pktmbuf_pool_create("buffers", count, kPoolCache, 0, room, SOCKET_ID_ANY));
  headers.reset(rte_pktmbuf_pool_create("headers", header_buffers, kPoolCache, 0, kHeaderRoom,
                                        SOCKET_ID_ANY));
  if (!buffers || !headers) {
    return Error{"no memory for " + std::to_string(count) + " packet buffers of " +
                 std::to_string(room) + " bytes; lower [dataplane] mbufs or free some memory"};
  }
  if (const Status opened = open_ports(config); !opened) return opened.error();
  make_workers(config, control);
  link.fill(-1);
  mac_ageing_s = static_cast<std::uint32_t>(config.dataplane.mac_ageing_time.count() / 1000);
  forward_dpdk_log();
  return Ok{};
}

Status Dataplane::Impl::open_ports(const config::Config& config) {
  const auto worker_count = static_cast<unsigned>(config.dataplane.worker_cores.size());
  traits.smallest_mtu = UINT16_MAX;
  for (std::size_t i = 0; i < config.ports.size(); ++i) {
    const PortId id{static_cast<std::uint16_t>(i)};
    forward_dpdk_log();  // an error of the port takes what comes from here on
    auto port = Port::probe(config.ports[i], id);
    if (!port) return port.error();
    ports.push_back(std::move(*port));
    if (const Status done = ports.back()->configure(worker_count, buffers.get()); !done) {
      return done.error();
    }
    traits.mtu[i] = ports.back()->mtu();
    traits.smallest_mtu = std::min(traits.smallest_mtu, traits.mtu[i]);
    if (ports.back()->takes_segments()) traits.takes_segments.insert(id);
  }
  return Ok{};
}

void Dataplane::Impl::make_workers(const config::Config& config, Doorbell& control) {
  const auto count = static_cast<unsigned>(config.dataplane.worker_cores.size());
  qsbr = std::make_unique<Qsbr>(count);
  vlans = std::make_unique<RcuVlanPublisher>(*qsbr);
  fib = std::make_unique<Fib>(config.dataplane.group_entries, count, *qsbr);
  macs = std::make_unique<MacTable>(config.dataplane.mac_entries);
  policer = std::make_unique<Policer>();
  WorkerShared shared{*qsbr,         *vlans,        *fib, *macs,    traits,
                      buffers.get(), headers.get(), stop, *policer, &control};
  shared.longest_nap = Nanoseconds{config.dataplane.idle_sleep_us} * 1000;
  for (unsigned i = 0; i < count; ++i) {
    workers.push_back(std::make_unique<Worker>(i, shared));
    for (const auto& port : ports) workers.back()->add_port(*port);
  }
  for (const auto& port : ports) {
    for (std::uint16_t queue = 0; queue < port->rx_queues(); ++queue) {
      workers[(port->tx_owner() + queue) % count]->add_queue({PortId{port->id()}, queue});
    }
  }
  exchange = std::make_unique<Exchange>(workers, buffers.get());
  view = std::make_unique<View>(
      View::Parts{ports, workers, *exchange, *macs, buffers.get(), headers.get()});
}

Result<std::unique_ptr<Dataplane>> Dataplane::open(const config::Config& config, LogSink log,
                                                   Doorbell& control) {
  auto impl = std::make_unique<Impl>();
  impl->log = std::move(log);
  if (const Status opened = impl->open(config, control); !opened) return opened.error();
  return std::unique_ptr<Dataplane>(new Dataplane(std::move(impl)));
}

Dataplane::Dataplane(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Dataplane::~Dataplane() = default;

Status Dataplane::start() {
  for (const auto& port : impl_->ports) {
    if (const Status started = port->start(); !started) return started.error();
  }
  impl_->running = true;
  for (std::size_t i = 0; i < impl_->workers.size(); ++i) {
    const auto run = [](void* worker) noexcept {
      static_cast<Worker*>(worker)->run();
      return 0;
    };
    if (rte_eal_remote_launch(run, impl_->workers[i].get(), static_cast<unsigned>(i + 1)) != 0) {
      return Error{"worker " + std::to_string(i) + " does not start"};
    }
  }
  for (const auto& worker : impl_->workers) {
    while (!worker->polling()) rte_pause();
  }
  impl_->forward_dpdk_log();
  return Ok{};
}

void Dataplane::stop() {
  impl_->halt();
}

Fib& Dataplane::fib() {
  return *impl_->fib;
}
PuntSource& Dataplane::punts() {
  return *impl_->exchange;
}
FrameSink& Dataplane::frames() {
  return *impl_->exchange;
}
VlanPublisher& Dataplane::vlans() {
  return *impl_->vlans;
}
DataplaneView& Dataplane::view() {
  return *impl_->view;
}

GracePeriod& Dataplane::grace_period() {
  return *impl_->qsbr;
}

void Dataplane::poll_links(const std::function<void(PortId, bool up)>& visit) {
  for (const auto& port : impl_->ports) {
    const bool up = port->status().up;
    std::int8_t& known = impl_->link[port->id()];
    if (known == static_cast<std::int8_t>(up)) continue;
    known = static_cast<std::int8_t>(up);
    visit(PortId{port->id()}, up);
  }
}

void Dataplane::maintain(TimePoint) {
  impl_->fib->reclaim();
  impl_->vlans->reclaim();
  impl_->macs->age(coarse_seconds(), impl_->mac_ageing_s, kMacPlacesPerCall);
  impl_->forward_dpdk_log();
}

MacAddress Dataplane::mac() const {
  return impl_->ports.front()->status().mac;
}

}  // namespace sluice::dataplane
