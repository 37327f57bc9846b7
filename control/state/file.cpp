// SPDX-License-Identifier: BSD-3-Clause
#include "control/state/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sluice::control::state {
namespace {

std::string beside(const std::string& path) {
  return path + ".new";
}

bool write_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

Result<Bytes> read_file(const std::string& path, std::size_t most) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Bytes{};
  if (fd < 0) return Error{std::strerror(errno)};
  Bytes bytes;
  std::string error;
  struct stat status {};
  if (::fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
    error = "it is no ordinary file";
  } else if (static_cast<std::uint64_t>(status.st_size) > most) {
    error = "it is too big";
  } else {
    bytes.resize(static_cast<std::size_t>(status.st_size));
    std::size_t got = 0;
    while (got < bytes.size()) {
      const ssize_t n = ::read(fd, bytes.data() + got, bytes.size() - got);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) error = std::strerror(errno);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    bytes.resize(got);
  }
  ::close(fd);
  if (!error.empty()) return Error{error};
  return bytes;
}

File::~File() {
  if (replacing_) {
    abandon();
  } else if (fd_ >= 0) {
    ::close(fd_);
  }
}

Error File::failed(const std::string& doing) const {
  return Error{path_ + " cannot be " + doing + ": " + std::strerror(errno)};
}

void File::abandon() {
  ::close(fd_);
  ::unlink(beside(path_).c_str());
  fd_ = -1;
  replacing_ = false;
}

Status File::begin() {
  if (fd_ >= 0) ::close(fd_);
  // Whoever listens to what may not be everybody's to know.
  fd_ = ::open(beside(path_).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd_ < 0) return failed("written");
  replacing_ = true;
  size_ = 0;
  return Ok{};
}

Status File::append(std::span<const std::uint8_t> bytes) {
  if (fd_ < 0) return Error{path_ + " is not open"};
  if (write_all(fd_, bytes)) {
    size_ += bytes.size();
    return Ok{};
  }
  const Error error = failed("written");
  if (replacing_) {
    abandon();
  } else {  // half a block ends the journal for whoever reads it: start anew
    ::close(fd_);
    fd_ = -1;
  }
  return error;
}

Status File::commit() {
  if (fd_ < 0) return Error{path_ + " is not open"};
  if (::fsync(fd_) != 0 || ::rename(beside(path_).c_str(), path_.c_str()) != 0) {
    const Error error = failed("written");
    abandon();
    return error;
  }
  replacing_ = false;
  const std::string directory = std::filesystem::path(path_).parent_path();
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    ::fsync(fd);  // or the new name may be lost with the power; then the old file is found
    ::close(fd);
  }
  return Ok{};
}

Status File::overwrite(std::span<const std::uint8_t> bytes) const {
  const ssize_t n = ::pwrite(fd_, bytes.data(), bytes.size(), 0);
  if (n != static_cast<ssize_t>(bytes.size())) return failed("written");
  return Ok{};
}

}  // namespace sluice::control::state
