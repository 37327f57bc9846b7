// SPDX-License-Identifier: BSD-3-Clause
// The router ports of one VLAN: why each is one, and until when (RFC 4541 §2.1.1 (1), RFC 4286;
// RP-01..RP-10). Told the time. Control thread only.
#pragma once

#include <vector>

#include "control/snooping/view.h"
#include "shared/address.h"
#include "shared/ids.h"
#include "shared/time.h"

namespace sluice::control::snooping {

class RouterPorts {
 public:
  // More routers than this in one VLAN are somebody's mischief; further ones are not learned.
  static constexpr std::size_t kMostRouters = 256;

  struct Router {
    PortId port;
    LearnedFrom learned_from = LearnedFrom::kQuery;
    Ipv4 address;                // 0.0.0.0: static
    TimePoint expires = kNever;  // kNever: static, or a PIM neighbour that never expires
  };

  // Learned, or heard again. False: there is no room.
  bool refresh(PortId port, LearnedFrom from, Ipv4 address, TimePoint expires);
  // MR-08: a terminating router has until `deadline` to say that it is still there.
  void expect(PortId port, LearnedFrom from, Ipv4 address, TimePoint deadline);
  void set_static(PortSet ports);
  void forget_port(PortId port);  // what was learned there (RP-06)
  void forget(PortId port, LearnedFrom from);
  void expire(TimePoint now);

  PortSet ports() const { return ports_; }
  TimePoint next_deadline() const;
  const std::vector<Router>& routers() const { return routers_; }

 private:
  Router* find(PortId port, LearnedFrom from, Ipv4 address);
  void count_ports();

  std::vector<Router> routers_;
  PortSet ports_;
};

}  // namespace sluice::control::snooping
