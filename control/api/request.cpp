// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/request.h"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

namespace sluice::control::api {
namespace {

using Value = nlohmann::json;

constexpr std::array<std::pair<std::string_view, Field>, 9> kFields = {{
    {"vlan", kVlan},
    {"port", kPort},
    {"group", kGroup},
    {"source", kSource},
    {"level", kLevel},
    {"igmp", kIgmp},
    {"subsystem", kSubsystem},
    {"of", kOf},
    {"prefix", kPrefix},
}};

std::optional<Field> find_field(std::string_view name) {
  for (const auto& [known, field] : kFields) {
    if (known == name) return field;
  }
  return std::nullopt;
}

Status read_vlan(const Value& value, Request& request) {
  if (value.is_number_integer()) {
    const auto id = value.get<std::int64_t>();
    if (id >= 1 && id <= 4094) {
      request.vlan = VlanId{static_cast<std::uint16_t>(id)};
      return Ok{};
    }
  }
  return Error{"\"vlan\" must be a number, 1..4094"};
}

Status read_group(const Value& value, Request& request) {
  if (value.is_string()) {
    request.group = parse_ipv4(value.get_ref<const std::string&>());
    if (request.group && request.group->is_multicast()) return Ok{};
  }
  return Error{"\"group\" must be an IPv4 multicast address, 224.0.0.0..239.255.255.255"};
}

Status read_source(const Value& value, Request& request) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (text == "*") return Ok{};
    request.source = parse_ipv4(text);
    if (request.source && request.source->is_unicast()) return Ok{};
  }
  return Error{"\"source\" must be an IPv4 unicast address or \"*\""};
}

// "system, dataplane or eal"
std::string subsystem_names() {
  std::string text;
  for (std::size_t i = 0; i < kSubsystems; ++i) {
    text += i == 0 ? "" : i + 1 == kSubsystems ? " or " : ", ";
    text += to_string(static_cast<Subsystem>(i));
  }
  return text;
}

Status read_field(Field field, const Value& value, Request& request) {
  switch (field) {
    case kVlan:
      return read_vlan(value, request);
    case kPort:
      if (!value.is_string()) return Error{"\"port\" must be a port's name"};
      request.port = value.get<std::string>();
      return Ok{};
    case kGroup:
      return read_group(value, request);
    case kSource:
      return read_source(value, request);
    case kLevel:
      if (value.is_string()) request.level = parse_log_level(value.get_ref<const std::string&>());
      if (!request.level) return Error{"\"level\" must be trace, debug, info, warn or error"};
      return Ok{};
    case kSubsystem:
      if (value.is_string()) {
        request.subsystem = parse_subsystem(value.get_ref<const std::string&>());
      }
      if (!request.subsystem) return Error{"\"subsystem\" must be " + subsystem_names()};
      return Ok{};
    case kOf:
    case kPrefix:
      if (!value.is_string()) return Error{"\"of\" and \"prefix\" must be strings"};
      (field == kOf ? request.of : request.prefix) = value.get<std::string>();
      return Ok{};
    case kIgmp:
      if (!value.is_boolean()) return Error{"\"igmp\" must be true or false"};
      request.igmp = value.get<bool>();
      return Ok{};
  }
  return Ok{};
}

}  // namespace

std::string field_names(unsigned fields) {
  std::string text;
  for (const auto& [name, field] : kFields) {
    if ((fields & field) == 0) continue;
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

Result<Request> parse_request(std::string_view line) {
  const Value object = Value::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) {
    return Error{"not a request; one is a JSON object on a line, as {\"command\":\"status\"}"};
  }
  Request request;
  for (const auto& [name, value] : object.items()) {
    if (name == "command") {
      if (!value.is_string()) return Error{"\"command\" must be a string"};
      request.command = value.get<std::string>();
      continue;
    }
    const std::optional<Field> field = find_field(name);
    if (!field) {
      return Error{"unknown field; known ones are command, " + field_names(~0u)};
    }
    if (const Status status = read_field(*field, value, request); !status) return status.error();
    request.given |= *field;
  }
  if (request.command.empty()) return Error{"no \"command\""};
  return request;
}

}  // namespace sluice::control::api
