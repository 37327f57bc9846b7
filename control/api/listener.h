// SPDX-License-Identifier: BSD-3-Clause
// The control socket's place in the file system. It listens from the moment it is opened, before
// any device is touched, so that two daemons never share a path; who connects before the daemon is
// ready waits for its answer.
#pragma once

#include <sys/types.h>

#include <string>

#include "shared/result.h"

namespace sluice::control::api {

class Listener {
 public:
  // Creates the directory, replaces a stale socket, refuses a living one: one that answers, or that
  // somebody holds for a second. A process that was killed may take that long to let go. Mode 0660.
  static Result<Listener> open(const std::string& path);
  ~Listener();
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

 private:
  Listener(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}

  int fd_;  // -1: moved from
  std::string path_;
  dev_t device_ = 0;  // of the file that we made: another one is not ours to remove
  ino_t inode_ = 0;
};

}  // namespace sluice::control::api
