// SPDX-License-Identifier: BSD-3-Clause
//
// A software traffic generator and analyser for the RFC 3918 procedures. Each line of the input is
// a trial as JSON, each line of the output its outcome. The timestamps are the kernel's software
// ones; what they may err by is measured by a trial over a bare cable (BT-01).

#include <sched.h>
#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/bench/tester/job.h"

namespace {

std::string answer(const std::string& line,
                   std::vector<std::unique_ptr<sluice::bench::Port>>& ports, bool background,
                   std::uint16_t run_id) {
  try {
    const auto json = nlohmann::json::parse(line);
    const sluice::bench::Job job = sluice::bench::read_job(json, ports.size(), background);
    sluice::bench::Outcome outcome = sluice::bench::run(job, ports, run_id);
    return sluice::bench::write_outcome(outcome, json.value("samples", false)).dump();
  } catch (const std::exception& reason) {
    return nlohmann::json{{"error", reason.what()}}.dump();
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{
      "Traffic generator and analyser: trials as JSON lines in, outcomes as JSON lines out"};
  std::vector<std::string> interfaces;
  unsigned memory = 0;
  unsigned ring = 65536;
  double limit = 0;
  int cpu = -1;
  bool background = false;
  bool prompt = false;
  app.add_option("interface", interfaces, "Test ports: network interfaces of this namespace");
  app.add_option("--memory", memory, "So many test ports in memory instead, cabled 0-1, 2-3, ...");
  app.add_option("--limit", limit, "Frames per second that a cable in memory carries");
  app.add_option("--ring", ring, "Received frames that each port holds");
  app.add_option("--cpu", cpu, "Stay on this processor core");
  CLI::Option* const gives_way =
      app.add_flag("--background", background,
                   "Never sleep, and leave the core at once to whoever else needs it (SCHED_IDLE)");
  app.add_flag("--prompt", prompt,
               "Sleep until something is to be sent, and then get the core at once (SCHED_FIFO)")
      ->excludes(gives_way);
  CLI11_PARSE(app, argc, argv);
  if (interfaces.empty() == (memory == 0) || interfaces.size() > 32 || memory > 32) {
    std::cerr << "tester: 1 to 32 interfaces, or --memory\n";
    return 2;
  }
  if (cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(static_cast<std::size_t>(cpu), &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  prctl(PR_SET_TIMERSLACK, 1);
  const sched_param none{};
  const sched_param first{.sched_priority = 1};
  if (background) sched_setscheduler(0, SCHED_IDLE, &none);
  if (prompt) sched_setscheduler(0, SCHED_FIFO, &first);

  std::vector<std::unique_ptr<sluice::bench::Port>> ports;
  try {
    for (const std::string& name : interfaces) {
      ports.push_back(sluice::bench::open_packet_port(name, ring));
    }
  } catch (const std::exception& reason) {
    std::cerr << "tester: " << reason.what() << '\n';
    return 1;
  }
  if (memory > 0) ports = sluice::bench::make_memory_ports(memory, limit);

  std::uint16_t run_id = 0;
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << answer(line, ports, background, ++run_id) << std::endl;
  }
  return 0;
}
