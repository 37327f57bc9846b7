// SPDX-License-Identifier: BSD-3-Clause
#include "shared/address.h"

#include <charconv>
#include <cstdio>

namespace sluice {

std::optional<Ipv4> parse_ipv4(std::string_view text) {
  std::uint32_t value = 0;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int part = 0; part < 4; ++part) {
    if (part > 0) {
      if (at == end || *at != '.') return std::nullopt;
      ++at;
    }
    unsigned octet = 0;
    const auto [next, error] = std::from_chars(at, end, octet);
    const bool leading_zero = next - at > 1 && *at == '0';
    if (error != std::errc{} || octet > 255 || leading_zero) return std::nullopt;
    value = (value << 8) | octet;
    at = next;
  }
  if (at != end) return std::nullopt;
  return Ipv4{value};
}

std::string to_string(Ipv4 address) {
  const std::uint32_t v = address.value;
  char text[16];
  const int length = std::snprintf(text, sizeof text, "%u.%u.%u.%u", v >> 24, (v >> 16) & 255,
                                   (v >> 8) & 255, v & 255);
  return std::string(text, static_cast<std::size_t>(length));
}

std::optional<Prefix> parse_prefix(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<Ipv4> address = parse_ipv4(text.substr(0, slash));
  const std::string_view digits = text.substr(slash + 1);
  const char* const last = digits.data() + digits.size();
  std::uint8_t length = 0;
  const auto [end, error] = std::from_chars(digits.data(), last, length);
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  if (!address || error != std::errc{} || end != last || length > 32 || leading_zero) {
    return std::nullopt;
  }
  return Prefix{*address, length};
}

std::string to_string(const Prefix& prefix) {
  return to_string(prefix.address) + '/' + std::to_string(prefix.length);
}

std::string to_string(const MacAddress& mac) {
  char text[18];
  const auto& b = mac.bytes;
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4],
                b[5]);
  return text;
}

}  // namespace sluice
