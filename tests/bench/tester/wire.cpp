// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/tester/wire.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace sluice::bench {
namespace {

constexpr unsigned kSlotBytes = 256;
constexpr unsigned kSnapBytes = 128;
constexpr unsigned kBlockBytes = 1 << 20;
constexpr std::size_t kMaxBatch = 64;

Nanoseconds read_clock(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<Nanoseconds>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& interface, const std::string& what) {
  throw std::runtime_error(interface + ": " + what + ": " + std::strerror(errno));
}

class PacketPort final : public Port {
 public:
  PacketPort(const std::string& interface, unsigned ring_frames)
      : send_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)),
        receive_(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)) {
    if (send_.get() < 0 || receive_.get() < 0) fail(interface, "packet socket");
    const unsigned index = if_nametoindex(interface.c_str());
    if (index == 0) fail(interface, "no such interface");
    set(send_, PACKET_QDISC_BYPASS, 1);  // no queue that could hide a loss or delay a frame
    bind_to(send_, index, 0, interface);

    set(receive_, PACKET_VERSION, TPACKET_V2);
    set(receive_, PACKET_IGNORE_OUTGOING, 1);
    const int on = 1;
    // From here on the kernel stamps a frame when it enters the stack, not when it gets here.
    setsockopt(receive_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    keep_udp_only(interface);
    tpacket_req ring{};
    ring.tp_block_size = kBlockBytes;
    ring.tp_frame_size = kSlotBytes;
    ring.tp_block_nr = std::max(1U, ring_frames / (kBlockBytes / kSlotBytes));
    ring.tp_frame_nr = ring.tp_block_nr * (kBlockBytes / kSlotBytes);
    if (setsockopt(receive_.get(), SOL_PACKET, PACKET_RX_RING, &ring, sizeof ring) != 0) {
      fail(interface, "receive ring");
    }
    slots_ = ring.tp_frame_nr;
    bytes_ = std::size_t{slots_} * kSlotBytes;
    void* const area =
        mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, receive_.get(), 0);
    if (area == MAP_FAILED) fail(interface, "receive ring");
    ring_ = static_cast<std::uint8_t*>(area);
    bind_to(receive_, index, ETH_P_ALL, interface);
  }

  ~PacketPort() override {
    if (ring_ != nullptr) munmap(ring_, bytes_);
  }

  std::size_t send(std::span<const std::span<const std::uint8_t>> frames) override {
    std::size_t sent = 0;
    while (sent < frames.size()) {
      const std::size_t batch = std::min(frames.size() - sent, kMaxBatch);
      for (std::size_t i = 0; i < batch; ++i) {
        const auto frame = frames[sent + i];
        parts_[i] = {.iov_base = const_cast<std::uint8_t*>(frame.data()), .iov_len = frame.size()};
        messages_[i].msg_hdr = msghdr{};
        messages_[i].msg_hdr.msg_iov = &parts_[i];
        messages_[i].msg_hdr.msg_iovlen = 1;
      }
      const int done = sendmmsg(send_.get(), messages_, static_cast<unsigned>(batch), 0);
      if (done <= 0) return sent;
      sent += static_cast<std::size_t>(done);
    }
    return sent;
  }

  bool drain(const std::function<void(const Arrival&)>& receive, std::size_t most) override {
    for (std::size_t n = 0; n < most; ++n) {
      std::uint8_t* const slot = ring_ + std::size_t{next_} * kSlotBytes;
      auto* const header = reinterpret_cast<tpacket2_hdr*>(slot);
      std::atomic_ref<std::uint32_t> status(header->tp_status);
      if ((status.load(std::memory_order_acquire) & TP_STATUS_USER) == 0) return true;
      receive({.frame = {slot + header->tp_mac, header->tp_snaplen},
               .length = header->tp_len,
               .at = static_cast<Nanoseconds>(header->tp_sec) * 1'000'000'000 + header->tp_nsec});
      status.store(TP_STATUS_KERNEL, std::memory_order_release);
      next_ = next_ + 1 == slots_ ? 0 : next_ + 1;
    }
    return false;
  }

  std::uint64_t ring_drops() override {
    tpacket_stats stats{};
    socklen_t size = sizeof stats;
    getsockopt(receive_.get(), SOL_PACKET, PACKET_STATISTICS, &stats, &size);
    return stats.tp_drops;
  }

 private:
  static void set(const Descriptor& socket, int option, int value) {
    if (setsockopt(socket.get(), SOL_PACKET, option, &value, sizeof value) != 0) {
      throw std::runtime_error("packet socket option " + std::to_string(option) + ": " +
                               std::strerror(errno));
    }
  }

  static void bind_to(const Descriptor& socket, unsigned index, unsigned short protocol,
                      const std::string& interface) {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(protocol);
    address.sll_ifindex = static_cast<int>(index);
    if (bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      fail(interface, "bind");
    }
  }

  // What is no test frame for sure, such as ARP and IGMP, takes no room in the ring.
  void keep_udp_only(const std::string& interface) {
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 0, 3),
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 17, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, kSnapBytes),  BPF_STMT(BPF_RET | BPF_K, 0)};
    const sock_fprog filter{.len = std::size(program), .filter = program};
    if (setsockopt(receive_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0) {
      fail(interface, "filter");
    }
  }

  Descriptor send_;
  Descriptor receive_;
  std::uint8_t* ring_ = nullptr;
  std::size_t bytes_ = 0;
  unsigned slots_ = 0;
  unsigned next_ = 0;
  mmsghdr messages_[kMaxBatch]{};
  iovec parts_[kMaxBatch]{};
};

