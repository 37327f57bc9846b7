// SPDX-License-Identifier: BSD-3-Clause
// sluicectl: one command in, one answer out, for people or, with --json, for machines.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>

#include "control/cli/connection.h"
#include "control/cli/tables.h"
#include "shared/address.h"

namespace {

using sluice::control::cli::Connection;
using sluice::control::cli::Json;

enum Exit { kDone = 0, kRefused = 1, kUsage = 2, kNoDaemon = 3 };

struct Options {
  std::string socket = "/run/sluice/sluice.sock";
  bool json = false;
  Json request;  // what is sent
};

int watch(Connection& daemon, const Options& options) {
  while (const auto line = daemon.receive()) {
    const Json event = Json::parse(*line, nullptr, false);
    if (event.is_discarded()) break;
    std::cout << (options.json ? *line : sluice::control::cli::to_line(event)) << std::endl;
    if (!std::cout) return kDone;  // whoever read us has gone
  }
  std::cerr << "sluicectl: the daemon has closed the connection\n";
  return kNoDaemon;
}

int execute(const Options& options) {
  auto daemon = Connection::open(options.socket);
  if (!daemon) {
    std::cerr << "sluicectl: " << daemon.error().what << "\n";
    return kNoDaemon;
  }
  if (!daemon->send(options.request.dump())) {
    std::cerr << "sluicectl: the daemon at " << options.socket << " has gone\n";
    return kNoDaemon;
  }
  const auto line = daemon->receive();
  const Json answer = line ? Json::parse(*line, nullptr, false) : Json();
  if (!answer.is_object() || !answer.contains("ok")) {
    std::cerr << "sluicectl: no answer from the daemon at " << options.socket << "\n";
    return kNoDaemon;
  }
  if (!answer["ok"].get<bool>()) {
    for (const Json& detail : answer.value("details", Json::array())) {
      std::cerr << detail.get<std::string>() << "\n";
    }
    std::cerr << "sluicectl: " << answer["error"].get<std::string>() << "\n";
    return kRefused;
  }
  const std::string command = options.request["command"];
  if (command == "watch") return watch(*daemon, options);
  const Json& result = answer["result"];
  std::cout << (options.json ? result.dump() + "\n"
                             : sluice::control::cli::to_table(command, result));
  return kDone;
}

// Checked here, so that a slip of the finger is a usage error and not a round trip.
const CLI::Validator kMulticast(
    [](std::string& text) {
      const auto address = sluice::parse_ipv4(text);
      return address && address->is_multicast() ? std::string()
                                                : text + " is not an IPv4 multicast address";
    },
    "GROUP");
const CLI::Validator kSource(
    [](std::string& text) {
      const auto address = sluice::parse_ipv4(text);
      return text == "*" || (address && address->is_unicast())
                 ? std::string()
                 : text + " is neither an IPv4 unicast address nor *";
    },
    "ADDRESS|*");

// Which of the filters and arguments a command has.
enum Takes : unsigned { kVlan = 1, kGroup = 2, kPort = 4, kSourceAddress = 8, kNeeded = 16 };

class Commands {
 public:
  Commands(CLI::App& app, Options& options) : options_(options) { add_all(app); }

 private:
  CLI::App* add(CLI::App& parent, const std::string& name, const std::string& help,
                unsigned takes = 0, const std::string& footer = "") {
    CLI::App* const app = parent.add_subcommand(name, help);
    if (!footer.empty()) app->footer("\nExamples:\n" + footer);
    app->fallthrough();  // --json and --socket may stand behind the command
    const bool needed = (takes & kNeeded) != 0;
    const auto field = [&](const char* key) {
      return [this, key](const std::string& text) { options_.request[key] = text; };
    };
    if (takes & kVlan) {
      const std::function<void(const unsigned&)> set = [this](const unsigned& id) {
        options_.request["vlan"] = id;
      };
      app->add_option_function("--vlan", set, "VLAN, 1 to 4094")
          ->check(CLI::Range(1u, 4094u))
          ->required(needed);
    }
    if (takes & kPort) {
      app->add_option_function<std::string>("--port", field("port"), "port, by its name")
          ->required(needed);
    }
    if (takes & kGroup) {
      app->add_option_function<std::string>("--group", field("group"), "multicast group")
          ->check(kMulticast)
          ->required(needed);
    }
    if (takes & kSourceAddress) {
      app->add_option_function<std::string>("--source", field("source"), "source, or * for any")
          ->check(kSource);
    }
    return app;
  }
  // A command that is sent as `name`.
  CLI::App* leaf(CLI::App& parent, const std::string& name, const std::string& sent,
                 const std::string& help, unsigned takes = 0, const std::string& footer = "") {
    CLI::App* const app = add(parent, name, help, takes, footer);
    app->callback([this, sent] { options_.request["command"] = sent; });
    return app;
  }

