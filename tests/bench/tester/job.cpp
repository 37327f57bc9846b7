// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/tester/job.h"

#include <arpa/inet.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>

namespace sluice::bench {
namespace {

using Json = nlohmann::json;

std::uint32_t read_address(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) {
    throw std::invalid_argument("address \"" + text + "\"");
  }
  return ntohl(address.s_addr);
}

Bytes read_hex(const std::string& text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoul(text.substr(i, 2), nullptr, 16)));
  }
  bytes.resize(std::max<std::size_t>(bytes.size(), 60));  // as a network card pads it
  return bytes;
}

std::array<std::uint8_t, 6> read_mac(const std::string& text) {
  std::array<std::uint8_t, 6> mac{};
  if (text.size() != 17) throw std::invalid_argument("MAC address \"" + text + "\"");
  for (std::size_t i = 0; i < 6; ++i) {
    mac[i] = static_cast<std::uint8_t>(std::stoul(text.substr(3 * i, 2), nullptr, 16));
  }
  return mac;
}

unsigned read_port(const Json& json, std::size_t ports) {
  const auto port = json.get<unsigned>();
  if (port >= ports) throw std::invalid_argument("port " + std::to_string(port));
  return port;
}

std::uint32_t read_expect(const Json& json, std::size_t ports) {
  std::uint32_t set = 0;
  for (const Json& port : json.value("expect", Json::array())) {
    set |= std::uint32_t{1} << read_port(port, ports);
  }
  return set;
}

Flow group_flow(std::uint32_t group, std::uint32_t expect) {
  Flow flow{.mac = {0x01, 0x00, 0x5e}, .address = group, .expect = expect};
  flow.mac[3] = static_cast<std::uint8_t>(group >> 16 & 0x7F);
  flow.mac[4] = static_cast<std::uint8_t>(group >> 8);
  flow.mac[5] = static_cast<std::uint8_t>(group);
  return flow;
}

FaultKind read_fault(const std::string& name) {
  if (name == "lose") return FaultKind::kLose;
  if (name == "duplicate") return FaultKind::kDuplicate;
  if (name == "swap") return FaultKind::kSwap;
  if (name == "ttl") return FaultKind::kTtl;
  if (name == "elsewhere") return FaultKind::kElsewhere;
  throw std::invalid_argument("fault \"" + name + "\"");
}

// m1 u1 m2 u2 m3 u3 m4 u1 ...: the classes take turns, each goes round its own flows (MC-02).
std::vector<std::uint32_t> alternate(std::uint32_t groups, std::uint32_t hosts) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t i = 0; i < std::lcm(groups, hosts); ++i) {
    order.push_back(i % groups);
    order.push_back(groups + i % hosts);
  }
  return order;
}

void read_flows(const Json& json, std::size_t ports, Source& source) {
  for (const Json& range : json.value("groups", Json::array())) {
    const std::uint32_t first = read_address(range.at("first"));
    const std::uint32_t expect = read_expect(range, ports);
    for (std::uint32_t i = 0; i < range.value("count", 1U); ++i) {
      source.flows.push_back(group_flow(first + i, expect));
    }
  }
  const auto groups = static_cast<std::uint32_t>(source.flows.size());
  for (const Json& host : json.value("hosts", Json::array())) {
    source.flows.push_back({.mac = read_mac(host.at("mac")),
                            .address = read_address(host.at("address")),
                            .expect = read_expect(host, ports)});
  }
  const auto flows = static_cast<std::uint32_t>(source.flows.size());
  source.order = groups > 0 && flows > groups
                     ? alternate(groups, flows - groups)
                     : make_order(json.value("order", "sequence"), flows, json.value("seed", 1U));
}

Source read_source(const Json& json, std::size_t ports) {
  Source source;
  source.port = read_port(json.at("port"), ports);
  source.rate = json.at("rate");
  source.count = json.value("count", std::uint64_t{0});
  source.burst = std::max(1U, json.value("burst", 1U));
  for (const Json& frame : json.value("raw", Json::array())) {
    source.raw.push_back(read_hex(frame));
  }
  if (!source.carries_tests()) return source;
  source.frame_size = json.value("frame_size", 64U);
  if (source.frame_size < 64 || source.frame_size > kMaxFrame) {
    throw std::invalid_argument("frame_size " + std::to_string(source.frame_size));
  }
  source.address = read_address(json.value("address", "10.77.0.1"));
  source.watched = json.value("watched", false);
  source.foreign = json.value("foreign", false);
  source.routed = json.value("routed", false);
  read_flows(json, ports, source);
  for (const Json& fault : json.value("faults", Json::array())) {
    source.faults.push_back({.kind = read_fault(fault.at("kind")),
                             .sequence = fault.at("sequence"),
                             .port = fault.contains("port") ? read_port(fault["port"], ports) : 0});
  }
  return source;
}

