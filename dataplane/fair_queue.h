// SPDX-License-Identifier: BSD-3-Clause
// What waits for the control thread, a queue for each port; the ports take turns, so that who has
// one frame waiting does not wait for another's thousands. Bounded, and allocates only when it is
// made. One thread.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <vector>

#include "shared/ids.h"

namespace sluice::dataplane {

template <class Item>
class FairQueue {
 public:
  explicit FairQueue(std::size_t capacity) : nodes_(capacity) {
    for (std::size_t i = 0; i < capacity; ++i) nodes_[i].next = static_cast<std::uint32_t>(i + 1);
  }

  std::size_t room() const { return nodes_.size() - size_; }

  // There is room.
  void push(PortId port, const Item& item) {
    const std::uint32_t at = free_;
    Node& node = nodes_[at];
    free_ = node.next;
    node.item = item;
    Line& line = lines_[port.value];
    if (waiting_.contains(port)) {
      nodes_[line.last].next = at;
    } else {
      line.first = at;
      waiting_.insert(port);
    }
    line.last = at;
    ++size_;
  }

  // The oldest of the next port that has any; false: nothing waits.
  bool pop(Item& item) {
    if (waiting_.empty()) return false;
    const std::uint64_t later = waiting_.bits() & ~served_;
    const auto port =
        static_cast<std::uint16_t>(std::countr_zero(later != 0 ? later : waiting_.bits()));
    served_ = (std::uint64_t{2} << port) - 1;  // this one and those before it
    Line& line = lines_[port];
    const std::uint32_t at = line.first;
    item = nodes_[at].item;
    if (at == line.last) {
      waiting_.erase(PortId{port});
    } else {
      line.first = nodes_[at].next;
    }
    nodes_[at].next = free_;
    free_ = at;
    --size_;
    return true;
  }

 private:
  struct Node {
    Item item;
    std::uint32_t next = 0;
  };
  struct Line {
    std::uint32_t first = 0, last = 0;
  };
  std::vector<Node> nodes_;
  std::array<Line, kMaxPorts> lines_;
  PortSet waiting_;           // ports with something in their line
  std::uint64_t served_ = 0;  // ports that have had their turn in this round
  std::uint32_t free_ = 0;
  std::size_t size_ = 0;
};

}  // namespace sluice::dataplane
