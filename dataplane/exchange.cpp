// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/exchange.h"

#include <rte_cycles.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "dataplane/edit.h"

namespace sluice::dataplane {
namespace {

// Less than nothing for what has come after `now`.
std::chrono::nanoseconds age(std::uint64_t then, std::uint64_t now) {
  const auto cycles = static_cast<std::int64_t>(now - then);
  const double seconds = static_cast<double>(cycles) / static_cast<double>(rte_get_tsc_hz());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

Exchange::~Exchange() {
  Waiting next;
  while (waiting_.pop(next)) rte_pktmbuf_free(next.punt.mbuf);
}

std::size_t Exchange::poll(std::size_t max, const Visit& visit) {
  std::size_t count = 0;
  std::optional<Moment> now;  // read only when there is a frame
  while (count < max) {
    fetch();
    const std::span<const Waiting> next = take(max - count);
    if (next.empty()) break;
    if (!now) now = Moment{std::chrono::steady_clock::now(), rte_rdtsc()};
    std::array<PuntedFrame, kTogether> frames;
    std::uint8_t* room = scratch_.data();
    for (std::size_t i = 0; i < next.size(); ++i) frames[i] = lend(next[i].punt, *now, room);
    visit({frames.data(), next.size()});
    for (const Waiting& one : next) {
      rte_pktmbuf_free(one.punt.mbuf);
      workers_[one.worker]->punts().done(one.punt);
    }
    count += next.size();
  }
  return count;
}

// There is room for all that the rings let up, since their places are free only after done(). The
// buffers were another core's until now: they are asked for before anybody waits for them.
void Exchange::fetch() {
  for (std::uint32_t worker = 0; worker < workers_.size(); ++worker) {
    Punt punt;
    bool any = false;
    while (waiting_.room() > 0 && workers_[worker]->punts().pop(punt)) {
      rte_mbuf_prefetch_part1(punt.mbuf);
      rte_mbuf_prefetch_part2(punt.mbuf);
      waiting_.push(punt.port, {punt, worker});
      any = true;
    }
    if (any) most_punts_[worker] = std::max(most_punts_[worker], punts(worker));
  }
}

// From the ports in turn.
std::span<const Exchange::Waiting> Exchange::take(std::size_t most) {
  std::size_t count = 0;
  std::uint32_t bytes = 0;
  for (most = std::min(most, kTogether); count < most && bytes < kBytesTogether; ++count) {
    if (!waiting_.pop(together_[count])) break;
    const rte_mbuf* const mbuf = together_[count].punt.mbuf;
    rte_prefetch0(rte_pktmbuf_mtod(mbuf, const void*));
    bytes += mbuf->pkt_len;
  }
  return {together_.data(), count};
}

// A frame as it lies in its buffer; copied to `room`, which moves on, where a tag stands in it or
// where it is in segments: it may be shared, so nothing is done to it.
PuntedFrame Exchange::lend(const Punt& punt, const Moment& now, std::uint8_t*& room) const {
  const std::uint32_t skipped = punt.tag_in_frame ? kTag : 0;
  const std::uint32_t length = std::min(punt.mbuf->pkt_len - skipped, kLongestFrame);
  const auto copy = [&](std::uint32_t from, std::uint32_t size, std::uint8_t* to) {
    const void* const bytes = rte_pktmbuf_read(punt.mbuf, from, size, to);
    if (bytes != nullptr && bytes != to) std::memcpy(to, bytes, size);
  };
  const std::uint8_t* bytes = rte_pktmbuf_mtod(punt.mbuf, const std::uint8_t*);
  if (skipped != 0 || length > punt.mbuf->data_len) {
    copy(0, kMacs, room);
    copy(kMacs + skipped, length - kMacs, room + kMacs);
    bytes = std::exchange(room, room + length);
  }
  return {.port = punt.port,
          .vlan = punt.vlan,
          .tci = punt.tci,
          .also_forwarded = punt.also_forwarded,
          .bytes = {bytes, length},
          .received = now.time - age(punt.received, now.cycles)};
}

bool Exchange::send(const OutFrame& frame) {
  rte_mbuf* const mbuf = rte_pktmbuf_alloc(buffers_);
  void* const start =
      mbuf == nullptr ? nullptr
                      : rte_pktmbuf_append(mbuf, static_cast<std::uint16_t>(std::min<std::size_t>(
                                                     frame.bytes.size(), UINT16_MAX)));
  if (start == nullptr) {
    rte_pktmbuf_free(mbuf);
    ++no_mbuf_;
    return false;
  }
  std::memcpy(start, frame.bytes.data(), mbuf->pkt_len);
  if (!workers_.front()->injects().push(Inject{
          .mbuf = mbuf, .ports = frame.ports.bits(), .vlan = frame.vlan, .tci = frame.tci})) {
    rte_pktmbuf_free(mbuf);
    ++ring_full_;
    return false;
  }
  most_injects_ = std::max(most_injects_, injects());
  workers_.front()->wake();
  return true;
}

}  // namespace sluice::dataplane
