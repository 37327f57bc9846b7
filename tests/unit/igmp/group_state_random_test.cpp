// SPDX-License-Identifier: BSD-3-Clause
// RA-01: GroupState against a naive model of the RFC over a million random events. The model shares
// nothing with the code: std::map of absolute times in milliseconds, and the action tables written
// out as plain statements per record type. Compared after every event: mode, every timer, mode of
// compatibility, next deadline and the queries sent.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <sstream>

#include "tests/unit/igmp/router_notation.h"

namespace sluice::control::igmp::group_state_random_test {
namespace {

using namespace notation;  // record types and sources by letter

using Names = std::set<char>;
constexpr std::int64_t kNone = -1;

class Model {
 public:
  std::int64_t gmi, lmqi, lmqt, ohpi;
  int lmqc;
  bool queries = true;
  std::int64_t now = 0;
  std::ostringstream sent;

  void record(RecordType type, Names given) {
    expire();
    if (v1_ != kNone && (type == TO_IN || type == BLOCK)) return;
    if (v2_ != kNone && type == BLOCK) return;
    if ((v1_ != kNone || v2_ != kNone) && type == TO_EX) given.clear();
    const std::int64_t old_group = group_;
    const std::map<char, std::int64_t> old = timer_;
    Names ask;
    bool ask_group = false;
    const bool to_exclude = type == IS_EX || type == TO_EX;
    const bool adds = type == IS_IN || type == TO_IN || type == ALLOW;
    if (adds) {
      for (char c : given) timer_[c] = now + gmi;
      for (auto [c, t] : old) {
        if (type == TO_IN && t != kBlockedSource && !given.contains(c)) ask.insert(c);
      }
      ask_group = type == TO_IN && exclude_;
    } else if (to_exclude && !exclude_) {
      timer_.clear();
      for (char c : given) {
        timer_[c] = old.contains(c) ? old.at(c) : kBlockedSource;
        if (old.contains(c) && type == TO_EX) ask.insert(c);
      }
      exclude_ = true;
    } else if (to_exclude) {
      timer_.clear();
      for (char c : given) {
        timer_[c] = old.contains(c) ? old.at(c) : type == IS_EX ? now + gmi : old_group;
        if (type == TO_EX && timer_[c] != kBlockedSource) ask.insert(c);
      }
    } else if (exclude_) {  // BLOCK
      for (char c : given) {
        if (!old.contains(c)) timer_[c] = old_group;
        if (timer_[c] != kBlockedSource) ask.insert(c);
      }
    } else {  // BLOCK in INCLUDE
      for (char c : given) {
        if (old.contains(c)) ask.insert(c);
      }
    }
    if (queries) {
      query_sources(ask);
      if (ask_group) query_group();
    }
    if (to_exclude) {
      group_ = now + gmi;
      asking_ = false;
    }
    tidy();
  }

  void older_report(int version) {
    record(IS_EX, {});
    (version == 1 ? v1_ : v2_) = now + ohpi;
    group_left_ = 0;
    tidy();
  }

  void hear(const Names& names, bool suppress, std::int64_t time) {
    expire();
    if (suppress) return;
    if (names.empty() && exclude_) group_ = std::min(group_, now + time);
    for (char c : names) {
      const auto at = timer_.find(c);
      if (at != timer_.end() && at->second != kBlockedSource) {
        at->second = std::min(at->second, now + time);
      }
    }
  }

  void advance() {
    expire();
    if (next_ == kNone || next_ > now) return;
    Names with, without;
    for (auto& [c, left] : left_) {
      if (left-- > 0) (timer_.at(c) > now + lmqt ? with : without).insert(c);
    }
    std::erase_if(left_, [](const auto& entry) { return entry.second <= 0; });
    if (group_left_ == 0) say(with, true);
    say(without, false);
    if (group_left_ > 0) {
      --group_left_;
      sent << (group_ > now + lmqt ? "Q(S) " : "Q() ");
    }
    next_ = left_.empty() && group_left_ == 0 ? kNone : now + lmqi;
  }

