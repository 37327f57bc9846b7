// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/dispatcher.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>
#include <tuple>

#include "control/api/counters.h"
#include "control/api/json.h"
#include "control/log/log.h"

namespace sluice::control::api {
namespace {

const std::string kDone = "{}";
const std::string kStopping = "the daemon is stopping";

// "groups":[...]: written row by row, so that a large table is not held as a tree as well.
template <class Rows, class... More>
std::string list(std::string_view name, const Rows& rows, const More&... more) {
  std::string text = "\"" + std::string(name) + "\":[";
  bool first = true;
  for (const auto& row : rows) {
    if (!first) text += ',';
    first = false;
    text += to_text(to_json(row, more...));
  }
  return text += "]";
}

template <class Rows, class... More>
std::string table(std::string_view name, const Rows& rows, const More&... more) {
  return "{" + list(name, rows, more...) + "}";
}

std::string failure(const std::string& why, const std::vector<std::string>& details) {
  Json json = {{"ok", false}, {"error", why}};
  if (!details.empty()) json["details"] = details;
  return to_text(json) + "\n";
}

}  // namespace

const Dispatcher::Command Dispatcher::kCommands[] = {
    {"status", 0, 0, &Dispatcher::status},
    {"show groups", kVlan | kGroup | kPort, 0, &Dispatcher::show_groups},
    {"show fib", kVlan | kGroup, 0, &Dispatcher::show_fib},
    {"show mrouters", kVlan | kPort, 0, &Dispatcher::show_mrouters},
    {"show queriers", kVlan, 0, &Dispatcher::show_queriers},
    {"show ports", kPort, 0, &Dispatcher::show_ports},
    {"show macs", kVlan | kPort, 0, &Dispatcher::show_macs},
    {"show counters", 0, 0, &Dispatcher::show_counters},
    {"show proxy", kGroup, 0, &Dispatcher::show_proxy},
    {"show alarms", 0, 0, &Dispatcher::show_alarms},
    {"explain", kVlan | kPort | kGroup | kSource | kIgmp, kVlan | kPort | kGroup,
     &Dispatcher::explain_frame},
    {"static add", kVlan | kGroup | kSource | kPort, kVlan | kGroup | kPort,
     &Dispatcher::static_add},
    {"static del", kVlan | kGroup | kSource | kPort, kVlan | kGroup | kPort,
     &Dispatcher::static_del},
    {"clear groups", kVlan, 0, &Dispatcher::clear_groups},
    {"clear counters", kVlan, 0, &Dispatcher::clear_counters},
    {"reload", 0, 0, &Dispatcher::reload_config},
    {"config diff", 0, 0, &Dispatcher::config_diff},
    {"log-level", kLevel | kSubsystem, kLevel, &Dispatcher::log_level},
    {"show log-levels", 0, 0, &Dispatcher::show_log_levels},
    {"watch", 0, 0, &Dispatcher::watch},
    {"values", kOf | kPrefix, kOf, &Dispatcher::values},
};

Dispatcher::Dispatcher(Setup setup, CommandQueue& commands)
    : setup_(std::move(setup)), commands_(commands) {}

Dispatcher::Answer Dispatcher::answer(std::string_view line) {
  ++requests_;
  details_.clear();
  const Result<Request> request = parse_request(line);
  if (!request) {
    ++malformed_;
    return {failure(request.error().what, {})};
  }
  const Text text = run(*request);
  if (!text) {
    ++refused_;
    return {failure(text.error().what, details_)};
  }
  return {"{\"ok\":true,\"result\":" + *text + "}\n", request->command == "watch"};
}

Dispatcher::Text Dispatcher::run(const Request& request) {
  for (const Command& command : kCommands) {
    if (command.name != request.command) continue;
    if (const unsigned extra = request.given & ~command.takes; extra != 0) {
      return Error{fmt::format("{} takes no {}", command.name, field_names(extra))};
    }
    if (const unsigned missing = command.needs & ~request.given; missing != 0) {
      return Error{fmt::format("{} needs {}", command.name, field_names(missing))};
    }
    return (this->*command.run)(request);
  }
  std::string known;
  for (const Command& command : kCommands) {
    known += (known.empty() ? "" : ", ") + std::string(command.name);
  }
  return Error{"unknown command; known ones are " + known};
}

Result<std::optional<PortId>> Dispatcher::port_of(const Request& request) const {
  if (!request.port) return std::optional<PortId>{};
  const std::optional<PortId> port = setup_.ports.find(*request.port);
  if (!port) {
    std::string names;
    for (std::uint16_t i = 0; i < setup_.ports.size(); ++i) {
      names += (i == 0 ? "" : ", ") + setup_.ports[PortId{i}];
    }
    return Error{fmt::format("there is no port {}; the ports are {}", *request.port, names)};
  }
  return port;
}

template <class Read>
auto Dispatcher::on_control(std::optional<VlanId> vlan, Read read)
    -> Result<std::invoke_result_t<Read, Core&>> {
  std::optional<std::invoke_result_t<Read, Core&>> rows;
  const bool ran = commands_.call([&](Core& core) {
    if (!vlan || core.has_vlan(*vlan)) rows.emplace(read(core));
  });
  if (!ran) return Error{kStopping};
  if (!rows) {
    return Error{fmt::format("there is no VLAN {}: no port carries it and no [[vlan]] names it",
                             vlan->value)};
  }
  return std::move(*rows);
}

Dispatcher::Text Dispatcher::status(const Request&) {
  struct Numbers {
    unsigned workers;
    std::uint32_t entries, capacity;
    std::size_t vlans;
  };
  const auto numbers = on_control({}, [](Core& core) {
    return Numbers{core.view.workers(), core.fib.size(), core.fib.capacity(),
                   core.vlans.current().policies().size()};
  });
  if (!numbers) return numbers.error();
  return to_text({{"state", "running"},
                  {"version", SLUICE_VERSION},
                  {"uptime", setup_.uptime_s()},
                  {"workers", numbers->workers},
                  {"ports", setup_.ports.size()},
                  {"vlans", numbers->vlans},
                  {"fib-entries", numbers->entries},
                  {"fib-capacity", numbers->capacity},
                  {"config", setup_.config_path},
                  {"pid", ::getpid()}});
}

Dispatcher::Text Dispatcher::show_groups(const Request& request) {
  const auto port = port_of(request);
  if (!port) return port.error();
  auto rows = on_control(request.vlan, [&](Core& core) {
    return core.snooper().groups({request.vlan, request.group, *port}, core.now);
  });
  if (!rows) return rows.error();
  std::sort(rows->begin(), rows->end(), [](const auto& a, const auto& b) {
    return std::tie(a.vlan, a.group, a.port, a.is_static) <
           std::tie(b.vlan, b.group, b.port, b.is_static);
  });
  return table("groups", *rows, setup_.ports);
}

Dispatcher::Text Dispatcher::show_fib(const Request& request) {
  struct Entries {
    std::vector<FibView> bridged;
    std::vector<RoutedView> routed;
  };
  auto rows = on_control(request.vlan, [&](Core& core) {
    Entries copy;
    core.fib.for_each([&](Fib::Row row) {
      if (request.vlan && row.key.vlan != *request.vlan) return;
      if (request.group && row.key.group != *request.group) return;
      core.zero.apply(row);
      if (row.key.vlan.value >= kVlanIds) {
        copy.routed.push_back(routed_view(row, core.config));
      } else {
        copy.bridged.push_back(fib_view(row, core.vlans.current().find(row.key.vlan)));
      }
    });
    return copy;
  });
  if (!rows) return rows.error();
  const auto by_key = [](const auto& a, const auto& b) {
    return std::tie(a.row.key.vlan, a.row.key.group, a.row.key.source) <
           std::tie(b.row.key.vlan, b.row.key.group, b.row.key.source);
  };
  std::sort(rows->bridged.begin(), rows->bridged.end(), by_key);
  std::sort(rows->routed.begin(), rows->routed.end(), by_key);
  return "{" + list("entries", rows->bridged, setup_.ports) + "," + list("routed", rows->routed) +
         "}";
}

Dispatcher::Text Dispatcher::show_mrouters(const Request& request) {
  const auto port = port_of(request);
  if (!port) return port.error();
  auto rows = on_control(
      request.vlan, [&](Core& core) { return core.snooper().mrouters(request.vlan, core.now); });
  if (!rows) return rows.error();
  if (*port) std::erase_if(*rows, [&](const auto& row) { return row.port != **port; });
  return table("mrouters", *rows, setup_.ports);
}

Dispatcher::Text Dispatcher::show_queriers(const Request& request) {
  const auto rows = on_control(
      request.vlan, [&](Core& core) { return core.snooper().queriers(request.vlan, core.now); });
  if (!rows) return rows.error();
  return table("queriers", *rows, setup_.ports);
}

Dispatcher::Text Dispatcher::show_ports(const Request& request) {
  const auto only = port_of(request);
  if (!only) return only.error();
  const auto rows = on_control({}, [&](Core& core) {
    std::vector<PortView> views;
    for (std::uint16_t i = 0; i < setup_.ports.size(); ++i) {
      const PortId port{i};
      if (*only && port != **only) continue;
      views.push_back({port, core.view.port_status(port), core.view.port_counters(port),
                       core.snooper().port_drops(port)});
    }
    return views;
  });
  if (!rows) return rows.error();
  return table("ports", *rows, setup_.ports);
}

Dispatcher::Text Dispatcher::show_macs(const Request& request) {
  const auto port = port_of(request);
  if (!port) return port.error();
  auto rows = on_control(request.vlan, [](Core& core) { return core.view.macs(); });
  if (!rows) return rows.error();
  std::erase_if(*rows, [&](const MacRow& row) {
    return (request.vlan && row.vlan != *request.vlan) || (*port && row.port != **port);
  });
  std::sort(rows->begin(), rows->end(), [](const MacRow& a, const MacRow& b) {
    return std::tie(a.vlan, a.mac) < std::tie(b.vlan, b.mac);
  });
  return table("macs", *rows, setup_.ports);
}

Dispatcher::Text Dispatcher::show_counters(const Request&) {
  auto counts = collect_counters(commands_, setup_.ports);
  if (!counts) return Error{kStopping};
  add_counters(*counts);
  std::string flat;
  for (const NamedCount& count : *counts) {
    flat += (flat.empty() ? "" : ",") + to_text(count.name) + ":" + std::to_string(count.value);
  }
  return "{" + flat + "}";
}

void Dispatcher::add_counters(std::vector<NamedCount>& out) const {
  out.push_back({"api_requests_total", requests_});
  out.push_back({"api_requests_malformed_total", malformed_});
  out.push_back({"api_requests_refused_total", refused_});
  for (const Source& source : more_counters) source.add(out);
}

Dispatcher::Text Dispatcher::show_proxy(const Request& request) {
  auto rows = on_control({}, [](Core& core) { return core.appliance.proxies(core.now); });
  if (!rows) return rows.error();
  for (proxy::ProxyRow& row : *rows) {
    std::erase_if(row.groups, [&](const proxy::GroupRow& group) {
      return request.group && group.group != *request.group;
    });
  }
  return table("proxies", *rows);
}

Dispatcher::Text Dispatcher::show_alarms(const Request&) {
  struct Alarms {
    std::vector<health::Alarm> listed;
    std::size_t not_listed;
    TimePoint now;
  };
  const auto alarms = on_control({}, [](Core& core) {
    return Alarms{core.alarms(), core.health.alarms().not_listed(), core.now};
  });
  if (!alarms) return alarms.error();
  return "{" + list("alarms", alarms->listed, setup_.ports, alarms->now) +
         fmt::format(",\"not-listed\":{}}}", alarms->not_listed);
}

Dispatcher::Text Dispatcher::explain_frame(const Request& request) {
  const auto port = port_of(request);
  if (!port) return port.error();
  const Question question{*request.vlan, **port, *request.group, request.source, request.igmp};
  const auto facts = on_control(question.vlan, [&](Core& core) { return gather(question, core); });
  if (!facts) return facts.error();
  return to_text(to_json(explain(question, *facts, setup_.ports), setup_.ports));
}

Dispatcher::Text Dispatcher::change_static(const Request& request, bool add) {
  const auto port = port_of(request);
  if (!port) return port.error();
  const auto outcome = on_control(request.vlan, [&](Core& core) {
    snooping::Switch& snooper = core.snooper();
    return add ? snooper.add_static(*request.vlan, *request.group, request.source, **port, core.now,
                                    core.out)
               : snooper.remove_static(*request.vlan, *request.group, request.source, **port,
                                       core.now, core.out);
  });
  if (!outcome) return outcome.error();
  if (!*outcome) return outcome->error();
  setup_.keep();
  return kDone;
}

Dispatcher::Text Dispatcher::static_add(const Request& request) {
  return change_static(request, true);
}

Dispatcher::Text Dispatcher::static_del(const Request& request) {
  return change_static(request, false);
}

Dispatcher::Text Dispatcher::clear_groups(const Request& request) {
  const auto outcome = on_control(request.vlan, [&](Core& core) {
    return core.snooper().clear_groups(request.vlan, core.now, core.out);
  });
  if (!outcome) return outcome.error();
  if (!*outcome) return outcome->error();
  setup_.keep();
  return kDone;
}

Dispatcher::Text Dispatcher::clear_counters(const Request& request) {
  const auto outcome = on_control(request.vlan, [&](Core& core) {
    if (request.vlan) {
      core.zero.clear_vlan(*request.vlan, core.fib, core.snooper().vlan_counters(*request.vlan));
    } else {
      core.fib.clear_counters();
      core.view.clear_counters();
      core.appliance.clear_counters();
      core.zero.reset();
      core.departed.reset();
      core.times = {};
    }
    return true;
  });
  if (!outcome) return outcome.error();
  if (!request.vlan) {
    requests_ = 0;
    malformed_ = 0;
    refused_ = 0;
    for (const Source& source : more_counters) source.clear();
  }
  return kDone;
}

Dispatcher::Text Dispatcher::reload_config(const Request&) {
  ReloadOutcome outcome = reload(setup_.config_path, commands_);
  if (outcome.ok()) return kDone;
  details_ = std::move(outcome.errors);
  return Error{"reload refused: the configuration is unchanged"};
}

Dispatcher::Text Dispatcher::config_diff(const Request&) {
  const auto changes = pending_changes(setup_.config_path, commands_, details_);
  if (!changes) return changes.error();
  return table("changes", *changes);
}

Dispatcher::Text Dispatcher::log_level(const Request& request) {
  for (std::size_t i = 0; i < kSubsystems; ++i) {
    const auto subsystem = static_cast<Subsystem>(i);
    if (!request.subsystem || *request.subsystem == subsystem) {
      log::set_level(subsystem, *request.level);
    }
  }
  log::write(LogEvent::kLogLevelChanged,
             {{"subsystem", request.subsystem ? to_string(*request.subsystem) : "*"},
              {"level", to_string(*request.level)}});
  return kDone;
}

Dispatcher::Text Dispatcher::show_log_levels(const Request&) {
  const LogLevels levels = log::levels();
  Json rows = Json::array();
  for (std::size_t i = 0; i < kSubsystems; ++i) {
    rows.push_back(
        {{"subsystem", to_string(static_cast<Subsystem>(i))}, {"level", to_string(levels[i])}});
  }
  return to_text({{"log-levels", rows}});
}

Dispatcher::Text Dispatcher::watch(const Request&) {
  return kDone;
}

}  // namespace sluice::control::api
