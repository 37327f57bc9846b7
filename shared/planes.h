// SPDX-License-Identifier: BSD-3-Clause
// What passes between the planes, as seen by the control thread. dataplane/ implements these on
// mbufs, rings and QSBR; tests and the simulator implement them on plain vectors. All are called by
// the control thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "shared/address.h"
#include "shared/fib.h"
#include "shared/ids.h"
#include "shared/vlan_table.h"

namespace sluice {

// A frame that a worker handed up. The bytes are lent for the duration of the call.
struct PuntedFrame {
  PortId port;
  VlanId vlan;                          // of the tag, else the port's access VLAN
  std::uint16_t tci = 0;                // the whole 802.1Q tag control field when it came tagged
  bool also_forwarded = false;          // a copy: the worker forwards the frame itself (PIM hellos)
  std::span<const std::uint8_t> bytes;  // from the destination MAC, without the 802.1Q tag, no FCS
  // By the worker; none where nobody took the time.
  std::optional<std::chrono::steady_clock::time_point> received = std::nullopt;
};

class PuntSource {
 public:
  virtual ~PuntSource() = default;
  // A few frames that were there together.
  using Visit = std::function<void(std::span<const PuntedFrame>)>;
  // Calls `visit` with at most `max` frames in all; returns how many.
  virtual std::size_t poll(std::size_t max, const Visit& visit) = 0;
};

// A frame for the wire, sent to each port of `ports` tagged or untagged as that port carries
// `vlan`.
struct OutFrame {
  VlanId vlan;
  std::uint16_t tci = 0;  // priority bits for tagged copies; the VLAN bits are taken from `vlan`
  PortSet ports;
  std::vector<std::uint8_t> bytes;  // from the destination MAC, without a tag
};

class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // Copies the bytes. False: no buffer or the ring is full; counted by the sink, the frame is gone.
  virtual bool send(const OutFrame& frame) = 0;
};

class VlanPublisher {
 public:
  virtual ~VlanPublisher() = default;
  // The workers use `table` from their next burst on; the old one is freed after a grace period.
  virtual void publish(std::unique_ptr<const VlanTable> table) = 0;
  virtual const VlanTable& current() const = 0;
};

struct PortStatus {
  bool up = false;
  std::uint32_t speed_mbps = 0;  // 0: unknown
  MacAddress mac;
};

struct NamedCount {
  std::string name;
  std::uint64_t value = 0;
};

struct PortCounters {
  std::uint64_t rx_packets = 0, rx_bytes = 0, tx_packets = 0, tx_bytes = 0;
  std::vector<NamedCount> rx_drops, tx_drops;  // every reason, zero or not, in a fixed order
};

struct MacRow {
  VlanId vlan;
  MacAddress mac;
  PortId port;
  double age_s = 0;
};

// A stream that was dropped because nobody has joined its group.
struct UnwantedStream {
  VlanId vlan;
  PortId port;
  Ipv4 group, source;
};

// What tells whether the data plane keeps up, and how full it is. Counts from the start.
struct DataplaneHealth {
  struct Worker {
    std::uint64_t polls = 0;        // rounds of its loop
    std::uint64_t full_bursts = 0;  // receptions that found at least a full burst waiting
  };
  std::vector<Worker> workers;
  std::uint64_t macs = 0, mac_capacity = 0;
  std::uint64_t mbufs = 0, mbuf_capacity = 0;  // in use, and in all
};
// What was lost of what came in by a port. Counts from the start.
struct PortLosses {
  std::uint64_t missed = 0;          // by the device, before a worker saw it
  std::uint64_t punt_ring_full = 0;  // on the way to the control thread
};

// What the operator may ask of the data plane.
class DataplaneView {
 public:
  virtual ~DataplaneView() = default;
  virtual unsigned workers() const = 0;
  virtual PortStatus port_status(PortId port) const = 0;
  virtual PortCounters port_counters(PortId port) const = 0;
  // Everything that belongs to no port; names are Prometheus names without the prefix, with labels
  // in braces where there are any: `worker_bursts_total{worker="0"}`.
  virtual std::vector<NamedCount> counters() const = 0;
  virtual std::vector<MacRow> macs() const = 0;
  virtual DataplaneHealth health() const { return {}; }
  virtual PortLosses losses(PortId) const { return {}; }
  // Some of those that were dropped since the last call, for each worker; a sample.
  virtual std::vector<UnwantedStream> take_unwanted() { return {}; }
  // Sets a zero that later readings count from; the workers are not disturbed.
  virtual void clear_counters() = 0;
  // Forgets what was learned on these ports in this VLAN (link down, reload).
  virtual void flush_macs(VlanId vlan, PortSet ports) = 0;
};

}  // namespace sluice
