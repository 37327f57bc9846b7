// SPDX-License-Identifier: BSD-3-Clause
//
// One trial: all sources at their rates, messages at their times, until the time is over and the
// last frames have come in. Sends by an absolute schedule and sleeps in between, because the device
// under test may need the processor; a late wake-up is made up for, so that the offered load is as
// intended.
#pragma once

#include <memory>
#include <vector>

#include "tests/bench/tester/analyser.h"
#include "tests/bench/tester/traffic.h"
#include "tests/bench/tester/wire.h"

namespace sluice::bench {

struct Message {  // a report, a leave, ...
  double at_s = 0;
  unsigned port = 0;
  Bytes frame;
};

struct Job {
  double duration_s = 1;
  bool spin = false;        // instead of sleeping
  double residual_s = 0.2;  // at most so long for the last frames to come in
  std::vector<Source> sources;
  std::vector<Message> messages;  // by time
};

struct Offered {
  std::uint64_t frames = 0;
  std::uint64_t refused = 0;  // which the kernel did not take: a drop at the generator
  double seconds = 0;         // from the first to the last
};

struct Sent {
  Nanoseconds at = 0;    // just before it was handed to the kernel
  Nanoseconds took = 0;  // the kernel's part of sending it: the bound of the error of `at`
};

struct Outcome {
  std::vector<Offered> offered;  // by source
  std::vector<Sent> messages;
  std::vector<PortReport> ports;
  std::vector<std::vector<Segment>> segments;  // by port
  std::vector<std::uint64_t> ring_drops;       // at the tester's own ports
  Nanoseconds clock_step = 0;                  // by how much the two clocks drifted apart meanwhile
  Nanoseconds begin = 0;
};

Outcome run(const Job& job, std::vector<std::unique_ptr<Port>>& ports, std::uint16_t run_id);

}  // namespace sluice::bench
