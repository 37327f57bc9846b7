// SPDX-License-Identifier: BSD-3-Clause
// Router states written as RFC 9776 §6.2 writes them, so that a test reads as the RFC's line:
//
//   "INCLUDE {a=100 b=2}"          INCLUDE (A); source timers in seconds
//   "EXCLUDE {a=50} {b} GT=200"    EXCLUDE (X,Y) with the group timer
//   "Q(a b) Q(c S) Q()"            queries sent; S: the suppress flag; Q(): group-specific
//
// Sources are the letters a to z. A state is brought about by reports alone, and read back through
// the public interface alone.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "control/igmp/group_state.h"
#include "control/igmp/source_set.h"

namespace sluice::control::igmp::notation {

using State = GroupState<Ipv4>;
using Sources = SourceSet<Ipv4>;

inline constexpr RecordType IS_IN = RecordType::kModeIsInclude;
inline constexpr RecordType IS_EX = RecordType::kModeIsExclude;
inline constexpr RecordType TO_IN = RecordType::kChangeToIncludeMode;
inline constexpr RecordType TO_EX = RecordType::kChangeToExcludeMode;
inline constexpr RecordType ALLOW = RecordType::kAllowNewSources;
inline constexpr RecordType BLOCK = RecordType::kBlockOldSources;

inline constexpr Duration kTick{1};

inline Duration s(double seconds) {
  return Duration(std::llround(seconds * 1000));
}
inline Ipv4 source(char name) {
  return ipv4(10, 0, 0, static_cast<unsigned>(name - 'a' + 1));
}
inline char name_of(Ipv4 address) {
  return static_cast<char>('a' + (address.value & 0xFF) - 1);
}
// "bc": the sources b and c.
inline Sources set(const std::string& names) {
  Sources out;
  for (char c : names) insert(out, source(c));
  return out;
}

inline std::string number(Duration d) {
  std::ostringstream out;
  out << to_seconds(d);
  return out.str();
}

inline std::string text(const State& state, TimePoint now) {
  std::string x, y;
  for (const State::Source& entry : state.sources()) {
    std::string& into = entry.blocked() ? y : x;
    if (!into.empty()) into += ' ';
    into += name_of(entry.address);
    if (!entry.blocked()) into += '=' + number(entry.expires - now);
  }
  if (state.filter_mode() == FilterMode::kInclude) return "INCLUDE {" + x + "}";
  return "EXCLUDE {" + x + "} {" + y + "} GT=" + number(state.expires() - now);
}

inline std::string text(const State::Queries& queries) {
  std::string out;
  for (const SpecificQuery<Ipv4>& query : queries) {
    std::string inside;
    for (Ipv4 address : query.sources) {
      if (!inside.empty()) inside += ' ';
      inside += name_of(address);
    }
    if (query.suppress_router_processing) inside += inside.empty() ? "S" : " S";
    if (!out.empty()) out += ' ';
    out += "Q(" + inside + ")";
  }
  return out;
}

// One router, its clock and what it sent by the latest event.
struct Router {
  Parameters parameters;
  bool queries = true;
  Version query_version = Version::kV3;
  TimePoint now{s(10000)};
  State state;
  State::Queries sent;

  RouterContext context() const { return {parameters, now, queries, query_version}; }
  std::string text() const { return notation::text(state, now); }
  std::string sent_text() const { return notation::text(sent); }

  void record(RecordType type, const std::string& names) {
    sent.clear();
    state.on_record(type, set(names), context(), sent);
  }
  void v1_report() {
    sent.clear();
    state.on_v1_report(context(), sent);
  }
  void v2_report() {
    sent.clear();
    state.on_v2_report(context(), sent);
  }
  void leave() {
    sent.clear();
    state.on_leave(context(), sent);
  }
  // A specific query from the querier, with the defaults' LMQT of 2 s.
  void hear_query(const std::string& names, bool suppress, Duration lmqt = s(2)) {
    Query<Ipv4> query{.group = ipv4(239, 1, 1, 1), .suppress_router_processing = suppress};
    query.sources = set(names);
    state.on_specific_query(query, lmqt, context());
  }
  void advance() {
    sent.clear();
    state.advance(context(), sent);
  }
  void wait(Duration d) {
    now += d;
    advance();
  }

  // Nothing happens until one tick before `in` from now, and then something does: the group's next
  // deadline is exactly there. Leaves the clock at it.
  void expect_next_event(Duration in) {
    ASSERT_EQ(state.next_deadline(), now + in) << text();
    now += in - kTick;
    const std::string before = text();
    advance();
    EXPECT_EQ(text(), before) << "one tick early";
    EXPECT_EQ(sent_text(), "") << "one tick early";
    now += kTick;
    const std::string unchanged = text();
    const Version version = state.version(now - kTick);
    advance();
    EXPECT_TRUE(text() != unchanged || !sent.empty() || state.version(now) != version)
        << "nothing at the deadline: " << text();
  }

  // Brings about a state written as above, by reports sent at the right moments in the past.
  void become(const std::string& wanted) {
    std::istringstream in(wanted);
    std::string mode;
    in >> mode;
    std::map<char, Duration> x;
    std::string y;
    Duration gt{0};
    int set_number = 0;
    std::string word;
    while (in >> word) {
      if (word.rfind("GT=", 0) == 0) {
        gt = s(std::stod(word.substr(3)));
        continue;
      }
      if (word.front() == '{') {
        ++set_number;
        word.erase(0, 1);
      }
      if (!word.empty() && word.back() == '}') word.pop_back();
      if (word.empty()) continue;
      if (set_number == 1) x[word.front()] = s(std::stod(word.substr(2)));
      if (set_number == 2) y += word.front();
    }

    const TimePoint then = now;
    const Duration gmi = parameters.group_membership_interval();
    std::vector<std::pair<TimePoint, char>> steps;  // '*' is the IS_EX
    std::string listed = y;                         // what the IS_EX has to list
    if (mode == "EXCLUDE") steps.emplace_back(then - (gmi - gt), '*');
    for (const auto& [name, timer] : x) {
      steps.emplace_back(then - (gmi - timer), name);
      if (mode == "EXCLUDE" && timer < gt) listed += name;
    }
    // At one instant the IS_EX goes first ('*' sorts before letters).
    std::sort(steps.begin(), steps.end());
    for (const auto& [at, what] : steps) {
      now = at;
      if (what == '*') {
        record(IS_EX, listed);
      } else {
        record(IS_IN, std::string(1, what));
      }
    }
    now = then;
    sent.clear();
    ASSERT_EQ(text(), wanted) << "the test could not bring about its own start state";
  }
};

}  // namespace sluice::control::igmp::notation
