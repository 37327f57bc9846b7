// SPDX-License-Identifier: BSD-3-Clause
// [system], [dataplane] and [alarms].
#include <array>
#include <string>
#include <string_view>

#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

// sockaddr_un::sun_path with its terminating zero.
constexpr std::size_t kSocketPathSpace = 108;
constexpr std::size_t kMostStatePath = 1000;
constexpr std::size_t kMaxWorkers = 64;

// EAL options that Sluice sets itself, and what of this file to use instead.
struct Reserved {
  std::string_view option;
  std::string_view instead;
};

constexpr std::string_view kCores = "use main-core and worker-cores";
constexpr std::string_view kDevices = "use the device of a [[port]]";
constexpr std::string_view kPages = "use huge-pages";
constexpr std::string_view kBuffers = "use mbufs";
constexpr std::string_view kAlways = "it has no key, for Sluice depends on its own choice";

constexpr Reserved kReserved[] = {
    {"-l", kCores},
    {"-c", kCores},
    {"--lcores", kCores},
    {"--main-lcore", kCores},
    {"-a", kDevices},
    {"--allow", kDevices},
    {"-b", kDevices},
    {"--block", kDevices},
    {"--vdev", kDevices},
    {"--no-huge", kPages},
    {"-m", kBuffers},
    {"--in-memory", kAlways},
    {"--proc-type", kAlways},
    {"-h", "use sluiced --help"},
    {"--help", "use sluiced --help"},
    {"-v", "use sluiced --version"},
    {"--version", "use sluiced --version"},
    {"--", "it would end the options"},
};

// "--vdev=x" is --vdev; "-l1-3" is -l.
std::string_view option_of(std::string_view argument) {
  if (argument.starts_with("--")) return argument.substr(0, argument.find('='));
  return argument.substr(0, 2);
}

void read_eal_args(SectionReader& section, std::vector<std::string>& out) {
  for (const auto& [argument, place] : section.texts("eal-args")) {
    for (const Reserved& reserved : kReserved) {
      if (option_of(argument) != reserved.option) continue;
      section.error(place, "eal-args has ", in_quotes(argument), ", which Sluice sets itself; ",
                    reserved.instead);
    }
    if (argument.empty() || argument.find('\0') != std::string::npos) {
      section.error(place,
                    "eal-args has an argument that is empty or holds a zero byte; write "
                    "each option and each value as one string");
    }
    out.push_back(argument);
  }
}

void read_state_file(SectionReader& section, System& out) {
  const auto place = section.read("state-file", out.state_file);
  if (!place) return;
  if (!out.state_file.starts_with('/') || out.state_file.ends_with('/') ||
      out.state_file.find('\0') != std::string::npos) {
    section.error(*place, "state-file = ", in_quotes(out.state_file),
                  " is not the absolute path of a file; write one such as "
                  "\"/var/lib/sluice/state\"");
  } else if (out.state_file.size() > kMostStatePath) {
    section.error(*place, "state-file has ", out.state_file.size(), " bytes; at most ",
                  kMostStatePath, " are allowed");
  }
}

void read_cores(SectionReader& section, Dataplane& out) {
  section.read("main-core", out.main_core);
  if (!section.has("worker-cores")) {
    if (out.main_core == out.worker_cores.front()) {
      section.error(section.place("main-core"), "main-core = ", out.main_core,
                    " is also the default of worker-cores; give worker-cores other cores, such as "
                    "[",
                    out.main_core + 1, "]");
    }
    return;
  }
  Seen<std::int64_t> seen;
  out.worker_cores.clear();
  const auto cores = section.integers("worker-cores");
  for (const auto& [core, place] : cores) {
    if (const auto earlier = seen.earlier(core, place)) {
      section.error(place, "worker-cores has core ", core, " twice; one worker per core");
    } else if (core == out.main_core) {
      section.error(place, "worker-cores has core ", core,
                    ", which is main-core: a worker never pauses and would starve the control "
                    "thread; give it another core");
    }
    out.worker_cores.push_back(static_cast<unsigned>(core));
  }
  if (cores.size() > kMaxWorkers) {
    section.error(section.place("worker-cores"), "worker-cores has ", cores.size(),
                  " cores; at most ", kMaxWorkers, " are allowed");
  } else if (cores.empty() && section.sound()) {
    section.error(section.place("worker-cores"),
                  "worker-cores is empty; name at least one core, such as [1]");
  }
}

void read_log_levels(SectionReader& system, Reading& reading) {
  const toml::table* table = system.table("log-levels", Section::kLogLevels);
  if (table == nullptr) return;
  SectionReader section(Section::kLogLevels, *table, reading.diagnostics);
  for (std::size_t i = 0; i < kSubsystems; ++i) {
    LogLevel level{};
    if (section.read(to_string(static_cast<Subsystem>(i)), level)) {
      reading.config.system.log_levels[i] = level;
    }
  }
}

}  // namespace

void read_system(SectionReader& file, Reading& reading) {
  const toml::table* table = file.table("system", Section::kSystem);
  if (table == nullptr) return;
  System& out = reading.config.system;
  SectionReader section(Section::kSystem, *table, reading.diagnostics);
  section.read("log-level", out.log_level);
  read_log_levels(section, reading);
  read_state_file(section, out);
  const auto place = section.read("socket", out.socket);
  if (!place) return;
  if (!out.socket.starts_with('/') || out.socket.find('\0') != std::string::npos) {
    section.error(*place, "socket = ", in_quotes(out.socket),
                  " is not an absolute path; write one such as \"/run/sluice/sluice.sock\"");
  } else if (out.socket.size() >= kSocketPathSpace) {
    section.error(*place, "socket has ", out.socket.size(),
                  " bytes; a UNIX socket's path has at most ", kSocketPathSpace - 1);
  }
}

void read_dataplane(SectionReader& file, Reading& reading) {
  const toml::table* table = file.table("dataplane", Section::kDataplane);
  if (table == nullptr) return;
  Dataplane& out = reading.config.dataplane;
  SectionReader section(Section::kDataplane, *table, reading.diagnostics);
  read_cores(section, out);
  section.read("huge-pages", out.huge_pages);
  section.read("mbufs", out.mbufs);
  section.read("group-entries", out.group_entries);
  section.read("mac-entries", out.mac_entries);
  section.read("mac-ageing-time", out.mac_ageing_time);
  section.read("idle-sleep-us", out.idle_sleep_us);
  read_eal_args(section, out.eal_args);
}

void read_alarms(SectionReader& file, Reading& reading) {
  const toml::table* table = file.table("alarms", Section::kAlarms);
  if (table == nullptr) return;
  Alarms& out = reading.config.alarms;
  SectionReader section(Section::kAlarms, *table, reading.diagnostics);
  section.read("raise-after", out.raise_after);
  section.read("clear-after", out.clear_after);
  section.read("no-stream-time", out.no_stream_time);
  section.read("near-limit", out.near_limit);
}

}  // namespace sluice::config
