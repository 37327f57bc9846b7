// SPDX-License-Identifier: BSD-3-Clause
// Things of one kind under small numbers that are used again. A thing never moves: a reference is
// good until its number is released. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace sluice {

template <class T>
class Slab {
 public:
  using Index = std::uint32_t;

  // A T{}.
  Index allocate() {
    if (free_.empty()) {
      if (end_ % kChunk == 0) chunks_.push_back(std::make_unique<T[]>(kChunk));
      return end_++;
    }
    const Index index = free_.back();
    free_.pop_back();
    return index;
  }
  void release(Index index) {
    (*this)[index] = T{};
    free_.push_back(index);
  }

  T& operator[](Index index) { return chunks_[index / kChunk][index % kChunk]; }
  const T& operator[](Index index) const { return chunks_[index / kChunk][index % kChunk]; }

  // All numbers in use are below it.
  Index end() const { return end_; }
  std::size_t used() const { return end_ - free_.size(); }

 private:
  static constexpr Index kChunk = 256;

  std::vector<std::unique_ptr<T[]>> chunks_;
  std::vector<Index> free_;
  Index end_ = 0;
};

}  // namespace sluice
