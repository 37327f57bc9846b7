// SPDX-License-Identifier: BSD-3-Clause
// An HTTP client that does as it is told, well or badly. Reading gives up after five seconds.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::control::web {

class Peer {
 public:
  explicit Peer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval patience{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
  }
  ~Peer() { ::close(fd_); }
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), seen_(std::move(other.seen_)) {}
  Peer& operator=(Peer&&) = delete;

  bool say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  // Everything up to and with `mark`; what there was when the connection ended.
  std::string until(std::string_view mark) {
    while (true) {
      const std::size_t at = seen_.find(mark);
      if (at != std::string::npos) {
        std::string text = seen_.substr(0, at + mark.size());
        seen_.erase(0, at + mark.size());
        return text;
      }
      if (!more()) return std::exchange(seen_, {});
    }
  }
  std::string to_the_end() {
    while (more()) {
    }
    return std::exchange(seen_, {});
  }

 private:
  bool more() {
    char chunk[65536];
    const ssize_t got = ::recv(fd_, chunk, sizeof chunk, 0);
    if (got > 0) seen_.append(chunk, static_cast<std::size_t>(got));
    return got > 0;
  }

  int fd_;
  std::string seen_;
};

}  // namespace sluice::control::web
