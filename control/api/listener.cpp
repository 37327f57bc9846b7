// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/listener.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace sluice::control::api {
namespace {

Error failed(const std::string& path, const std::string& what, int error) {
  return Error{"control socket " + path + ": " + what + ": " + std::strerror(error)};
}

// Whether somebody listens there. A socket file that refuses is left from a daemon that is gone.
bool alive(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return false;
  const bool connected =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const bool busy = !connected && errno == EAGAIN;  // its backlog is full
  ::close(fd);
  return connected || busy;
}

// An error, or the way is free.
Status make_room(const std::string& path, const sockaddr_un& address) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return Ok{};
  if (!S_ISSOCK(info.st_mode)) {
    return Error{"control socket " + path + ": the file exists and is not a socket"};
  }
  if (alive(address)) {
    return Error{"control socket " + path +
                 ": a running daemon uses it; stop that one, or set "
                 "[system] socket to another path"};
  }
  if (::unlink(path.c_str()) != 0) return failed(path, "cannot remove the stale socket", errno);
  return Ok{};
}

}  // namespace

Result<Listener> Listener::open(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return Error{"control socket " + path + ": a path of 1.." +
                 std::to_string(sizeof address.sun_path - 1) + " bytes is needed"};
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);

  std::error_code code;
  const std::filesystem::path directory = std::filesystem::path(path).parent_path();
  if (!directory.empty()) std::filesystem::create_directories(directory, code);
  if (code) return failed(path, "cannot create its directory", code.value());
  if (const Status room = make_room(path, address); !room) return room.error();

  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed(path, "cannot make a socket", errno);
  Listener listener(fd, path);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return failed(path, "cannot bind", errno);
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) {
    listener.device_ = info.st_dev;
    listener.inode_ = info.st_ino;
  }
  // Nobody can connect before listen().
  if (::chmod(path.c_str(), 0660) != 0) return failed(path, "cannot set its mode", errno);
  if (::listen(fd, 64) != 0) return failed(path, "cannot listen", errno);
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      path_(std::move(other.path_)),
      device_(other.device_),
      inode_(other.inode_) {}

Listener::~Listener() {
  if (fd_ < 0) return;
  struct stat info {};
  if (inode_ != 0 && ::stat(path_.c_str(), &info) == 0 && info.st_dev == device_ &&
      info.st_ino == inode_) {
    ::unlink(path_.c_str());
  }
  ::close(fd_);
}

}  // namespace sluice::control::api
