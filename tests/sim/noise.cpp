// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/noise.h"

#include "control/igmp/codec.h"
#include "control/igmp/source_set.h"

namespace sluice::sim {
namespace {

using igmp::RecordType;
using igmp::Version;
using std::chrono::milliseconds;

constexpr MacAddress kStranger{{2, 0, 0, 3, 0, 0}};

// A group that no host of the simulation asks for.
Ipv4 strange_group(Dice& dice) {
  return Ipv4{ipv4(239, 200, 0, 0).value + static_cast<std::uint32_t>(dice.below(1000))};
}

igmp::SourceSet<Ipv4> some_sources(Dice& dice) {
  igmp::SourceSet<Ipv4> sources;
  for (std::uint64_t i = dice.below(4); i > 0; --i) {
    igmp::insert(sources, ipv4(192, 0, 2, static_cast<unsigned>(1 + dice.below(3))));
  }
  return sources;
}

std::vector<std::uint8_t> strange_report(Dice& dice, Ipv4 stranger) {
  igmp::V3Report<Ipv4> report;
  for (std::uint64_t i = 1 + dice.below(60); i > 0; --i) {
    report.records.push_back(
        {static_cast<RecordType>(1 + dice.below(6)), strange_group(dice), some_sources(dice)});
  }
  return igmp::encode(report, {kStranger, stranger});
}

// Cut short, or with some bytes that are others.
std::vector<std::uint8_t> broken(Dice& dice, std::vector<std::uint8_t> bytes) {
  if (dice.chance(50)) {
    bytes.resize(14 + dice.below(bytes.size() - 14));
  } else {
    for (int i = 0; i < 3; ++i) {
      bytes[14 + dice.below(bytes.size() - 14)] ^= static_cast<std::uint8_t>(1 + dice.below(255));
    }
  }
  return bytes;
}

// About any of the hosts' groups, or all.
igmp::Query<Ipv4> any_query(Dice& dice, int rv) {
  igmp::Query<Ipv4> query;
  query.robustness_variable = static_cast<std::uint8_t>(rv);
  query.max_response_time = milliseconds(dice.chance(50) ? 0 : 100 * dice.between(1, 20));
  if (dice.chance(50)) {
    query.group = group_address(dice.below(kGroups));
    query.sources = some_sources(dice);
    query.suppress_router_processing = dice.chance(50);
  }
  return query;
}

}  // namespace

std::vector<std::uint8_t> upstream_noise(Dice& dice, const Router::Settings& router,
                                         Ipv4 stranger) {
  switch (dice.below(4)) {
    case 0:
      return broken(dice, strange_report(dice, stranger));
    case 1:
      return strange_report(dice, stranger);
    default: {
      igmp::Query<Ipv4> query = any_query(dice, router.robustness_variable);
      query.query_interval = router.query_interval;
      return igmp::encode(query, {kStranger, Ipv4{}});
    }
  }
}

std::vector<std::uint8_t> downstream_noise(Dice& dice, int rv, Ipv4 stranger) {
  const Ipv4 group = group_address(dice.below(kGroups));
  switch (dice.below(6)) {
    case 0:
      return broken(dice, strange_report(dice, stranger));
    case 1:
      return strange_report(dice, stranger);
    case 2:
      return igmp::encode(igmp::Leave<Ipv4>{group}, {kStranger, stranger});
    case 3: {
      // No sources that would be joins.
      const bool leave = dice.chance(50);
      const RecordType type =
          leave ? RecordType::kChangeToIncludeMode : RecordType::kBlockOldSources;
      return igmp::encode(
          igmp::V3Report<Ipv4>{
              {{type, group, leave ? igmp::SourceSet<Ipv4>{} : some_sources(dice)}}},
          {kStranger, stranger});
    }
    default:
      return igmp::encode(any_query(dice, rv), {kStranger, Ipv4{}});
  }
}

}  // namespace sluice::sim
