// SPDX-License-Identifier: BSD-3-Clause
// The state file's bytes: there and back, damaged at every place, and as an earlier version of the
// program wrote them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "control/state/file.h"
#include "control/state/format.h"

namespace sluice::control::state {
namespace {

using igmp::FilterMode;
using igmp::Version;
using snooping::LearnedFrom;
using snooping::MemberKey;
using snooping::SavedMember;
using snooping::SavedVlan;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using Source = igmp::GroupState<Ipv4>::Source;

constexpr VlanId kVlan{10};
constexpr Ipv4 kGroup = ipv4(239, 1, 1, 1), kOther = ipv4(239, 1, 1, 2);
constexpr Ipv4 kHost = ipv4(10, 0, 0, 1);
const std::vector<std::string> kPorts = {"a", "b", "c"};

// The clock of the rows began an hour after the machine.
Moment at(Duration time) {
  Moment moment;
  moment.boot = {1, 2, 3};
  moment.since_boot_ms = static_cast<std::uint64_t>((hours(1) + time) / milliseconds(1));
  moment.wall_ms = 1'700'000'000'000 + moment.since_boot_ms;
  moment.time = TimePoint(time);
  return moment;
}
const Moment kThen = at(seconds(1000));

TimePoint then(Duration left) {
  return kThen.time + left;
}

SavedMember simple(PortId port = PortId{0}, Ipv4 group = kGroup) {
  SavedMember member{kVlan, port, group, {}, false, kHost, then(-seconds(50)), {}, true};
  member.state.mode = FilterMode::kExclude;
  member.state.group_expires = then(seconds(200));
  member.hosts.push_back({kHost, FilterMode::kExclude, {}, then(seconds(200))});
  return member;
}

SavedMember full() {
  SavedMember member = simple(PortId{2}, kOther);
  member.leaving = true;
  member.state.v1_host_until = then(seconds(20));
  member.state.v2_host_until = then(seconds(30));
  member.state.sources = {Source{ipv4(10, 9, 9, 1), 0, then(milliseconds(2500))},
                          Source{.address = ipv4(10, 9, 9, 2)}};
  member.hosts.push_back(
      {ipv4(10, 0, 0, 2), FilterMode::kInclude, {ipv4(10, 9, 9, 1)}, then(seconds(100))});
  member.hosts_complete = false;
  return member;
}

SavedVlan vlan() {
  SavedVlan saved;
  saved.vlan = kVlan;
  saved.settled = saved.tracked = true;
  saved.querier = {
      igmp::Querier<Ipv4>::State::kNonQuerier,    ipv4(10, 0, 0, 50), then(seconds(255)),
      {Version::kV2, 3, seconds(60), seconds(5)}, Version::kV2,       then(seconds(99))};
  saved.host = {TimePoint::min(), then(seconds(77)), 3};
  saved.routers = {{PortId{1}, LearnedFrom::kPim, ipv4(10, 0, 0, 60), kNever},
                   {PortId{1}, LearnedFrom::kQuery, ipv4(10, 0, 0, 50), then(seconds(255))}};
  saved.statics = {{kGroup, std::nullopt, PortSet(0b101)}, {kOther, kHost, PortSet(0b010)}};
  return saved;
}

Bytes copy() {
  Bytes file = header(kThen);
  append_head(file, kThen, kPorts);
  append_others(file, kThen, std::vector{vlan()},
                std::vector<SavedAppliance::Proxy>{{"edge", {VlanId{20}, VlanId{30}}}});
  append_members(file, kThen, std::vector{simple(), full()});
  append_end(file, kThen);
  return file;
}

// Read three seconds later by a program that counts from zero.
Moment later(Duration away = seconds(3)) {
  Moment moment = at(seconds(1000) + away);
  moment.time = TimePoint{};
  return moment;
}

void expect_as_written(const Loaded& loaded) {
  const Duration shift = later().time - seconds(3) - kThen.time;
  const auto& members = loaded.state.switched.members;
  ASSERT_EQ(members.size(), 2u);
  const SavedMember &a = members[0], &b = members[1], wanted = full();
  EXPECT_EQ(a.group, kGroup);
  EXPECT_EQ(a.last_reporter, kHost);
  EXPECT_EQ(a.state.group_expires, then(seconds(200)) + shift);
  EXPECT_EQ(a.since, then(-seconds(50)) + shift);
  EXPECT_FALSE(a.leaving);
  ASSERT_EQ(a.hosts.size(), 1u);
  EXPECT_EQ(a.hosts[0].expires, then(seconds(200)) + shift);
  EXPECT_EQ(b.port, PortId{2});
  EXPECT_TRUE(b.leaving);
  EXPECT_FALSE(b.hosts_complete);
  EXPECT_EQ(b.state.v1_host_until, wanted.state.v1_host_until + shift);
  EXPECT_EQ(b.state.v2_host_until, wanted.state.v2_host_until + shift);
  ASSERT_EQ(b.state.sources.size(), 2u);
  EXPECT_EQ(b.state.sources[0].expires, wanted.state.sources[0].expires + shift);
  EXPECT_TRUE(b.state.sources[1].blocked());
  ASSERT_EQ(b.hosts.size(), 2u);
  EXPECT_EQ(b.hosts[1].sources, wanted.hosts[1].sources);
  EXPECT_EQ(b.hosts[1].mode, FilterMode::kInclude);

  ASSERT_EQ(loaded.state.switched.vlans.size(), 1u);
  const SavedVlan &v = loaded.state.switched.vlans[0], known = vlan();
  EXPECT_TRUE(v.settled);
  EXPECT_EQ(v.querier.state, known.querier.state);
  EXPECT_EQ(v.querier.other_address, known.querier.other_address);
  EXPECT_EQ(v.querier.other_expires, known.querier.other_expires + shift);
  EXPECT_EQ(v.querier.heard.query_interval, seconds(60));
  EXPECT_EQ(v.querier.heard.robustness_variable, 3);
  EXPECT_EQ(v.querier.older_version, Version::kV2);
  EXPECT_EQ(v.host->v2_querier_until, known.host->v2_querier_until + shift);
  ASSERT_EQ(v.routers.size(), 2u);
  EXPECT_EQ(v.routers[0].expires, kNever);
  EXPECT_EQ(v.routers[1].address, ipv4(10, 0, 0, 50));
  ASSERT_EQ(v.statics.size(), 2u);
  EXPECT_EQ(v.statics[0].ports, PortSet(0b101));
  EXPECT_EQ(v.statics[1].source, kHost);
  ASSERT_EQ(loaded.state.proxies.size(), 1u);
  EXPECT_EQ(loaded.state.proxies[0].name, "edge");
  EXPECT_EQ(loaded.state.proxies[0].had_querier.size(), 2u);
}

TEST(StateFormatTest, ThereAndBackWithTimersAged) {
  const auto loaded = decode(copy(), later(), kPorts);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_EQ(loaded->away, seconds(3));
  EXPECT_EQ(loaded->state.switched.saved_at, later().time - seconds(3));
  expect_as_written(*loaded);
}

TEST(StateFormatTest, WhatTheFirstVersionWroteIsStillRead) {
  const std::string path = SLUICE_SOURCE_DIR "/tests/unit/state/golden-1.state";
  if (std::getenv("WRITE_GOLDEN") != nullptr) {  // once for each version, and never again
    File file(path);
    ASSERT_TRUE(file.begin());
    ASSERT_TRUE(file.append(copy()));
    ASSERT_TRUE(file.commit());
  }
  const auto bytes = read_file(path, kMostBytes);
  ASSERT_TRUE(bytes);
  const auto loaded = decode(*bytes, later(), kPorts);
  ASSERT_TRUE(loaded) << loaded.error().what;
  expect_as_written(*loaded);
}

TEST(StateFormatTest, AfterABootTheWallClockCounts) {
  Moment now = later();
  now.boot = {9};
  now.since_boot_ms = 5000;
  now.wall_ms = kThen.wall_ms + 60'000;
  const auto loaded = decode(copy(), now, kPorts);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->away, seconds(60));
  now.wall_ms = kThen.wall_ms - 1;
  EXPECT_THAT(decode(copy(), now, kPorts).error().what, HasSubstr("from the future"));
}

TEST(StateFormatTest, TheJournalOutweighsTheCopyAndTheLastWordCounts) {
  const Moment soon = at(seconds(1001)), sooner = at(milliseconds(1000'500));
  SavedMember changed = simple();
  changed.state.mode = FilterMode::kInclude;
  changed.state.sources = {Source{ipv4(10, 9, 9, 7), 0, then(seconds(260))}};
  Bytes file = copy();
  append_members(file, sooner, std::vector{changed, simple(PortId{1})});
  append_gone(file, soon, std::vector{MemberKey{kVlan, PortId{2}, kOther}});
  append_gone(file, soon, std::vector{MemberKey{kVlan, PortId{1}, kGroup}});
  append_members(file, soon, std::vector{simple(PortId{1}, kOther)});
  append_others(file, soon, {}, {});
  const auto loaded = decode(file, later(), kPorts);
  ASSERT_TRUE(loaded) << loaded.error().what;
  EXPECT_EQ(loaded->away, seconds(2));  // it knows of the moment of its last block
  const auto& members = loaded->state.switched.members;
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].group, kGroup);
  EXPECT_EQ(members[0].state.mode, FilterMode::kInclude);
  EXPECT_EQ(members[0].state.sources[0].expires, TimePoint(seconds(257)) + milliseconds(-0));
  EXPECT_EQ(members[1].group, kOther);
  EXPECT_EQ(members[1].port, PortId{1});
  EXPECT_TRUE(loaded->state.switched.vlans.empty());
  // Killed in the middle of the last block: all before it counts.
  file.resize(file.size() - 1);
  const auto torn = decode(file, later(), kPorts);
  ASSERT_TRUE(torn);
  EXPECT_EQ(torn->state.switched.vlans.size(), 1u);
  EXPECT_EQ(torn->state.switched.members.size(), 2u);
}

TEST(StateFormatTest, PortsAreKnownByNameAndThoseThatAreGoneAreCounted) {
  const std::vector<std::string> today = {"new", "c", "a"};
  const auto loaded = decode(copy(), later(), today);
  ASSERT_TRUE(loaded);
  const auto& members = loaded->state.switched.members;
  ASSERT_EQ(members.size(), 2u);
  EXPECT_EQ(members[0].port, PortId{2});
  EXPECT_EQ(members[1].port, PortId{1});
  EXPECT_EQ(loaded->state.switched.vlans[0].statics[0].ports, PortSet(0b110));
  EXPECT_EQ(loaded->unknown_ports, 3u);  // two routers and a static member on "b"
}

TEST(StateFormatTest, DamageIsFoundWhereverItIs) {
  const Bytes file = copy();
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(decode(std::span(file).first(size), later(), kPorts)) << size;
  }
  for (std::size_t i = 0; i < file.size(); ++i) {
    Bytes damaged = file;
    damaged[i] ^= 0x10;
    EXPECT_FALSE(decode(damaged, later(), kPorts)) << i;
  }
  EXPECT_THAT(decode(Bytes{'x'}, later(), kPorts).error().what, HasSubstr("no state file"));
}

