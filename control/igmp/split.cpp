// SPDX-License-Identifier: BSD-3-Clause
// Messages that fit the link: RFC 9776 §4.1.8, §4.2.17; SZ-01..SZ-06.
#include <algorithm>
#include <utility>

#include "control/igmp/codec.h"
#include "control/igmp/wire.h"

namespace sluice::control::igmp {
namespace {

std::size_t size_of(const GroupRecord<Ipv4>& record) {
  return wire::kRecordHeader + wire::kAddress * record.sources.size();
}

bool is_exclude(RecordType type) {
  return type == RecordType::kModeIsExclude || type == RecordType::kChangeToExcludeMode;
}

// Fills one message after the other.
class Packer {
 public:
  explicit Packer(std::size_t mtu)
      : room_(mtu - wire::kIpHeaderWithAlert - wire::kShortMessage), left_(room_) {}

  std::size_t max_sources() const { return (room_ - wire::kRecordHeader) / wire::kAddress; }

  void add(GroupRecord<Ipv4> record) {
    const std::size_t size = size_of(record);
    if (reports_.empty() || size > left_) {
      reports_.emplace_back();
      left_ = room_;
    }
    left_ -= size;
    reports_.back().records.push_back(std::move(record));
  }

  std::vector<V3Report<Ipv4>> take() { return std::move(reports_); }

 private:
  const std::size_t room_;  // for records, in one message
  std::size_t left_;        // of it, in the last message
  std::vector<V3Report<Ipv4>> reports_;
};

}  // namespace

std::vector<V3Report<Ipv4>> split(std::vector<GroupRecord<Ipv4>> records, std::size_t mtu) {
  Packer packer(mtu);
  const std::size_t most = packer.max_sources();
  for (auto& record : records) {
    if (record.sources.size() <= most) {
      packer.add(std::move(record));
      continue;
    }
    if (is_exclude(record.type)) {
      // SZ-04: to leave out a source of an exclude list forwards too much, never too little. The
      // set is sorted, so that it is always the same ones.
      record.sources.resize(most);
      packer.add(std::move(record));
      continue;
    }
    for (std::size_t at = 0; at < record.sources.size(); at += most) {  // SZ-03
      const auto first = record.sources.begin() + static_cast<std::ptrdiff_t>(at);
      const auto count = std::min(most, record.sources.size() - at);
      packer.add({record.type, record.group,
                  SourceSet<Ipv4>(first, first + static_cast<std::ptrdiff_t>(count))});
    }
  }
  return packer.take();
}

std::vector<Query<Ipv4>> split(const Query<Ipv4>& query, std::size_t mtu) {
  const std::size_t most = (mtu - wire::kIpHeaderWithAlert - wire::kV3Query) / wire::kAddress;
  if (query.sources.size() <= most) return {query};
  std::vector<Query<Ipv4>> queries;
  for (std::size_t at = 0; at < query.sources.size(); at += most) {
    const auto first = query.sources.begin() + static_cast<std::ptrdiff_t>(at);
    const auto count = std::min(most, query.sources.size() - at);
    Query<Ipv4>& part = queries.emplace_back(query);
    part.sources.assign(first, first + static_cast<std::ptrdiff_t>(count));
  }
  return queries;
}

}  // namespace sluice::control::igmp
