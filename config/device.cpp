// SPDX-License-Identifier: BSD-3-Clause
#include "config/device.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "config/text.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMaxDeviceName = 63;  // RTE_DEV_NAME_MAX_LEN with its zero is 64

constexpr std::string_view kForms =
    "write a PCI address (\"0000:3b:00.0\") or a vdev string (\"net_af_packet0,iface=eth1\")";

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// Takes `digits` hexadecimal digits and the character after them off the front.
bool take_hex(std::string_view& text, std::size_t digits, char after) {
  if (text.size() <= digits || !is_hex(text.substr(0, digits)) || text[digits] != after) {
    return false;
  }
  text.remove_prefix(digits + 1);
  return true;
}

// [DDDD:]BB:DD.F; gives it with its domain, in small letters.
std::optional<std::string> parse_pci(std::string_view text) {
  std::string address = std::ranges::count(text, ':') == 1 ? "0000:" : "";
  address += text;
  std::string_view rest = address;
  if (!take_hex(rest, 4, ':') || !take_hex(rest, 2, ':') || !take_hex(rest, 2, '.')) {
    return std::nullopt;
  }
  if (rest.size() != 1 || rest[0] < '0' || rest[0] > '7') return std::nullopt;
  std::ranges::transform(address, address.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return address;
}

bool is_plain_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
}

bool is_vdev_name(std::string_view text) {
  const bool known_prefix = text.starts_with("net_") || text.starts_with("eth_");
  return known_prefix && text.size() > 4 && is_plain_word(text);
}

bool is_driver(std::string_view name, std::string_view driver) {
  return name.substr(4).starts_with(driver);  // after net_ or eth_
}

// The value of `key` among the comma-separated KEY=VALUE after the name; empty when it is not
// there.
std::string_view argument(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view pair = text.substr(0, end);
    if (pair.size() > key.size() && pair.starts_with(key) && pair[key.size()] == '=') {
      return pair.substr(key.size() + 1);
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

}  // namespace

Result<Device> parse_device(std::string_view text) {
  const std::size_t end = std::min(text.find(','), text.size());
  const std::string_view name = text.substr(0, end);
  const std::string_view arguments = text.substr(std::min(end + 1, text.size()));
  const bool has_blank =
      std::ranges::any_of(text, [](unsigned char c) { return c <= ' ' || c == 0x7F; });

  if (has_blank) return Error{"device = " + in_quotes(text) + " has a blank in it; write none"};
  if (const auto pci = parse_pci(name)) return Device{*pci, ""};
  if (!is_vdev_name(name) && is_plain_word(text)) {
    return Error{"device = " + in_quotes(text) + " is no PCI address (\"0000:3b:00.0\"); for the " +
                 "kernel interface of this name write " +
                 in_quotes("net_af_packet0,iface=" + std::string(text))};
  }
  if (!is_vdev_name(name)) {
    return Error{"device = " + in_quotes(text) + " is neither kind of device; " +
                 std::string(kForms)};
  }
  if (name.size() > kMaxDeviceName) {
    return Error{"device = " + in_quotes(text) + " has a name of " + std::to_string(name.size()) +
                 " characters; DPDK takes at most " + std::to_string(kMaxDeviceName)};
  }
  const bool takes_interface = is_driver(name, "af_packet") || is_driver(name, "af_xdp");
  const std::string_view interface = argument(arguments, "iface");
  if (takes_interface && interface.empty()) {
    return Error{"device = " + in_quotes(text) + " names no kernel interface; write " +
                 in_quotes(std::string(name) + ",iface=eth1")};
  }
  const bool names_interface = takes_interface || is_driver(name, "tap");
  return Device{std::string(name), names_interface ? std::string(interface) : ""};
}

}  // namespace sluice::config