  std::string text() const {
    std::ostringstream out;
    out << (exclude_ ? "EX " : "IN ");
    for (auto [c, t] : timer_) out << c << '=' << t << ' ';
    if (exclude_) out << "GT=" << group_;
    out << " v" << (v1_ > now ? 1 : v2_ > now ? 2 : 3);
    return out.str();
  }
  std::int64_t deadline() const {
    std::int64_t first = kNone;
    const auto consider = [&first](std::int64_t t) {
      if (t != kNone && (first == kNone || t < first)) first = t;
    };
    for (auto [c, t] : timer_) {
      if (t != kBlockedSource) consider(t);
    }
    if (exclude_) consider(group_);
    consider(v1_);
    consider(v2_);
    consider(next_);
    return first;
  }

  static constexpr std::int64_t kBlockedSource = -2;

 private:
  void say(const Names& names, bool suppress) {
    if (names.empty()) return;
    sent << "Q(";
    for (char c : names) sent << c << ' ';
    sent << (suppress ? "S) " : ") ");
  }
  void query_sources(const Names& ask) {
    Names fresh;
    for (char c : ask) {
      if (timer_.at(c) <= now + lmqt) continue;
      timer_[c] = now + lmqt;
      left_[c] = lmqc - 1;
      fresh.insert(c);
    }
    std::erase_if(left_, [](const auto& entry) { return entry.second <= 0; });
    say(fresh, false);
    if (!fresh.empty() && lmqc > 1) sooner(now + lmqi);
  }
  void query_group() {
    if (asking_) return;
    asking_ = true;
    group_ = std::min(group_, now + lmqt);
    group_left_ = lmqc - 1;
    sent << "Q() ";
    if (lmqc > 1) sooner(now + lmqi);
  }
  void sooner(std::int64_t t) { next_ = next_ == kNone ? t : std::min(next_, t); }

  void expire() {
    if (v1_ != kNone && v1_ <= now) v1_ = kNone;
    if (v2_ != kNone && v2_ <= now) v2_ = kNone;
    for (auto& [c, t] : timer_) {
      if (t != kBlockedSource && t <= now) t = kBlockedSource;
    }
    if (exclude_ && group_ <= now) {
      exclude_ = false;
      asking_ = false;
      group_left_ = 0;
    }
    tidy();
  }
  void tidy() {
    if (!exclude_) std::erase_if(timer_, [](const auto& e) { return e.second == kBlockedSource; });
    std::erase_if(left_, [this](const auto& e) {
      return !timer_.contains(e.first) || timer_.at(e.first) == kBlockedSource;
    });
    if (!exclude_ && timer_.empty()) v1_ = v2_ = kNone;
    if (left_.empty() && group_left_ == 0) next_ = kNone;
  }

