// SPDX-License-Identifier: BSD-3-Clause
// Where an HTTP listener listens: "127.0.0.1:9464" or "[::1]:9464". Addresses only, no names: what
// is exposed must not depend on a resolver. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::config {

struct ListenAddress {
  std::string host;  // IPv4, or IPv6 without the brackets
  std::uint16_t port = 0;
};

// Port 0 is taken: the kernel then chooses one.
std::optional<ListenAddress> parse_listen(std::string_view text);

}  // namespace sluice::config
