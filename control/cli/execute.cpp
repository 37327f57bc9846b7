// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/execute.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iostream>

#include "control/cli/connection.h"
#include "control/cli/interrupt.h"
#include "control/cli/tables.h"

namespace sluice::control::cli {
namespace {

// False: whoever read us has gone, or the user has had enough. A long answer goes out in pieces, so
// that Ctrl-C is heard between them.
bool print(std::string_view text) {
  constexpr std::size_t kPiece = 4096;
  while (!text.empty()) {
    if (interrupted()) return false;
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), std::min(text.size(), kPiece));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

int gone(const std::string& what) {
  if (interrupted()) return kInterrupted;
  std::cerr << "sluicectl: " << what << "\n";
  return kNoDaemon;
}

int watch(Connection& daemon, bool json) {
  while (const auto line = daemon.receive()) {
    const Json event = Json::parse(*line, nullptr, false);
    if (event.is_discarded()) break;
    if (!print((json ? *line : to_line(event)) + "\n")) return interrupted() ? kInterrupted : kDone;
  }
  return gone("the daemon has closed the connection");
}

}  // namespace

void say_no_daemon(const std::string& why) {
  std::cerr << "sluicectl: " << why << "\n"
            << "sluicectl: to start one: systemctl start sluiced, or sluiced --config FILE\n";
}

int execute(const Parsed& parsed) {
  const Options& options = parsed.options;
  auto daemon = Connection::open(options.socket);
  if (!daemon) {
    if (interrupted()) return kInterrupted;
    say_no_daemon(daemon.error().what);
    return kNoDaemon;
  }
  if (!daemon->send(parsed.request.dump())) {
    return gone("the daemon at " + options.socket + " has gone");
  }
  const auto line = daemon->receive();
  const Json answer = line ? Json::parse(*line, nullptr, false) : Json();
  if (!answer.is_object() || !answer.contains("ok")) {
    return gone("no answer from the daemon at " + options.socket);
  }
  if (!answer["ok"].get<bool>()) {
    for (const Json& detail : answer.value("details", Json::array())) {
      std::cerr << detail.get<std::string>() << "\n";
    }
    std::cerr << "sluicectl: " << answer["error"].get<std::string>() << "\n";
    return kRefused;
  }
  const std::string command = parsed.request["command"];
  if (command == "watch") return watch(*daemon, options.json);
  const Json& result = answer["result"];
  print(options.json ? result.dump() + "\n" : to_table(command, result));
  return interrupted() ? kInterrupted : kDone;
}

}  // namespace sluice::control::cli
