// SPDX-License-Identifier: BSD-3-Clause
//
// Judges what arrived against what was sent, port by port: loss, duplicates, reordering, frames
// where none should be, frames changed on the way, latency. And for join, leave and channel change:
// when, after each message that a port sent, the first and the last frame of each flow arrived at
// it.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/bench/tester/traffic.h"
#include "tests/bench/tester/wire.h"

namespace sluice::bench {

struct FlowSpan {
  unsigned source = 0;
  std::uint32_t flow = 0;
  std::uint64_t count = 0;
  Nanoseconds first = 0;
  Nanoseconds last = 0;
  Nanoseconds first_sent = 0;  // when the first of them had been sent
  std::uint32_t last_sequence = 0;
  Nanoseconds missed = 0;  // when the one after the last had been sent, which did not come
};

// From a message of a port until its next one.
struct Segment {
  Nanoseconds begin = 0;
  std::vector<FlowSpan> flows;
};

struct PortReport {
  std::uint64_t received = 0;  // test frames of this run
  std::uint64_t expected = 0;  // what was sent for it
  std::uint64_t lost = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t reordered = 0;
  std::uint64_t leaked = 0;        // at a port that should hear nothing of that source
  std::uint64_t wrong_egress = 0;  // at a port that should hear other flows of it
  std::uint64_t altered = 0;
  std::uint64_t other = 0;         // no test frame of this run
  std::uint64_t silent_flows = 0;  // expected here, and no frame of it came
  Nanoseconds last = 0;
  Nanoseconds longest_gap = 0;         // from one frame to the next
  std::vector<Nanoseconds> latencies;  // in order of arrival; at most kMaxLatencies
  std::vector<Nanoseconds> tagged;     // of the frame in the middle of each source (ML-02)
};

class Analyser {
 public:
  Analyser(const std::vector<Source>& sources, std::size_t ports, std::uint16_t run,
           Nanoseconds begin);

  // What the port sent a message to start: later frames belong to a new segment.
  void mark(unsigned port, Nanoseconds at);
  void received(unsigned port, const Arrival& arrival);
  bool complete(const std::vector<std::uint64_t>& sent) const;  // all that is expected came

  // `times`: when each of a watched source's frames was sent.
  void note_missed(std::size_t source, const std::vector<Nanoseconds>& times);
  // `sent`: frames by source.
  std::vector<PortReport> finish(const std::vector<std::uint64_t>& sent);
  const std::vector<std::vector<Segment>>& segments() const { return segments_; }

 private:
  struct Stream {  // of one source at one port
    std::vector<bool> seen;
    std::int64_t highest = -1;
    std::uint64_t unique = 0;  // right frames, once each
    bool expected_here = false;
  };

  void note_segment(unsigned port, const Tag& tag, Nanoseconds at);

  const std::vector<Source>& sources_;
  std::uint16_t run_;
  std::vector<PortReport> ports_;
  std::vector<std::vector<Stream>> streams_;  // by port, then source
  std::vector<std::vector<Segment>> segments_;
};

}  // namespace sluice::bench
