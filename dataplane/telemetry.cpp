// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/telemetry.h"

#include <rte_telemetry.h>

#include <cctype>
#include <mutex>
#include <string>

namespace sluice::dataplane {
namespace {

// DPDK's callbacks get no argument of ours.
std::mutex mutex;
std::vector<TelemetryCommand> commands;

// DPDK takes letters, digits, '_' and '/' in a key.
std::string key_of(std::string text) {
  for (char& c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '/') c = '_';
  }
  return text;
}

void fill(rte_tel_data* out, const TelemetryRow& row) {
  rte_tel_data_start_dict(out);
  for (const auto& [name, value] : row.fields) {
    if (const auto* const number = std::get_if<std::uint64_t>(&value)) {
      rte_tel_data_add_dict_u64(out, key_of(name).c_str(), *number);
    } else {
      rte_tel_data_add_dict_string(out, key_of(name).c_str(), std::get<std::string>(value).c_str());
    }
  }
}

int answer(const char* path, const char* parameters, rte_tel_data* out) {
  const std::lock_guard lock(mutex);
  for (const TelemetryCommand& command : commands) {
    if (command.path != path) continue;
    const auto rows = command.rows(parameters == nullptr ? "" : parameters);
    if (!rows) return -1;
    if (rows->size() == 1 && rows->front().key.empty()) {
      fill(out, rows->front());
      return 0;
    }
    rte_tel_data_start_dict(out);
    for (const TelemetryRow& row : *rows) {
      rte_tel_data* const inner = rte_tel_data_alloc();
      if (inner == nullptr) break;
      fill(inner, row);
      if (rte_tel_data_add_dict_container(out, key_of(row.key).c_str(), inner, 0) != 0) {
        rte_tel_data_free(inner);
        break;
      }
    }
    return 0;
  }
  return -1;
}

}  // namespace

Telemetry::Telemetry(std::vector<TelemetryCommand> ours) {
  {
    const std::lock_guard lock(mutex);
    commands = std::move(ours);
  }
  for (const TelemetryCommand& command : commands) {
    rte_telemetry_register_cmd(command.path.c_str(), answer, command.help.c_str());
  }
}

Telemetry::~Telemetry() {
  const std::lock_guard lock(mutex);
  commands.clear();
}

}  // namespace sluice::dataplane
