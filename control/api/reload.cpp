// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/reload.h"

#include <spdlog/fmt/fmt.h>

#include "config/loader.h"
#include "control/log/log.h"

namespace sluice::control::api {
namespace {

void compare_ports(const config::Config& running, const config::Config& wanted,
                   std::vector<std::string>& out) {
  if (running.ports.size() != wanted.ports.size()) {
    out.push_back(
        fmt::format("[[port]]: {} ports are running and the file has {}: adding or "
                    "removing ports needs a restart",
                    running.ports.size(), wanted.ports.size()));
    return;
  }
  for (std::size_t i = 0; i < running.ports.size(); ++i) {
    const config::Port& was = running.ports[i];
    const config::Port& is = wanted.ports[i];
    const auto changed = [&](const char* key, bool differs) {
      if (!differs) return;
      out.push_back(fmt::format("[[port]] {}: a change of {} needs a restart", was.name, key));
    };
    changed("name", was.name != is.name);
    changed("device", was.device != is.device);
    changed("access-vlan", was.access_vlan != is.access_vlan);
    changed("trunk-vlans", was.trunk_vlans != is.trunk_vlans);
    changed("mtu", was.mtu != is.mtu);
  }
}

// A level set by command stays unless the file's own has changed.
void set_changed_levels(const LogLevels& was, const LogLevels& is) {
  for (std::size_t i = 0; i < kSubsystems; ++i) {
    if (was[i] != is[i]) log::set_level(static_cast<Subsystem>(i), is[i]);
  }
}

}  // namespace

std::vector<std::string> needs_restart(const config::Config& running,
                                       const config::Config& wanted) {
  std::vector<std::string> out;
  const auto changed = [&](const char* key, bool differs) {
    if (differs) out.push_back(fmt::format("{}: a change of it needs a restart", key));
  };
  const config::Dataplane& was = running.dataplane;
  const config::Dataplane& is = wanted.dataplane;
  changed("[system] socket", running.system.socket != wanted.system.socket);
  changed("[dataplane] main-core", was.main_core != is.main_core);
  changed("[dataplane] worker-cores", was.worker_cores != is.worker_cores);
  changed("[dataplane] huge-pages", was.huge_pages != is.huge_pages);
  changed("[dataplane] mbufs", was.mbufs != is.mbufs);
  changed("[dataplane] group-entries", was.group_entries != is.group_entries);
  changed("[dataplane] mac-entries", was.mac_entries != is.mac_entries);
  changed("[dataplane] mac-ageing-time", was.mac_ageing_time != is.mac_ageing_time);
  changed("[dataplane] idle-sleep-us", was.idle_sleep_us != is.idle_sleep_us);
  changed("[dataplane] eal-args", was.eal_args != is.eal_args);
  changed("[metrics] listen", running.metrics.listen != wanted.metrics.listen);
  changed("[metrics] top-groups", running.metrics.top_groups != wanted.metrics.top_groups);
  changed("[dashboard] listen", running.dashboard.listen != wanted.dashboard.listen);
  compare_ports(running, wanted, out);
  return out;
}

ReloadOutcome reload(const std::string& path, CommandQueue& commands) {
  ReloadOutcome outcome;
  const config::LoadResult loaded = config::load_file(path);
  for (const config::Diagnostic& error : loaded.errors) {
    outcome.errors.push_back(error.to_string());
  }
  LogLevels was{};
  if (loaded.ok()) {
    const bool ran = commands.call([&](Core& core) {
      outcome.errors = needs_restart(core.config, loaded.config);
      if (!outcome.ok()) return;
      if (const Status status = core.appliance.reload(loaded.config, core.now, core.out); !status) {
        outcome.errors.push_back(status.error().what);
        return;
      }
      was = core.config.system.levels();
      core.config = loaded.config;
    });
    if (!ran) outcome.errors.push_back("the daemon is stopping");
  }
  for (const std::string& error : outcome.errors) {
    log::write(LogEvent::kConfigError, {{"error", error}});
  }
  if (!outcome.ok()) {
    log::write(LogEvent::kReloadRefused, {{"file", path}, {"errors", outcome.errors.size()}});
    return outcome;
  }
  set_changed_levels(was, loaded.config.system.levels());
  log::write(LogEvent::kReloaded, {{"file", path}});
  return outcome;
}

}  // namespace sluice::control::api
