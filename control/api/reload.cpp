// SPDX-License-Identifier: BSD-3-Clause
#include "control/api/reload.h"

#include <spdlog/fmt/fmt.h>

#include <optional>

#include "config/loader.h"
#include "control/log/log.h"

namespace sluice::control::api {
namespace {

std::optional<std::string> text_in_force(CommandQueue& commands) {
  std::string text;
  if (!commands.call([&](Core& core) { text = core.config.text; })) return std::nullopt;
  return text;
}

std::vector<std::string> lines(const std::vector<config::Diagnostic>& errors) {
  std::vector<std::string> text;
  for (const config::Diagnostic& error : errors) text.push_back(error.to_string());
  return text;
}

// False: somebody else has reloaded since `text` was in force.
bool apply(const config::Config& wanted, const std::string& text, Core& core, LogLevels& was) {
  if (core.config.text != text) return false;
  core.appliance.reload(wanted, core.now, core.out);
  was = core.config.system.levels();
  core.config = wanted;
  return true;
}

ReloadOutcome try_reload(const config::LoadResult& loaded, CommandQueue& commands, LogLevels& was) {
  ReloadOutcome outcome{lines(loaded.errors)};
  for (bool done = false; outcome.ok() && !done;) {
    const std::optional<std::string> text = text_in_force(commands);
    if (text) outcome.errors = needs_restart(config::compare(*text, loaded.config.text));
    if (!outcome.ok()) break;
    const bool ran =
        text && commands.call([&](Core& core) { done = apply(loaded.config, *text, core, was); });
    if (!ran) outcome.errors.push_back("the daemon is stopping");
  }
  return outcome;
}

// A level set by command stays unless the file's own has changed.
void set_changed_levels(const LogLevels& was, const LogLevels& is) {
  for (std::size_t i = 0; i < kSubsystems; ++i) {
    if (was[i] != is[i]) log::set_level(static_cast<Subsystem>(i), is[i]);
  }
}

}  // namespace

std::vector<std::string> needs_restart(const std::vector<config::Change>& changes) {
  using Kind = config::Change::Kind;
  std::vector<std::string> out;
  std::string whole;  // what comes or goes as a whole needs one sentence, not one for each key
  for (const config::Change& change : changes) {
    if (change.at_once || change.where == whole) continue;
    if (!change.key.empty()) {
      out.push_back(fmt::format("{}: a change of {} ({} to {}) needs a restart", change.where,
                                change.key, change.before, change.after));
      continue;
    }
    whole = change.where;
    out.push_back(fmt::format("{}: {} it needs a restart", change.where,
                              change.kind == Kind::kAdded ? "adding" : "removing"));
  }
  return out;
}

Result<std::vector<config::Change>> pending_changes(const std::string& path, CommandQueue& commands,
                                                    std::vector<std::string>& details) {
  const config::LoadResult loaded = config::load_file(path);
  if (!loaded.ok()) {
    details = lines(loaded.errors);
    return Error{"the file is not valid"};
  }
  const std::optional<std::string> text = text_in_force(commands);
  if (!text) return Error{"the daemon is stopping"};
  return config::compare(*text, loaded.config.text);
}

ReloadOutcome reload(const std::string& path, CommandQueue& commands) {
  const config::LoadResult loaded = config::load_file(path);
  LogLevels was{};
  ReloadOutcome outcome = try_reload(loaded, commands, was);
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
