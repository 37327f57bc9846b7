// SPDX-License-Identifier: BSD-3-Clause
// sluicectl: one command in, one answer out, for people or, with --json, for machines; without a
// command, a shell.
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "control/cli/execute.h"
#include "control/cli/parse.h"
#include "control/cli/shell.h"

int main(int argc, char** argv) {
  namespace cli = sluice::control::cli;
  std::signal(SIGPIPE, SIG_IGN);
  cli::Options defaults;
  if (const char* const path = std::getenv("SLUICE_SOCKET")) defaults.socket = path;
  if (argc > 1 && std::string_view(argv[1]) == "--complete") {
    cli::print_completions({argv + 2, argv + argc}, defaults);
    return cli::kDone;
  }
  const auto outcome = cli::parse({argv + 1, argv + argc}, defaults);
  if (const auto* const status = std::get_if<cli::Exit>(&outcome)) return *status;
  const auto& parsed = std::get<cli::Parsed>(outcome);
  return parsed.request.is_null() ? cli::run_shell(parsed.options) : cli::execute(parsed);
}
