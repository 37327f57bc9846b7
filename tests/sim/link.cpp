// SPDX-License-Identifier: BSD-3-Clause
#include "tests/sim/link.h"

namespace sluice::sim {
namespace {

constexpr int kLossPercent = 40;
constexpr int kDuplicatePercent = 5;
constexpr Duration kPropagation{2};

bool is_lossy(Loss loss, Purpose purpose) {
  switch (loss) {
    case Loss::kNone:
    case Loss::kGeneralQueries:
    case Loss::kSpecificQueries:
      return false;
    case Loss::kUnsolicited:
      return purpose == Purpose::kUnsolicited || purpose == Purpose::kLeave;
    case Loss::kGeneralResponses:
      return purpose == Purpose::kGeneralResponse;
    case Loss::kStorm:
      return true;
  }
  return false;
}

}  // namespace

std::string_view to_string(Loss loss) {
  switch (loss) {
    case Loss::kNone:
      return "none";
    case Loss::kUnsolicited:
      return "unsolicited reports";
    case Loss::kGeneralQueries:
      return "general queries";
    case Loss::kGeneralResponses:
      return "general responses";
    case Loss::kSpecificQueries:
      return "specific queries";
    case Loss::kStorm:
      return "storm";
  }
  return "?";
}

bool Link::lose_one_of_two(std::uint64_t speaker) {
  bool& lost_last = lost_last_[speaker];
  lost_last = !lost_last && dice_.chance(kLossPercent);
  return lost_last;
}

std::vector<Duration> Link::carry(const Sending& sending, bool storm) {
  if (loss_ == Loss::kStorm) {
    if (storm && dice_.chance(kLossPercent)) return {};
  } else if (is_lossy(loss_, sending.purpose) && lose_one_of_two(sending.speaker)) {
    return {};
  }
  return delays();
}

std::vector<Duration> Link::carry_query(const igmp::Query<Ipv4>& query, std::uint64_t segment,
                                        bool storm) {
  if (loss_ == Loss::kStorm && storm && dice_.chance(kLossPercent)) return {};
  if (query.general()) {
    if (loss_ == Loss::kGeneralQueries && lose_one_of_two(segment | std::uint64_t{1} << 60)) {
      return {};
    }
    return delays();
  }
  if (loss_ != Loss::kSpecificQueries) return delays();
  std::vector<std::uint64_t> subjects;
  const auto subject = [&query](Ipv4 source) {
    return (std::uint64_t{query.group.value} << 32) | source.value;
  };
  for (Ipv4 source : query.sources) subjects.push_back(subject(source));
  if (subjects.empty()) subjects.push_back(subject(Ipv4{}));
  return lose_one_of_two(segment, subjects) ? std::vector<Duration>{} : delays();
}

std::vector<Duration> Link::carry_upstream(const igmp::V3Report<Ipv4>& report,
                                           std::uint64_t segment, bool storm) {
  if (loss_ != Loss::kGeneralResponses) return carry_report(report, segment, storm);
  std::vector<std::uint64_t> subjects;
  for (const auto& record : report.records) {
    if (record.type != igmp::RecordType::kModeIsInclude &&
        record.type != igmp::RecordType::kModeIsExclude) {
      return delays();
    }
    const std::uint64_t group = std::uint64_t{record.group.value} << 32;
    subjects.push_back(group);
    for (Ipv4 source : record.sources) subjects.push_back(group | source.value);
  }
  return lose_one_of_two(segment, subjects) ? std::vector<Duration>{} : delays();
}

std::vector<Duration> Link::carry_report(const igmp::V3Report<Ipv4>& report, std::uint64_t segment,
                                         bool storm) {
  if (loss_ == Loss::kStorm && storm && dice_.chance(kLossPercent)) return {};
  if (loss_ != Loss::kUnsolicited) return delays();
  std::vector<std::uint64_t> subjects;
  for (const auto& record : report.records) {
    const bool answer = record.type == igmp::RecordType::kModeIsInclude ||
                        record.type == igmp::RecordType::kModeIsExclude;
    if (answer) return delays();
    subjects.push_back(record.group.value);
  }
  return lose_one_of_two(segment, subjects) ? std::vector<Duration>{} : delays();
}

bool Link::lose_one_of_two(std::uint64_t segment, const std::vector<std::uint64_t>& subjects) {
  bool lost = dice_.chance(kLossPercent);
  for (std::uint64_t s : subjects) lost = lost && !subject_lost_last_[{segment, s}];
  for (std::uint64_t s : subjects) subject_lost_last_[{segment, s}] = lost;
  return lost;
}

std::vector<Duration> Link::delays() {
  const auto one = [this] {
    return reorders_ ? kPropagation + dice_.within(kLongestDelay - kPropagation - Duration{1})
                     : kPropagation;
  };
  std::vector<Duration> times = {one()};
  if (duplicates_ && dice_.chance(kDuplicatePercent)) times.push_back(one());
  return times;
}

}  // namespace sluice::sim
