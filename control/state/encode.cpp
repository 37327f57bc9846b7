// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>

#include "control/state/blocks.h"
#include "control/state/format.h"

namespace sluice::control::state {
namespace {

using igmp::FilterMode;
using igmp::SourceSet;
using snooping::HostTable;
using snooping::SavedMember;
using snooping::SavedVlan;
using State = igmp::GroupState<Ipv4>;

// A block being written: its header is filled in when it is complete.
class Block {
 public:
  Block(Bytes& out, BlockType type, const Moment& now) : out_(out), start_(out.size()), now_(now) {
    put(out_, static_cast<std::uint32_t>(type));
    put(out_, std::uint32_t{0});
    put(out_, std::uint32_t{0});
    put(out_, now.since_boot_ms);
  }
  ~Block() {
    const auto overwrite = [this](std::size_t at, std::uint32_t value) {
      for (std::size_t i = 0; i < 4; ++i) {
        out_[start_ + at + i] = static_cast<std::uint8_t>(value >> (8 * i));
      }
    };
    overwrite(4, static_cast<std::uint32_t>(out_.size() - start_ - kBlockHeaderSize));
    const std::span<const std::uint8_t> whole(out_);
    overwrite(8, checksum(whole.subspan(start_, 8), whole.subspan(start_ + kBlockHeaderSize)));
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  template <class Unsigned>
  void number(Unsigned value) {
    put(out_, value);
  }
  void text(std::string_view text) { put_text(out_, text); }
  void address(Ipv4 address) { put(out_, address.value); }
  void time(TimePoint deadline) {
    if (deadline == kNever) return put(out_, kNoEnd);
    // One that never ran is as far in the past as can be, where a difference would run over.
    const std::int64_t left = (std::max(deadline, now_.time) - now_.time).count();
    put(out_, static_cast<std::uint32_t>(std::min<std::int64_t>(left, kMostLeft)));
  }
  // How long ago, in tenths of a second.
  void age(TimePoint since) {
    constexpr std::int64_t kMost = 0xFFFFFFFF;
    const TimePoint oldest = now_.time - std::chrono::milliseconds(100 * kMost);
    const std::int64_t ds = (now_.time - std::clamp(since, oldest, now_.time)).count() / 100;
    put(out_, static_cast<std::uint32_t>(ds));
  }
  template <class List>
  void count(const List& list) {
    put(out_, static_cast<std::uint16_t>(list.size()));
  }
  void sources(const SourceSet<Ipv4>& sources) {
    count(sources);
    for (const Ipv4 source : sources) address(source);
  }

 private:
  Bytes& out_;
  std::size_t start_;
  const Moment& now_;
};

bool is_lone(const std::vector<HostTable::Host>& hosts) {
  return hosts.size() == 1 && hosts.front().mode == FilterMode::kExclude &&
         hosts.front().sources.empty();
}

void write(Block& out, const SavedMember& member) {
  const bool excludes = member.state.mode == FilterMode::kExclude;
  const bool v1 = member.state.v1_host_until != State::kStopped;
  const bool v2 = member.state.v2_host_until != State::kStopped;
  const bool sources = !member.state.sources.empty();
  const bool lone = is_lone(member.hosts);
  const bool list = !member.hosts.empty() && !lone;
  const auto flag = [](bool set, MemberFlag bit) { return set ? unsigned{bit} : 0u; };
  const unsigned flags = flag(excludes, kExcludes) | flag(member.leaving, kLeaving) |
                         flag(v1, kHasV1Host) | flag(v2, kHasV2Host) | flag(sources, kHasSources) |
                         flag(!member.hosts_complete, kHostsIncomplete) | flag(lone, kLoneHost) |
                         flag(list, kHostList);
  out.number(member.vlan.value);
  out.number(static_cast<std::uint8_t>(member.port.value));
  out.number(static_cast<std::uint8_t>(flags));
  out.address(member.group);
  out.address(member.last_reporter);
  out.age(member.since);
  if (excludes) out.time(member.state.group_expires);
  if (v1) out.time(member.state.v1_host_until);
  if (v2) out.time(member.state.v2_host_until);
  if (sources) {
    out.count(member.state.sources);
    for (const State::Source& source : member.state.sources) {
      out.address(source.address);
      if (source.blocked()) {
        out.number(kBlockedSource);
      } else {
        out.time(source.expires);
      }
    }
  }
  if (lone) {
    out.address(member.hosts.front().address);
    out.time(member.hosts.front().expires);
  }
  if (!list) return;
  out.count(member.hosts);
  for (const HostTable::Host& host : member.hosts) {
    out.address(host.address);
    out.time(host.expires);
    out.number(static_cast<std::uint8_t>(host.mode));
    out.sources(host.sources);
  }
}

void write(Block& out, const SavedVlan& vlan) {
  out.number(vlan.vlan.value);
  out.number(static_cast<std::uint8_t>((vlan.settled ? 1 : 0) | (vlan.tracked ? 2 : 0) |
                                       (vlan.host ? 4 : 0)));
  const auto& querier = vlan.querier;
  out.number(static_cast<std::uint8_t>(querier.state));
  out.address(querier.other_address);
  out.time(querier.other_expires);
  out.number(static_cast<std::uint8_t>(querier.heard.version));
  out.number(querier.heard.robustness_variable);
  out.number(static_cast<std::uint32_t>(querier.heard.query_interval.count()));
  out.number(static_cast<std::uint32_t>(querier.heard.max_response_time.count()));
  out.number(static_cast<std::uint8_t>(querier.older_version));
  out.time(querier.older_until);
  if (vlan.host) {
    out.time(vlan.host->v1_querier_until);
    out.time(vlan.host->v2_querier_until);
    out.number(vlan.host->robustness_variable);
  }
  out.count(vlan.routers);
  for (const snooping::RouterPorts::Router& router : vlan.routers) {
    out.number(static_cast<std::uint8_t>(router.port.value));
    out.number(static_cast<std::uint8_t>(router.learned_from));
    out.address(router.address);
    out.time(router.expires);
  }
  out.number(static_cast<std::uint32_t>(vlan.statics.size()));
  for (const snooping::SavedStatic& member : vlan.statics) {
    out.address(member.group);
    out.address(member.source.value_or(Ipv4{}));
    out.number(member.ports.bits());
  }
}

}  // namespace

Bytes header(const Moment& now) {
  Bytes out(kMagic, kMagic + kMagicSize);
  put(out, kVersion);
  put(out, now.since_boot_ms);
  put(out, now.wall_ms);
  put(out, checksum(out));
  return out;
}

void append_head(Bytes& out, const Moment& now, std::span<const std::string> ports) {
  Block block(out, BlockType::kHead, now);
  for (const std::uint8_t byte : now.boot) block.number(byte);
  block.number(static_cast<std::uint8_t>(ports.size()));
  for (const std::string& port : ports) block.text(port);
}

void append_others(Bytes& out, const Moment& now, std::span<const SavedVlan> vlans,
                   std::span<const SavedAppliance::Proxy> proxies) {
  Block block(out, BlockType::kOthers, now);
  block.count(vlans);
  for (const SavedVlan& vlan : vlans) write(block, vlan);
  block.count(proxies);
  for (const SavedAppliance::Proxy& proxy : proxies) {
    block.text(proxy.name);
    block.count(proxy.had_querier);
    for (const VlanId vlan : proxy.had_querier) block.number(vlan.value);
  }
}

void append_members(Bytes& out, const Moment& now, std::span<const SavedMember> members) {
  Block block(out, BlockType::kMembers, now);
  block.number(static_cast<std::uint32_t>(members.size()));
  for (const SavedMember& member : members) write(block, member);
}

void append_gone(Bytes& out, const Moment& now, std::span<const snooping::MemberKey> keys) {
  Block block(out, BlockType::kGone, now);
  block.number(static_cast<std::uint32_t>(keys.size()));
  for (const snooping::MemberKey& key : keys) {
    block.number(key.vlan.value);
    block.number(static_cast<std::uint8_t>(key.port.value));
    block.address(key.group);
  }
}

void append_end(Bytes& out, const Moment& now) {
  const Block block(out, BlockType::kEnd, now);
}

}  // namespace sluice::control::state
