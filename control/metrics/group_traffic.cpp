// SPDX-License-Identifier: BSD-3-Clause
#include "control/metrics/group_traffic.h"

#include <algorithm>

namespace sluice::control::metrics {
namespace {

Traffic& operator+=(Traffic& sum, const Traffic& more) {
  sum.packets += more.packets;
  sum.bytes += more.bytes;
  return sum;
}

std::uint64_t minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

// Nothing where an entry of the group has gone meanwhile, and with it its counts.
Traffic grown(const Traffic& now, const Traffic& before) {
  return {minus(now.packets, before.packets), minus(now.bytes, before.bytes)};
}

}  // namespace

void GroupTraffic::add(const Fib::Row& row) {
  if (row.key.vlan.value >= kVlanIds) return;  // a proxy's own entry counts nothing
  State& state = states_[{row.key.vlan, row.key.group}];
  if (state.reading != reading_) {
    state.sum = {};
    state.members = {};
    if (state.reading == 0) state.since = reading_;
    state.reading = reading_;
  }
  state.sum += {row.packets, row.bytes};
  state.members = state.members | row.egress.members;
}

void GroupTraffic::finish(const std::map<VlanId, Traffic>& departed, SteadyTime now) {
  std::erase_if(states_, [&](const auto& entry) { return entry.second.reading != reading_; });
  choose(std::chrono::duration<double>(now - last_time_).count());
  last_time_ = now;
  sum_up(departed);
}

void GroupTraffic::choose(double seconds) {
  struct Candidate {
    GroupKey key;
    State* state;
    std::uint64_t weight;
  };
  std::vector<Candidate> candidates;
  candidates.reserve(states_.size());
  for (auto& [key, state] : states_) {
    const std::uint64_t packets = grown(state.sum, state.last).packets;
    candidates.push_back({key, &state, packets * (state.shown ? 2 : 1)});
  }
  const auto busier = [](const Candidate& a, const Candidate& b) {
    if (a.weight != b.weight) return a.weight > b.weight;
    if (a.state->shown != b.state->shown) return a.state->shown;
    if (a.key.vlan != b.key.vlan) return a.key.vlan < b.key.vlan;
    return a.key.group < b.key.group;
  };
  const auto end =
      candidates.begin() + static_cast<std::ptrdiff_t>(std::min(top_, candidates.size()));
  if (end != candidates.end()) std::nth_element(candidates.begin(), end, candidates.end(), busier);
  std::sort(candidates.begin(), end, busier);

  groups_.clear();
  for (auto at = candidates.begin(); at != candidates.end(); ++at) {
    State& state = *at->state;
    const Traffic more = grown(state.sum, state.last);
    const bool is_new = state.since == reading_;
    const bool shown = at < end;
    // One that was in the rest so far has this interval there too: its count begins where it can be
    // seen to.
    if (shown && (state.shown || is_new)) {
      state.own += more;
      sums_[at->key.vlan].own += more;
    }
    state.shown = shown;
    state.last = state.sum;
    if (!shown) continue;
    const double rate = is_new || seconds <= 0 ? 0 : static_cast<double>(more.packets) / seconds;
    groups_.push_back({at->key, state.own, rate, state.members});
  }
}

void GroupTraffic::sum_up(const std::map<VlanId, Traffic>& departed) {
  std::map<VlanId, VlanFigures> vlans;
  for (const auto& [key, state] : states_) {
    VlanFigures& vlan = vlans[key.vlan];
    vlan.all += state.sum;
    ++vlan.groups;
    if (!state.shown) ++vlan.groups_in_rest;
  }
  for (const auto& [id, traffic] : departed) {
    if (id.value < kVlanIds) vlans[id].all += traffic;
  }
  vlans_.clear();
  for (auto& [id, vlan] : vlans) {
    vlan.vlan = id;
    Sums& sums = sums_[id];
    // An entry that went while the table was read is missing from this reading's sum, and in the
    // next one's again.
    const Traffic rest = grown(vlan.all, sums.own);
    sums.rest.packets = std::max(sums.rest.packets, rest.packets);
    sums.rest.bytes = std::max(sums.rest.bytes, rest.bytes);
    vlan.rest = sums.rest;
    vlan.all = sums.own;
    vlan.all += sums.rest;
    vlans_.push_back(vlan);
  }
}

void GroupTraffic::reset() {
  states_.clear();
  sums_.clear();
  groups_.clear();
  vlans_.clear();
}

}  // namespace sluice::control::metrics
