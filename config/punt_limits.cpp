// SPDX-License-Identifier: BSD-3-Clause
// [punt-limit].
#include <cstddef>

#include "config/sections.h"

namespace sluice::config {

void read_punt_limits(SectionReader& file, Reading& reading) {
  const toml::table* table = file.table("punt-limit", Section::kPuntLimit);
  if (table == nullptr) return;
  SectionReader section(Section::kPuntLimit, *table, reading.diagnostics);
  for (std::size_t i = 0; i < kPuntClasses; ++i) {
    const auto of = static_cast<Section>(static_cast<std::size_t>(Section::kPuntQueries) + i);
    const toml::table* limits = section.table(kPuntClassNames[i], of);
    if (limits == nullptr) continue;
    PuntLimit& out = reading.config.punt_limits[i];
    SectionReader reader(of, *limits, reading.diagnostics);
    reader.read("port-rate", out.port.rate);
    reader.read("port-burst", out.port.burst);
    reader.read("vlan-rate", out.vlan.rate);
    reader.read("vlan-burst", out.vlan.burst);
  }
}

}  // namespace sluice::config
