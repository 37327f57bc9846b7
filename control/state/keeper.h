// SPDX-License-Identifier: BSD-3-Clause
// Keeps the state file: reads it while the ports are being opened, and writes it from a thread of
// its own while the daemon runs. The control thread only copies rows, a fraction of a millisecond
// at a time. What changes is in the file a tenth of a second later (killed, the daemon loses no
// more), or at once for who asks; the whole is written anew every ten seconds or more, and at a
// clean stop.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "control/api/command_queue.h"
#include "control/appliance.h"
#include "control/loop.h"
#include "control/state/file.h"
#include "control/state/format.h"

namespace sluice::control::state {

class Keeper {
 public:
  // What changed is appended this often; beyond that many bytes it waits for the next copy.
  static constexpr Duration kJournalInterval = std::chrono::milliseconds(100);
  static constexpr std::size_t kMostJournal = 1'000'000;
  // A copy of everything is made this often, less often when it is large.
  static constexpr Duration kCopyInterval = std::chrono::seconds(10);
  static constexpr std::size_t kMostBytesPerSecond = 1'000'000;
  static constexpr Duration kMostPatience = std::chrono::seconds(1);

  struct Setup {
    std::string path;  // empty: keeps nothing, and all below does nothing
    std::vector<std::string> ports;
    std::function<TimePoint()> clock;  // that of the control thread's loop; any thread
  };

  // Begins to read.
  explicit Keeper(Setup setup);
  ~Keeper();

  // Starts the appliance with what was read, and logs what became of it. Before the workers poll.
  void restore(Appliance& appliance, Loop& loop);
  void start(api::CommandQueue& commands);
  // Any thread but the control thread, between start() and finish(): waits until what has changed
  // is in the file, or the disk has refused it, or has had a second.
  void flush();
  // After the control thread's loop has ended: writes everything once more. Called by that thread.
  void finish();

  // Any thread: state_file_…
  std::vector<NamedCount> counters() const;

 private:
  Moment now() const;
  std::optional<Loaded> read() const;
  void run();
  bool call(const std::function<void()>& work);
  void write_copy(const std::function<bool(const std::function<void()>&)>& on_control);
  bool write_journal();
  void done(const Status& status);

  Setup setup_;
  std::future<std::optional<Loaded>> reading_;
  Appliance* appliance_ = nullptr;
  api::CommandQueue* commands_ = nullptr;
  File file_;
  std::size_t journal_bytes_ = 0;
  bool behind_ = false;   // the journal is full, or could not be written
  bool failing_ = false;  // told so already
  std::atomic<std::uint64_t> copies_{0}, bytes_{0}, errors_{0}, size_{0};
  std::mutex mutex_;
  std::condition_variable wake_, flushed_;
  std::uint64_t asked_ = 0, answered_ = 0;  // by flush(), and the latest that was seen to
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace sluice::control::state
