// SPDX-License-Identifier: BSD-3-Clause
// Commands of DPDK's telemetry socket, as both planes see them: the control plane says what there
// is to show, dataplane/telemetry.h puts it there.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice {

struct TelemetryRow {
  std::string key;  // what the row is shown under; empty: the answer is this row alone
  std::vector<std::pair<std::string, std::variant<std::uint64_t, std::string>>> fields;
};

struct TelemetryCommand {
  std::string path;  // "/sluice/ports"
  std::string help;
  // Called on one of DPDK's threads, one at a time. None: the parameters make no sense, or the
  // daemon is stopping.
  std::function<std::optional<std::vector<TelemetryRow>>(const std::string& parameters)> rows;
};

}  // namespace sluice
