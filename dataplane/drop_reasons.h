// SPDX-License-Identifier: BSD-3-Clause
// Why a frame was not forwarded. One list gives enumerator, label and help; a frame that was
// received has exactly one fate, and each of these is one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "shared/punt_limits.h"
#include "shared/routing.h"

namespace sluice::dataplane {

// Of received frames, counted at the port they came in by.
#define SLUICE_RX_DROPS(X)                                                                     \
  X(Runt, "runt_frame", "shorter than its Ethernet header")                                    \
  X(InvalidSourceMac, "invalid_source_mac", "source MAC is zero or multicast")                 \
  X(VlanNotCarried, "vlan_not_carried", "tagged, and the port is not in that trunk")           \
  X(UntaggedNotAccepted, "untagged_not_accepted", "untagged, and the port has no access VLAN") \
  X(ReservedMac, "reserved_mac", "to 01:80:c2:00:00:00..0f, which no bridge forwards")         \
  X(MalformedIpv4, "malformed_ipv4", "multicast with a broken IPv4 header")                    \
  X(BadIpChecksum, "bad_ip_checksum", "multicast with a wrong IPv4 header checksum")           \
  X(PuntRingFull, "punt_ring_full", "the control thread is behind")                            \
  X(UnregisteredGroup, "unregistered_group", "nobody joined, and the VLAN's policy says so")   \
  X(NoMember, "no_member", "registered, but nobody else wants this source")                    \
  X(SamePort, "same_port", "its destination is on the port it came from")                      \
  X(NoEgressPort, "no_egress_port", "no other port of the VLAN is up")                         \
  X(OwnSource, "own_source", "to be routed, and its source is the appliance itself")           \
  X(RpfFailed, "rpf_failed", "to be routed, and its source is not on this side")               \
  X(ProxyDenied, "proxy_denied", "to be routed, and the proxy's lists do not allow it")        \
  X(TtlExpired, "ttl_expired", "to be routed, and its TTL is 0 or 1")                          \
  X(QueryRateLimit, "query_rate_limit", "IGMP queries, and too many")                          \
  X(ReportRateLimit, "report_rate_limit", "IGMP reports and leaves, and too many")             \
  X(PimMrdRateLimit, "pim_mrd_rate_limit", "multicast router discovery, and too much")         \
  X(LocalRateLimit, "local_rate_limit", "to the appliance's own address, and too many")        \
  X(RouterGuard, "router_guard", "PIM, where router-guard says that there is no router")

enum class RxDrop : std::uint8_t {
#define X(name, label, help) k##name,
  SLUICE_RX_DROPS(X)
#undef X
};
inline constexpr std::array kRxDropLabels = {
#define X(name, label, help) std::string_view(label),
    SLUICE_RX_DROPS(X)
#undef X
};
inline constexpr std::size_t kRxDrops = kRxDropLabels.size();

// Of a frame that [punt-limit] refuses.
constexpr RxDrop drop_of(PuntClass punted) {
  return static_cast<RxDrop>(static_cast<std::size_t>(RxDrop::kQueryRateLimit) +
                             static_cast<std::size_t>(punted));
}
static_assert(drop_of(PuntClass::kReports) == RxDrop::kReportRateLimit &&
              drop_of(PuntClass::kPimMrd) == RxDrop::kPimMrdRateLimit &&
              drop_of(PuntClass::kLocal) == RxDrop::kLocalRateLimit);

// A frame that is neither routed nor bridged is dropped for the reason that it was not routed.
constexpr RxDrop drop_of(RouteRefusal refusal) {
  return static_cast<RxDrop>(static_cast<std::size_t>(RxDrop::kOwnSource) +
                             static_cast<std::size_t>(refusal));
}
static_assert([] {
  for (std::size_t i = 0; i < kRouteRefusalLabels.size(); ++i) {
    const auto drop = static_cast<std::size_t>(drop_of(static_cast<RouteRefusal>(i)));
    if (kRxDropLabels[drop] != kRouteRefusalLabels[i]) return false;
  }
  return true;
}());

// Of copies, counted at the port they should have left by.
#define SLUICE_TX_DROPS(X)                                 \
  X(TxFull, "tx_full", "the device took no more")          \
  X(TooBig, "too_big", "larger than the port's MTU")       \
  X(NoMbuf, "no_mbuf", "no buffer for a header or a copy") \
  X(HandoffFull, "handoff_full", "the worker that owns the port is behind")

enum class TxDrop : std::uint8_t {
#define X(name, label, help) k##name,
  SLUICE_TX_DROPS(X)
#undef X
};
inline constexpr std::array kTxDropLabels = {
#define X(name, label, help) std::string_view(label),
    SLUICE_TX_DROPS(X)
#undef X
};
inline constexpr std::size_t kTxDrops = kTxDropLabels.size();

}  // namespace sluice::dataplane
