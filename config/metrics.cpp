// SPDX-License-Identifier: BSD-3-Clause
// [metrics], [dashboard], and what every HTTP listener has.
#include "config/listen.h"
#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {

void read_listen(SectionReader& section, std::optional<std::string>& listen) {
  std::string text;
  const auto place = section.read("listen", text);
  if (!place) return;
  const auto address = parse_listen(text);
  if (!address || address->port == 0) {
    section.error(*place, "listen = ", in_quotes(text),
                  " is not an address and a port; write one such as \"127.0.0.1:9464\" or "
                  "\"[::1]:9464\"");
    return;
  }
  listen = text;
}

void read_metrics(SectionReader& file, Reading& reading) {
  const toml::table* table = file.table("metrics", Section::kMetrics);
  if (table == nullptr) return;
  SectionReader section(Section::kMetrics, *table, reading.diagnostics);
  read_listen(section, reading.config.metrics.listen);
  section.read("top-groups", reading.config.metrics.top_groups);
}

void read_dashboard(SectionReader& file, Reading& reading) {
  const toml::table* table = file.table("dashboard", Section::kDashboard);
  if (table == nullptr) return;
  SectionReader section(Section::kDashboard, *table, reading.diagnostics);
  read_listen(section, reading.config.dashboard.listen);
}

}  // namespace sluice::config
