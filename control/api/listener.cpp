// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/listener.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace sluice::control::api {

using std::chrono::steady_clock;

namespace {

Error failed(const std::string& path, const std::string& what, int error) {
  return Error{"control socket " + path + ": " + what + ": " + std::strerror(error)};
}

// A process that was killed holds its socket until its memory is given back, huge pages above all.
constexpr auto kPatience = std::chrono::milliseconds(1000);
constexpr auto kBetweenTries = std::chrono::milliseconds(10);

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

int milliseconds_until(steady_clock::time_point moment) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(moment - steady_clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

// kNobody: the socket file is left from a process that is gone. kNoAnswer: somebody holds the
// socket, and has closed the connection or not said a word until `deadline`.
enum class Peer { kNobody, kNoAnswer, kAnswers };

Peer ask(const sockaddr_un& address, steady_clock::time_point deadline) {
  const Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    // EAGAIN: its backlog is full. What else there is says nothing about who is there.
    return errno == ECONNREFUSED || errno == ENOENT ? Peer::kNobody : Peer::kNoAnswer;
  }
  constexpr std::string_view kQuestion = "{\"command\":\"status\"}\n";
  ::send(fd.get(), kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL);
  pollfd answer{fd.get(), POLLIN, 0};
  if (::poll(&answer, 1, milliseconds_until(deadline)) <= 0) return Peer::kNoAnswer;
  char byte;
  return ::recv(fd.get(), &byte, 1, 0) == 1 ? Peer::kAnswers : Peer::kNoAnswer;
}

// Whether somebody has the socket, and will not let go of it soon.
bool alive(const sockaddr_un& address, steady_clock::time_point deadline) {
  for (;;) {
    const Peer peer = ask(address, deadline);
    if (peer != Peer::kNoAnswer) return peer == Peer::kAnswers;
    if (steady_clock::now() >= deadline) return true;
    std::this_thread::sleep_for(kBetweenTries);
  }
}

// Of two that start at once, one looks and takes the place before the other looks. The kernel
// takes the lock away from a process that ends.
Status lock(int directory, const std::string& path, steady_clock::time_point deadline) {
  while (::flock(directory, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed(path, "cannot lock its directory", errno);
    if (steady_clock::now() >= deadline) {
      return Error{"control socket " + path + ": another daemon is starting there"};
    }
    std::this_thread::sleep_for(kBetweenTries);
  }
  return Ok{};
}

// An error, or the way is free.
Status make_room(const std::string& path, const sockaddr_un& address,
                 steady_clock::time_point deadline) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return Ok{};
  if (!S_ISSOCK(info.st_mode)) {
    return Error{"control socket " + path + ": the file exists and is not a socket"};
  }
  if (alive(address, deadline)) {
    return Error{"control socket " + path +
                 ": a running daemon uses it; stop that one, or set "
                 "[system] socket to another path"};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return failed(path, "cannot remove the stale socket", errno);
  }
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
  const Descriptor locked(
      ::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (locked.get() < 0) return failed(path, "cannot open its directory", errno);
  if (const Status alone = lock(locked.get(), path, steady_clock::now() + 2 * kPatience); !alone) {
    return alone.error();
  }
  if (const Status room = make_room(path, address, steady_clock::now() + kPatience); !room)
    return room.error();

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
