// SPDX-License-Identifier: BSD-3-Clause
#include "config/listen.h"

#include <arpa/inet.h>

#include <charconv>

namespace sluice::config {
namespace {

bool is_address(int family, const std::string& text) {
  in6_addr space{};  // of either family
  return ::inet_pton(family, text.c_str(), &space) == 1;
}

}  // namespace

std::optional<ListenAddress> parse_listen(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);

  ListenAddress found{std::string(host), 0};
  const char* const end = port.data() + port.size();
  const auto [rest, error] = std::from_chars(port.data(), end, found.port);
  if (error != std::errc{} || rest != end || port.empty()) return std::nullopt;
  if (!is_address(bracketed ? AF_INET6 : AF_INET, found.host)) return std::nullopt;
  return found;
}

}  // namespace sluice::config
