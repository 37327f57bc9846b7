// SPDX-License-Identifier: BSD-3-Clause
// sluiced: ties the planes together. The only place that knows both.
#include <pthread.h>
#include <systemd/sd-daemon.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <thread>

#include "config/loader.h"
#include "control/api/server.h"
#include "control/log/log.h"
#include "control/loop.h"
#include "control/metrics/exporter.h"
#include "control/metrics/telemetry.h"
#include "control/state/keeper.h"
#include "control/watchdog.h"
#include "control/web/dashboard.h"
#include "dataplane/dataplane.h"
#include "dataplane/telemetry.h"

namespace {

namespace api = sluice::control::api;
namespace config = sluice::config;
namespace log = sluice::control::log;
namespace metrics = sluice::control::metrics;
namespace web = sluice::control::web;
using sluice::Duration;
using sluice::LogEvent;
using sluice::TimePoint;

constexpr int kInvalidConfiguration = 2;

// Handled by a thread of their own, so that no other thread is ever interrupted.
sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
  return set;
}

std::vector<std::string> port_names(const config::Config& loaded) {
  std::vector<std::string> names;
  for (const config::Port& port : loaded.ports) names.push_back(port.name);
  return names;
}

// For the moment between the workers' start and the first look at the links: every port counts as
// up, so that no frame is lost for want of somewhere to go.
std::unique_ptr<const sluice::VlanTable> first_table(const sluice::VlanTable& table) {
  auto all_up = std::make_unique<sluice::VlanTable>(table);
  for (sluice::VlanPolicy policy : table.policies()) {
    policy.up = policy.ports();
    all_up->add(policy);
  }
  return all_up;
}

// Half of what systemd waits for before it kills and restarts; 0 when it does not watch.
Duration watchdog_interval() {
  std::uint64_t limit_us = 0;
  if (sd_watchdog_enabled(0, &limit_us) <= 0) return Duration::zero();
  return std::chrono::duration_cast<Duration>(std::chrono::microseconds(limit_us / 2));
}

void look_after_workers(sluice::control::Watchdog& watchdog, TimePoint now) {
  const auto due = watchdog.advance(now);
  if (due.feed) sd_notify(0, "WATCHDOG=1");
  if (due.stuck) {
    log::write(LogEvent::kWorkerStuck,
               {{"after-s", sluice::control::Watchdog::kStuck / std::chrono::seconds(1)}});
  }
  if (due.resumed) log::write(LogEvent::kWorkerResumed);
}

// None when nothing is to listen there.
sluice::Result<std::unique_ptr<web::HttpServer>> open_http(
    const std::string& name, const std::optional<std::string>& listen) {
  if (!listen) return std::unique_ptr<web::HttpServer>();
  return web::HttpServer::open(name, *listen);
}

// Waits for signals: SIGHUP reloads, the others stop.
class Signals {
 public:
  Signals(std::function<void()> stop, std::function<void()> reload)
      : stop_(std::move(stop)), reload_(std::move(reload)), thread_([this] { wait(); }) {}
  ~Signals() {
    pthread_kill(thread_.native_handle(), SIGTERM);
    thread_.join();
  }

 private:
  void wait() {
    const sigset_t set = handled_signals();
    int number = 0;
    while (sigwait(&set, &number) == 0) {
      if (number != SIGHUP) {
        stop_();
        return;
      }
      reload_();
    }
  }

  std::function<void()> stop_;
  std::function<void()> reload_;
  std::thread thread_;
};

int fail_to_start(const sluice::Error& error) {
  log::write(LogEvent::kStartFailed, {{"reason", error.what}});
  return EXIT_FAILURE;
}

