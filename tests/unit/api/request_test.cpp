// SPDX-License-Identifier: BSD-3-Clause
// What a client can get wrong, and what it is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rig.h"

namespace sluice::control::api::request_test {
namespace {

using testing::HasSubstr;

struct Wrong {
  const char* line;
  const char* told;
};

class WrongRequest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongRequest, IsRefusedWithASentence) {
  Rig box;
  EXPECT_THAT(box.refusal(GetParam().line), HasSubstr(GetParam().told));
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongRequest,
    testing::Values(
        Wrong{"", "not a request"}, Wrong{"rubbish", "not a request"},
        Wrong{"\xff\xfe\x00", "not a request"}, Wrong{"[1]", "not a request"},
        Wrong{R"({"command":"show groups")", "not a request"}, Wrong{"{}", "no \"command\""},
        Wrong{R"({"command":7})", "must be a string"},
        Wrong{R"({"command":"shw"})", "unknown command"},
        Wrong{R"({"command":"status","vlna":10})", "unknown field"},
        Wrong{R"({"command":"status","vlan":10})", "status takes no vlan"},
        Wrong{R"({"command":"explain","vlan":10,"group":"239.1.1.1"})", "explain needs port"},
        Wrong{R"({"command":"show groups","vlan":0})", "1..4094"},
        Wrong{R"({"command":"show groups","vlan":4095})", "1..4094"},
        Wrong{R"({"command":"show groups","vlan":1e99})", "1..4094"},
        Wrong{R"({"command":"show groups","vlan":99})", "there is no VLAN 99"},
        Wrong{R"({"command":"show groups","port":"p9"})", "the ports are p1, p2, p3, p4, p5"},
        Wrong{R"({"command":"show groups","group":"10.0.0.1"})", "multicast"},
        Wrong{R"({"command":"show fib","group":"239.1.1"})", "multicast"},
        Wrong{
            R"({"command":"explain","vlan":10,"port":"p1","group":"239.1.1.1","source":"239.1.1.1"})",
            "unicast"},
        Wrong{R"({"command":"log-level","level":"loud"})", "trace, debug, info, warn or error"},
        Wrong{R"({"command":"log-level"})", "needs level"},
        Wrong{R"({"command":"static add","vlan":10,"group":"224.0.0.5","port":"p1"})", "224.0.0"},
        Wrong{R"({"command":"static del","vlan":10,"group":"239.1.1.1","port":"p1"})",
              "239.1.1.1"}));

TEST(Request, DeepNestingIsHarmless) {
  Rig box;
  EXPECT_THAT(box.refusal(std::string(60000, '[')), HasSubstr("not a request"));
  EXPECT_THAT(
      box.refusal("{\"command\":" + std::string(30000, '[') + std::string(30000, ']') + "}"),
      HasSubstr("must be a string"));
}

TEST(Request, CountsWhatWasWrong) {
  Rig box;
  box.ask("rubbish");
  box.ask(R"({"command":"shw"})");
  const Json counters = box.result(R"({"command":"show counters"})");
  EXPECT_EQ(counters["api_requests_total"], 3);
  EXPECT_EQ(counters["api_requests_malformed_total"], 1);
  EXPECT_EQ(counters["api_requests_refused_total"], 1);
}

TEST(Request, AfterTheLoopHasEndedIsRefusedAtOnce) {
  Rig box;
  box.commands.close();
  EXPECT_THAT(box.dispatcher.answer(R"({"command":"status"})").line, HasSubstr("stopping"));
}

}  // namespace
}  // namespace sluice::control::api::request_test
