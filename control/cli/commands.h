// SPDX-License-Identifier: BSD-3-Clause
// Every command of sluicectl in one table: what parses the command line, what the shell and bash
// complete by, and what `help` lists. A new command is a row here, its table in tables.cpp, and its
// handler in control/api/dispatcher.cpp. Constant data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::control::cli {

// What an argument's value is: how it is checked, and what completes it.
enum class Kind : std::uint8_t { kFlag, kVlan, kPort, kGroup, kSource, kLevel, kSubsystem, kText };

struct Argument {
  std::string_view name;  // an option "--vlan", or "level", a word by its place on the line
  Kind kind;
  std::string_view help;
  bool required = false;

  bool is_option() const { return name.starts_with("--"); }
  // What it is called in the request.
  std::string_view field() const { return is_option() ? name.substr(2) : name; }
};

struct Command {
  std::string_view name;  // "show groups": the same here and on the control socket
  std::string_view help;  // one line
  std::vector<Argument> arguments;
  std::string_view examples = "";
};

// The first word of commands of two words.
struct Family {
  std::string_view name;
  std::string_view help;
};

const std::vector<Command>& all_commands();
const std::vector<Family>& all_families();
// What every command takes besides.
const std::vector<Argument>& global_options();

// The table as `help` shows it.
std::string command_list();

// The values of a kind that do not depend on the daemon; empty: it is asked, or anything goes.
std::vector<std::string> fixed_values(Kind kind);

}  // namespace sluice::control::cli
