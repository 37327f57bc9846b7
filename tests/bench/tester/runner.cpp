// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/tester/runner.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sluice::bench {
namespace {

constexpr std::size_t kBatch = 64;
constexpr Nanoseconds kWorthSleeping = 3'000;
constexpr Nanoseconds kDrainSlack = 4'000;
constexpr Nanoseconds kDrainInterval = 20'000'000;  // well before a ring of 65,536 is full
constexpr Nanoseconds kReaction = 1'000'000;        // to a message, which gets the core meanwhile
constexpr std::size_t kDrainFew = 32;
constexpr std::size_t kDrainAll = std::numeric_limits<std::size_t>::max();

// Sends one source's frames by its schedule.
class Sender {
 public:
  Sender(const Source& source, std::uint8_t id, std::uint16_t run_id,
         std::vector<std::unique_ptr<Port>>& ports)
      : source_(source), id_(id), run_id_(run_id), ports_(ports), room_(kBatch) {
    for (Bytes& frame : room_) frame.resize(kMaxFrame);
  }

  // When the next frames are due, counted from the begin of the trial.
  Nanoseconds due() const {
    if (source_.rate <= 0 || (source_.count != 0 && sent_ >= source_.count)) {
      return std::numeric_limits<Nanoseconds>::max();
    }
    return static_cast<Nanoseconds>(static_cast<double>(sent_) / source_.rate * 1e9);
  }

  void send_due(Nanoseconds now) {
    const double periods = static_cast<double>(now) * source_.rate / 1e9 / source_.burst;
    std::uint64_t until = (static_cast<std::uint64_t>(periods) + 1) * source_.burst;
    if (source_.count != 0) until = std::min(until, source_.count);
    if (until <= sent_) return;
    const std::size_t batch = std::min<std::uint64_t>(until - sent_, kBatch);
    if (sent_ == 0) first_ = now;
    batch_at_ = real_time();
    std::size_t taken = 0;
    if (!source_.faults.empty()) {
      taken = send_with_faults(batch);
    } else {
      std::span<const std::uint8_t> frames[kBatch];
      for (std::size_t i = 0; i < batch; ++i) frames[i] = make(sent_ + i, i);
      taken = ports_[source_.port]->send({frames, batch});
      if (source_.watched) times_.resize(sent_ + batch, batch_at_);
    }
    offered_.refused += batch - taken;
    sent_ += batch;
    last_ = now;
  }

  const std::vector<Nanoseconds>& times() const { return times_; }

  Offered offered() const {
    Offered result = offered_;
    result.frames = sent_;
    result.seconds = static_cast<double>(last_ - first_) / 1e9;
    return result;
  }

 private:
  std::span<const std::uint8_t> make(std::uint64_t sequence, std::size_t slot) {
    if (!source_.carries_tests()) return source_.raw[sequence % source_.raw.size()];
    const Tag tag{.run = run_id_,
                  .source = id_,
                  .sequence = static_cast<std::uint32_t>(sequence),
                  .sent = real_time()};
    return write_frame(source_, tag, room_[slot]);
  }

  std::size_t send_with_faults(std::size_t batch) {
    for (std::size_t i = 0; i < batch; ++i) {
      std::uint64_t sequence = sent_ + i;
      unsigned port = source_.port;
      unsigned times = 1;
      bool ttl = false;
      for (const Fault& fault : source_.faults) {
        if (fault.kind == FaultKind::kSwap) {
          if (sent_ + i == fault.sequence) sequence = fault.sequence + 1;
          if (sent_ + i == fault.sequence + 1) sequence = fault.sequence;
          continue;
        }
        if (sent_ + i != fault.sequence) continue;
        if (fault.kind == FaultKind::kLose) times = 0;
        if (fault.kind == FaultKind::kDuplicate) times = 2;
        if (fault.kind == FaultKind::kTtl) ttl = true;
        if (fault.kind == FaultKind::kElsewhere) port = fault.port;
      }
      const auto frame = make(sequence, 0);
      if (ttl) --room_[0][22];
      for (unsigned n = 0; n < times; ++n) ports_[port]->send({&frame, 1});
    }
    return batch;
  }

  const Source& source_;
  std::uint8_t id_;
  std::uint16_t run_id_;
  std::vector<std::unique_ptr<Port>>& ports_;
  std::vector<Bytes> room_;
  std::uint64_t sent_ = 0;
  Nanoseconds first_ = 0;
  Nanoseconds last_ = 0;
  Offered offered_;
  Nanoseconds batch_at_ = 0;
  std::vector<Nanoseconds> times_;  // of a watched source: when each frame was sent
};

class Trial {
 public:
  Trial(const Job& job, std::vector<std::unique_ptr<Port>>& ports, std::uint16_t run_id)
      : job_(job),
        ports_(ports),
        begin_(steady_time()),
        offset_(real_time() - begin_),
        analyser_(job.sources, ports.size(), run_id, begin_ + offset_) {
    for (std::size_t i = 0; i < job.sources.size(); ++i) {
      senders_.emplace_back(job.sources[i], static_cast<std::uint8_t>(i), run_id, ports);
    }
    begin_ = steady_time();
    drained_ = begin_;
  }

