// SPDX-License-Identifier: BSD-3-Clause
// sluicectl: one command in, one answer out, for people or, with --json, for machines.
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "control/cli/execute.h"
#include "control/cli/parse.h"

int main(int argc, char** argv) {
  namespace cli = sluice::control::cli;
  std::signal(SIGPIPE, SIG_IGN);
  cli::Options defaults;
  if (const char* const path = std::getenv("SLUICE_SOCKET")) defaults.socket = path;
  const auto outcome = cli::parse({argv + 1, argv + argc}, defaults);
  if (const auto* const status = std::get_if<cli::Exit>(&outcome)) return *status;
  const auto& parsed = std::get<cli::Parsed>(outcome);
  if (parsed.request.is_null()) {
    std::cerr << "sluicectl: no command; sluicectl --help lists them\n";
    return cli::kUsage;
  }
  return cli::execute(parsed);
}
