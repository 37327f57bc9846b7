// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sluice::control::api {

Client::~Client() {
  if (fd_ >= 0) ::close(fd_);
}

Client::Client(Client&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      in_(std::move(other.in_)),
      out_(std::move(other.out_)),
      sent_(other.sent_),
      lost_(other.lost_),
      last_progress_(other.last_progress_),
      watching_(other.watching_),
      closing_(other.closing_),
      end_of_input_(other.end_of_input_) {}

Client& Client::operator=(Client&& other) noexcept {
  Client moved(std::move(other));
  std::swap(fd_, moved.fd_);
  in_.swap(moved.in_);
  out_.swap(moved.out_);
  std::swap(sent_, moved.sent_);
  std::swap(lost_, moved.lost_);
  std::swap(last_progress_, moved.last_progress_);
  std::swap(watching_, moved.watching_);
  std::swap(closing_, moved.closing_);
  std::swap(end_of_input_, moved.end_of_input_);
  return *this;
}

bool Client::receive(SteadyTime now) {
  char bytes[16 * 1024];
  const ssize_t got = ::recv(fd_, bytes, sizeof bytes, 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  last_progress_ = now;
  if (got == 0) {
    end_of_input_ = true;
  } else {
    in_.append(bytes, static_cast<std::size_t>(got));
  }
  return true;
}

std::optional<std::string> Client::next_line() {
  const std::size_t newline = in_.find('\n');
  if (newline == std::string::npos) {
    if (!end_of_input_ || in_.empty()) return std::nullopt;
    return std::exchange(in_, {});
  }
  std::string line = in_.substr(0, newline);
  in_.erase(0, newline + 1);
  return line;
}

void Client::answer(std::string line) {
  out_ += line;
}

bool Client::offer(std::string_view line) {
  // Once it has lost something it must catch up half-way first, so that losses come in few gaps.
  if (lost_ > 0 || out_.size() - sent_ + line.size() > kMaxWatchBacklog) {
    ++lost_;
    return false;
  }
  out_ += line;
  return true;
}

bool Client::may_tell_of_loss() const {
  return lost_ > 0 && out_.size() - sent_ <= kMaxWatchBacklog / 2;
}

bool Client::send(SteadyTime now) {
  for (;;) {
    if (may_tell_of_loss()) {
      out_ += "{\"event\":\"lost\",\"count\":" + std::to_string(std::exchange(lost_, 0)) + "}\n";
    }
    if (!has_output()) break;
    const ssize_t count = ::send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    last_progress_ = now;
    sent_ += static_cast<std::size_t>(count);
    // What has left is given back when it is most of it: each byte is moved about once.
    if (sent_ == out_.size() || sent_ > out_.size() / 2) {
      out_.erase(0, sent_);
      sent_ = 0;
      if (out_.empty() && out_.capacity() > kMaxRequest) out_.shrink_to_fit();
    }
  }
  return true;
}

}  // namespace sluice::control::api
