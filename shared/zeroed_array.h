// SPDX-License-Identifier: BSD-3-Clause
// A fixed array of zero-initialised values in pages of its own, touched when it is made, so that no
// worker ever takes a page fault on it. A large one begins and ends with a huge page, where the
// kernel gives such transparently: a table that is read at random would otherwise miss the TLB at
// every turn.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

namespace sluice {

template <class T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit ZeroedArray(std::size_t count) : count_(count), bytes_(count * sizeof(T)) {
    if (bytes_ < kHugePage / 4) {
      values_ = static_cast<T*>(map(bytes_));
    } else {
      bytes_ = (bytes_ + kHugePage - 1) / kHugePage * kHugePage;
      auto* const pages = static_cast<std::byte*>(map(bytes_ + kHugePage));
      const std::size_t before = (0 - reinterpret_cast<std::uintptr_t>(pages)) % kHugePage;
      if (before > 0) munmap(pages, before);
      munmap(pages + before + bytes_, kHugePage - before);
      madvise(pages + before, bytes_, MADV_HUGEPAGE);  // a wish: without, it works, only slower
      values_ = reinterpret_cast<T*>(pages + before);
    }
    std::uninitialized_value_construct_n(values_, count_);
  }
  ~ZeroedArray() { munmap(values_, bytes_); }
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;

  T& operator[](std::size_t i) { return values_[i]; }
  const T& operator[](std::size_t i) const { return values_[i]; }
  std::size_t size() const { return count_; }

 private:
  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  static void* map(std::size_t bytes) {
    void* const pages =
        mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    return pages;
  }

  T* values_;
  std::size_t count_;
  std::size_t bytes_;
};

}  // namespace sluice