int run(const std::string& path, config::Config& loaded) {
  const auto started = std::chrono::steady_clock::now();
  const auto elapsed = [started] { return std::chrono::steady_clock::now() - started; };
  log::open(loaded.system.levels());
  const sigset_t set = handled_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);  // before any thread is made

  auto listener = api::Listener::open(loaded.system.socket);
  if (!listener) {
    return fail_to_start(listener.error());
  }
  const auto clock = [&] { return TimePoint(std::chrono::duration_cast<Duration>(elapsed())); };
  sluice::control::state::Keeper keeper(
      {.path = loaded.system.state_file, .ports = port_names(loaded), .clock = clock});
  const auto metrics_http = open_http("metrics", loaded.metrics.listen);
  if (!metrics_http) return fail_to_start(metrics_http.error());
  const auto dashboard_http = open_http("dashboard", loaded.dashboard.listen);
  if (!dashboard_http) return fail_to_start(dashboard_http.error());
  sluice::Doorbell bell;  // wakes the control thread
  auto dataplane = sluice::dataplane::Dataplane::open(loaded, log::write, bell);
  if (!dataplane) {
    return fail_to_start(dataplane.error());
  }
  sluice::dataplane::Dataplane& plane = **dataplane;

  sluice::control::Appliance appliance(loaded, plane.mac(), std::random_device{}());
  api::CommandQueue commands(bell);
  api::EventFeed feed;
  const api::PortNames ports(port_names(loaded));
  const auto uptime_s = [&] { return std::chrono::duration<double>(elapsed()).count(); };
  api::Dispatcher dispatcher(
      {.config_path = path, .ports = ports, .uptime_s = uptime_s, .keep = [&] { keeper.flush(); }},
      commands);
  sluice::control::Watchdog watchdog(plane.grace_period(), watchdog_interval());
  api::EventFeed dashboard_feed;
  std::optional<web::Dashboard> dashboard;
  if (web::HttpServer* const http = dashboard_http->get()) {
    dispatcher.more_counters.push_back(
        {[http](auto& counts) { http->add_counters(counts); }, [http] { http->clear_counters(); }});
    feed.pass_on_to(dashboard_feed);
    dashboard.emplace(
        web::Dashboard::Setup{
            .ports = ports, .uptime_s = uptime_s, .commands = commands, .feed = dashboard_feed},
        *http);
  }
  sluice::control::Loop loop({.config = loaded,
                              .appliance = appliance,
                              .fib = plane.fib(),
                              .punts = plane.punts(),
                              .frames = plane.frames(),
                              .vlans = plane.vlans(),
                              .view = plane.view(),
                              .commands = commands,
                              .feed = feed,
                              .bell = bell,
                              .ports = ports,
                              .clock = clock,
                              .poll_links = [&](const auto& visit) { plane.poll_links(visit); },
                              .maintain =
                                  [&](TimePoint now) {
                                    plane.maintain(now);
                                    log::tell_suppressed(false);
                                    look_after_workers(watchdog, now);
                                  },
                              .more_counters = [&] { return keeper.counters(); }});

  keeper.restore(appliance, loop);
  plane.vlans().publish(first_table(appliance.vlan_table()));
  if (const sluice::Status running = plane.start(); !running) {
    return fail_to_start(running.error());
  }
  loop.start();
  std::atomic<bool> stop{false};
  api::Server server(std::move(*listener), dispatcher, feed);
  metrics::Collector::Setup figures{
      .ports = ports,
      .more_counters = [&](auto& counts) { dispatcher.add_counters(counts); },
      .top_groups = loaded.metrics.top_groups};
  metrics::Exporter exporter(figures, commands, uptime_s);
  if (web::HttpServer* const http = metrics_http->get()) {
    dispatcher.more_counters.push_back(
        {[http](auto& counts) { http->add_counters(counts); }, [http] { http->clear_counters(); }});
    exporter.serve(*http);
    http->start();
  }
  figures.top_groups = metrics::kTelemetryGroups;
  metrics::Collector collector(figures, commands);
  const sluice::dataplane::Telemetry telemetry(metrics::telemetry_commands(collector));
  server.start();
  if (*dashboard_http) (*dashboard_http)->start();
  {
    const auto stop_loop = [&] {
      stop.store(true);
      bell.ring();
    };
    const Signals signals(stop_loop, [&] { api::reload(path, commands); });
    log::write(LogEvent::kReady, {{"ports", loaded.ports.size()},
                                  {"workers", plane.view().workers()},
                                  {"socket", loaded.system.socket}});
    sd_notify(0, "READY=1");
    keeper.start(commands);
    loop.run(stop);
    sd_notify(0, "STOPPING=1");
    commands.close();  // a command in the making must not wait for a loop that has ended
  }
  if (*metrics_http) (*metrics_http)->stop();
  server.stop();
  if (*dashboard_http) (*dashboard_http)->stop();
  keeper.finish();
  plane.stop();
  log::tell_suppressed(true);
  log::write(LogEvent::kStopped);
  return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "An IGMP snooping switch and IGMP proxy on DPDK ports. Runs in the foreground, logs to "
      "stderr; "
      "SIGHUP reloads the configuration, SIGTERM stops.",
      "sluiced");
  app.set_version_flag("--version", "sluiced " SLUICE_VERSION);
  app.footer(
      "\nExamples:\n"
      "  sluiced --config /etc/sluice/sluice.toml --check   is the file right?\n"
      "  sluiced --config /etc/sluice/sluice.toml           run\n"
      "  sluicectl status                                   is it up?\n\n"
      "Exit status: 0 stopped by a signal, or the file is valid; 1 a device or the control\n"
      "socket cannot be opened; 2 the command line or the configuration is not valid.");
  std::string path;
  bool check = false;
  app.add_option("-c,--config", path, "configuration file (TOML)")->required();
  app.add_flag("--check", check, "say whether the configuration is valid; touch no device");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : kInvalidConfiguration;
  }

  config::LoadResult loaded = config::load_file(path);
  for (const config::Diagnostic& error : loaded.errors) {
    std::fprintf(stderr, "%s\n", error.to_string().c_str());
  }
  if (!loaded.ok()) return kInvalidConfiguration;
  if (check) {
    std::printf("%s: valid\n", path.c_str());
    return EXIT_SUCCESS;
  }
  return run(path, loaded.config);
}
