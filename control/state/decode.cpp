// SPDX-License-Identifier: BSD-3-Clause
// Every field is taken for what a stranger may have written. What cannot be is damage, and then the
// file is of no use; a port that is there no more costs its own rows only.
#include <algorithm>
#include <map>
#include <optional>

#include "control/state/blocks.h"
#include "control/state/format.h"

namespace sluice::control::state {
namespace {

using igmp::FilterMode;
using igmp::Version;
using snooping::HostTable;
using snooping::LearnedFrom;
using snooping::MemberKey;
using snooping::SavedMember;
using snooping::SavedVlan;
using State = igmp::GroupState<Ipv4>;

// A file may say of itself that it is this much older than one of its blocks: the header is written
// after what it stands for.
constexpr std::uint64_t kHeaderLag = 60'000;
constexpr std::size_t kMostSources = 65535;
constexpr std::size_t kMostHosts = 4096;  // max-hosts can be no more
constexpr std::size_t kMostRouters = snooping::RouterPorts::kMostRouters;

const Error kDamaged{"it is damaged"};

struct Block {
  BlockType type;
  std::uint64_t since_boot_ms;
  std::span<const std::uint8_t> payload;
};

std::optional<Block> next_block(ByteReader& in) {
  const auto head = in.take(kBlockHeaderSize);
  ByteReader fields(head);
  const auto type = fields.get<std::uint32_t>();
  const auto length = fields.get<std::uint32_t>();
  const auto expected = fields.get<std::uint32_t>();
  const auto payload = in.take(length);
  if (!in.good() || checksum(head.first(8), payload) != expected) return std::nullopt;
  ByteReader stamp(payload);
  const auto since_boot_ms = stamp.get<std::uint64_t>();
  if (!stamp.good()) return std::nullopt;
  return Block{static_cast<BlockType>(type), since_boot_ms, payload.subspan(8)};
}

class Decoder {
 public:
  Decoder(const Moment& now, std::span<const std::string> ports) : now_(now), names_(ports) {}

  Result<Loaded> run(std::span<const std::uint8_t> file);

 private:
  std::optional<Error> read_header(ByteReader& in);
  bool find_blocks(ByteReader& in);
  std::optional<Error> work_out_age();
  bool read_head(const Block& block);
  bool read_block(const Block& block);
  bool read_others(ByteReader& in);
  void read_vlan(ByteReader& in);
  void read_querier(ByteReader& in, SavedVlan& vlan) const;
  void read_member(ByteReader& in);
  void read_sources(ByteReader& in, SavedMember& member) const;
  void read_hosts(ByteReader& in, SavedMember& member, unsigned flags) const;
  void merge();

  TimePoint time(ByteReader& in) const;
  TimePoint end(ByteReader& in) const;  // which there must be
  static VlanId vlan_id(ByteReader& in);
  static Ipv4 group(ByteReader& in);
  static Ipv4 source(ByteReader& in);
  // The port as it is numbered today; none: it is there no more.
  std::optional<PortId> port(ByteReader& in) const;