TEST(StateFormatTest, AnotherVersionIsNotRead) {
  Bytes file = copy();
  file[8] = 2;
  EXPECT_THAT(decode(file, later(), kPorts).error().what,
              HasSubstr("version 2 and this program reads 1"));
}

// With right checksums, but with what no state can be.
TEST(StateFormatTest, EveryFieldIsChecked) {
  const auto refused = [](const SavedMember& member) {
    Bytes file = header(kThen);
    append_head(file, kThen, kPorts);
    append_members(file, kThen, std::vector{member});
    append_end(file, kThen);
    return !decode(file, later(), kPorts);
  };
  EXPECT_FALSE(refused(simple()));
  const auto with = [](auto change) {
    SavedMember member = full();
    change(member);
    return member;
  };
  EXPECT_FALSE(refused(full()));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.vlan.value = 4095; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.vlan.value = 0; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.port.value = 3; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.group = kHost; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.group = ipv4(224, 0, 0, 5); })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.state.group_expires = kNever; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.state.mode = FilterMode::kInclude; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { std::ranges::reverse(m.state.sources); })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.state.sources[0].address = kGroup; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.hosts[0].address = Ipv4{}; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) { m.hosts[1].sources = {kGroup}; })));
  EXPECT_TRUE(refused(with([](SavedMember& m) {
    m.state = {};
    m.hosts.clear();
  })));
}

}  // namespace
}  // namespace sluice::control::state
