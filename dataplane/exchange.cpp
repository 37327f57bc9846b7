// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/exchange.h"

#include <algorithm>
#include <cstring>

#include "dataplane/edit.h"

namespace sluice::dataplane {

std::size_t Exchange::poll(std::size_t max, const std::function<void(const PuntedFrame&)>& visit) {
  std::size_t count = 0;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    Punt punt;
    while (count < max && worker->punts().pop(punt)) {
      lend(punt, visit);
      rte_pktmbuf_free(punt.mbuf);
      ++count;
    }
  }
  return count;
}

// Copied, because a shared frame must not be edited and one in segments has no span.
void Exchange::lend(const Punt& punt, const std::function<void(const PuntedFrame&)>& visit) {
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
                    .bytes = {scratch_.data(), length}});
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
  return true;
}

}  // namespace sluice::dataplane
