// SPDX-License-Identifier: BSD-3-Clause
//
// A test port: sends batches of frames, and hands over what arrived with the time of its arrival.
// PacketPort is a network interface. Its arrivals lie in a ring with the kernel's timestamps, so
// that it matters little when this process gets to run. MemoryPort is a cable in memory, from each
// even port to the odd one after it and back, which the analyser's own tests need no interface for.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "tests/bench/tester/traffic.h"

namespace sluice::bench {

struct Arrival {
  std::span<const std::uint8_t> frame;  // maybe cut short
  std::size_t length = 0;               // on the wire, without FCS
  Nanoseconds at = 0;
};

class Port {
 public:
  virtual ~Port() = default;
  // How many were sent; the others are lost, and the sender knows it.
  virtual std::size_t send(std::span<const std::span<const std::uint8_t>> frames) = 0;
  // Hands over at most `most` arrivals; true when none is left.
  virtual bool drain(const std::function<void(const Arrival&)>& receive, std::size_t most) = 0;
  virtual std::uint64_t ring_drops() { return 0; }  // since last asked
};

// Throws std::runtime_error when the interface cannot be used.
std::unique_ptr<Port> open_packet_port(const std::string& interface, unsigned ring_frames);

// `limit`: frames per second that a cable carries, 0 for no limit (BT-03).
std::vector<std::unique_ptr<Port>> make_memory_ports(unsigned count, double limit);

Nanoseconds real_time();
Nanoseconds steady_time();
void sleep_until_steady(Nanoseconds at);

}  // namespace sluice::bench
