// SPDX-License-Identifier: BSD-3-Clause
// An IGMP proxy instance (RFC 4605): the membership database over its downstreams, what of it is
// asked for on which upstream, and where streams may be routed. Wishes, the state of its networks
// and the time go in; what to ask for upstream, forwarding entries and a RouteDomain come out. The
// router side of a downstream is that VLAN's (snooping::Vlan), the host side the upstream VLAN's.
// Pure; control thread only.
//
// An event about one group costs what it costs with one group, whatever their number (PX-16).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "config/config.h"
#include "control/proxy/view.h"
#include "control/snooping/effects.h"
#include "control/snooping/ssm.h"
#include "control/snooping/switch.h"
#include "shared/routing.h"
#include "shared/time.h"

namespace sluice::control::proxy {

// What a proxy wants done.
struct Effects {
  std::map<VlanId, std::vector<snooping::OwnReception>> upstream;
  std::vector<snooping::FibChange> fib;
  std::vector<snooping::Event> events;
};

struct Tally {
  std::uint64_t denied = 0;       // wishes that the allow and deny lists cut down
  std::uint64_t ssm_ignored = 0;  // any-source wishes in the SSM range, from static groups
  std::uint64_t group_limit = 0;  // wishes for more than max-groups groups
  std::uint64_t fib_refused = 0;  // the forwarding table was full
  std::uint64_t failovers = 0;    // changes of upstream
};

class Proxy {
 public:
  using Reception = igmp::Reception<Ipv4>;
  using Network = snooping::Switch::Network;

  // `number`: its place in `config.proxies`.
  Proxy(const config::Config& config, std::size_t number);

  // The places of its networks, as the caller knows them by VLAN.
  bool is_upstream(VlanId vlan) const;
  std::optional<std::size_t> downstream(VlanId vlan) const;

  // What a downstream's members together want of a group has become `wanted`, or is so still.
  void on_reception(std::size_t downstream, Ipv4 group, const Reception& wanted, TimePoint now,
                    Effects& out);
  // Links and queriers are as `network` says now: fail-over, and where streams are routed.
  void review(const std::function<Network(VlanId)>& network, Effects& out);
  // The forwarding table refused the group's entry; the next report tries again.
  void on_fib_refused(Ipv4 group, Effects& out);
  // Ends what upstream-leave-delay held.
  void advance(TimePoint now, Effects& out);
  TimePoint next_deadline() const { return held_.empty() ? kNever : held_.begin()->first; }

  // At its beginning, before review(): what its forerunner of that name counted and used, and which
  // networks had a querier, or a reload would bring back an upstream that has lost its own.
  void inherit(const std::vector<Proxy>& forerunners);
  // A reload that does not touch this proxy keeps it as it is: it takes over `successor`'s view of
  // the appliance's addresses, and asks again for what it wants, which is news only to an upstream
  // that has been set up anew.
  bool same_setup(const Proxy& successor) const;
  void stay(const Proxy& successor, Effects& out);
  // At its end: undoes what it has asked for and put into the forwarding table, but for what its
  // `heirs` have as well.
  void undo(const std::vector<Proxy>& heirs, Effects& out) const;

  // Across a restart: which upstreams have had a querier. All else follows from what the networks
  // want and from what state they are in.
  std::vector<VlanId> save() const;
  void restore(const std::vector<VlanId>& had_querier);

  const std::string& name() const { return config_.name; }
  const RouteDomain& domain() const { return domain_; }
  ProxyRow row(const std::function<Network(VlanId)>& network, TimePoint now) const;
  std::size_t groups() const { return groups_.size(); }
  const std::vector<VlanId>& downstream_vlans() const { return downstreams_; }
  Tally& tally() { return tally_; }
  const Tally& tally() const { return tally_; }

 private:
  struct Wish {
    std::uint8_t downstream;
    Reception wanted;
  };
  struct Group {
    std::vector<Wish> wishes;
    Reception reported;              // upstream
    std::optional<VlanId> upstream;  // where it is reported
    TimePoint since;
    TimePoint held_until = kNever;  // kNever: nothing is held
    std::optional<PortSet> entry;   // what the forwarding table has

    Reception merged() const;
    PortSet places() const;
  };
  struct Upstream {
    std::string name;
    VlanId vlan;
    std::vector<Prefix> ranges;  // all groups, when the file names none
    bool had_querier = false;    // since its link came up
  };

  Reception admitted(Ipv4 group, const Reception& wanted);
  void publish(Ipv4 address, Group& group, Effects& out) const;
  void conclude(Ipv4 address, Group& group, TimePoint now, Effects& out);
  void forget_if_idle(Ipv4 address, const Group& group);
  void report(Ipv4 address, Group& group, const Reception& wanted, Effects& out);
  void hold(Ipv4 address, Group& group, TimePoint until);
  void choose_upstreams(const std::function<Network(VlanId)>& network);

  config::Proxy config_;
  snooping::SsmPolicy ssm_;
  std::vector<Upstream> upstreams_;
  std::vector<VlanId> downstreams_;
  std::vector<std::string> downstream_names_;
  RouteDomain domain_;
  std::unordered_map<Ipv4, Group> groups_;
  std::set<std::pair<TimePoint, Ipv4>> held_;
  bool at_limit_ = false;  // told so already
  Tally tally_;
};

}  // namespace sluice::control::proxy
