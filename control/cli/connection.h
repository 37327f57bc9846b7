// SPDX-License-Identifier: BSD-3-Clause
// One connection to the daemon's control socket: a line out, lines in. Single thread.
#pragma once

#include <optional>
#include <string>

#include "shared/result.h"

namespace sluice::control::cli {

class Connection {
 public:
  // Error: nobody listens at `path`, and why.
  static Result<Connection> open(const std::string& path);
  ~Connection();
  Connection(Connection&& other) noexcept;
  Connection& operator=(Connection&&) = delete;

  bool send(const std::string& line);
  // Without the newline; none when the daemon has gone, or on Ctrl-C in the shell.
  std::optional<std::string> receive();

 private:
  explicit Connection(int fd) : fd_(fd) {}

  int fd_;
  std::string buffer_;
  std::size_t searched_ = 0;  // no newline before this
};

}  // namespace sluice::control::cli
