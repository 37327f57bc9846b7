// SPDX-License-Identifier: BSD-3-Clause
#include "control/snooping/host_table.h"

#include <algorithm>

#include "control/igmp/source_set.h"

namespace sluice::control::snooping {

using igmp::FilterMode;
using igmp::RecordType;

bool HostTable::Host::wants(Ipv4 source) const {
  return (mode == FilterMode::kInclude) == igmp::contains(sources, source);
}

bool HostTable::on_record(Ipv4 address, RecordType type, const igmp::SourceSet<Ipv4>& sources,
                          TimePoint expires, std::size_t most) {
  if (address.is_unspecified()) {  // hosts without an address share this one
    complete_ = false;
    return true;
  }
  const bool all_sources =
      (type == RecordType::kModeIsExclude || type == RecordType::kChangeToExcludeMode) &&
      sources.empty();
  if (hosts_ == nullptr && all_sources && (!lone() || lone_address_ == address)) {
    lone_address_ = address;
    lone_expires_ = expires;
    return true;
  }
  std::vector<Host>& hosts = spread();
  auto host =
      std::find_if(hosts.begin(), hosts.end(), [&](const Host& h) { return h.address == address; });
  if (host == hosts.end()) {
    if (hosts.size() >= most) {
      complete_ = false;
      return false;
    }
    host = hosts.insert(hosts.end(), Host{address, FilterMode::kInclude, {}, expires});
  }
  host->expires = expires;
  switch (type) {
    case RecordType::kChangeToIncludeMode:
      host->mode = FilterMode::kInclude;
      host->sources = sources;
      break;
    case RecordType::kModeIsExclude:
    case RecordType::kChangeToExcludeMode:
      host->mode = FilterMode::kExclude;
      host->sources = sources;
      break;
    case RecordType::kModeIsInclude:  // may answer a query for some sources only (QR-8, QR-9)
    case RecordType::kAllowNewSources:
      host->sources = host->mode == FilterMode::kInclude ? igmp::unite(host->sources, sources)
                                                         : igmp::subtract(host->sources, sources);
      break;
    case RecordType::kBlockOldSources:
      host->sources = host->mode == FilterMode::kInclude ? igmp::subtract(host->sources, sources)
                                                         : igmp::unite(host->sources, sources);
      break;
  }
  if (host->mode == FilterMode::kInclude && host->sources.empty()) hosts.erase(host);
  if (hosts.empty()) hosts_.reset();
  return true;
}

std::vector<HostTable::Host>& HostTable::spread() {
  if (hosts_ == nullptr) {
    hosts_ = std::make_unique<std::vector<Host>>(hosts());
    lone_address_ = Ipv4{};
  }
  return *hosts_;
}

std::vector<HostTable::Host> HostTable::hosts() const {
  if (hosts_ != nullptr) return *hosts_;
  if (!lone()) return {};
  return {Host{lone_address_, FilterMode::kExclude, {}, lone_expires_}};
}

void HostTable::restore(std::vector<Host> hosts, bool complete) {
  complete_ = complete;
  if (hosts.empty()) return;
  const Host& first = hosts.front();
  if (hosts.size() == 1 && first.mode == FilterMode::kExclude && first.sources.empty()) {
    lone_address_ = first.address;
    lone_expires_ = first.expires;
  } else {
    hosts_ = std::make_unique<std::vector<Host>>(std::move(hosts));
  }
}

void HostTable::expire(TimePoint now) {
  if (hosts_ == nullptr) {
    if (lone_expires_ <= now) lone_address_ = Ipv4{};
    return;
  }
  std::erase_if(*hosts_, [now](const Host& host) { return host.expires <= now; });
  if (hosts_->empty()) hosts_.reset();
}

bool HostTable::anyone_wants(Ipv4 source) const {
  if (hosts_ == nullptr) return lone();
  return std::any_of(hosts_->begin(), hosts_->end(),
                     [source](const Host& host) { return host.wants(source); });
}

igmp::SourceSet<Ipv4> HostTable::included_sources() const {
  igmp::SourceSet<Ipv4> all;
  if (hosts_ == nullptr) return all;
  for (const Host& host : *hosts_) {
    if (host.mode != FilterMode::kInclude) continue;
    all.insert(all.end(), host.sources.begin(), host.sources.end());
  }
  igmp::normalize<Ipv4>(all);
  return all;
}

bool HostTable::anyone_excludes() const {
  if (hosts_ == nullptr) return lone();
  return std::any_of(hosts_->begin(), hosts_->end(),
                     [](const Host& host) { return host.mode == FilterMode::kExclude; });
}

}  // namespace sluice::control::snooping