  Outcome run() {
    const auto end = static_cast<Nanoseconds>(job_.duration_s * 1e9);
    for (;;) {
      Nanoseconds now = elapsed();
      if (now >= end) break;
      for (Sender& sender : senders_) {
        if (sender.due() <= now) sender.send_due(now);
      }
      send_messages(now);
      const Nanoseconds next = std::min(next_due(), end);
      now = elapsed();
      if (!job_.spin && now < reacted_) {
        sleep_until_steady(begin_ + std::min(next, reacted_));
        continue;
      }
      if (next - now > kDrainSlack) drain(kDrainFew);
      if (steady_time() - drained_ > kDrainInterval) drain(kDrainAll);
      if (!job_.spin && next - elapsed() > kWorthSleeping) sleep_until_steady(begin_ + next);
    }
    for (Sender& sender : senders_) sender.send_due(end - 1);
    await_residue();
    return outcome();
  }

 private:
  Nanoseconds elapsed() const { return steady_time() - begin_; }

  Nanoseconds message_due() const {
    if (next_message_ == job_.messages.size()) return std::numeric_limits<Nanoseconds>::max();
    return static_cast<Nanoseconds>(job_.messages[next_message_].at_s * 1e9);
  }

  Nanoseconds next_due() const {
    Nanoseconds next = message_due();
    for (const Sender& sender : senders_) next = std::min(next, sender.due());
    return next;
  }

  void send_messages(Nanoseconds now) {
    while (message_due() <= now) {
      const Message& message = job_.messages[next_message_++];
      const std::span<const std::uint8_t> frame = message.frame;
      const Nanoseconds at = real_time();
      ports_[message.port]->send({&frame, 1});
      messages_.push_back({.at = at, .took = real_time() - at});
      analyser_.mark(message.port, at);
      reacted_ = now + kReaction;
    }
  }

  void drain(std::size_t most) {
    bool all = true;
    for (unsigned port = 0; port < ports_.size(); ++port) {
      const auto receive = [this, port](const Arrival& a) { analyser_.received(port, a); };
      all &= ports_[port]->drain(receive, most);
    }
    if (all) drained_ = steady_time();
  }

  std::vector<std::uint64_t> sent() const {
    std::vector<std::uint64_t> counts;
    for (const Sender& sender : senders_) counts.push_back(sender.offered().frames);
    return counts;
  }

  void await_residue() {
    const Nanoseconds end = steady_time() + static_cast<Nanoseconds>(job_.residual_s * 1e9);
    const bool watches = std::any_of(job_.sources.begin(), job_.sources.end(),
                                     [](const Source& source) { return source.watched; });
    const std::vector<std::uint64_t> counts = sent();
    for (;;) {
      drain(kDrainAll);
      const Nanoseconds now = steady_time();
      if (now >= end || (!watches && analyser_.complete(counts))) break;
      sleep_until_steady(std::min(end, now + 5'000'000));
    }
    // One that comes twice, or that should not come, is given a moment more.
    sleep_until_steady(steady_time() + 5'000'000);
    drain(kDrainAll);
  }

  Outcome outcome() {
    Outcome result;
    for (const Sender& sender : senders_) result.offered.push_back(sender.offered());
    result.messages = std::move(messages_);
    for (std::size_t i = 0; i < senders_.size(); ++i) {
      analyser_.note_missed(i, senders_[i].times());
    }
    result.ports = analyser_.finish(sent());
    result.segments = analyser_.segments();
    for (auto& port : ports_) result.ring_drops.push_back(port->ring_drops());
    result.clock_step = real_time() - steady_time() - offset_;
    result.begin = begin_ + offset_;
    return result;
  }

  const Job& job_;
  std::vector<std::unique_ptr<Port>>& ports_;
  Nanoseconds begin_;   // of the clock that is never set
  Nanoseconds offset_;  // from it to the clock of the timestamps
  Analyser analyser_;
  std::vector<Sender> senders_;
  std::vector<Sent> messages_;
  std::size_t next_message_ = 0;
  Nanoseconds drained_ = 0;
  Nanoseconds reacted_ = 0;  // until then the last message may still have its effect
};

}  // namespace

Outcome run(const Job& job, std::vector<std::unique_ptr<Port>>& ports, std::uint16_t run_id) {
  for (auto& port : ports) {  // what is left of earlier trials
    port->drain([](const Arrival&) {}, kDrainAll);
    port->ring_drops();
  }
  return Trial(job, ports, run_id).run();
}

}  // namespace sluice::bench
