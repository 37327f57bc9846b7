// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>

#include "control/cli/commands.h"
#include "shared/address.h"

namespace sluice::control::cli {
namespace {

// Checked here, so that a slip of the finger is a usage error and not a round trip.
const CLI::Validator kMulticast(
    [](std::string& text) {
      const auto address = parse_ipv4(text);
      return address && address->is_multicast() ? std::string()
                                                : text + " is not an IPv4 multicast address";
    },
    "GROUP");
const CLI::Validator kUnicastOrAny(
    [](std::string& text) {
      const auto address = parse_ipv4(text);
      return text == "*" || (address && address->is_unicast())
                 ? std::string()
                 : text + " is neither an IPv4 unicast address nor *";
    },
    "ADDRESS|*");

void add_argument(CLI::App& app, const Argument& argument, Json& request) {
  const std::string name(argument.name), help(argument.help), field(argument.field());
  const auto set_text = [&request, field](const std::string& text) { request[field] = text; };
  CLI::Option* option = nullptr;
  switch (argument.kind) {
    case Kind::kFlag:
      option = app.add_flag_callback(
          name, [&request, field] { request[field] = true; }, help);
      break;
    case Kind::kVlan:
      option = app.add_option_function<unsigned>(
                      name, [&request, field](const unsigned& id) { request[field] = id; }, help)
                   ->check(CLI::Range(1u, 4094u));
      break;
    default:
      option = app.add_option_function<std::string>(name, set_text, help);
      break;
  }
  if (argument.kind == Kind::kGroup) option->check(kMulticast);
  if (argument.kind == Kind::kSource) option->check(kUnicastOrAny);
  if (const auto known = fixed_values(argument.kind); !known.empty()) {
    option->check(CLI::IsMember(known));
  }
  option->required(argument.required);
}

CLI::App* add_subcommand(CLI::App& parent, std::string_view name, std::string_view help) {
  CLI::App* const app = parent.add_subcommand(std::string(name), std::string(help));
  app->fallthrough();  // --json and --socket may stand behind the command
  return app;
}

void add_command(CLI::App& parent, std::string_view name, const Command& command, Json& request) {
  CLI::App* const app = add_subcommand(parent, name, command.help);
  if (!command.examples.empty()) app->footer("\nExamples:\n" + std::string(command.examples));
  for (const Argument& argument : command.arguments) add_argument(*app, argument, request);
  // A word that the first argument by place does not take is for the next one.
  app->validate_positionals();
  app->callback([&request, sent = std::string(command.name)] { request["command"] = sent; });
}

}  // namespace

std::variant<Parsed, Exit> parse(const std::vector<std::string>& words, const Options& defaults) {
  Parsed parsed{defaults, nullptr};
  Json request = Json::object();
  CLI::App app("Ask and steer sluiced. Without a command: an interactive shell.", "sluicectl");
  app.set_version_flag("--version", "sluicectl " SLUICE_VERSION);
  app.add_option("--socket", parsed.options.socket, "control socket (or SLUICE_SOCKET)")
      ->capture_default_str();
  app.add_flag("--json", parsed.options.json, "one JSON object, for machines");
  std::map<std::string_view, CLI::App*> families;
  for (const Command& command : all_commands()) {
    const std::size_t blank = command.name.find(' ');
    if (blank == std::string_view::npos) {
      add_command(app, command.name, command, request);
      continue;
    }
    CLI::App*& parent = families[command.name.substr(0, blank)];
    if (parent == nullptr) {
      const auto& all = all_families();
      const auto family = std::find_if(all.begin(), all.end(), [&](const Family& one) {
        return one.name == command.name.substr(0, blank);
      });
      parent = add_subcommand(app, family->name, family->help);
      parent->require_subcommand(1);
    }
    add_command(*parent, command.name.substr(blank + 1), command, request);
  }
  // After the subcommands, which would inherit it.
  app.footer(
      "\nExamples:\n"
      "  sluicectl show groups\n"
      "  sluicectl show fib --vlan 10 --json\n"
      "  sluicectl explain --vlan 10 --port p1 --group 239.1.1.1\n"
      "  sluicectl watch\n\n"
      "Exit status: 0 done, 1 the daemon refused, 2 usage, 3 no daemon at the socket.");
  try {
    app.parse(
        std::vector<std::string>(words.rbegin(), words.rend()));  // CLI11 wants the last first
  } catch (const CLI::ParseError& error) {
    const int status = app.exit(error);
    std::cout << std::flush;  // answers do not go through it
    return status == 0 ? kDone : kUsage;
  }
  if (!request.empty()) parsed.request = std::move(request);
  return parsed;
}

}  // namespace sluice::control::cli