  bool exclude_ = false;
  bool asking_ = false;
  int group_left_ = 0;
  std::int64_t group_ = 0;
  std::int64_t v1_ = kNone, v2_ = kNone, next_ = kNone;
  std::map<char, std::int64_t> timer_;
  std::map<char, int> left_;
};

std::string text_of(const State& state, TimePoint now) {
  std::ostringstream out;
  out << (state.filter_mode() == FilterMode::kExclude ? "EX " : "IN ");
  for (const State::Source& entry : state.sources()) {
    out << name_of(entry.address) << '='
        << (entry.blocked() ? Model::kBlockedSource : entry.expires.time_since_epoch().count())
        << ' ';
  }
  if (state.filter_mode() == FilterMode::kExclude) {
    out << "GT=" << state.expires().time_since_epoch().count();
  }
  out << " v" << static_cast<int>(state.version(now));
  return out.str();
}

std::string text_of(const State::Queries& queries) {
  std::ostringstream out;
  for (const SpecificQuery<Ipv4>& query : queries) {
    out << "Q(";
    for (Ipv4 address : query.sources) out << name_of(address) << ' ';
    out << (query.suppress_router_processing ? "S) " : ") ");
  }
  return out.str();
}

class AgainstModel : public testing::TestWithParam<unsigned> {};

TEST_P(AgainstModel, RandomEvents) {
  RecordProperty("req", "igmp-router/RA-01");
  const unsigned seed = GetParam();
  std::mt19937 random(seed);
  const auto below = [&random](unsigned n) { return random() % n; };
  Router router;
  router.parameters.robustness_variable = static_cast<std::uint8_t>(1 + seed % 3);
  router.parameters.query_interval = s(20);
  router.parameters.query_response_interval = s(3);
  router.parameters.membership_response_factor = static_cast<std::uint8_t>(1 + seed % 2);
  const Parameters& p = router.parameters;
  Model model;
  model.gmi = p.group_membership_interval().count();
  model.lmqi = p.last_member_query_interval.count();
  model.lmqt = p.last_member_query_time().count();
  model.ohpi = p.older_host_present_interval().count();
  model.lmqc = p.last_member_query_count();

  for (int event = 0; event < 130'000; ++event) {
    // Mostly small steps, sometimes exactly onto the deadline or one tick before it, seldom long.
    Duration step{0};
    const TimePoint deadline = router.state.next_deadline();
    switch (below(8)) {
      case 0:
      case 1:
      case 2:
        if (deadline != kNever && deadline > router.now) step = deadline - router.now;
        break;
      case 3:
        if (deadline != kNever && deadline > router.now) step = deadline - router.now - kTick;
        break;
      case 4:
        step = Duration(below(500));
        break;
      case 5:
        step = Duration(below(3000));
        break;
      case 6:
        step = Duration(below(100) == 0 ? below(60000) : 0);
        break;
      default:
        break;
    }
    router.now += step;
    model.now = router.now.time_since_epoch().count();
    model.sent.str("");
    router.sent.clear();

    Names names;
    for (char c = 'a'; c < 'g'; ++c) {
      if (below(3) == 0) names.insert(c);
    }
    const Sources sources = set(std::string(names.begin(), names.end()));
    const std::string before = text_of(router.state, router.now);
    const unsigned what = below(40);
    if (what < 24) {
      const auto type = static_cast<RecordType>(1 + what % 6);
      router.state.on_record(type, sources, router.context(), router.sent);
      model.record(type, names);
    } else if (what < 27) {
      router.leave();
      model.record(TO_IN, {});
    } else if (what == 27 && below(40) == 0) {
      router.v1_report();
      model.older_report(1);
    } else if (what == 28 && below(20) == 0) {
      router.v2_report();
      model.older_report(2);
    } else if (what == 29) {
      const bool suppress = below(2) == 0;
      const Duration time(500 + below(3000));
      const std::string heard = below(2) == 0 ? "" : std::string(names.begin(), names.end());
      router.hear_query(heard, suppress, time);
      model.hear(Names(heard.begin(), heard.end()), suppress, time.count());
    } else if (what == 30 && below(30) == 0) {
      router.queries = model.queries = !router.queries;
    } else {
      router.advance();
      model.advance();
    }

    ASSERT_EQ(text_of(router.state, router.now), model.text())
        << "seed " << seed << " event " << event << " kind " << what << " now " << model.now
        << "\nbefore: " << before;
    ASSERT_EQ(text_of(router.sent), model.sent.str())
        << "seed " << seed << " event " << event << " kind " << what << "\nbefore: " << before;
    const std::int64_t next = model.deadline();
    ASSERT_EQ(router.state.next_deadline(), next == kNone ? kNever : TimePoint(Duration(next)))
        << "seed " << seed << " event " << event << " kind " << what;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, AgainstModel, testing::Range(1u, 9u));

}  // namespace
}  // namespace sluice::control::igmp::group_state_random_test
