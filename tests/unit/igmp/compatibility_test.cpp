// SPDX-License-Identifier: BSD-3-Clause
// RFC 9776 §7.3.2: group compatibility modes, message by message, typed from the RFC's table.
#include "control/igmp/compatibility.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/igmp/router_notation.h"

namespace sluice::control::igmp::compatibility_test {
namespace {

using namespace notation;  // the RFC's own words, in a test about its table

void req(const std::string& ids) {
  testing::Test::RecordProperty("req", ids);
}

// A group with sources known, in the given mode. The older host's report came first, 10 s ago, so
// that the state is not its EXCLUDE ({},{}) alone.
Router in_mode(Version mode) {
  Router r;
  r.now -= s(10);
  if (mode == Version::kV1) r.v1_report();
  if (mode == Version::kV2) r.v2_report();
  if (mode == Version::kV3) r.record(IS_EX, "");
  r.record(IS_EX, "b");  // X {b}, for "EXCLUDE ({},{})" knew nothing of b
  r.record(ALLOW, "a");
  r.now += s(10);
  EXPECT_EQ(r.text(), "EXCLUDE {a=260 b=260} {} GT=260");
  EXPECT_EQ(r.state.version(r.now), mode);
  return r;
}

TEST(Rfc9776Sec7p3p2, HostPresentTimers) {
  req("igmp-router/CM-01 igmp-router/TM-11");
  Router r;
  EXPECT_EQ(r.state.version(r.now), Version::kV3);
  r.v2_report();
  EXPECT_EQ(r.state.version(r.now), Version::kV2) << "the change is immediate";
  r.wait(s(100));
  r.v1_report();
  EXPECT_EQ(r.state.version(r.now), Version::kV1);
  r.wait(s(50));
  r.v2_report();  // v2 host present until 150 + 260
  EXPECT_EQ(r.state.version(r.now), Version::kV1);
  r.expect_next_event(s(210));  // 100 + 260
  EXPECT_EQ(r.state.version(r.now), Version::kV2);
  r.expect_next_event(s(50));  // 150 + 260
  EXPECT_EQ(r.state.version(r.now), Version::kV3);
  EXPECT_EQ(r.text(), "EXCLUDE {} {} GT=10") << "the OHPI is shorter than the GMI (CH-10)";
}

TEST(Rfc9776Sec7p3p2, RecordsDoNotChangeTheMode) {
  req("igmp-router/CM-01 igmp-router/CM-05");
  Router r = in_mode(Version::kV2);
  for (RecordType type : {IS_IN, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK}) {
    r.record(type, "a");
    EXPECT_EQ(r.state.version(r.now), Version::kV2);
  }
  r.wait(s(250));
  EXPECT_EQ(r.state.version(r.now), Version::kV3);
}

struct Cell {
  const char* id;
  const char* message;  // "v1", "v2", "leave", or a record: "TO_EX ac"
  Version mode;
  const char* then;
  const char* sent;
};
void PrintTo(const Cell& cell, std::ostream* out) {
  *out << cell.id << ' ' << cell.message << " in mode v" << static_cast<int>(cell.mode);
}

constexpr Version k1 = Version::kV1, k2 = Version::kV2, k3 = Version::kV3;
constexpr const char* kUnchanged = "EXCLUDE {a=260 b=260} {} GT=260";
constexpr const char* kAnySource = "EXCLUDE {} {} GT=270";
constexpr const char* kLeaving = "EXCLUDE {a=2 b=2} {} GT=2";

// All from EXCLUDE {a=260 b=260} {} GT=260.
const Cell kCells[] = {
    {"CM-02", "v1", k3, kAnySource, ""},
    {"CM-02", "v1", k2, kAnySource, ""},
    {"CM-02", "v1", k1, kAnySource, ""},
    {"CM-03", "v2", k3, kAnySource, ""},
    {"CM-03", "v2", k2, kAnySource, ""},
    {"CM-03", "v2", k1, kAnySource, ""},
    {"CM-04", "leave", k3, kLeaving, "Q(a b) Q()"},
    {"CM-04", "leave", k2, kLeaving, "Q(a b) Q()"},
    {"CM-04", "leave", k1, kUnchanged, ""},
    {"CM-05", "IS_IN ac", k3, "EXCLUDE {a=270 b=260 c=270} {} GT=260", ""},
    {"CM-05", "IS_IN ac", k2, "EXCLUDE {a=270 b=260 c=270} {} GT=260", ""},
    {"CM-05", "IS_IN ac", k1, "EXCLUDE {a=270 b=260 c=270} {} GT=260", ""},
    {"CM-05", "IS_EX ac", k3, "EXCLUDE {a=260 c=270} {} GT=270", ""},
    {"CM-05", "IS_EX ac", k2, "EXCLUDE {a=260 c=270} {} GT=270", ""},
    {"CM-05", "IS_EX ac", k1, "EXCLUDE {a=260 c=270} {} GT=270", ""},
    {"CM-05", "ALLOW ac", k3, "EXCLUDE {a=270 b=260 c=270} {} GT=260", ""},
    {"CM-05", "ALLOW ac", k2, "EXCLUDE {a=270 b=260 c=270} {} GT=260", ""},
    {"CM-05", "ALLOW ac", k1, "EXCLUDE {a=270 b=260 c=270} {} GT=260", ""},
    {"CM-06", "BLOCK ac", k3, "EXCLUDE {a=2 b=260 c=2} {} GT=260", "Q(a c)"},
    {"CM-06", "BLOCK ac", k2, kUnchanged, ""},
    {"CM-06", "BLOCK ac", k1, kUnchanged, ""},
    {"CM-07", "TO_EX ac", k3, "EXCLUDE {a=2 c=2} {} GT=270", "Q(a c)"},
    {"CM-07", "TO_EX ac", k2, kAnySource, ""},
    {"CM-07", "TO_EX ac", k1, kAnySource, ""},
    {"CM-08", "TO_IN a", k3, "EXCLUDE {a=270 b=2} {} GT=2", "Q(b) Q()"},
    {"CM-08", "TO_IN a", k2, "EXCLUDE {a=270 b=2} {} GT=2", "Q(b) Q()"},
    {"CM-08", "TO_IN a", k1, kUnchanged, ""},
};

class CompatibilityTable : public testing::TestWithParam<Cell> {};

TEST_P(CompatibilityTable, Cell) {
  const Cell& cell = GetParam();
  req(std::string("igmp-router/") + cell.id);
  Router r = in_mode(cell.mode);
  const std::string message = cell.message;
  const std::string word = message.substr(0, message.find(' '));
  const std::string sources = word == message ? "" : message.substr(word.size() + 1);
  Version mode_after = cell.mode;
  if (word == "v1") {
    r.v1_report();
    mode_after = Version::kV1;
  } else if (word == "v2") {
    r.v2_report();
    mode_after = std::min(cell.mode, Version::kV2);
  } else if (word == "leave") {
    r.leave();
  } else {
    const std::map<std::string, RecordType> types = {{"IS_IN", IS_IN}, {"IS_EX", IS_EX},
                                                     {"TO_IN", TO_IN}, {"TO_EX", TO_EX},
                                                     {"ALLOW", ALLOW}, {"BLOCK", BLOCK}};
    r.record(types.at(word), sources);
  }
  EXPECT_EQ(r.text(), cell.then);
  EXPECT_EQ(r.sent_text(), cell.sent);
  EXPECT_EQ(r.state.version(r.now), mode_after);
}

INSTANTIATE_TEST_SUITE_P(Rfc9776Sec7p3p2, CompatibilityTable, testing::ValuesIn(kCells));

// Not at once after the older host has gone: what older modes refused to hear is asked again only
// by the next General Query, and times out a membership interval after it.
TEST(Rfc9776Sec7p3p2, BlockingWaitsForTheNextGeneralQuery) {
  req("igmp-router/CM-09");
  Router r = in_mode(Version::kV2);
  r.record(BLOCK, "a");
  r.wait(s(250));
  EXPECT_EQ(r.state.version(r.now), Version::kV3);
  EXPECT_TRUE(r.state.admits(source('a')));
  r.record(IS_EX, "c");  // the v3 host that wants a blocked reports nothing of it again
  EXPECT_TRUE(r.state.admits(source('a')));
}

TEST(RouterAcceptance, MixedVersionsInOneGroup) {
  req("igmp-router/RA-07");
  Router r;
  r.record(TO_EX, "a");
  r.wait(s(1));
  r.v2_report();
  r.wait(s(1));
  r.v1_report();
  for (int minutes = 0; minutes < 4; ++minutes) {
    r.wait(s(60));
    r.v2_report();
    r.record(IS_EX, "a");
    r.leave();
    EXPECT_EQ(r.sent_text(), "");
    r.record(TO_IN, "");
    EXPECT_EQ(r.sent_text(), "");
  }
  r.wait(s(20) - kTick);  // 260 s after the v1 report, less a tick
  r.leave();
  EXPECT_EQ(r.sent_text(), "");
  r.wait(kTick);
  r.leave();
  EXPECT_EQ(r.sent_text(), "Q(a) Q()");
}

// The mode is the record's: with the group its timers end.
TEST(Rfc9776Sec7p3p2, ModeEndsWithTheGroup) {
  req("igmp-router/CM-01 igmp-router/S3-03");
  Router r;
  r.v2_report();
  r.wait(s(5));
  r.leave();
  r.wait(s(1));
  r.wait(s(1));
  EXPECT_TRUE(r.state.empty());
  EXPECT_EQ(r.state.next_deadline(), kNever);
  r.record(TO_EX, "a");
  EXPECT_EQ(r.state.version(r.now), Version::kV3);
  EXPECT_EQ(r.text(), "EXCLUDE {} {a} GT=270");
}

}  // namespace
}  // namespace sluice::control::igmp::compatibility_test
