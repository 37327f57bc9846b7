// SPDX-License-Identifier: BSD-3-Clause
// sluicectl as a process against a server in this one: exit codes, where the words go, both forms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "control/api/server.h"
#include "control/cli/commands.h"
#include "rig.h"

namespace sluice::control::api::sluicectl_test {
namespace {

using testing::HasSubstr;

struct Outcome {
  int status;
  std::string text;  // stdout and stderr, or stdout alone
};

class SluicectlTest : public testing::Test {
 protected:
  SluicectlTest() {
    char name[] = "/tmp/sluice-ctl-XXXXXX";
    directory_ = ::mkdtemp(name);
    socket_ = directory_ + "/sluice.sock";
    auto listener = Listener::open(socket_);
    if (!listener) throw std::runtime_error(listener.error().what);
    server_ = std::make_unique<Server>(std::move(*listener), box_.dispatcher, box_.feed);
    server_->start();
    loop_ = std::thread([this] { box_.loop.run(stop_); });
  }
  ~SluicectlTest() override {
    stop_.store(true);
    loop_.join();
    box_.commands.close();
    server_.reset();
    std::filesystem::remove_all(directory_);
  }
  Outcome run(const std::string& arguments) const { return run_at(socket_, arguments); }
  static Outcome run_at(const std::string& socket, const std::string& arguments) {
    const std::string line =
        "SLUICE_SOCKET='" + socket + "' timeout 10 '" SLUICECTL "' " + arguments;
    FILE* const pipe = ::popen(line.c_str(), "r");
    std::string text;
    char bytes[4096];
    for (std::size_t got; (got = std::fread(bytes, 1, sizeof bytes, pipe)) > 0;) {
      text.append(bytes, got);
    }
    return {WEXITSTATUS(::pclose(pipe)), text};
  }

