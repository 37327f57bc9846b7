// SPDX-License-Identifier: BSD-3-Clause
// The state file on the disk: replaced as a whole or not at all, then appended to. One thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "control/state/bytes.h"
#include "shared/result.h"

namespace sluice::control::state {

// Error: why not; one that is not there is empty.
Result<Bytes> read_file(const std::string& path, std::size_t most);

class File {
 public:
  explicit File(std::string path) : path_(std::move(path)) {}
  ~File();
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  // A new file beside the old one; what is appended goes there until commit() puts it in the old
  // one's place, after it has reached the disk. A failure leaves the old one as it is.
  Status begin();
  Status append(std::span<const std::uint8_t> bytes);
  Status commit();
  // Overwrites the beginning.
  Status overwrite(std::span<const std::uint8_t> bytes) const;
  bool open() const { return fd_ >= 0 && !replacing_; }
  std::size_t size() const { return size_; }

 private:
  Error failed(const std::string& doing) const;
  void abandon();

  std::string path_;
  int fd_ = -1;
  bool replacing_ = false;
  std::size_t size_ = 0;
};

}  // namespace sluice::control::state
