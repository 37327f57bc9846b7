// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "control/cli/interrupt.h"

namespace sluice::control::cli {

Result<Connection> Connection::open(const std::string& path,
                                    std::optional<std::chrono::milliseconds> patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return Error{path + ": too long for a socket's path"};
  std::memcpy(address.sun_path, path.data(), path.size());
  Connection connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (patience) connection.until_ = Clock::now() + *patience;
  connection.set_time_left();
  if (::connect(connection.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return Error{"no daemon at " + path + ": " + std::strerror(errno)};
  }
  return connection;
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      until_(other.until_),
      buffer_(std::move(other.buffer_)),
      searched_(other.searched_) {}

Connection::~Connection() {
  if (fd_ >= 0) ::close(fd_);
}

bool Connection::set_time_left() {
  if (!until_) return true;
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(*until_ - Clock::now()).count();
  if (left <= 0) return false;  // to the kernel 0 would mean for ever
  timeval time{};
  time.tv_sec = left / 1'000'000;
  time.tv_usec = left % 1'000'000;
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);  // connect() heeds it too
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof time);
  return true;
}

bool Connection::send(const std::string& line) {
  const std::string text = line + "\n";
  std::size_t sent = 0;
  while (sent < text.size()) {
    if (!set_time_left()) return false;
    const ssize_t n = ::send(fd_, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR && !interrupted()) continue;
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<std::string> Connection::receive() {
  for (;;) {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      searched_ = 0;
      return line;
    }
    searched_ = buffer_.size();
    if (!set_time_left()) return std::nullopt;
    char chunk[65536];
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n < 0 && errno == EINTR && !interrupted()) continue;
    if (n <= 0) return std::nullopt;
    buffer_.append(chunk, static_cast<std::size_t>(n));
  }
}

}  // namespace sluice::control::cli
