// SPDX-License-Identifier: BSD-3-Clause
// IGMP (and MRD, and the one PIM message a snooper reads) as values, after decoding and before
// encoding. Written over the address type A so that MLD is a second codec and not a second program.
// RFC 9776 §4, RFC 2236 §2, RFC 1112, RFC 4286.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "shared/address.h"
#include "shared/time.h"

// g++ 12 takes the branch of a small_vector's move that copies from the heap for one that reads the
// inline storage past its end.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstringop-overread"
#endif
#include <boost/container/small_vector.hpp>
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

namespace sluice::control::igmp {

enum class Version : std::uint8_t { kV1 = 1, kV2 = 2, kV3 = 3 };

enum class FilterMode : std::uint8_t { kInclude, kExclude };

// RFC 9776 §4.2.13; values are those on the wire.
enum class RecordType : std::uint8_t {
  kModeIsInclude = 1,
  kModeIsExclude = 2,
  kChangeToIncludeMode = 3,
  kChangeToExcludeMode = 4,
  kAllowNewSources = 5,
  kBlockOldSources = 6,
};

// A set of sources: sorted ascending, no duplicates. See source_set.h for the algebra.
template <class A>
using SourceSet = boost::container::small_vector<A, 4>;

template <class A>
struct GroupRecord {
  RecordType type = RecordType::kModeIsInclude;
  A group;
  SourceSet<A> sources;

  bool operator==(const GroupRecord&) const = default;
};

template <class A>
struct Query {
  Version version = Version::kV3;
  A group;                                  // unspecified: General Query
  Duration max_response_time{0};            // v1: 10 s (V1-01)
  bool suppress_router_processing = false;  // the S flag
  std::uint8_t robustness_variable = 0;     // QRV; 0 in v1, v2 and where the querier's is over 7
  Duration query_interval{0};               // QQIC; 0 in v1 and v2
  SourceSet<A> sources;

  bool general() const { return group == A{}; }
  bool operator==(const Query&) const = default;
};

template <class A>
struct V1Report {
  A group;
  bool operator==(const V1Report&) const = default;
};

template <class A>
struct V2Report {
  A group;
  bool operator==(const V2Report&) const = default;
};

template <class A>
struct Leave {
  A group;
  bool operator==(const Leave&) const = default;
};

template <class A>
struct V3Report {
  std::vector<GroupRecord<A>> records;
  bool operator==(const V3Report&) const = default;
};

// RFC 4286: which ports lead to multicast routers.
struct MrdAdvertisement {
  Duration advertisement_interval{0};
  Duration query_interval{0};
  std::uint16_t robustness_variable = 0;
  bool operator==(const MrdAdvertisement&) const = default;
};
struct MrdSolicitation {
  bool operator==(const MrdSolicitation&) const = default;
};
struct MrdTermination {
  bool operator==(const MrdTermination&) const = default;
};

// PIMv2 Hello (RFC 7761 §4.9.2). 65535 s (0xffff) means never: kept as it is. No holdtime option:
// the default of 105 s.
struct PimHello {
  Duration holdtime{0};
  bool operator==(const PimHello&) const = default;
};

// An IGMP type that this program does not read: flooded unchanged (RFC 4541 §2.1.1 (2), SC-04).
struct UnknownType {
  std::uint8_t type = 0;
  bool operator==(const UnknownType&) const = default;
};

template <class A>
using Message =
    std::variant<Query<A>, V1Report<A>, V2Report<A>, Leave<A>, V3Report<A>, MrdAdvertisement,
                 MrdSolicitation, MrdTermination, PimHello, UnknownType>;

}  // namespace sluice::control::igmp
