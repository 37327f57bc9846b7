// SPDX-License-Identifier: BSD-3-Clause
// A port's device string: a PCI address or a DPDK vdev string, each with optional arguments after
// commas. Only the form is checked; whether the device exists is found out when it is opened.
#pragma once

#include <string>
#include <string_view>

#include "shared/result.h"

namespace sluice::config {

struct Device {
  // What must be unique: the PCI address with its domain, in small letters, or the vdev's name.
  std::string name;
  // The kernel interface that a virtual device takes for itself, or empty.
  std::string kernel_interface;
};

Result<Device> parse_device(std::string_view text);

}  // namespace sluice::config
