// SPDX-License-Identifier: BSD-3-Clause
// What the wire does to a frame: delay, reordering, duplication, loss. In the bounded modes it
// loses one kind of message only, and never two in a row of those that stand in for each other, so
// that RFC 9776's robustness (RV >= 2) must cope without anybody missing a frame of data. In
// kStorm it loses anything; the oracle then judges only after a calm.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "control/igmp/messages.h"
#include "tests/sim/clock.h"
#include "tests/sim/host.h"

namespace sluice::sim {

enum class Loss : std::uint8_t {
  kNone,
  kUnsolicited,       // state changes and leaves
  kGeneralQueries,    // one of two per segment
  kGeneralResponses,  // one of two per speaker
  kSpecificQueries,   // one of two per segment, group and source
  kStorm,
};
std::string_view to_string(Loss loss);

class Link {
 public:
  Link(Loss loss, bool reorders, bool duplicates, Dice& dice)
      : loss_(loss), reorders_(reorders), duplicates_(duplicates), dice_(dice) {}

  // When each copy arrives; none when it is lost.
  std::vector<Duration> carry(const Sending& sending, bool storm);
  // The same for a query to the segment with this number.
  std::vector<Duration> carry_query(const igmp::Query<Ipv4>& query, std::uint64_t segment,
                                    bool storm);

  // The same for a report of the switch to its routers, where it speaks for its hosts.
  std::vector<Duration> carry_report(const igmp::V3Report<Ipv4>& report, std::uint64_t segment,
                                     bool storm);

  // The same on its way to a router that asks nobody in particular: answers may be lost, too.
  std::vector<Duration> carry_upstream(const igmp::V3Report<Ipv4>& report, std::uint64_t segment,
                                       bool storm);

  static constexpr Duration kLongestDelay{25};

 private:
  bool lose_one_of_two(std::uint64_t speaker);
  // Of messages about several subjects: one may be lost only if none of its subjects was lost last.
  bool lose_one_of_two(std::uint64_t segment, const std::vector<std::uint64_t>& subjects);
  std::vector<Duration> delays();

  Loss loss_;
  bool reorders_, duplicates_;
  Dice& dice_;
  std::map<std::uint64_t, bool> lost_last_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, bool> subject_lost_last_;
};

}  // namespace sluice::sim
