// SPDX-License-Identifier: BSD-3-Clause
#include "control/metrics/exporter.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string_view>

#include "control/metrics/families.h"
#include "control/metrics/sample.h"

namespace sluice::control::metrics {
namespace {

using Clock = std::chrono::steady_clock;

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

// RFC 9166 §4, "statistics"; it knows the versions of reports and not of queries.
std::string_view rfc9166_leaf(std::string_view type) {
  struct Leaf {
    std::string_view type, leaf;
  };
  constexpr Leaf kLeaves[] = {
      {"query_v1", "query-count"},
      {"query_v2", "query-count"},
      {"query_v3", "query-count"},
      {"report_v1", "membership-report-v1-count"},
      {"report_v2", "membership-report-v2-count"},
      {"report_v3", "membership-report-v3-count"},
      {"leave", "leave-count"},
      {"pim_hello", "pim-hello-count"},
  };
  for (const Leaf& leaf : kLeaves) {
    if (leaf.type == type) return leaf.leaf;
  }
  return {};
}

// Families by name, so that two scrapes have the same order.
class Families {
 public:
  void add(const std::string& name, Labels labels, double value) {
    prometheus::ClientMetric& metric = make(name, std::move(labels));
    if (type_of(name) == FamilyType::kCounter) {
      metric.counter.value = value;
    } else {
      metric.gauge.value = value;
    }
  }
  void add(const std::string& name, const Histogram& times) {
    auto& histogram = make(name, {}).histogram;
    histogram.sample_sum = seconds(times.sum());
    for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
      histogram.sample_count += times.counts()[i];
      histogram.bucket.push_back({histogram.sample_count, seconds(Histogram::kBounds[i])});
    }
    histogram.sample_count += times.counts().back();
    histogram.bucket.push_back({histogram.sample_count, std::numeric_limits<double>::infinity()});
  }
  std::string text() && {
    std::vector<prometheus::MetricFamily> all;
    for (auto& [name, family] : families_) all.push_back(std::move(family));
    std::ostringstream out;
    prometheus::TextSerializer().Serialize(out, all);
    return std::move(out).str();
  }

 private:
  prometheus::ClientMetric& make(const std::string& name, Labels labels) {
    prometheus::MetricFamily& family = families_[name];
    if (family.name.empty()) {
      constexpr std::array kTypes = {prometheus::MetricType::Counter, prometheus::MetricType::Gauge,
                                     prometheus::MetricType::Histogram};
      family.name = std::string(kPrefix) + name;
      family.help = help_of(name);
      family.type = kTypes[static_cast<std::size_t>(type_of(name))];
    }
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    for (auto& [label, value] : labels) metric.label.push_back({label, std::move(value)});
    return metric;
  }

  std::map<std::string, prometheus::MetricFamily> families_;
};

void add_counters(const std::vector<NamedCount>& counts, Families& out) {
  std::set<std::string_view> seen;  // a series may stand in a scrape only once
  double hertz = 0;
  for (const NamedCount& count : counts) {
    if (count.name == "tsc_hertz") hertz = static_cast<double>(count.value);
  }
  for (const NamedCount& count : counts) {
    auto sample = parse_sample(count.name);
    if (!sample || !seen.insert(count.name).second) continue;
    if (sample->family == "igmp_received_total" || sample->family == "igmp_sent_total") {
      const auto type = std::find_if(sample->labels.begin(), sample->labels.end(),
                                     [](const auto& label) { return label.first == "type"; });
      const std::string_view leaf = type == sample->labels.end() ? "" : rfc9166_leaf(type->second);
      if (!leaf.empty()) sample->labels.emplace_back("leaf", leaf);
    }
    const auto value = static_cast<double>(count.value);
    if (sample->family == "worker_busy_cycles_total" && hertz > 0) {
      out.add("worker_busy_seconds_total", sample->labels, value / hertz);
    }
    out.add(sample->family, std::move(sample->labels), value);
  }
}

void add_ports(const std::vector<PortFigures>& ports, Families& out) {
  for (const PortFigures& port : ports) {
    out.add("port_up", {{"port", port.name}}, port.status.up ? 1 : 0);
    out.add("port_speed_bytes_per_second", {{"port", port.name}}, port.status.speed_mbps * 1e6 / 8);
  }
}

void add_groups(const GroupTraffic& traffic, Families& out) {
  const auto add = [&](const std::string& vlan, const std::string& group, const Traffic& count) {
    const Labels labels = {{"vlan", vlan}, {"group", group}};
    out.add("group_packets_total", labels, static_cast<double>(count.packets));
    out.add("group_bytes_total", labels, static_cast<double>(count.bytes));
  };
  for (const GroupFigures& group : traffic.groups()) {
    const std::string vlan = std::to_string(group.key.vlan.value);
    const std::string address = to_string(group.key.group);
    add(vlan, address, group.own);
    const Labels labels = {{"vlan", vlan}, {"group", address}};
    out.add("group_member_ports", labels, group.members.size());
    out.add("group_hosts", labels, static_cast<double>(group.hosts));
  }
  for (const VlanFigures& figures : traffic.vlans()) {
    const std::string vlan = std::to_string(figures.vlan.value);
    add(vlan, "other", figures.rest);
    const Labels labels = {{"vlan", vlan}};
    out.add("vlan_multicast_packets_total", labels, static_cast<double>(figures.all.packets));
    out.add("vlan_multicast_bytes_total", labels, static_cast<double>(figures.all.bytes));
    out.add("vlan_groups", labels, static_cast<double>(figures.groups));
    out.add("vlan_groups_in_other", labels, static_cast<double>(figures.groups_in_rest));
  }
}

double unix_time_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

Exporter::Exporter(Collector::Setup setup, api::CommandQueue& commands,
                   std::function<double()> uptime_s)
    : collector_(std::move(setup), commands),
      uptime_s_(std::move(uptime_s)),
      start_time_s_(unix_time_s() - uptime_s_()) {}

void Exporter::serve(web::HttpServer& server) {
  server.get("/metrics", [this](const web::Request&) -> web::Response {
    std::optional<std::string> text = scrape();
    if (!text) return {.status = 503, .body = "The daemon is stopping.\n"};
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(*text)};
  });
  server.get("/", [](const web::Request&) -> web::Response {
    return {.body = "sluiced " SLUICE_VERSION ": metrics are at /metrics\n"};
  });
}

std::optional<std::string> Exporter::scrape() {
  const Clock::time_point begun = Clock::now();
  const GroupTraffic* const groups = collector_.groups();
  const auto counters = collector_.counters();
  const auto ports = collector_.ports();
  const auto times = collector_.times();
  if (groups == nullptr || !counters || !ports || !times) return std::nullopt;

  Families out;
  add_counters(*counters, out);
  add_ports(*ports, out);
  add_groups(*groups, out);
  out.add("join_latency_seconds", times->join);
  out.add("leave_latency_seconds", times->leave);
  out.add("control_turn_seconds", times->turn);
  out.add("build_info", {{"version", SLUICE_VERSION}}, 1);
  out.add("uptime_seconds", {}, uptime_s_());
  out.add("start_time_seconds", {}, start_time_s_);
  out.add("scrape_duration_seconds", {}, seconds(Clock::now() - begun));
  return std::move(out).text();
}

}  // namespace sluice::control::metrics
