// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/tester/analyser.h"

#include <algorithm>

namespace sluice::bench {
namespace {

constexpr std::size_t kMaxLatencies = 4'000'000;

std::uint32_t bit(std::size_t port) {
  return std::uint32_t{1} << port;
}

// How many of the first `sent` frames should arrive at the port.
std::uint64_t frames_for(const Source& source, std::size_t port, std::uint64_t sent) {
  std::uint64_t whole = 0;
  std::uint64_t part = 0;
  for (std::size_t i = 0; i < source.order.size(); ++i) {
    if ((source.flows[source.order[i]].expect & bit(port)) == 0) continue;
    ++whole;
    if (i < sent % source.order.size()) ++part;
  }
  return whole * (sent / source.order.size()) + part;
}

}  // namespace

Analyser::Analyser(const std::vector<Source>& sources, std::size_t ports, std::uint16_t run,
                   Nanoseconds begin)
    : sources_(sources), run_(run), ports_(ports), streams_(ports), segments_(ports) {
  for (std::size_t port = 0; port < ports; ++port) {
    segments_[port].push_back({.begin = begin, .flows = {}});
    for (const Source& source : sources) {
      Stream stream;
      stream.expected_here =
          std::any_of(source.flows.begin(), source.flows.end(),
                      [port](const Flow& flow) { return (flow.expect & bit(port)) != 0; });
      streams_[port].push_back(std::move(stream));
    }
  }
}

void Analyser::mark(unsigned port, Nanoseconds at) {
  segments_[port].push_back({.begin = at, .flows = {}});
}

void Analyser::received(unsigned port, const Arrival& arrival) {
  PortReport& report = ports_[port];
  const std::optional<Tag> tag = read_tag(arrival.frame);
  if (!tag || tag->source >= sources_.size() || !sources_[tag->source].carries_tests() ||
      tag->run != (sources_[tag->source].foreign ? 0 : run_)) {
    ++report.other;
    return;
  }
  const Source& source = sources_[tag->source];
  ++report.received;
  if (report.last != 0) report.longest_gap = std::max(report.longest_gap, arrival.at - report.last);
  report.last = std::max(report.last, arrival.at);
  if (!unaltered(source, *tag, arrival.frame, arrival.length)) {
    ++report.altered;
    return;
  }
  if (source.foreign) return note_segment(port, *tag, arrival.at);
  Stream& stream = streams_[port][tag->source];
  if (!source.watched && (source.flow_of(tag->sequence).expect & bit(port)) == 0) {
    ++(stream.expected_here ? report.wrong_egress : report.leaked);
    return;
  }
  if (tag->sequence >= stream.seen.size()) {
    stream.seen.resize(std::max<std::size_t>(tag->sequence + 1, stream.seen.size() * 2));
  }
  if (stream.seen[tag->sequence]) {
    ++report.duplicates;
    return;
  }
  stream.seen[tag->sequence] = true;
  ++stream.unique;
  if (tag->sequence < stream.highest) ++report.reordered;
  stream.highest = std::max<std::int64_t>(stream.highest, tag->sequence);
  if (report.latencies.size() < kMaxLatencies) report.latencies.push_back(arrival.at - tag->sent);
  if (source.count != 0 && tag->sequence == source.count / 2) {
    report.tagged.push_back(arrival.at - tag->sent);
  }
  if (source.watched) note_segment(port, *tag, arrival.at);
}

// By the kernel's time of arrival: the frame may have lain in the ring while messages went out.
void Analyser::note_segment(unsigned port, const Tag& tag, Nanoseconds at) {
  auto& segments = segments_[port];
  auto segment = std::upper_bound(segments.begin(), segments.end(), at,
                                  [](Nanoseconds t, const Segment& s) { return t < s.begin; });
  if (segment != segments.begin()) --segment;
  const Source& source = sources_[tag.source];
  const std::uint32_t flow = source.order[tag.sequence % source.order.size()];
  auto& flows = segment->flows;
  auto found = std::find_if(flows.begin(), flows.end(), [&](const FlowSpan& span) {
    return span.source == tag.source && span.flow == flow;
  });
  if (found == flows.end()) {
    flows.push_back({.source = tag.source,
                     .flow = flow,
                     .count = 0,
                     .first = at,
                     .last = at,
                     .first_sent = tag.sent,
                     .last_sequence = 0,
                     .missed = 0});
    found = flows.end() - 1;
  }
  ++found->count;
  found->first = std::min(found->first, at);
  found->last = std::max(found->last, at);
  found->last_sequence = std::max(found->last_sequence, tag.sequence);
}

void Analyser::note_missed(std::size_t source, const std::vector<Nanoseconds>& times) {
  for (auto& segments : segments_) {
    for (Segment& segment : segments) {
      for (FlowSpan& span : segment.flows) {
        const std::size_t next = std::size_t{span.last_sequence} + 1;
        if (span.source == source && next < times.size()) span.missed = times[next];
      }
    }
  }
}

bool Analyser::complete(const std::vector<std::uint64_t>& sent) const {
  for (std::size_t port = 0; port < ports_.size(); ++port) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      if (!sources_[s].carries_tests() || sources_[s].watched) continue;
      if (streams_[port][s].unique < frames_for(sources_[s], port, sent[s])) return false;
    }
  }
  return true;
}

std::vector<PortReport> Analyser::finish(const std::vector<std::uint64_t>& sent) {
  for (std::size_t port = 0; port < ports_.size(); ++port) {
    for (std::size_t s = 0; s < sources_.size(); ++s) {
      const Source& source = sources_[s];
      if (!source.carries_tests() || source.watched) continue;
      const Stream& stream = streams_[port][s];
      const std::uint64_t expected = frames_for(source, port, sent[s]);
      ports_[port].expected += expected;
      ports_[port].lost += expected - std::min(expected, stream.unique);
      std::vector<bool> heard(source.flows.size());
      for (std::size_t sequence = 0; sequence < stream.seen.size(); ++sequence) {
        if (stream.seen[sequence]) heard[source.order[sequence % source.order.size()]] = true;
      }
      for (std::size_t flow = 0; flow < heard.size(); ++flow) {
        if (!heard[flow] && (source.flows[flow].expect & bit(port)) != 0) {
          ++ports_[port].silent_flows;
        }
      }
    }
  }
  return ports_;
}

}  // namespace sluice::bench