  std::string directory_, socket_;
  Rig box_;
  std::atomic<bool> stop_{false};
  std::unique_ptr<Server> server_;
  std::thread loop_;
};

TEST_F(SluicectlTest, EveryShowCommandHasBothForms) {
  const std::pair<const char*, const char*> commands[] = {
      {"status", "state"},           {"show groups", "groups"},     {"show fib", "entries"},
      {"show mrouters", "mrouters"}, {"show queriers", "queriers"}, {"show ports", "ports"},
      {"show macs", "macs"},         {"show proxy", "proxies"}};
  for (const auto& [command, key] : commands) {
    const std::string name = command;
    for (const std::string& line : {name + " --json 2>&1", "--json " + name + " 2>&1"}) {
      const Outcome json = run(line);
      EXPECT_EQ(json.status, 0) << line;
      EXPECT_TRUE(Json::parse(json.text).contains(key)) << line << ": " << json.text;
    }
    const Outcome table = run(name + " 2>&1");
    EXPECT_EQ(table.status, 0) << name;
    EXPECT_NE(table.text, "") << name;
  }
}

TEST_F(SluicectlTest, ChangesAndShowsAGroup) {
  EXPECT_EQ(run("static add --vlan 10 --group 239.1.1.1 --port p3").status, 0);
  EXPECT_THAT(run("show groups").text, HasSubstr("239.1.1.1"));
  EXPECT_EQ(run("static del --vlan 10 --group 239.1.1.1 --port p3").status, 0);
  EXPECT_THAT(run("show groups").text, testing::Not(HasSubstr("239.1.1.1")));
}

TEST_F(SluicectlTest, RefusalIsOneWithTheReasonOnStderr) {
  const Outcome refused = run("show groups --vlan 99 2>&1");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.text, HasSubstr("there is no VLAN 99"));
  EXPECT_EQ(run("show groups --vlan 99 2>/dev/null").text, "");
}

TEST_F(SluicectlTest, UsageIsTwo) {
  for (const char* wrong :
       {"shw", "show", "show groops", "show groups --vlan 0", "show groups --vlan x",
        "show groups --group 10.0.0.1", "explain --vlan 10 --group 239.1.1.1", "log-level loud",
        "static add --vlan 10 --group 239.1.1.1 --port p1 --source 239.1.1.1"}) {
    EXPECT_EQ(run(std::string(wrong) + " 2>/dev/null").status, 2) << wrong;
  }
}

TEST_F(SluicectlTest, ALineOfTheShellIsACommand) {
  const auto shell = [this](const std::string& lines) {
    return run("2>&1 <<'END'\n" + lines + "END\n");
  };
  const Outcome good = shell(
      "# a comment, and then a blank line\n\n"
      "static add --vlan 10 --group 239.1.1.1 --port \"p3\"\n"
      "sh gr --js --vl 10   # cut short\n");
  EXPECT_EQ(good.status, 0) << good.text;
  EXPECT_EQ(Json::parse(good.text)["groups"][0]["group"], "239.1.1.1");
  EXPECT_EQ(shell("quit\nshow groops\n").status, 0);
  EXPECT_THAT(shell("help\n").text, HasSubstr("show log-levels"));
  EXPECT_EQ(shell("help explain\n").text, run("explain --help").text);
  EXPECT_THAT(shell("help watch\nstatus\n").text, testing::MatchesRegex("events.*uptime.*"));
  EXPECT_EQ(shell("").text, "");
}

TEST_F(SluicectlTest, LinesStopAtTheFirstThatFails) {
  const std::pair<const char*, int> lines[] = {
      {"show groups --vlan 99", 1}, {"show groops", 2}, {"st", 2}, {"show 'groups", 2}};
  for (const auto& [line, status] : lines) {
    const Outcome outcome = run("2>&1 <<'END'\n\n" + std::string(line) + "\nstatus\nEND\n");
    EXPECT_EQ(outcome.status, status) << line;
    EXPECT_THAT(outcome.text, HasSubstr("stopped at line 2: " + std::string(line)));
    EXPECT_THAT(outcome.text, testing::Not(HasSubstr("uptime"))) << line;
  }
  EXPECT_EQ(run_at(directory_ + "/nobody", "</dev/null 2>/dev/null").status, 3);
}

// One table here, one in the daemon: the same commands.
TEST_F(SluicectlTest, KnowsEveryCommandOfTheDaemon) {
  const std::string known = box_.dispatcher.answer(R"({"command":"?"})").line;
  std::string names;
  for (const auto& command : cli::all_commands()) {
    names += std::string(command.name) + ", ";
    EXPECT_THAT(known, HasSubstr(std::string(command.name)));
  }
  std::string rest = Json::parse(known)["error"];
  rest = rest.substr(rest.find(" are ") + 5) + ", ";
  for (std::size_t end; (end = rest.find(", ")) != rest.npos; rest.erase(0, end + 2)) {
    if (rest.substr(0, end) == "values") continue;  // completion asks it
    EXPECT_THAT(names, HasSubstr(rest.substr(0, end + 2)));
  }
}

TEST_F(SluicectlTest, CompletesFromTheDaemon) {
  run("static add --vlan 10 --group 239.1.1.1 --source 10.9.9.9 --port p3");
  EXPECT_EQ(run("--complete show gr").text, "groups\n");
  EXPECT_EQ(run("--complete show groups --group 23").text, "239.1.1.1\n");
  EXPECT_EQ(run("--complete show groups --group 224").text, "");
  EXPECT_EQ(run("--complete explain --source ''").text, "10.9.9.9\n*\n");
  EXPECT_EQ(run("--complete show ports --port p").text, "p1\np2\np3\np4\np5\n");
  EXPECT_EQ(run("--complete show fib --vlan ''").text, "10\n20\n");
  EXPECT_EQ(run("--complete --socket /nowhere show fib --vlan ''").text, "");
}

TEST_F(SluicectlTest, NoDaemonIsThree) {
  const Outcome gone = run_at(directory_ + "/nobody", "status 2>&1");
  EXPECT_EQ(gone.status, 3);
  EXPECT_THAT(gone.text, HasSubstr(directory_ + "/nobody"));
  EXPECT_EQ(run("--socket " + directory_ + "/nobody status 2>/dev/null").status, 3);
}

TEST_F(SluicectlTest, HelpAndVersionAreZero) {
  EXPECT_EQ(run("--version").status, 0);
  EXPECT_THAT(run("--help").text, HasSubstr("Examples"));
  EXPECT_THAT(run("explain --help").text, HasSubstr("Examples"));
}

TEST_F(SluicectlTest, ReloadOfAFileThatIsNotThereChangesNothing) {
  const Outcome refused = run("reload 2>&1");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.text, HasSubstr("lab.toml"));
  EXPECT_THAT(refused.text, HasSubstr("unchanged"));
}

}  // namespace
}  // namespace sluice::control::api::sluicectl_test
