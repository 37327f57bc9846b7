// SPDX-License-Identifier: BSD-3-Clause
// Any bytes as a state file: no crash, and what is taken from them can be written and read again.
// Checksums are put right first, so that the fuzzer need not guess them.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "control/state/blocks.h"
#include "control/state/format.h"

namespace sluice::control::state {
namespace {

void put_at(Bytes& file, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) file[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
}

void put_checksums_right(Bytes& file) {
  if (file.size() < kHeaderSize) return;
  for (std::size_t i = 0; i < kMagicSize; ++i) file[i] = static_cast<std::uint8_t>(kMagic[i]);
  put_at(file, kMagicSize, kVersion);
  const std::span<const std::uint8_t> all(file);
  put_at(file, kHeaderSize - 4, checksum(all.first(kHeaderSize - 4)));
  for (std::size_t at = kHeaderSize; at + kBlockHeaderSize <= file.size();) {
    ByteReader fields(all.subspan(at + 4));
    const std::size_t length = fields.get<std::uint32_t>() % (file.size() - at);
    if (at + kBlockHeaderSize + length > file.size()) return;
    put_at(file, at + 4, static_cast<std::uint32_t>(length));
    put_at(file, at + 8, checksum(all.subspan(at, 8), all.subspan(at + kBlockHeaderSize, length)));
    at += kBlockHeaderSize + length;
  }
}

void run(Bytes file) {
  const std::vector<std::string> ports = {"a", "b", "c"};
  Moment now;
  now.since_boot_ms = now.wall_ms = std::uint64_t{1} << 45;
  put_checksums_right(file);
  const Result<Loaded> loaded = decode(file, now, ports);
  if (!loaded) return;
  Bytes again = header(now);
  append_head(again, now, ports);
  append_others(again, now, loaded->state.switched.vlans, loaded->state.proxies);
  append_members(again, now, loaded->state.switched.members);
  append_end(again, now);
  const Result<Loaded> back = decode(again, now, ports);
  if (!back) std::abort();
  if (back->state.switched.members.size() != loaded->state.switched.members.size()) std::abort();
}

}  // namespace
}  // namespace sluice::control::state

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::control::state::run({data, data + size});
  return 0;
}
