// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/keeper.h"

#include <spdlog/fmt/fmt.h>
#include <time.h>

#include <algorithm>
#include <fstream>

#include "control/log/log.h"
#include "control/state/blocks.h"

namespace sluice::control::state {

using snooping::MemberKey;
using snooping::SavedMember;
using std::chrono::steady_clock;

namespace {

// Of the control thread's time, in one go.
constexpr auto kSlice = std::chrono::microseconds(300);
constexpr std::size_t kPlacesAtOnce = 64;
constexpr std::size_t kKeysAtOnce = 1000;
constexpr auto kBetweenSlices = std::chrono::milliseconds(1);
constexpr auto kHeaderInterval = std::chrono::seconds(1);
constexpr auto kFirstCopy = std::chrono::seconds(1);

std::uint64_t milliseconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1000 +
         static_cast<std::uint64_t>(time.tv_nsec) / 1'000'000;
}

// All zero when there is none to be had; then every run counts as the same boot only while the
// clock since boot goes on.
std::array<std::uint8_t, 16> boot_id() {
  std::array<std::uint8_t, 16> id{};
  std::string text;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> text;
  std::size_t digits = 0;
  for (const char c : text) {
    const auto value = std::string_view("0123456789abcdef").find(c);
    if (value == std::string_view::npos || digits == 2 * id.size()) continue;
    id[digits / 2] = static_cast<std::uint8_t>(id[digits / 2] << 4 | value);
    ++digits;
  }
  return id;
}

}  // namespace

Keeper::Keeper(Setup setup) : setup_(std::move(setup)), file_(setup_.path) {
  if (!setup_.path.empty()) reading_ = std::async(std::launch::async, [this] { return read(); });
}

Keeper::~Keeper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Moment Keeper::now() const {
  static const std::array<std::uint8_t, 16> boot = boot_id();
  return {boot, milliseconds_of(CLOCK_BOOTTIME), milliseconds_of(CLOCK_REALTIME), setup_.clock()};
}

std::optional<Loaded> Keeper::read() const {
  const Result<Bytes> bytes = read_file(setup_.path, kMostBytes);
  if (bytes && bytes->empty()) return std::nullopt;
  Result<Loaded> loaded =
      bytes ? decode(*bytes, now(), setup_.ports) : Result<Loaded>(bytes.error());
  if (loaded) return std::move(*loaded);
  log::write(LogEvent::kStateIgnored, {{"file", setup_.path}, {"reason", loaded.error().what}});
  return std::nullopt;
}

void Keeper::restore(Appliance& appliance, Loop& loop) {
  appliance_ = &appliance;
  std::optional<Loaded> loaded = reading_.valid() ? reading_.get() : std::nullopt;
  if (!setup_.path.empty()) appliance.snooper().changes().enable();
  const snooping::Restored done = loop.prepare(loaded ? &loaded->state : nullptr);
  if (!loaded) return;
  const std::string away = fmt::format("{:.1f}", to_seconds(loaded->away));
  if (done.outdated > 0) {
    log::write(LogEvent::kStateOutdated, {{"away", away}, {"memberships", done.outdated}});
  }
  log::write(LogEvent::kStateRestored, {{"away", away},
                                        {"memberships", done.members},
                                        {"router-ports", done.routers},
                                        {"static", done.statics},
                                        {"refused", done.refused},
                                        {"unknown-ports", loaded->unknown_ports}});
}

void Keeper::start(api::CommandQueue& commands) {
  if (setup_.path.empty()) return;
  commands_ = &commands;
  const std::lock_guard lock(mutex_);  // flush() may be on its way
  thread_ = std::thread([this] { run(); });
}

void Keeper::finish() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  flushed_.notify_all();
  thread_.join();
  write_copy([](const std::function<void()>& work) {
    work();
    return true;
  });
}

void Keeper::flush() {
  std::unique_lock lock(mutex_);
  if (!thread_.joinable()) return;
  const std::uint64_t mine = ++asked_;
  wake_.notify_one();
  flushed_.wait_for(lock, kMostPatience, [&] { return stop_ || answered_ >= mine; });
}

bool Keeper::call(const std::function<void()>& work) {
  return commands_->call([&](api::Core&) { work(); });
}

