// SPDX-License-Identifier: BSD-3-Clause
// `values`: what may stand behind --vlan, --port, --group or --source just now, for who completes a
// line. At most kMostValues, found without holding up the control thread.
#include <map>
#include <string>

#include "control/api/dispatcher.h"
#include "control/api/json.h"

namespace sluice::control::api {
namespace {

constexpr std::size_t kMostValues = 200;
constexpr std::uint32_t kPlacesPerPiece = 2048;

}  // namespace

Result<std::string> Dispatcher::values(const Request& request) {
  std::map<std::uint32_t, std::string> found;  // in the order of the numbers
  const auto add = [&](std::uint32_t number, const std::string& text) {
    if (found.size() < kMostValues && text.starts_with(request.prefix)) found[number] = text;
  };
  const auto ask = [&](const CommandQueue::Work& read) -> Status {
    if (!commands_.call(read)) return Error{"the daemon is stopping"};
    return Ok{};
  };
  if (request.of == "port") {
    for (std::uint16_t i = 0; i < setup_.ports.size(); ++i) add(i, setup_.ports[PortId{i}]);
  } else if (request.of == "vlan") {
    const Status asked = ask([&](Core& core) {
      for (const VlanPolicy& policy : core.vlans.current().policies()) {
        add(policy.id.value, std::to_string(policy.id.value));
      }
    });
    if (!asked) return asked.error();
  } else if (request.of == "group" || request.of == "source") {
    const bool groups = request.of == "group";
    const auto visit = [&](const Fib::Row& row) {
      if (groups) {
        add(row.key.group.value, to_string(row.key.group));
      } else if (!row.key.any_source()) {
        add(row.key.source.value, to_string(row.key.source));
      }
    };
    std::uint32_t from = 0;
    do {
      const Status asked =
          ask([&](Core& core) { from = core.fib.for_each_from(from, kPlacesPerPiece, visit); });
      if (!asked) return asked.error();
    } while (from != 0 && found.size() < kMostValues);
  } else {
    return Error{"\"of\" must be vlan, port, group or source"};
  }
  Json texts = Json::array();
  for (const auto& [number, text] : found) texts.push_back(text);
  return to_text({{"values", texts}});
}

}  // namespace sluice::control::api
