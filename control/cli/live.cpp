// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/live.h"

#include <nlohmann/json.hpp>

#include "control/cli/connection.h"

namespace sluice::control::cli {
namespace {

const char* name_of(Kind kind) {
  switch (kind) {
    case Kind::kVlan:
      return "vlan";
    case Kind::kPort:
      return "port";
    case Kind::kGroup:
      return "group";
    case Kind::kSource:
      return "source";
    default:
      return nullptr;
  }
}

}  // namespace

LiveValues live_values(const std::string& socket) {
  return [socket](Kind kind, const std::string& prefix) {
    using Json = nlohmann::json;
    std::vector<std::string> values;
    const char* const of = name_of(kind);
    if (of == nullptr) return values;
    auto daemon = Connection::open(socket, kPatience);
    const Json request = {{"command", "values"}, {"of", of}, {"prefix", prefix}};
    // A prefix that is not UTF-8 begins no value.
    const std::string line = request.dump(-1, ' ', false, Json::error_handler_t::replace);
    if (!daemon || !daemon->send(line)) return values;
    const Json answer = Json::parse(daemon->receive().value_or(""), nullptr, false);
    if (!answer.is_object() || !answer.value("ok", false)) return values;
    for (const Json& value : answer["result"]["values"]) values.push_back(value);
    return values;
  };
}

}  // namespace sluice::control::cli
