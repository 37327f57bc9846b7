// SPDX-License-Identifier: BSD-3-Clause
#include "control/web/dashboard.h"

#include <algorithm>
#include <array>

#include "control/web/page.h"
#include "control/web/parameters.h"
#include "control/web/views.h"

namespace sluice::control::web {
namespace {

using namespace std::string_view_literals;

// Nothing from elsewhere, nothing inline, in nobody's frame.
constexpr std::string_view kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

constexpr std::size_t kMostMembersShown = 50;

Response json_response(const Json& json, unsigned status = 200) {
  return {status, "application/json", api::to_text(json), {{"Cache-Control", "no-store"}}};
}

Response refusal(unsigned status, const std::string& why) {
  return json_response({{"error", why}}, status);
}

Response stopping() {
  return refusal(503, "the daemon is stopping");
}

Response file_response(const PageFile& file) {
  return {200,
          std::string(file.content_type),
          std::string(file.bytes),
          {{"Cache-Control", "no-cache"},
           {"Content-Security-Policy", std::string(kPolicy)},
           {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace

Dashboard::Dashboard(Setup setup, HttpServer& server)
    : setup_(std::move(setup)),
      sampler_(setup_.commands, setup_.ports.size()),
      stream_(server.stream("/api/events", [this](const Request&) { return greeting(); })) {
  for (const PageFile& file : page_files()) {
    server.get(std::string(file.path), [&file](const Request&) { return file_response(file); });
  }
  const auto serve = [&](const char* path, Response (Dashboard::*answer)(const Request&)) {
    server.get(path, [this, answer](const Request& request) { return (this->*answer)(request); });
  };
  serve("/api/summary", &Dashboard::summary);
  serve("/api/groups", &Dashboard::groups);
  serve("/api/group", &Dashboard::group);
  serve("/api/port", &Dashboard::port);
  setup_.feed.watchers(1);  // what happened before somebody looked is shown too
  server.on_readable(setup_.feed.wake_fd(), [this] { pass_events(); });
  server.every(kEventPause, [this] { let_events_go(); });
  server.every(kSamplePause, [this] { sample(); });
}

// --- State --------------------------------------------------------------------------------------

void Dashboard::sample() {
  if (stream_.readers() == 0 && unseen_ >= kSamplesUnseen) {
    sampler_.forget();
    return;
  }
  ++unseen_;
  const auto begin = std::chrono::steady_clock::now();
  if (begin < next_sample_ || !sampler_.take()) return;
  // At most a tenth of the time goes into this, however large the table is.
  const auto end = std::chrono::steady_clock::now();
  next_sample_ = end + 9 * (end - begin);
  stream_.send("sample", api::to_text({{"sample", sampler_.latest().number}}));
}

const Sample* Dashboard::current() {
  unseen_ = 0;
  if (sampler_.latest().number == 0 && !sampler_.take()) return nullptr;
  return &sampler_.latest();
}

Response Dashboard::summary(const Request& request) {
  const auto parameters = Parameters::read(request, {});
  if (!parameters) return refusal(400, parameters.error().what);
  const Sample* const sample = current();
  if (sample == nullptr) return stopping();
  Json json = summary_json(*sample, setup_.ports);
  json["uptime"] = setup_.uptime_s();
  return json_response(json);
}

Response Dashboard::groups(const Request& request) {
  static constexpr std::array kKnown = {"search"sv, "vlan"sv,   "port"sv, "sort"sv,
                                        "order"sv,  "offset"sv, "limit"sv};
  static constexpr std::array kSorts = {"group"sv, "vlan"sv, "bytes"sv, "packets"sv, "members"sv};
  static constexpr std::array kOrders = {"ascending"sv, "descending"sv};
  auto parameters = Parameters::read(request, kKnown);
  if (!parameters) return refusal(400, parameters.error().what);
  MatrixQuery query;
  query.vlan = parameters->vlan();
  query.sort = static_cast<MatrixQuery::Sort>(parameters->choice("sort", kSorts).value_or(0));
  query.descending = parameters->choice("order", kOrders).value_or(0) == 1;
  query.offset = parameters->number("offset", 0, UINT32_MAX).value_or(0);
  query.limit = parameters->number("limit", 1, MatrixQuery::kMostRows).value_or(query.limit);
  if (parameters->error()) return refusal(400, parameters->error()->what);
  if (const auto name = parameters->text("port")) {
    query.port = setup_.ports.find(*name);
    if (!query.port) return refusal(404, "there is no port " + *name);
  }
  const auto text = parameters->text("search");
  if (text) {
    auto pattern = AddressPattern::parse(*text);
    if (!pattern) return refusal(400, pattern.error().what);
    query.search = std::move(*pattern);
  }
  const Sample* const sample = current();
  if (sample == nullptr) return stopping();
  const auto* const hosts = find_hosts(query, text.value_or(""));
  if (hosts == nullptr) return stopping();
  const MatrixPage page = find_page(*sample, query, *hosts);

  std::vector<snooping::MemberPorts> members(page.rows.size());
  const bool ran = setup_.commands.call([&](api::Core& core) {
    for (std::size_t i = 0; i < page.rows.size(); ++i) {
      members[i] = core.snooper().member_ports(page.rows[i]->vlan, page.rows[i]->group);
    }
  });
  if (!ran) return stopping();
  Json rows = Json::array();
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    rows.push_back(row_json(*sample, *page.rows[i], members[i]));
  }
  return json_response({{"sample", sample->number},
                        {"total", page.total},
                        {"offset", query.offset},
                        {"search", !query.search                  ? "none"
                                   : query.search->means_groups() ? "groups"
                                                                  : "hosts"},
                        {"peak-bps", sample->peak_bytes_per_s * 8},
                        {"peak-pps", sample->peak_packets_per_s},
                        {"rows", std::move(rows)}});
}

const std::vector<snooping::HostMembership>* Dashboard::find_hosts(const MatrixQuery& query,
                                                                   std::string_view text) {
  static const std::vector<snooping::HostMembership> kNothing;
  if (!query.search || query.search->means_groups()) return &kNothing;
  const std::uint64_t now = sampler_.latest().number;
  if (found_.text == text && found_.sample == now) return &found_.rows;
  auto rows = sampler_.find_hosts([&](Ipv4 host) { return query.search->matches(host); });
  if (!rows) return nullptr;
  found_ = {std::string(text), now, std::move(*rows)};
  return &found_.rows;
}

Response Dashboard::group(const Request& request) {
  static constexpr std::array kKnown = {"vlan"sv, "group"sv};
  auto parameters = Parameters::read(request, kKnown);
  if (!parameters) return refusal(400, parameters.error().what);
  const auto vlan = parameters->vlan();
  const auto group = parameters->group();
  if (parameters->error()) return refusal(400, parameters->error()->what);
  if (!vlan || !group) return refusal(400, "vlan and group are needed");
  const Sample* const sample = current();
  if (sample == nullptr) return stopping();
  const GroupLine* const line = sample->find(*vlan, *group);
  if (line == nullptr) {
    return refusal(404,
                   "nobody wants " + to_string(*group) + " in VLAN " + std::to_string(vlan->value));
  }
  Json json = group_json(*sample, *line, setup_.ports);
  Json members = Json::array();
  // A port at a time: each may have a thousand hosts.
  for (std::uint16_t i = 0; i < setup_.ports.size(); ++i) {
    std::vector<snooping::GroupRow> rows;
    const bool ran = setup_.commands.call([&](api::Core& core) {
      rows = core.snooper().groups({*vlan, *group, PortId{i}}, core.now);
    });
    if (!ran) return stopping();
    for (snooping::GroupRow& row : rows) {
      members.push_back(member_json(std::move(row), setup_.ports));
    }
  }
  json["members"] = std::move(members);
  return json_response(json);
}

Response Dashboard::port(const Request& request) {
  static constexpr std::array kKnown = {"name"sv, "offset"sv, "limit"sv};
  auto parameters = Parameters::read(request, kKnown);
  if (!parameters) return refusal(400, parameters.error().what);
  const auto name = parameters->text("name");
  MatrixQuery query;
  query.offset = parameters->number("offset", 0, UINT32_MAX).value_or(0);
  query.limit = parameters->number("limit", 1, kMostMembersShown).value_or(kMostMembersShown);
  if (parameters->error()) return refusal(400, parameters->error()->what);
  if (!name) return refusal(400, "name is needed: which port?");
  query.port = setup_.ports.find(*name);
  if (!query.port) return refusal(404, "there is no port " + *name);
  const Sample* const sample = current();
  if (sample == nullptr) return stopping();
  Json json = port_json(*sample, *query.port, setup_.ports);
  const MatrixPage page = find_page(*sample, query, {});
  Json members = Json::array();
  for (const GroupLine* const line : page.rows) {
    std::vector<snooping::GroupRow> rows;
    const bool ran = setup_.commands.call([&](api::Core& core) {
      rows = core.snooper().groups({line->vlan, line->group, query.port}, core.now);
    });
    if (!ran) return stopping();
    for (snooping::GroupRow& row : rows) {
      Json member = member_json(std::move(row), setup_.ports);
      const Rate rate = rate_at(*sample, *line, *query.port);
      member["bps"] = rate.known ? Json(rate.bytes_per_s * 8) : Json(nullptr);
      member["pps"] = rate.known ? Json(rate.packets_per_s) : Json(nullptr);
      members.push_back(std::move(member));
    }
  }
  json["offset"] = query.offset;
  json["members"] = std::move(members);
  return json_response(json);
}

// --- Events -------------------------------------------------------------------------------------

void Dashboard::pass_events() {
  skipped_ += setup_.feed.drain([this](const api::StampedEvent& event) {
    if (allowance_ == 0) {
      ++skipped_;
      return;
    }
    --allowance_;
    std::string text = api::to_text(api::to_json(event, setup_.ports));
    stream_.send("change", text);
    recent_.push_back(std::move(text));
    if (recent_.size() > kRecentEvents) recent_.pop_front();
  });
}

void Dashboard::let_events_go() {
  allowance_ = kEventsAtOnce;
  if (skipped_ == 0) return;
  stream_.send("skipped", api::to_text({{"count", skipped_}}));
  skipped_ = 0;
}

std::string Dashboard::greeting() const {
  std::string text = format_event("hello", api::to_text({{"version", SLUICE_VERSION}}));
  for (const std::string& event : recent_) text += format_event("change", event);
  return text;
}

}  // namespace sluice::control::web
