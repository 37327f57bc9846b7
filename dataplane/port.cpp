// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/port.h"

#include <net/if.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "config/device.h"
#include "dataplane/eal.h"

namespace sluice::dataplane {
namespace {

std::string last_log_line() {
  const std::vector<std::string> lines = Eal::take_log();
  return lines.empty() ? std::string() : " (" + lines.back() + ")";
}

Error error(const std::string& port, const std::string& device, const std::string& what) {
  return Error{"port \"" + port + "\": device " + device + ": " + what + last_log_line()};
}

bool interface_running(const std::string& name) {
  const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strncpy(request.ifr_name, name.c_str(), IFNAMSIZ - 1);
  const bool known = ioctl(socket_fd, SIOCGIFFLAGS, &request) == 0;
  close(socket_fd);
  return known && (request.ifr_flags & IFF_UP) != 0 && (request.ifr_flags & IFF_RUNNING) != 0;
}

// A queue for each worker where the device spreads frames over its queues. Some virtual devices
// spread over as many as they were made with, so that leaving one out would lose its frames.
std::uint16_t choose_rx_queues(const rte_eth_dev_info& info, unsigned workers) {
  const std::string_view driver = info.driver_name;
  if (driver == "net_af_packet" || driver == "net_pcap" || driver == "net_af_xdp") {
    return std::max<std::uint16_t>(info.max_rx_queues, 1);
  }
  if (info.flow_type_rss_offloads == 0) return 1;
  return static_cast<std::uint16_t>(std::min<unsigned>(info.max_rx_queues, workers));
}

}  // namespace

Result<std::unique_ptr<Port>> Port::probe(const config::Port& config, PortId id) {
  const auto device = config::parse_device(config.device);
  if (!device) return Error{"port \"" + config.name + "\": " + device.error().what};
  Eal::take_log();
  if (id.value >= RTE_MAX_ETHPORTS) {
    return error(config.name, config.device,
                 "this DPDK has room for " + std::to_string(RTE_MAX_ETHPORTS) + " ports");
  }
  // These two take an interface that is there; net_tap makes one.
  const bool takes_interface =
      device->name.starts_with("net_af_packet") || device->name.starts_with("net_af_xdp");
  const std::string interface = takes_interface ? device->kernel_interface : std::string();
  if (!interface.empty() && if_nametoindex(interface.c_str()) == 0) {
    return error(config.name, config.device, "there is no interface " + interface + " here");
  }
  std::uint16_t dpdk_id = 0;
  if (rte_eth_dev_get_port_by_name(device->name.c_str(), &dpdk_id) == 0) {
    return error(config.name, config.device, "is in use by another port");
  }
  if (rte_dev_probe(config.device.c_str()) != 0 ||
      rte_eth_dev_get_port_by_name(device->name.c_str(), &dpdk_id) != 0) {
    return error(config.name, config.device, "cannot be opened");
  }
  std::unique_ptr<Port> port(new Port);
  port->id_ = dpdk_id;
  port->name_ = config.name;
  port->device_ = config.device;
  port->kernel_interface_ = interface;
  port->mtu_ = config.mtu;
  if (dpdk_id != id.value) {
    return error(config.name, config.device,
                 "became DPDK port " + std::to_string(dpdk_id) + " instead of " +
                     std::to_string(id.value) + ": one device must be one port");
  }
  return port;
}

Port::~Port() {
  if (started_) {
    rte_eth_promiscuous_disable(id_);
    rte_eth_dev_stop(id_);
  }
  rte_eth_dev_close(id_);
  rte_ring_free(handoff_);
}

Status Port::configure(unsigned workers, rte_mempool* pool) {
  workers_ = workers;
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(id_, &info) != 0) return error(name_, device_, "says nothing of itself");
  rx_queues_ = choose_rx_queues(info, workers);
  std::uint16_t tx_queues = 1;
  if (info.max_tx_queues >= workers) tx_queues = static_cast<std::uint16_t>(workers);
  if (std::string_view(info.driver_name) == "net_tap") {  // which wants as many of both
    rx_queues_ = tx_queues = std::min(rx_queues_, tx_queues);
  }

  rte_eth_conf conf{};
  if (rx_queues_ > 1 && info.flow_type_rss_offloads != 0) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf =
        info.flow_type_rss_offloads & (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP);
  }
  conf.rxmode.mtu = info.max_mtu == 0 ? mtu_ : std::min(mtu_, info.max_mtu);
  conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM & info.rx_offload_capa;
  // Copies share one buffer by reference count and come from several pools, so no fast free.
  conf.txmode.offloads = RTE_ETH_TX_OFFLOAD_MULTI_SEGS & info.tx_offload_capa;
  takes_segments_ = (info.tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
  if (rte_eth_dev_configure(id_, rx_queues_, tx_queues, &conf) != 0) {
    return error(name_, device_, "refuses its configuration");
  }
  std::uint16_t rx_descriptors = kDescriptors;
  std::uint16_t tx_descriptors = kDescriptors;
  rte_eth_dev_adjust_nb_rx_tx_desc(id_, &rx_descriptors, &tx_descriptors);
  const int socket = rte_eth_dev_socket_id(id_);
  const auto socket_id = static_cast<unsigned>(socket);  // -1 is SOCKET_ID_ANY
  for (std::uint16_t queue = 0; queue < rx_queues_; ++queue) {
    if (rte_eth_rx_queue_setup(id_, queue, rx_descriptors, socket_id, nullptr, pool) != 0) {
      return error(name_, device_, "refuses a receive queue");
    }
  }
  for (std::uint16_t queue = 0; queue < tx_queues; ++queue) {
    if (rte_eth_tx_queue_setup(id_, queue, tx_descriptors, socket_id, nullptr) != 0) {
      return error(name_, device_, "refuses a transmit queue");
    }
  }
  if (tx_queues < workers) {
    const std::string ring = "handoff_" + std::to_string(id_);
    handoff_ = rte_ring_create(ring.c_str(), kHandoffFrames, socket, RING_F_SC_DEQ);
    if (handoff_ == nullptr) return error(name_, device_, "no memory for its hand-off ring");
  }
  set_mtu();
  return Ok{};
}

void Port::set_mtu() {
  std::uint16_t current = 0;
  // A device that cannot be told keeps its own; frames above `mtu` are never given to it.
  if (rte_eth_dev_get_mtu(id_, &current) != 0 || current != mtu_) rte_eth_dev_set_mtu(id_, mtu_);
}

Status Port::start() {
  if (rte_eth_dev_start(id_) != 0) return error(name_, device_, "does not start");
  started_ = true;
  rte_eth_promiscuous_enable(id_);
  rte_eth_allmulticast_enable(id_);
  return Ok{};
}

PortStatus Port::status() const {
  PortStatus status;
  rte_eth_link link{};
  if (rte_eth_link_get_nowait(id_, &link) == 0) {
    status.up = link.link_status == RTE_ETH_LINK_UP;
    if (link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN) status.speed_mbps = link.link_speed;
  }
  // The AF_PACKET and AF_XDP drivers say "up" whatever happens to their interface.
  if (!kernel_interface_.empty()) status.up = status.up && interface_running(kernel_interface_);
  rte_ether_addr mac{};
  if (rte_eth_macaddr_get(id_, &mac) == 0) {
    std::copy_n(mac.addr_bytes, status.mac.bytes.size(), status.mac.bytes.begin());
  }
  return status;
}

}  // namespace sluice::dataplane
