// SPDX-License-Identifier: BSD-3-Clause
// The data plane as the rest of the program sees it: opened from the configuration, started,
// stopped; and the interfaces of shared/planes.h through which the control thread talks to it. No
// DPDK type appears here. All of it is called by one thread, the control thread, which is the one
// that called open() (EAL's main lcore). One at a time per process: EAL is started only once.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "config/config.h"
#include "shared/address.h"
#include "shared/doorbell.h"
#include "shared/fib.h"
#include "shared/grace_period.h"
#include "shared/ids.h"
#include "shared/log.h"
#include "shared/planes.h"
#include "shared/result.h"
#include "shared/time.h"

namespace sluice::dataplane {

class Dataplane {
 public:
  // Starts EAL from the configuration and opens every port in the file's order, so that DPDK's
  // port n is the n-th [[port]]. An error names the port and the device, and leaves nothing behind.
  // `log` is called by the control thread only.
  // `control` is rung when there is something to poll punts() for; it outlives the data plane.
  static Result<std::unique_ptr<Dataplane>> open(const config::Config& config, LogSink log,
                                                 Doorbell& control);
  // Stops, closes the ports, cleans up EAL.
  ~Dataplane();
  Dataplane(const Dataplane&) = delete;
  Dataplane& operator=(const Dataplane&) = delete;

  // Starts the ports and launches the workers; when it returns, every worker polls. Publish a VLAN
  // table first: until there is one, every frame is dropped as `vlan_not_carried`.
  Status start();
  // The workers return within 100 ms. Harmless when not started.
  void stop();

  Fib& fib();
  PuntSource& punts();
  FrameSink& frames();
  VlanPublisher& vlans();
  DataplaneView& view();
  // Passed by every worker that does not hang; an idle one that sleeps counts as passed.
  GracePeriod& grace_period();

  // Visits each port whose link has changed since the last call; the first call visits every port.
  void poll_links(const std::function<void(PortId, bool up)>& visit);
  // Ages MAC addresses, returns memory after its grace period. Bounded
  // work; call it every 10 to 100 ms. `now` must not go backwards.
  void maintain(TimePoint now);
  // Of the first port: the source of the frames that we originate.
  MacAddress mac() const;

 private:
  struct Impl;
  explicit Dataplane(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::dataplane
