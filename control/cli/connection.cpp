// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/connection.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
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

std::optional<timespec> Connection::time_left() const {
  if (!until_) return std::nullopt;
  const auto left = std::max<std::chrono::nanoseconds::rep>(
      0, std::chrono::nanoseconds(*until_ - Clock::now()).count());
  return timespec{left / 1'000'000'000, left % 1'000'000'000};
}

bool Connection::set_time_left() {
  const auto left = time_left();
  if (!left) return true;
  const timeval time{left->tv_sec, left->tv_nsec / 1000};
  if (time.tv_sec == 0 && time.tv_usec == 0) return false;  // to the kernel it would mean for ever
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);  // connect() heeds it too
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
    const auto left = time_left();
    const int ready = wait_for_input(fd_, left ? &*left : nullptr);
    if (ready < 0 && errno == EINTR && !interrupted()) continue;
    if (ready <= 0) return std::nullopt;
    char chunk[65536];
    const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
    if (n <= 0) return std::nullopt;
    buffer_.append(chunk, static_cast<std::size_t>(n));
  }
}

}  // namespace sluice::control::cli
