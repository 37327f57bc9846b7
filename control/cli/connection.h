// SPDX-License-Identifier: BSD-3-Clause
// One connection to the daemon's control socket: a line out, lines in. Single thread.
#pragma once

#include <chrono>
#include <ctime>
#include <optional>
#include <string>

#include "shared/result.h"

namespace sluice::control::cli {

class Connection {
 public:
  // Error: nobody listens at `path`, and why.
  static Result<Connection> open(const std::string& path) { return open(path, {}); }
  // The same for who cannot wait: after `patience` open() is an error, send() and receive() give
  // up.
  static Result<Connection> open(const std::string& path,
                                 std::optional<std::chrono::milliseconds> patience);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  bool send(const std::string& line);
  // Without the newline; none when the daemon has gone, or on Ctrl-C in the shell.
  std::optional<std::string> receive();

 private:
  explicit Connection(int fd) : fd_(fd) {}

  using Clock = std::chrono::steady_clock;
  // How long the next call may take; false: no time is left.
  std::optional<timespec> time_left() const;  // none: for ever
  bool set_time_left();

  int fd_;
  std::optional<Clock::time_point> until_;
  std::string buffer_;
  std::size_t searched_ = 0;  // no newline before this
};

}  // namespace sluice::control::cli