struct Stored {
  Bytes frame;
  Nanoseconds at = 0;
};

class MemoryPort final : public Port {
 public:
  explicit MemoryPort(double limit) : limit_(limit) {}

  void connect(MemoryPort& peer) { peer_ = &peer; }

  std::size_t send(std::span<const std::span<const std::uint8_t>> frames) override {
    const Nanoseconds now = real_time();
    for (const auto frame : frames) {
      if (limit_ > 0 && !pass(now)) continue;
      const auto seen = frame.first(std::min<std::size_t>(frame.size(), kSnapBytes));
      peer_->arrived_.push_back({Bytes(seen.begin(), seen.end()), now});
      peer_->lengths_.push_back(frame.size());
    }
    return frames.size();
  }

  bool drain(const std::function<void(const Arrival&)>& receive, std::size_t) override {
    for (std::size_t i = 0; i < arrived_.size(); ++i) {
      receive({.frame = arrived_[i].frame, .length = lengths_[i], .at = arrived_[i].at});
    }
    arrived_.clear();
    lengths_.clear();
    return true;
  }

 private:
  // A bucket of ten milliseconds, as long as a busy machine may hold us up.
  bool pass(Nanoseconds now) {
    const double depth = std::max(limit_ / 100, 1.0);
    tokens_ = std::min(depth, tokens_ + static_cast<double>(now - filled_) * limit_ / 1e9);
    filled_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

  MemoryPort* peer_ = nullptr;
  double limit_;
  double tokens_ = 0;
  Nanoseconds filled_ = 0;
  std::vector<Stored> arrived_;
  std::vector<std::size_t> lengths_;
};

}  // namespace

Nanoseconds real_time() {
  return read_clock(CLOCK_REALTIME);
}
Nanoseconds steady_time() {
  return read_clock(CLOCK_MONOTONIC);
}

void sleep_until_steady(Nanoseconds at) {
  const timespec time{.tv_sec = at / 1'000'000'000, .tv_nsec = at % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

std::unique_ptr<Port> open_packet_port(const std::string& interface, unsigned ring_frames) {
  return std::make_unique<PacketPort>(interface, ring_frames);
}

std::vector<std::unique_ptr<Port>> make_memory_ports(unsigned count, double limit) {
  std::vector<std::unique_ptr<Port>> ports;
  std::vector<MemoryPort*> all;
  for (unsigned i = 0; i < count; ++i) {
    auto port = std::make_unique<MemoryPort>(limit);
    all.push_back(port.get());
    ports.push_back(std::move(port));
  }
  for (unsigned i = 0; i < count; ++i) all[i]->connect(*all[std::min(i ^ 1U, count - 1)]);
  return ports;
}

}  // namespace sluice::bench
