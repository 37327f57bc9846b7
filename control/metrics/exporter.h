// SPDX-License-Identifier: BSD-3-Clause
// Everything as Prometheus reads it: the text of a scrape. HTTP thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "control/metrics/collector.h"
#include "control/web/http.h"

namespace sluice::control::metrics {

class Exporter {
 public:
  // `uptime_s`: since the daemon started.
  Exporter(Collector::Setup setup, api::CommandQueue& commands, std::function<double()> uptime_s);

  // Answers at /metrics from now on; the exporter outlives the server's thread.
  void serve(web::HttpServer& server);
  // None: the daemon is stopping.
  std::optional<std::string> scrape();

 private:
  Collector collector_;
  std::function<double()> uptime_s_;
  double start_time_s_;
};

}  // namespace sluice::control::metrics
