// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/shell.h"

#include <unistd.h>

#include <algorithm>
#include <clocale>
#include <iostream>
#include <string>

#include "control/cli/complete.h"
#include "control/cli/connection.h"
#include "control/cli/editor.h"
#include "control/cli/execute.h"
#include "control/cli/interrupt.h"
#include "control/cli/live.h"

namespace sluice::control::cli {
namespace {

constexpr int kLeave = -1;

void print_help() {
  std::cout << "Commands, which may be cut short as long as one only is meant:\n"
            << command_list() << "\nhelp COMMAND says more about one; quit leaves.\n"
            << std::flush;
}

// One line: an Exit, kInterrupted or kLeave.
int run_line(const std::string& text, const Options& defaults) {
  auto line = split(text);
  if (!line) {
    std::cerr << "sluicectl: " << line.error().what << "\n";
    return kUsage;
  }
  std::vector<std::string>& words = line->words;
  if (words.empty()) return kDone;
  const auto place = follow(words);
  if (!place) {
    std::cerr << "sluicectl: " << place.error().what << "\n";
    return kUsage;
  }
  if (words.size() == 1 && (words[0] == "quit" || words[0] == "exit")) return kLeave;
  if (words.size() == 1 && (words[0] == "help" || words[0] == "?")) {
    print_help();
    return kDone;
  }
  if (place->help) {
    words.erase(std::find(words.begin(), words.end(), "help"));
    words.emplace_back("--help");
  }
  const auto outcome = parse(words, defaults);
  if (const auto* const status = std::get_if<Exit>(&outcome)) return *status;
  const auto& parsed = std::get<Parsed>(outcome);
  if (parsed.request.is_null()) {
    std::cerr << "sluicectl: no command; help lists them\n";
    return kUsage;
  }
  return execute(parsed);
}

int interactive(const Options& defaults) {
  std::setlocale(LC_CTYPE, "");
  const LiveValues live = live_values(defaults.socket);
  Editor editor("sluice> ", history_file(), [&](const std::string& text) {
    Editor::Offer offer;
    auto line = split(text);
    // What stands in quotes is not completed.
    if (!line || text.find_first_of("'\"\\") != text.npos) return offer;
    std::string typed;
    if (line->open) {
      typed = line->words.back();
      line->words.pop_back();
    }
    offer.candidates = complete(line->words, typed, live);
    offer.typed = typed.size();
    return offer;
  });
  std::cout << "sluicectl " SLUICE_VERSION ", at " << defaults.socket
            << ". TAB completes, help lists the commands, quit leaves.\n"
            << std::flush;
  catch_interrupts();
  for (;;) {
    const auto text = editor.read_line();
    if (!text) {
      std::cout << "\n" << std::flush;
      return kDone;
    }
    const int status = run_line(*text, defaults);
    forget_interrupt();  // it was this command's
    if (status == kLeave) return kDone;
    if (status == kInterrupted) std::cout << "\n" << std::flush;
  }
}

int batch(const Options& defaults) {
  std::string text;
  for (unsigned number = 1; std::getline(std::cin, text); ++number) {
    const int status = run_line(text, defaults);
    if (status == kLeave) return kDone;
    if (status == kDone) continue;
    std::cerr << "sluicectl: stopped at line " << number << ": " << text << "\n";
    return status;
  }
  return kDone;
}

}  // namespace

int run_shell(const Options& defaults) {
  if (const auto daemon = Connection::open(defaults.socket); !daemon) {
    say_no_daemon(daemon.error().what);
    return kNoDaemon;
  }
  return ::isatty(STDIN_FILENO) != 0 ? interactive(defaults) : batch(defaults);
}

void print_completions(std::vector<std::string> words, const Options& defaults) {
  const std::string typed = words.empty() ? "" : words.back();
  if (!words.empty()) words.pop_back();
  Options options = defaults;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--socket") options.socket = words[i + 1];
  }
  for (const Candidate& one : complete(words, typed, live_values(options.socket))) {
    const bool shells = std::find(std::begin(kShellWords), std::end(kShellWords), one.word) !=
                        std::end(kShellWords);
    if (!shells) std::cout << one.word << "\n";
  }
}

}  // namespace sluice::control::cli
