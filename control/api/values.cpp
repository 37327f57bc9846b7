// SPDX-License-Identifier: BSD-3-Clause
// `values`: what may stand behind --vlan, --port, --group or --source just now, for who completes a
// line. Found without holding up the control thread. Of too many it gives the first and the very
// last, so that what all of them begin with is what those begin with that it gives.
#include <algorithm>
#include <iterator>
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
  std::map<std::string, std::uint32_t> found;
  const auto add = [&](std::uint32_t number, const std::string& text) {
    if (!text.starts_with(request.prefix)) return;
    found.emplace(text, number);
    if (found.size() > kMostValues) found.erase(std::prev(found.end(), 2));
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
    } while (from != 0);
  } else {
    return Error{"\"of\" must be vlan, port, group or source"};
  }
  std::vector<std::pair<std::uint32_t, std::string>> by_number;
  for (const auto& [text, number] : found) by_number.emplace_back(number, text);
  std::sort(by_number.begin(), by_number.end());
  Json texts = Json::array();
  for (const auto& [number, text] : by_number) texts.push_back(text);
  return to_text({{"values", texts}});
}

}  // namespace sluice::control::api
