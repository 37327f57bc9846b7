// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>
#include <stdio.h>
#include <unistd.h>

#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string_view>

namespace sluice::dataplane {
namespace {

constexpr std::size_t kLogLines = 256;

// Drivers may log from threads of their own.
struct Log {
  std::mutex mutex;
  std::deque<std::string> lines;
  std::string partial;
};
Log& dpdk_log() {
  static Log log;
  return log;
}

ssize_t write_log(void*, const char* bytes, std::size_t size) {
  Log& log = dpdk_log();
  const std::lock_guard lock(log.mutex);
  for (const char c : std::string_view(bytes, size)) {
    if (c != '\n') {
      log.partial += c;
    } else if (!log.partial.empty()) {
      if (log.lines.size() == kLogLines) log.lines.pop_front();
      log.lines.push_back(std::move(log.partial));
      log.partial.clear();
    }
  }
  return static_cast<ssize_t>(size);
}

void capture_log() {
  static FILE* const stream = [] {
    cookie_io_functions_t functions{};
    functions.write = write_log;
    FILE* const file = fopencookie(nullptr, "w", functions);
    if (file != nullptr) setvbuf(file, nullptr, _IOLBF, 1024);
    return file;
  }();
  if (stream != nullptr) rte_openlog_stream(stream);
}

// Free huge pages in bytes, of all sizes.
std::size_t free_huge_bytes() {
  std::size_t total = 0;
  std::error_code ignored;
  for (const auto& size :
       std::filesystem::directory_iterator("/sys/kernel/mm/hugepages", ignored)) {
    std::size_t pages = 0;
    std::ifstream(size.path() / "free_hugepages") >> pages;
    const std::string name = size.path().filename();  // hugepages-2048kB
    total += pages * std::strtoull(name.c_str() + name.find('-') + 1, nullptr, 10) * 1024;
  }
  return total;
}

// Of EAL's directory only the empty shell is left at the very end: telemetry removes its socket by
// atexit, so this has to be registered before it. Another program may be using the directory.
void remove_runtime_directory() {
  const std::string directory = rte_eal_get_runtime_dir();
  rmdir(directory.c_str());
  rmdir(directory.substr(0, directory.rfind('/')).c_str());
}

bool is_pci(const std::string& device) {
  return device.substr(0, device.find(',')).find(':') != std::string::npos;
}

}  // namespace

Result<MemoryPlan> plan_memory(config::HugePages wish, std::size_t bytes) {
  if (wish == config::HugePages::kOff) return MemoryPlan{};
  const std::size_t available = free_huge_bytes();
  if (available >= bytes) return MemoryPlan{.huge_pages = true, .note = ""};
  const std::string shortage = "huge pages free: " + std::to_string(available >> 20) + " MiB, " +
                               std::to_string((bytes >> 20) + 1) + " MiB are needed";
  if (wish == config::HugePages::kOn) {
    return Error{shortage +
                 "; reserve more in /proc/sys/vm/nr_hugepages, or set huge-pages to "
                 "\"auto\" or \"off\""};
  }
  return MemoryPlan{.huge_pages = false, .note = shortage + "; using ordinary pages"};
}

Result<std::unique_ptr<Eal>> Eal::start(const config::Config& config, const MemoryPlan& memory,
                                        unsigned memory_mb) {
  const config::Dataplane& dataplane = config.dataplane;
  const long cpus = sysconf(_SC_NPROCESSORS_CONF);
  std::string lcores = "0@" + std::to_string(dataplane.main_core);
  std::vector<unsigned> cores = dataplane.worker_cores;
  for (std::size_t i = 0; i < cores.size(); ++i) {
    lcores.append(",").append(std::to_string(i + 1)).append("@").append(std::to_string(cores[i]));
  }
  cores.push_back(dataplane.main_core);
  for (const unsigned core : cores) {
    if (core >= static_cast<unsigned long>(cpus)) {
      return Error{"core " + std::to_string(core) +
                   " does not exist: this machine has cores 0 to " + std::to_string(cpus - 1)};
    }
  }

  std::vector<std::string> words = {"sluiced", "--lcores", lcores, "--main-lcore", "0"};
  bool pci = false;
  for (const config::Port& port : config.ports) pci = pci || is_pci(port.device);
  if (pci) {
    // Ports are probed one by one in the file's order; an allow list that names no device keeps EAL
    // from taking them all, in the bus's order, by itself.
    words.insert(words.end(), {"-a", "ffff:ff:1f.7"});
  } else {
    words.emplace_back("--no-pci");
  }
  if (memory.huge_pages) {
    words.emplace_back("--in-memory");
  } else {
    words.insert(words.end(), {"--no-huge", "--no-shconf", "-m", std::to_string(memory_mb)});
  }
  words.insert(words.end(), dataplane.eal_args.begin(), dataplane.eal_args.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());

  capture_log();
  std::atexit(remove_runtime_directory);
  if (rte_eal_init(static_cast<int>(arguments.size()), arguments.data()) < 0) {
    std::string why = rte_strerror(rte_errno);
    const std::vector<std::string> lines = take_log();
    if (!lines.empty()) why += " (" + lines.back() + ")";
    return Error{"DPDK's EAL does not start: " + why};
  }
  return std::unique_ptr<Eal>(new Eal);
}

Eal::~Eal() {
  rte_eal_cleanup();
}

std::vector<std::string> Eal::take_log() {
  Log& log = dpdk_log();
  const std::lock_guard lock(log.mutex);
  std::vector<std::string> lines(log.lines.begin(), log.lines.end());
  log.lines.clear();
  return lines;
}

}  // namespace sluice::dataplane
