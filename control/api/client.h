// SPDX-License-Identifier: BSD-3-Clause
// One client of the control socket: its bytes in and out, each way with a bound. API thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::control::api {

using SteadyTime = std::chrono::steady_clock::time_point;

class Client {
 public:
  static constexpr std::size_t kMaxRequest = 64 * 1024;
  static constexpr std::size_t kMaxWatchBacklog = 256 * 1024;

  Client(int fd, SteadyTime now) : fd_(fd), last_progress_(now) {}
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&& other) noexcept;

  int fd() const { return fd_; }
  bool watching() const { return watching_; }
  void start_watching() { watching_ = true; }
  bool has_output() const { return sent_ < out_.size(); }
  // The next request waits until the answer before it has left.
  // A watcher's input is read too, and thrown away, so that its end is noticed.
  bool wants_input() const { return !end_of_input_ && (watching_ || (!closing_ && !has_output())); }
  bool ready_to_answer() const { return !closing_ && !watching_ && !has_output() && has_line(); }
  // Nothing more is expected of it: to be closed when its output has left.
  bool finished() const {
    if (has_output()) return false;
    return closing_ || (end_of_input_ && !watching_ && !has_line());
  }
  SteadyTime last_progress() const { return last_progress_; }

  // Reads what there is. False: the connection is broken.
  bool receive(SteadyTime now);
  // Whether next_line() has one.
  bool has_line() const {
    return end_of_input_ ? !in_.empty() : in_.find('\n') != std::string::npos;
  }
  // The next whole line, without its newline; at the end of input also what has none.
  std::optional<std::string> next_line();
  bool oversized() const { return in_.size() > kMaxRequest; }
  void discard_input() { in_.clear(); }

  // An answer, whatever its size: at most one is under way.
  void answer(std::string line);
  // An event line. Dropped, and counted, when the client does not keep up.
  bool offer(std::string_view line);
  void add_lost(std::uint64_t count) { lost_ += count; }
  std::uint64_t lost() const { return lost_; }
  // After what is under way.
  void close_when_sent() { closing_ = true; }
  // Sends what fits. False: the connection is broken.
  bool send(SteadyTime now);

 private:
  bool may_tell_of_loss() const;

  int fd_;
  std::string in_, out_;
  std::size_t sent_ = 0;  // of out_
  std::uint64_t lost_ = 0;
  SteadyTime last_progress_;
  bool watching_ = false, closing_ = false, end_of_input_ = false;
};

}  // namespace sluice::control::api
