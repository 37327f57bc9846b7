// SPDX-License-Identifier: BSD-3-Clause
// Rows as JSON, with the names, the order and the units of the operator contract: times are
// seconds, addresses are strings, an empty list is [], and what does not apply is null. API thread;
// pure.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/diff.h"
#include "control/api/event_feed.h"
#include "control/api/explain.h"
#include "control/api/views.h"
#include "control/health/alarm.h"
#include "control/proxy/view.h"
#include "control/snooping/view.h"
#include "shared/planes.h"

namespace sluice::control::api {

using Json = nlohmann::ordered_json;

// Text that came in by frame, file or client is never trusted to be UTF-8.
std::string to_text(const Json& json);

Json to_json(const snooping::GroupRow& row, const PortNames& names);
Json to_json(const FibView& entry, const PortNames& names);
Json to_json(const RoutedView& entry);
Json to_json(const proxy::ProxyRow& row);
Json to_json(const snooping::MrouterRow& row, const PortNames& names);
// `since` is how long ago, seen from `now`.
Json to_json(const health::Alarm& alarm, const PortNames& names, TimePoint now);
Json to_json(const config::Change& change);
Json to_json(const snooping::QuerierRow& row, const PortNames& names);
Json to_json(const PortView& view, const PortNames& names);
Json to_json(const MacRow& row, const PortNames& names);
Json to_json(const StampedEvent& event, const PortNames& names);
Json to_json(const Explanation& explanation, const PortNames& names);

// RFC 3339, UTC, milliseconds: "2026-01-02T03:04:05.678Z"
std::string timestamp(std::chrono::system_clock::time_point time);

std::string_view to_string(snooping::LearnedFrom from);
std::string_view to_string(snooping::QuerierState state);
std::string_view to_string(igmp::FilterMode mode);

}  // namespace sluice::control::api
