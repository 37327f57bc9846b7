// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/views.h"

namespace sluice::control::api {

std::string PortNames::operator[](PortId port) const {
  return port.value < names_.size() ? names_[port.value] : "port" + std::to_string(port.value);
}

std::optional<PortId> PortNames::find(const std::string& name) const {
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (names_[i] == name) return PortId{static_cast<std::uint16_t>(i)};
  }
  return std::nullopt;
}

std::string PortNames::sentence(PortSet ports) const {
  std::string text;
  ports.for_each([&](PortId port) {
    if (!text.empty()) text += ", ";
    text += (*this)[port];
  });
  return text.empty() ? "none" : text;
}

FibView fib_view(const Fib::Row& row, const VlanPolicy* policy) {
  if (policy == nullptr) return {row, PortSet{}};
  return {row, (row.egress.members | policy->router_ports) & policy->ports()};
}

RoutedView routed_view(const Fib::Row& row, const config::Config& config) {
  const config::Proxy& proxy = config.proxies[row.key.vlan.value - kVlanIds];
  RoutedView view{row, proxy.name, {}};
  row.egress.members.for_each([&](PortId place) {
    view.downstreams.push_back(config.interfaces[proxy.downstreams[place.value]].name);
  });
  return view;
}

}  // namespace sluice::control::api