  const Moment& now_;
  std::span<const std::string> names_;
  std::uint64_t header_since_boot_ms_ = 0, header_wall_ms_ = 0, latest_ms_ = 0;
  std::array<std::uint8_t, 16> boot_{};
  std::vector<Block> blocks_;
  std::vector<std::optional<PortId>> ports_;  // by the number that the file has for it
  TimePoint at_{};                            // of the block being read
  Loaded loaded_;
  bool in_journal_ = false;
  std::map<MemberKey, std::optional<SavedMember>> journal_;  // the last word; none: gone
};

TimePoint Decoder::time(ByteReader& in) const {
  const auto left = in.get<std::uint32_t>();
  if (left == kNoEnd) return kNever;
  if (left > kMostLeft) in.fail();
  return at_ + Duration(left);
}

TimePoint Decoder::end(ByteReader& in) const {
  const TimePoint at = time(in);
  if (at == kNever) in.fail();
  return at;
}

VlanId Decoder::vlan_id(ByteReader& in) {
  const VlanId id{in.get<std::uint16_t>()};
  if (id.value < 1 || id.value > 4094) in.fail();
  return id;
}

Ipv4 Decoder::group(ByteReader& in) {
  const Ipv4 address{in.get<std::uint32_t>()};
  if (!address.is_multicast() || address.is_link_local_multicast()) in.fail();
  return address;
}

Ipv4 Decoder::source(ByteReader& in) {
  const Ipv4 address{in.get<std::uint32_t>()};
  if (!address.is_unicast()) in.fail();
  return address;
}

std::optional<PortId> Decoder::port(ByteReader& in) const {
  const auto number = in.get<std::uint8_t>();
  if (number < ports_.size()) return ports_[number];
  in.fail();
  return std::nullopt;
}

// --- The frame of it all -----------------------------------------------------------------------

std::optional<Error> Decoder::read_header(ByteReader& in) {
  const auto bytes = in.take(kHeaderSize);
  if (bytes.empty() || !std::equal(kMagic, kMagic + kMagicSize, bytes.begin())) {
    return Error{"it is no state file"};
  }
  ByteReader fields(bytes.subspan(kMagicSize));
  const auto version = fields.get<std::uint32_t>();
  if (version != kVersion) {
    return Error{"it has version " + std::to_string(version) + " and this program reads " +
                 std::to_string(kVersion)};
  }
  header_since_boot_ms_ = fields.get<std::uint64_t>();
  header_wall_ms_ = fields.get<std::uint64_t>();
  if (fields.get<std::uint32_t>() != checksum(bytes.first(kHeaderSize - 4))) return kDamaged;
  return std::nullopt;
}

// Up to the end of the copy all must be right; the journal ends where it is right no more.
bool Decoder::find_blocks(ByteReader& in) {
  bool complete = false;
  while (!in.at_end()) {
    const std::optional<Block> block = next_block(in);
    if (!block) return complete;
    if (block->since_boot_ms > header_since_boot_ms_ + kHeaderLag) return false;
    complete = complete || block->type == BlockType::kEnd;
    latest_ms_ = std::max(latest_ms_, block->since_boot_ms);
    blocks_.push_back(*block);
  }
  return complete;
}

std::optional<Error> Decoder::work_out_age() {
  latest_ms_ = std::max(latest_ms_, header_since_boot_ms_);
  const std::uint64_t wall = header_wall_ms_ + (latest_ms_ - header_since_boot_ms_);
  const bool same_boot = boot_ == now_.boot;
  const std::uint64_t before = same_boot ? latest_ms_ : wall;
  const std::uint64_t after = same_boot ? now_.since_boot_ms : now_.wall_ms;
  if (after < before) return Error{"it is from the future: the machine's clock was set back"};
  constexpr std::uint64_t kMost = std::uint64_t{1} << 46;  // more than any clock has seen
  loaded_.away = Duration(static_cast<std::int64_t>(std::min(after - before, kMost)));
  loaded_.state.switched.saved_at = now_.time - loaded_.away;
  return std::nullopt;
}

Result<Loaded> Decoder::run(std::span<const std::uint8_t> file) {
  if (file.size() > kMostBytes) return Error{"it is too big"};
  ByteReader in(file);
  if (const auto error = read_header(in)) return *error;
  if (!find_blocks(in) || !read_head(blocks_.front())) return kDamaged;
  if (const auto error = work_out_age()) return *error;
  for (const Block& block : std::span(blocks_).subspan(1)) {
    if (!read_block(block)) return kDamaged;
  }
  merge();
  return std::move(loaded_);
}

bool Decoder::read_head(const Block& block) {
  if (block.type != BlockType::kHead) return false;
  ByteReader in(block.payload);
  for (std::uint8_t& byte : boot_) byte = in.get<std::uint8_t>();
  const auto count = in.get<std::uint8_t>();
  if (count > kMaxPorts) in.fail();
  for (unsigned i = 0; i < count && in.good(); ++i) {
    const auto known = std::ranges::find(names_, in.text());
    ports_.push_back(
        known == names_.end()
            ? std::nullopt
            : std::optional(PortId{static_cast<std::uint16_t>(known - names_.begin())}));
  }
  return in.good() && in.at_end();
}

bool Decoder::read_block(const Block& block) {
  ByteReader in(block.payload);
  at_ = loaded_.state.switched.saved_at -
        Duration(static_cast<std::int64_t>(latest_ms_ - block.since_boot_ms));
  switch (block.type) {
    case BlockType::kOthers:
      return read_others(in);
    case BlockType::kMembers:
      for (auto left = in.get<std::uint32_t>(); left > 0 && in.good(); --left) read_member(in);
      break;
    case BlockType::kGone:
      for (auto left = in.get<std::uint32_t>(); left > 0 && in.good(); --left) {
        const VlanId vlan = vlan_id(in);
        const std::optional<PortId> where = port(in);
        const Ipv4 address = group(in);
        if (in.good() && where) journal_[{vlan, *where, address}] = std::nullopt;
      }
      break;
    case BlockType::kEnd:
      in_journal_ = true;
      break;
    default:
      return false;
  }
  return in.good() && in.at_end();
}

// --- Rows --------------------------------------------------------------------------------------

bool Decoder::read_others(ByteReader& in) {
  loaded_.state.switched.vlans.clear();
  loaded_.state.proxies.clear();
  for (auto left = in.get<std::uint16_t>(); left > 0 && in.good(); --left) read_vlan(in);
  for (auto left = in.get<std::uint16_t>(); left > 0 && in.good(); --left) {
    SavedAppliance::Proxy& proxy = loaded_.state.proxies.emplace_back();
    proxy.name = in.text();
    for (auto n = in.get<std::uint16_t>(); n > 0 && in.good(); --n) {
      proxy.had_querier.push_back(vlan_id(in));
    }
  }
  return in.good() && in.at_end();
}

void Decoder::read_querier(ByteReader& in, SavedVlan& vlan) const {
  auto& querier = vlan.querier;
  const auto state = in.get<std::uint8_t>();
  if (state > 2) in.fail();
  querier.state = static_cast<igmp::Querier<Ipv4>::State>(state);
  querier.other_address = Ipv4{in.get<std::uint32_t>()};
  querier.other_expires = time(in);
  const bool other = state == static_cast<std::uint8_t>(igmp::Querier<Ipv4>::State::kNonQuerier);
  if (other && (!querier.other_address.is_unicast() || querier.other_expires == kNever)) in.fail();
  const auto version = [&] {
    const auto number = in.get<std::uint8_t>();
    if (number < 1 || number > 3) in.fail();
    return static_cast<Version>(number);
  };
  const auto duration = [&] {
    const auto ms = in.get<std::uint32_t>();
    if (ms > kMostLeft) in.fail();
    return Duration(ms);
  };
  querier.heard.version = version();
  querier.heard.robustness_variable = in.get<std::uint8_t>();
  if (querier.heard.robustness_variable > 7) in.fail();
  querier.heard.query_interval = duration();
  querier.heard.max_response_time = duration();
  querier.older_version = version();
  querier.older_until = time(in);
}

void Decoder::read_vlan(ByteReader& in) {
  SavedVlan vlan;
  vlan.vlan = vlan_id(in);
  const auto flags = in.get<std::uint8_t>();
  vlan.settled = (flags & 1) != 0;
  vlan.tracked = (flags & 2) != 0;
  read_querier(in, vlan);
  if ((flags & 4) != 0) {
    vlan.host.emplace();
    vlan.host->v1_querier_until = end(in);
    vlan.host->v2_querier_until = end(in);
    vlan.host->robustness_variable = in.get<std::uint8_t>();
    const auto robustness = vlan.host->robustness_variable;
    if (robustness < 1 || robustness > 7) in.fail();
  }
  const auto routers = in.get<std::uint16_t>();
  if (routers > kMostRouters + kMaxPorts) in.fail();
  for (unsigned i = 0; i < routers && in.good(); ++i) {
    const std::optional<PortId> where = port(in);
    const auto from = in.get<std::uint8_t>();
    if (from >= static_cast<std::uint8_t>(LearnedFrom::kStatic)) in.fail();
    const Ipv4 address{in.get<std::uint32_t>()};
    const TimePoint expires = time(in);
    if (where) {
      vlan.routers.push_back({*where, static_cast<LearnedFrom>(from), address, expires});
    } else {
      ++loaded_.unknown_ports;
    }
  }
  const auto statics = in.get<std::uint32_t>();
  for (std::uint32_t i = 0; i < statics && in.good(); ++i) {
    snooping::SavedStatic member{group(in), std::nullopt, {}};
    if (const Ipv4 address{in.get<std::uint32_t>()}; !address.is_unspecified()) {
      if (!address.is_unicast()) in.fail();
      member.source = address;
    }
    PortSet(in.get<std::uint64_t>()).for_each([&](PortId number) {
      if (number.value >= ports_.size()) return in.fail();
      if (ports_[number.value]) {
        member.ports.insert(*ports_[number.value]);
      } else {
        ++loaded_.unknown_ports;
      }
    });
    if (!member.ports.empty()) vlan.statics.push_back(member);
  }
  if (in.good()) loaded_.state.switched.vlans.push_back(std::move(vlan));
}

void Decoder::read_sources(ByteReader& in, SavedMember& member) const {
  const auto count = in.get<std::uint16_t>();
  if (count == 0 || count > kMostSources) in.fail();
  for (unsigned i = 0; i < count && in.good(); ++i) {
    State::Source entry;
    entry.address = source(in);
    ByteReader peek = in;
    if (peek.get<std::uint32_t>() == kBlockedSource) {
      in.get<std::uint32_t>();
      if (member.state.mode == FilterMode::kInclude) in.fail();
    } else {
      entry.expires = end(in);
    }
    auto& sources = member.state.sources;
    if (!sources.empty() && !(sources.back().address < entry.address)) in.fail();
    sources.push_back(entry);
  }
}

void Decoder::read_hosts(ByteReader& in, SavedMember& member, unsigned flags) const {
  if ((flags & kLoneHost) != 0) {
    const Ipv4 address{in.get<std::uint32_t>()};
    if (address.is_unspecified()) in.fail();
    member.hosts.push_back({address, FilterMode::kExclude, {}, end(in)});
  }
  if ((flags & kHostList) == 0) return;
  const auto count = in.get<std::uint16_t>();
  if (count == 0 || count > kMostHosts || (flags & kLoneHost) != 0) in.fail();
  for (unsigned i = 0; i < count && in.good(); ++i) {
    HostTable::Host& host = member.hosts.emplace_back();
    host.address = Ipv4{in.get<std::uint32_t>()};
    if (host.address.is_unspecified()) in.fail();
    host.expires = end(in);
    const auto mode = in.get<std::uint8_t>();
    if (mode > 1) in.fail();
    host.mode = static_cast<FilterMode>(mode);
    for (auto left = in.get<std::uint16_t>(); left > 0 && in.good(); --left) {
      const Ipv4 address = source(in);
      if (!host.sources.empty() && !(host.sources.back() < address)) in.fail();
      host.sources.push_back(address);
    }
  }
}

void Decoder::read_member(ByteReader& in) {
  SavedMember member;
  member.vlan = vlan_id(in);
  const std::optional<PortId> where = port(in);
  const auto flags = in.get<std::uint8_t>();
  member.group = group(in);
  member.last_reporter = Ipv4{in.get<std::uint32_t>()};
  member.since = at_ - Duration(std::int64_t{in.get<std::uint32_t>()} * 100);
  member.leaving = (flags & kLeaving) != 0;
  member.hosts_complete = (flags & kHostsIncomplete) == 0;
  if ((flags & kExcludes) != 0) {
    member.state.mode = FilterMode::kExclude;
    member.state.group_expires = end(in);
  }
  if ((flags & kHasV1Host) != 0) member.state.v1_host_until = end(in);
  if ((flags & kHasV2Host) != 0) member.state.v2_host_until = end(in);
  if ((flags & kHasSources) != 0) read_sources(in, member);
  read_hosts(in, member, flags);
  const bool nothing = (flags & (kExcludes | kHasSources)) == 0;
  if (nothing) in.fail();
  if (!in.good()) return;
  if (!where) {
    ++loaded_.unknown_ports;
    return;
  }
  member.port = *where;
  if (in_journal_) {
    const MemberKey key{member.vlan, member.port, member.group};
    journal_[key] = std::move(member);
  } else {
    loaded_.state.switched.members.push_back(std::move(member));
  }
}

// What the journal says of a membership outweighs the copy.
void Decoder::merge() {
  if (journal_.empty()) return;
  auto& members = loaded_.state.switched.members;
  std::erase_if(members, [&](const SavedMember& member) {
    return journal_.contains({member.vlan, member.port, member.group});
  });
  for (auto& [key, member] : journal_) {
    if (member) members.push_back(std::move(*member));
  }
}

}  // namespace

Result<Loaded> decode(std::span<const std::uint8_t> file, const Moment& now,
                      std::span<const std::string> ports) {
  return Decoder(now, ports).run(file);
}

}  // namespace sluice::control::state
