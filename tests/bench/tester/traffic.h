// SPDX-License-Identifier: BSD-3-Clause
//
// Test frames: what a source sends, in which order, and what a frame looks like. Each carries its
// source, a sequence number and the time at which it was handed to the kernel (CR-08 of the
// benchmark methodology). The sequence number gives the flow, so that a receiver knows every byte
// that it should see. 18 bytes of payload, which a 64-byte frame just holds.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::bench {

using Nanoseconds = std::int64_t;  // since the epoch, or a difference of two
using Bytes = std::vector<std::uint8_t>;

inline constexpr std::size_t kHeaderBytes = 14 + 20 + 8;  // Ethernet, IPv4, UDP
inline constexpr std::size_t kTagBytes = 18;
inline constexpr std::size_t kFcsBytes = 4;  // counted in a frame's size, never seen by software
inline constexpr std::size_t kMaxFrame = 9018;

struct Flow {
  std::array<std::uint8_t, 6> mac{};
  std::uint32_t address = 0;  // of the group or the host, host order
  std::uint32_t expect = 0;   // a bit for each port at which its frames shall arrive
};

// What is done wrong on purpose, so that the analyser can be seen to find it (BT-02).
enum class FaultKind { kLose, kDuplicate, kSwap, kTtl, kElsewhere };

struct Fault {
  FaultKind kind = FaultKind::kLose;
  std::uint32_t sequence = 0;
  unsigned port = 0;  // kElsewhere: by which port it goes in truth
};

struct Source {
  unsigned port = 0;
  unsigned frame_size = 64;  // with FCS
  std::uint32_t address = 0;
  double rate = 0;          // frames per second
  std::uint64_t count = 0;  // of frames to send; 0: as many as the time allows
  unsigned burst = 1;       // frames sent at a time
  bool watched = false;     // its frames may come or not: only when they came is of interest
  bool foreign = false;     // not sent by us but by the device's own replay: run 0, no times
  bool routed = false;      // a router stands between: its MAC address and a lower TTL are right
  std::vector<Flow> flows;
  std::vector<std::uint32_t> order;  // of flows, repeated for ever
  std::vector<Bytes> raw;            // instead of test frames: these, repeated for ever
  std::vector<Fault> faults;

  const Flow& flow_of(std::uint32_t sequence) const {
    return flows[order[sequence % order.size()]];
  }
  bool carries_tests() const { return raw.empty(); }
};

// What a received frame says of itself.
struct Tag {
  std::uint16_t run = 0;
  std::uint8_t source = 0;
  std::uint32_t sequence = 0;
  Nanoseconds sent = 0;
};

// Without FCS, `frame_size - kFcsBytes` bytes. `room` holds them.
std::span<const std::uint8_t> write_frame(const Source& source, const Tag& tag,
                                          std::span<std::uint8_t> room);

// Nothing when it is not a test frame.
std::optional<Tag> read_tag(std::span<const std::uint8_t> frame);

// Whether the frame is what was sent. `frame` may be cut short; `length` is what it was on the
// wire.
bool unaltered(const Source& source, const Tag& tag, std::span<const std::uint8_t> frame,
               std::size_t length);

// The order in which `flows` flows are sent: "sequence", "random" (each as often as the others) or
// "zipf" (exponent 1). The same seed gives the same order (BT-05).
std::vector<std::uint32_t> make_order(const std::string& name, std::uint32_t flows,
                                      std::uint64_t seed);

}  // namespace sluice::bench
