// SPDX-License-Identifier: BSD-3-Clause
// RFC 9776 §6.4.1 table 8 and §6.4.2 table 9, typed from the RFC. In every start state each source
// set of a row is inhabited: a record of {b ...} meets sources known and unknown, wanted and
// blocked. Times are the defaults': GMI 270 s, LMQT 2 s.
#include "control/igmp/router_tables.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/igmp/router_notation.h"

namespace sluice::control::igmp::router_tables_test {
namespace {

using namespace notation;  // the RFC's own words, in a test about its table

struct Row {
  const char* id;
  const char* name;
  const char* given;
  RecordType record;
  const char* sources;
  const char* then;
  const char* sent;
  const char* then_as_non_querier;  // QS-08: no queries, nothing lowered
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.id << ": " << row.given << " + record " << static_cast<int>(row.record) << " {"
       << row.sources << "}";
}

constexpr const char* kIn = "INCLUDE {a=100 b=90}";
constexpr const char* kEx = "EXCLUDE {a=100 b=90} {c d} GT=200";

const Row kRows[] = {
    // Table 8
    {"T8-1", "InclIsIn", kIn, IS_IN, "bc", "INCLUDE {a=100 b=270 c=270}", "",
     "INCLUDE {a=100 b=270 c=270}"},
    {"T8-2", "InclIsEx", kIn, IS_EX, "bc", "EXCLUDE {b=90} {c} GT=270", "",
     "EXCLUDE {b=90} {c} GT=270"},
    {"T8-3", "ExclIsIn", kEx, IS_IN, "bde", "EXCLUDE {a=100 b=270 d=270 e=270} {c} GT=200", "",
     "EXCLUDE {a=100 b=270 d=270 e=270} {c} GT=200"},
    {"T8-4", "ExclIsEx", kEx, IS_EX, "bde", "EXCLUDE {b=90 e=270} {d} GT=270", "",
     "EXCLUDE {b=90 e=270} {d} GT=270"},
    // Table 9
    {"T9-1", "InclAllow", kIn, ALLOW, "bc", "INCLUDE {a=100 b=270 c=270}", "",
     "INCLUDE {a=100 b=270 c=270}"},
    {"T9-2", "InclBlock", kIn, BLOCK, "bc", "INCLUDE {a=100 b=2}", "Q(b)", "INCLUDE {a=100 b=90}"},
    {"T9-3", "InclToEx", kIn, TO_EX, "bc", "EXCLUDE {b=2} {c} GT=270", "Q(b)",
     "EXCLUDE {b=90} {c} GT=270"},
    {"T9-4", "InclToIn", kIn, TO_IN, "bc", "INCLUDE {a=2 b=270 c=270}", "Q(a)",
     "INCLUDE {a=100 b=270 c=270}"},
    {"T9-5", "ExclAllow", kEx, ALLOW, "bde", "EXCLUDE {a=100 b=270 d=270 e=270} {c} GT=200", "",
     "EXCLUDE {a=100 b=270 d=270 e=270} {c} GT=200"},
    {"T9-6", "ExclBlock", kEx, BLOCK, "bde", "EXCLUDE {a=100 b=2 e=2} {c d} GT=200", "Q(b e)",
     "EXCLUDE {a=100 b=90 e=200} {c d} GT=200"},
    {"T9-7", "ExclToEx", kEx, TO_EX, "bde", "EXCLUDE {b=2 e=2} {d} GT=270", "Q(b e)",
     "EXCLUDE {b=90 e=200} {d} GT=270"},
    {"T9-8", "ExclToIn", kEx, TO_IN, "bde", "EXCLUDE {a=2 b=270 d=270 e=270} {c} GT=2", "Q(a) Q()",
     "EXCLUDE {a=100 b=270 d=270 e=270} {c} GT=200"},
    // T9-7 takes the group timer from before the record: e gets 1.5 s, which is under LMQT, so that
    // it is not asked about (QS-03).
    {"T9-7", "ExclToExGroupTimerBefore", "EXCLUDE {b=100} {} GT=1.5", TO_EX, "be",
     "EXCLUDE {b=2 e=1.5} {} GT=270", "Q(b)", "EXCLUDE {b=100 e=1.5} {} GT=270"},
    {"T9-6", "ExclBlockGroupTimer", "EXCLUDE {} {} GT=1.25", BLOCK, "e",
     "EXCLUDE {e=1.25} {} GT=1.25", "", "EXCLUDE {e=1.25} {} GT=1.25"},
    // The empty set in each place.
    {"T9-10", "BlockNothingKnown", kIn, BLOCK, "xyz", kIn, "", kIn},
    {"T9-10", "ToExAllBlocked", kEx, TO_EX, "cd", "EXCLUDE {} {c d} GT=270", "",
     "EXCLUDE {} {c d} GT=270"},
    {"T9-10", "ToInAllNamed", kIn, TO_IN, "ab", "INCLUDE {a=270 b=270}", "",
     "INCLUDE {a=270 b=270}"},
    // T9-12: a leave in v3 form.
    {"T9-12", "LeaveExcl", kEx, TO_IN, "", "EXCLUDE {a=2 b=2} {c d} GT=2", "Q(a b) Q()", kEx},
    {"T9-12", "LeaveIncl", kIn, TO_IN, "", "INCLUDE {a=2 b=2}", "Q(a b)", kIn},
    {"T9-12", "LeaveNoRecord", "INCLUDE {}", TO_IN, "", "INCLUDE {}", "", "INCLUDE {}"},
    // T9-13: a join of any source.
    {"T9-13", "JoinIncl", kIn, TO_EX, "", "EXCLUDE {} {} GT=270", "", "EXCLUDE {} {} GT=270"},
    {"T9-13", "JoinExcl", kEx, TO_EX, "", "EXCLUDE {} {} GT=270", "", "EXCLUDE {} {} GT=270"},
    // T9-14: no record yet.
    {"T9-14", "BlockNoRecord", "INCLUDE {}", BLOCK, "b", "INCLUDE {}", "", "INCLUDE {}"},
    {"T9-14", "ToInNoRecord", "INCLUDE {}", TO_IN, "b", "INCLUDE {b=270}", "", "INCLUDE {b=270}"},
    {"S3-03", "NoRecordIsIncludeNothing", "INCLUDE {}", ALLOW, "", "INCLUDE {}", "", "INCLUDE {}"},
    {"S3-04", "AnySourceIsExcludeNothing", "INCLUDE {}", IS_EX, "", "EXCLUDE {} {} GT=270", "",
     "EXCLUDE {} {} GT=270"},
    // Worked checks
    {"W-01", "FirstJoin", "INCLUDE {}", IS_EX, "", "EXCLUDE {} {} GT=270", "",
     "EXCLUDE {} {} GT=270"},
    {"W-02", "InclToEx", "INCLUDE {a=100 b=100}", TO_EX, "bc", "EXCLUDE {b=2} {c} GT=270", "Q(b)",
     "EXCLUDE {b=100} {c} GT=270"},
    {"W-03", "ExclToEx", "EXCLUDE {a=50} {b} GT=200", TO_EX, "abc", "EXCLUDE {a=2 c=2} {b} GT=270",
     "Q(a c)", "EXCLUDE {a=50 c=200} {b} GT=270"},
    {"W-04", "ExclIsEx", "EXCLUDE {a=50} {b} GT=200", IS_EX, "c", "EXCLUDE {c=270} {} GT=270", "",
     "EXCLUDE {c=270} {} GT=270"},
    {"W-05", "ExclToIn", "EXCLUDE {a=150} {b} GT=200", TO_IN, "b", "EXCLUDE {a=2 b=270} {} GT=2",
     "Q(a) Q()", "EXCLUDE {a=150 b=270} {} GT=200"},
    {"W-06", "ExclBlock", "EXCLUDE {} {b} GT=200", BLOCK, "bc", "EXCLUDE {c=2} {b} GT=200", "Q(c)",
     "EXCLUDE {c=200} {b} GT=200"},
    {"W-07", "InclBlock", "INCLUDE {a=100 b=100}", BLOCK, "bc", "INCLUDE {a=100 b=2}", "Q(b)",
     "INCLUDE {a=100 b=100}"},
};

class Rfc9776Sec6p4 : public testing::TestWithParam<Row> {};

TEST_P(Rfc9776Sec6p4, Row) {
  const Row& row = GetParam();
  RecordProperty("req", std::string("igmp-router/") + row.id + " igmp-router/T9-11");
  Router router;
  ASSERT_NO_FATAL_FAILURE(router.become(row.given));
  router.record(row.record, row.sources);
  EXPECT_EQ(router.text(), row.then) << "from " << row.given;
  EXPECT_EQ(router.sent_text(), row.sent) << "from " << row.given;
  EXPECT_EQ(router.state.empty(), std::string(row.then) == "INCLUDE {}");

  // The timers written above are the deadlines: one tick before the nearest, nothing; at it, it is
  // gone (or, a second after a query, the query is repeated).
  if (router.state.empty()) {
    EXPECT_EQ(router.state.next_deadline(), kNever);
    return;
  }
  router.expect_next_event(router.state.next_deadline() - router.now);
}

TEST_P(Rfc9776Sec6p4, RowOfNonQuerier) {
  const Row& row = GetParam();
  RecordProperty("req", std::string("igmp-router/") + row.id + " igmp-router/QS-08");
  Router router;
  router.queries = false;
  ASSERT_NO_FATAL_FAILURE(router.become(row.given));
  router.record(row.record, row.sources);
  EXPECT_EQ(router.text(), row.then_as_non_querier) << "from " << row.given;
  EXPECT_EQ(router.sent_text(), "");
}

INSTANTIATE_TEST_SUITE_P(Tables8And9, Rfc9776Sec6p4, testing::ValuesIn(kRows),
                         [](const testing::TestParamInfo<Row>& info) {
                           return std::string(info.param.name) + std::to_string(info.index);
                         });

TEST(Rfc9776Sec6p1, CurrentStateRecordsNeverQuery) {
  RecordProperty("req", "igmp-router/T8-5");
  for (const char* given : {"INCLUDE {}", kIn, kEx}) {
    for (RecordType type : {IS_IN, IS_EX}) {
      for (const char* sources : {"", "a", "bde", "abcdef"}) {
        Router router;
        ASSERT_NO_FATAL_FAILURE(router.become(given));
        router.record(type, sources);
        EXPECT_EQ(router.sent_text(), "") << given << " + {" << sources << "}";
      }
    }
  }
}

// The table as such: every cell once, and a row never invents a source without a timer.
TEST(Rfc9776Sec6p4Table, Cells) {
  RecordProperty("req", "igmp-router/T8-1 igmp-router/T9-1");
  std::map<std::pair<FilterMode, RecordType>, int> cells;
  for (const RouterRow<Ipv4>& row : router_rows<Ipv4>()) {
    ++cells[{row.state, row.record}];
    const bool current_state = row.record == IS_IN || row.record == IS_EX;
    EXPECT_EQ(row.section, current_state ? "6.4.1" : "6.4.2");
    const bool exclude = row.state == FilterMode::kExclude;
    const RouterSets<Ipv4> given{set("ab"), exclude ? set("cd") : Sources{}};
    const Transition<Ipv4> to = row.apply(given, set("bde"));
    EXPECT_TRUE(intersect(to.x, to.y).empty());
    for (Ipv4 fresh : subtract(to.x, given.x)) {
      EXPECT_TRUE(contains(to.gmi, fresh) || contains(to.group_timer, fresh));
    }
    EXPECT_TRUE(includes(to.x, to.query));
  }
  EXPECT_EQ(cells.size(), 12u);
  for (const auto& [cell, times] : cells) EXPECT_EQ(times, 1);
}

}  // namespace
}  // namespace sluice::control::igmp::router_tables_test
