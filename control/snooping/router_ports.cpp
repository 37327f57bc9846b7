// SPDX-License-Identifier: BSD-3-Clause
#include "control/snooping/router_ports.h"

#include <algorithm>

namespace sluice::control::snooping {

RouterPorts::Router* RouterPorts::find(PortId port, LearnedFrom from, Ipv4 address) {
  for (Router& router : routers_) {
    if (router.port == port && router.learned_from == from && router.address == address) {
      return &router;
    }
  }
  return nullptr;
}

bool RouterPorts::refresh(PortId port, LearnedFrom from, Ipv4 address, TimePoint expires) {
  if (Router* const known = find(port, from, address)) {
    known->expires = expires;
    return true;
  }
  if (routers_.size() >= kMostRouters) return false;
  routers_.push_back({port, from, address, expires});
  ports_.insert(port);
  return true;
}

void RouterPorts::expect(PortId port, LearnedFrom from, Ipv4 address, TimePoint deadline) {
  if (Router* const known = find(port, from, address)) {
    known->expires = std::min(known->expires, deadline);
  }
}

void RouterPorts::set_static(PortSet ports) {
  std::erase_if(routers_, [](const Router& r) { return r.learned_from == LearnedFrom::kStatic; });
  ports.for_each([this](PortId port) {
    routers_.push_back({port, LearnedFrom::kStatic, Ipv4{}, kNever});
  });
  count_ports();
}

void RouterPorts::forget_port(PortId port) {
  std::erase_if(routers_, [port](const Router& r) {
    return r.port == port && r.learned_from != LearnedFrom::kStatic;
  });
  count_ports();
}

void RouterPorts::forget(PortId port, LearnedFrom from) {
  std::erase_if(routers_,
                [&](const Router& r) { return r.port == port && r.learned_from == from; });
  count_ports();
}

void RouterPorts::expire(TimePoint now) {
  if (std::erase_if(routers_, [now](const Router& r) { return r.expires <= now; }) > 0) {
    count_ports();
  }
}

TimePoint RouterPorts::next_deadline() const {
  TimePoint next = kNever;
  for (const Router& router : routers_) next = std::min(next, router.expires);
  return next;
}

void RouterPorts::count_ports() {
  ports_ = PortSet{};
  for (const Router& router : routers_) ports_.insert(router.port);
}

}  // namespace sluice::control::snooping
