// SPDX-License-Identifier: BSD-3-Clause
// A fixed array of zero-initialised values in pages of its own: aligned to a page, on huge pages
// where the kernel gives them transparently, and touched when it is made, so that no worker ever
// takes a page fault on it.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>

namespace sluice {

template <class T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  explicit ZeroedArray(std::size_t count) : count_(count) {
    void* pages =
        mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED) throw std::bad_alloc();
    madvise(pages, bytes(), MADV_HUGEPAGE);  // a wish; without it everything works, slower
    values_ = static_cast<T*>(pages);
    std::uninitialized_value_construct_n(values_, count_);
  }
  ~ZeroedArray() { munmap(values_, bytes()); }
  ZeroedArray(const ZeroedArray&) = delete;
  ZeroedArray& operator=(const ZeroedArray&) = delete;

  T& operator[](std::size_t i) { return values_[i]; }
  const T& operator[](std::size_t i) const { return values_[i]; }
  std::size_t size() const { return count_; }

 private:
  std::size_t bytes() const { return count_ * sizeof(T); }

  T* values_;
  std::size_t count_;
};

}  // namespace sluice
