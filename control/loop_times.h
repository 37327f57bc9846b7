// SPDX-License-Identifier: BSD-3-Clause
// How quick the control thread is. Written by its loop, copied out by commands. Control thread.
#pragma once

#include "shared/histogram.h"

namespace sluice::control {

struct LoopTimes {
  Histogram turn;  // of the turns that had something to do
  // From the worker's receiving a frame to the forwarding table's being changed by it. A member
  // that the protocol gives time to object is not here: that wait is no delay of ours.
  Histogram join, leave;
};

}  // namespace sluice::control