Json summary(std::vector<Nanoseconds>& values) {
  if (values.empty()) return nullptr;
  std::sort(values.begin(), values.end());
  const auto part = [&](double share) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(values.size()));
    return values[std::min(rank, values.size() - 1)];
  };
  const double sum = std::accumulate(values.begin(), values.end(), 0.0);
  return {{"count", values.size()},
          {"min", values.front()},
          {"mean", sum / static_cast<double>(values.size())},
          {"p50", part(0.5)},
          {"p99", part(0.99)},
          {"p999", part(0.999)},
          {"max", values.back()}};
}

Json write_port(PortReport& port, bool samples, Nanoseconds begin) {
  Json json{{"received", port.received},
            {"expected", port.expected},
            {"lost", port.lost},
            {"duplicates", port.duplicates},
            {"reordered", port.reordered},
            {"leaked", port.leaked},
            {"wrong_egress", port.wrong_egress},
            {"altered", port.altered},
            {"other", port.other},
            {"silent_flows", port.silent_flows},
            {"longest_gap_ns", port.longest_gap},
            {"last_ns", port.received == 0 ? 0 : port.last - begin},
            {"tagged_ns", port.tagged}};
  if (samples) json["latency_samples_ns"] = port.latencies;
  json["latency_ns"] = summary(port.latencies);
  return json;
}

// Times of arrival count from the segment's begin: A of the delay tests.
Json write_segments(const std::vector<Segment>& segments, Nanoseconds begin) {
  Json json = Json::array();
  for (const Segment& segment : segments) {
    Json flows = Json::array();
    for (const FlowSpan& span : segment.flows) {
      flows.push_back({{"source", span.source},
                       {"flow", span.flow},
                       {"count", span.count},
                       {"first_ns", span.first - segment.begin},
                       {"last_ns", span.last - segment.begin},
                       {"first_sent_ns", span.first_sent - segment.begin},
                       {"missed_ns", span.missed == 0 ? 0 : span.missed - segment.begin}});
    }
    json.push_back({{"begin_ns", segment.begin - begin}, {"flows", std::move(flows)}});
  }
  return json;
}

}  // namespace

Job read_job(const Json& json, std::size_t ports, bool spin) {
  Job job;
  job.spin = spin;
  job.duration_s = json.at("duration");
  job.residual_s = json.value("residual", 0.2);
  for (const Json& source : json.value("sources", Json::array())) {
    job.sources.push_back(read_source(source, ports));
  }
  if (job.sources.size() > 255) throw std::invalid_argument("more than 255 sources");
  for (const Json& message : json.value("messages", Json::array())) {
    job.messages.push_back({.at_s = message.at("at"),
                            .port = read_port(message.at("port"), ports),
                            .frame = read_hex(message.at("frame"))});
  }
  std::stable_sort(job.messages.begin(), job.messages.end(),
                   [](const Message& a, const Message& b) { return a.at_s < b.at_s; });
  return job;
}

Json write_outcome(Outcome& outcome, bool samples) {
  Json json{{"offered", Json::array()}, {"messages", Json::array()}, {"ports", Json::array()}};
  for (const Offered& offered : outcome.offered) {
    json["offered"].push_back(
        {{"frames", offered.frames}, {"refused", offered.refused}, {"seconds", offered.seconds}});
  }
  for (const Sent& message : outcome.messages) {
    json["messages"].push_back({{"at_ns", message.at - outcome.begin}, {"took_ns", message.took}});
  }
  for (std::size_t port = 0; port < outcome.ports.size(); ++port) {
    Json row = write_port(outcome.ports[port], samples, outcome.begin);
    row["ring_drops"] = outcome.ring_drops[port];
    row["segments"] = write_segments(outcome.segments[port], outcome.begin);
    json["ports"].push_back(std::move(row));
  }
  json["clock_step_ns"] = outcome.clock_step;
  return json;
}

}  // namespace sluice::bench