void Keeper::run() {
  auto next_copy = steady_clock::now() + kFirstCopy;
  auto next_header = steady_clock::now();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait_for(lock, kJournalInterval, [this] { return stop_ || asked_ > answered_; });
    if (stop_) return;
    const std::uint64_t flush = asked_;
    const bool hurry = flush > answered_;
    lock.unlock();
    const auto begin = steady_clock::now();
    // Who hurries has a copy made now only where nothing else helps.
    if (begin >= next_copy || (hurry && (!file_.open() || behind_) && !failing_)) {
      bool changed = !file_.open() || behind_ || journal_bytes_ > 0;
      if (!changed) call([&] { changed = appliance_->snooper().changes().refreshed(); });
      if (changed) write_copy([this](const auto& work) { return call(work); });
      const auto pause = std::chrono::milliseconds(size_ * 1000 / kMostBytesPerSecond);
      next_copy = steady_clock::now() + std::max<steady_clock::duration>(kCopyInterval, pause);
    }
    const bool complete = file_.open() && !behind_ && write_journal();
    if (complete && begin >= next_header) {
      done(file_.overwrite(header(now())));
      next_header = begin + kHeaderInterval;
    }
    lock.lock();
    answered_ = flush;
    flushed_.notify_all();
  }
}

// What changes meanwhile is in the journal that follows.
void Keeper::write_copy(const std::function<bool(const std::function<void()>&)>& on_control) {
  Bytes bytes;
  Moment at;
  const bool began = on_control([&] {
    snooping::Switch& snooper = appliance_->snooper();
    snooper.changes().clear();
    at = now();
    bytes = header(at);
    append_head(bytes, at, setup_.ports);
    append_others(bytes, at, snooper.save_vlans(), appliance_->save_proxies());
  });
  if (!began) return;
  Status status = file_.begin();
  if (status) status = file_.append(bytes);
  std::vector<SavedMember> members;
  for (std::optional<std::size_t> place = 0; place && status;) {
    members.clear();
    const bool ran = on_control([&] {
      at = now();
      const auto begin = steady_clock::now();
      do {
        place = appliance_->snooper().save_members(*place, kPlacesAtOnce, members);
      } while (place && steady_clock::now() - begin < kSlice);
    });
    if (!ran) return;  // the daemon stops; finish() does it again
    bytes.clear();
    append_members(bytes, at, members);
    status = file_.append(bytes);
    if (place && thread_.joinable()) std::this_thread::sleep_for(kBetweenSlices);
  }
  bytes.clear();
  append_end(bytes, now());
  if (status) status = file_.append(bytes);
  if (status) status = file_.commit();
  done(status);
  if (!status) return;
  journal_bytes_ = 0;
  behind_ = false;
  copies_.fetch_add(1, std::memory_order_relaxed);
  bytes_.fetch_add(file_.size(), std::memory_order_relaxed);
  size_.store(file_.size(), std::memory_order_relaxed);
}

// False: there is more, or it could not be written.
bool Keeper::write_journal() {
  Bytes bytes;
  bool more = false;
  const bool ran = call([&] {
    snooping::Switch& snooper = appliance_->snooper();
    snooping::ChangeLog& changes = snooper.changes();
    behind_ = changes.overflown();
    if (changes.empty() || behind_) return;
    const Moment at = now();
    if (changes.others()) {
      append_others(bytes, at, snooper.save_vlans(), appliance_->save_proxies());
      changes.take_others();
    }
    std::vector<MemberKey> keys = changes.take_members(kKeysAtOnce);
    std::ranges::sort(keys);
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
    std::vector<SavedMember> members;
    std::vector<MemberKey> gone;
    for (const MemberKey& key : keys) {
      if (std::optional<SavedMember> member = snooper.save_member(key)) {
        members.push_back(std::move(*member));
      } else {
        gone.push_back(key);
      }
    }
    if (!members.empty()) append_members(bytes, at, members);
    if (!gone.empty()) append_gone(bytes, at, gone);
    more = !changes.empty();
  });
  if (!ran || behind_) return false;
  if (bytes.empty()) return true;
  const Status status = file_.append(bytes);
  done(status);
  journal_bytes_ += bytes.size();
  bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
  behind_ = !status || journal_bytes_ > kMostJournal;
  return !more && !behind_;
}

// Says once that it fails, and once that it does no more.
void Keeper::done(const Status& status) {
  if (!status) errors_.fetch_add(1, std::memory_order_relaxed);
  if (failing_ == !status) return;
  failing_ = !status;
  if (status) {
    log::write(LogEvent::kStateWritten, {{"file", setup_.path}});
  } else {
    log::write(LogEvent::kStateUnwritten, {{"reason", status.error().what}});
  }
}

std::vector<NamedCount> Keeper::counters() const {
  if (setup_.path.empty()) return {};
  return {{"state_file_copies_total", copies_.load(std::memory_order_relaxed)},
          {"state_file_written_bytes_total", bytes_.load(std::memory_order_relaxed)},
          {"state_file_errors_total", errors_.load(std::memory_order_relaxed)},
          {"state_file_bytes", size_.load(std::memory_order_relaxed)}};
}

}  // namespace sluice::control::state
