// SPDX-License-Identifier: BSD-3-Clause
// A Host in a test's hands: the time, notation for receptions, and what it says as one line of
// text, in the words of RFC 9776: "TO_EX(1, {a})", "v2(1)", "leave(1)".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "control/igmp/host.h"
#include "control/igmp/source_set.h"

namespace sluice::control::igmp {

using Set = SourceSet<Ipv4>;

// Sources are letters, groups numbers.
inline Set sources(const char* letters) {
  Set out;
  for (; *letters != 0; ++letters) insert(out, Ipv4{static_cast<std::uint32_t>(*letters)});
  return out;
}
inline Reception<Ipv4> in(const char* letters) {
  return {FilterMode::kInclude, sources(letters)};
}
inline Reception<Ipv4> ex(const char* letters) {
  return {FilterMode::kExclude, sources(letters)};
}
constexpr Ipv4 group(std::uint32_t number) {
  return Ipv4{0xEF000000 + number};
}

inline std::string text(Ipv4 group) {
  return std::to_string(group.value - 0xEF000000);
}

inline std::string text(const GroupRecord<Ipv4>& record) {
  static const char* const kNames[] = {"?", "IS_IN", "IS_EX", "TO_IN", "TO_EX", "ALLOW", "BLOCK"};
  std::string out = kNames[static_cast<std::size_t>(record.type)];
  out += "(" + text(record.group) + ", {";
  for (const Ipv4 source : record.sources) out += static_cast<char>(source.value);
  return out + "})";
}

inline std::string text(const Host<Ipv4>::Messages& messages) {
  std::string out;
  const auto add = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  for (const auto& message : messages) {
    if (const auto* v1 = std::get_if<V1Report<Ipv4>>(&message)) add("v1(" + text(v1->group) + ")");
    if (const auto* v2 = std::get_if<V2Report<Ipv4>>(&message)) add("v2(" + text(v2->group) + ")");
    if (const auto* leave = std::get_if<Leave<Ipv4>>(&message)) {
      add("leave(" + text(leave->group) + ")");
    }
    if (const auto* v3 = std::get_if<V3Report<Ipv4>>(&message)) {
      for (const auto& record : v3->records) add(text(record));
    }
  }
  return out;
}

inline Query<Ipv4> v3_query(std::uint32_t number = 0, const char* letters = "",
                            Duration mrt = std::chrono::seconds(10)) {
  Query<Ipv4> query{Version::kV3, number == 0 ? Ipv4{} : group(number), mrt};
  query.robustness_variable = 2;
  query.sources = sources(letters);
  return query;
}
inline Query<Ipv4> v2_query(std::uint32_t number = 0, Duration mrt = std::chrono::seconds(10)) {
  return {Version::kV2, number == 0 ? Ipv4{} : group(number), mrt};
}
inline Query<Ipv4> v1_query() {
  return {Version::kV1, Ipv4{}, std::chrono::seconds(10)};
}

// Said at `time`: the words.
struct Said {
  Duration time{0};
  std::string words;
};

struct HostWorld {
  explicit HostWorld(Host<Ipv4>::Settings settings = {}, std::uint64_t seed = 1)
      : host(settings, seed) {}

  std::string set(std::uint32_t number, const Reception<Ipv4>& reception) {
    Host<Ipv4>::Messages out;
    host.set(group(number), reception, now, out);
    return text(out);
  }
  std::string hear(const Query<Ipv4>& query) {
    Host<Ipv4>::Messages out;
    host.on_query(query, now, out);
    return text(out);
  }
  // Steps through every deadline within `span`, one tick before each too: nothing may come there.
  std::vector<Said> run(Duration span) {
    std::vector<Said> said;
    const TimePoint end = now + span;
    while (host.next_deadline() <= end) {
      now = std::max(now, host.next_deadline());
      Host<Ipv4>::Messages out;
      host.advance(now, out);
      if (!out.empty()) said.push_back({now.time_since_epoch(), text(out)});
    }
    now = end;
    return said;
  }
  // All that is said within `span`, as one line.
  std::string hush(Duration span) {
    std::string out;
    for (const Said& said : run(span)) out += (out.empty() ? "" : " ") + said.words;
    return out;
  }

  TimePoint now{};
  Host<Ipv4> host;
};

}  // namespace sluice::control::igmp
