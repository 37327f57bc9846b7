// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/exchange.h"

#include <rte_cycles.h>

#include <algorithm>
#include <cstring>

#include "dataplane/edit.h"

namespace sluice::dataplane {
namespace {

// Less than nothing for what has come after `now`.
std::chrono::nanoseconds age(std::uint64_t then, std::uint64_t now) {
  const auto cycles = static_cast<std::int64_t>(now - then);
  const double seconds = static_cast<double>(cycles) / static_cast<double>(rte_get_tsc_hz());
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

// So many bytes of frames are worked off before the rings are looked at again: eight small reports,
// or one large one, which costs as much. Whoever comes meanwhile waits for no more than that.
constexpr std::uint32_t kBytesBetweenFetches = 512;

}  // namespace

Exchange::~Exchange() {
  Waiting next;
  while (waiting_.pop(next)) rte_pktmbuf_free(next.punt.mbuf);
}

std::size_t Exchange::poll(std::size_t max, const std::function<void(const PuntedFrame&)>& visit) {
  std::size_t count = 0;
  std::uint32_t bytes = kBytesBetweenFetches;
  std::optional<Moment> now;  // read only when there is a frame
  Waiting next;
  for (; count < max; ++count) {
    if (bytes >= kBytesBetweenFetches) {
      fetch();
      bytes = 0;
    }
    if (!waiting_.pop(next)) break;
    if (!now) now = Moment{std::chrono::steady_clock::now(), rte_rdtsc()};
    bytes += next.punt.mbuf->pkt_len;
    lend(next.punt, *now, visit);
    rte_pktmbuf_free(next.punt.mbuf);
    workers_[next.worker]->punts().done(next.punt);
  }
  return count;
}

// There is room for all that the rings let up, since their places are free only after done().
void Exchange::fetch() {
  for (std::uint32_t worker = 0; worker < workers_.size(); ++worker) {
    Punt punt;
    bool any = false;
    while (waiting_.room() > 0 && workers_[worker]->punts().pop(punt)) {
      waiting_.push(punt.port, {punt, worker});
      any = true;
    }
    if (any) most_punts_[worker] = std::max(most_punts_[worker], punts(worker));
  }
}

// Copied, because a shared frame must not be edited and one in segments has no span.
void Exchange::lend(const Punt& punt, const Moment& now,
                    const std::function<void(const PuntedFrame&)>& visit) {
  const std::uint32_t skipped = punt.tag_in_frame ? kTag : 0;
  const auto length = std::min<std::uint32_t>(punt.mbuf->pkt_len - skipped,
                                              static_cast<std::uint32_t>(scratch_.size()));
  const auto copy = [&](std::uint32_t from, std::uint32_t size, std::uint8_t* to) {
    const void* const bytes = rte_pktmbuf_read(punt.mbuf, from, size, to);
    if (bytes != nullptr && bytes != to) std::memcpy(to, bytes, size);
  };
  copy(0, kMacs, scratch_.data());
  copy(kMacs + skipped, length - kMacs, scratch_.data() + kMacs);
  visit(PuntedFrame{.port = punt.port,
                    .vlan = punt.vlan,
                    .tci = punt.tci,
                    .also_forwarded = punt.also_forwarded,
                    .bytes = {scratch_.data(), length},
                    .received = now.time - age(punt.received, now.cycles)});
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