  void add_all(CLI::App& app) {
    leaf(app, "status", "status", "is the daemon up, and what is it running");
    CLI::App* const show = add(app, "show", "what the daemon knows");
    show->require_subcommand(1);
    leaf(*show, "groups", "show groups", "memberships per (VLAN, port, group)",
         kVlan | kGroup | kPort,
         "  sluicectl show groups --vlan 10\n"
         "  sluicectl show groups --group 239.1.1.1 --json");
    leaf(*show, "fib", "show fib", "the forwarding entries that the workers use", kVlan | kGroup,
         "  sluicectl show fib --vlan 10 --group 232.1.1.1");
    leaf(*show, "mrouters", "show mrouters", "multicast-router ports, why, and until when",
         kVlan | kPort);
    leaf(*show, "queriers", "show queriers", "who queries each VLAN", kVlan);
    leaf(*show, "ports", "show ports", "link, counters and drops of each port", kPort);
    leaf(*show, "macs", "show macs", "learned MAC addresses", kVlan | kPort);
    leaf(*show, "counters", "show counters", "every counter; the table leaves out the zeros");
    leaf(*show, "alarms", "show alarms", "what is not well, why, and what to do about it");
    leaf(*show, "proxy", "show proxy", "proxies and what they have joined upstream", kGroup);
    leaf(app, "watch", "watch", "events as they happen, until interrupted", 0,
         "  sluicectl watch\n"
         "  sluicectl watch --json | jq 'select(.event == \"group-joined\")'");
    leaf(app, "explain", "explain", "what would happen to such a frame now, and why",
         kVlan | kPort | kGroup | kSourceAddress | kNeeded,
         "  sluicectl explain --vlan 10 --port uplink --group 239.1.1.1\n"
         "  sluicectl explain --vlan 10 --port uplink --group 232.1.1.1 --source 10.9.9.9")
        ->add_flag_callback(
            "--igmp", [this] { options_.request["igmp"] = true; }, "the frame is an IGMP message");
    CLI::App* const statics = add(app, "static", "static members, until the daemon restarts");
    statics->require_subcommand(1);
    const unsigned all = kVlan | kPort | kGroup | kSourceAddress | kNeeded;
    leaf(*statics, "add", "static add", "add one", all,
         "  sluicectl static add --vlan 10 --group 239.1.1.1 --port p3\n"
         "  sluicectl static add --vlan 10 --group 232.1.1.1 --source 10.9.9.9 --port p3");
    leaf(*statics, "del", "static del", "remove one", all);
    CLI::App* const clear = add(app, "clear", "forget groups, or count from zero");
    clear->require_subcommand(1);
    leaf(*clear, "groups", "clear groups", "forget what was joined; hosts are asked again", kVlan);
    leaf(*clear, "counters", "clear counters", "count from zero", kVlan);
    leaf(app, "reload", "reload", "read the configuration file again; a bad file changes nothing");
    leaf(app, "log-level", "log-level", "how much the daemon logs, until it restarts", 0,
         "  sluicectl log-level debug")
        ->add_option_function<std::string>(
            "level", [this](const std::string& level) { options_.request["level"] = level; },
            "trace, debug, info, warn or error")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}))
        ->required();
  }

  Options& options_;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Options options;
  options.request = Json::object();
  if (const char* const path = std::getenv("SLUICE_SOCKET")) options.socket = path;

  CLI::App app("Ask and steer sluiced.", "sluicectl");
  app.set_version_flag("--version", "sluicectl " SLUICE_VERSION);
  app.add_option("--socket", options.socket, "control socket (or SLUICE_SOCKET)")
      ->capture_default_str();
  app.add_flag("--json", options.json, "one JSON object, for machines");
  app.require_subcommand(1);
  app.footer(
      "\nExamples:\n"
      "  sluicectl show groups\n"
      "  sluicectl show fib --vlan 10 --json\n"
      "  sluicectl explain --vlan 10 --port p1 --group 239.1.1.1\n"
      "  sluicectl watch\n\n"
      "Exit status: 0 done, 1 the daemon refused, 2 usage, 3 no daemon at the socket.");
  const Commands commands(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }
  return execute(options);
}
