// SPDX-License-Identifier: BSD-3-Clause
#include "control/cli/tables.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace sluice::control::cli {
namespace {

using Row = std::vector<std::string>;

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

// 12.3s, 4m05s, 2h03m, 3d04h
std::string duration(const Json& seconds) {
  if (seconds.is_null()) return "-";
  const double value = seconds.get<double>();
  if (value < 60) return fmt::format("{:.1f}s", value);
  const auto whole = static_cast<long>(std::lround(value));
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86400) return fmt::format("{}h{:02}m", whole / 3600, whole % 3600 / 60);
  return fmt::format("{}d{:02}h", whole / 86400, whole % 86400 / 3600);
}

std::string plain(const Json& value) {
  if (value.is_null()) return "-";
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : ",") + plain(item);
  return text.empty() ? "-" : text;
}

// Wanted sources first, blocked ones with a minus.
std::string sources(const Json& list) {
  std::string text;
  for (const Json& source : list) {
    text += (text.empty() ? "" : ",");
    text += (source["forwarding"].get<bool>() ? "" : "-") + plain(source["address"]);
  }
  return text.empty() ? "*" : text;
}

std::string drops(const Json& reasons) {
  std::string text;
  for (const auto& [reason, count] : reasons.items()) {
    text += (text.empty() ? "" : " ") + reason + "=" + count.dump();
  }
  return text.empty() ? "-" : text;
}

std::string groups(const Json& result) {
  std::vector<Row> rows = {{"VLAN", "GROUP", "PORT", "MODE", "SOURCES", "VER", "TYPE", "UP",
                            "EXPIRE", "LAST-REPORTER", "HOSTS"}};
  for (const Json& g : result["groups"]) {
    rows.push_back({plain(g["vlan"]), plain(g["group"]), plain(g["port"]), plain(g["filter-mode"]),
                    sources(g["sources"]), "v" + plain(g["version"]), plain(g["type"]),
                    duration(g["up-time"]), duration(g["expire"]), plain(g["last-reporter"]),
                    std::to_string(g["hosts"].size())});
  }
  return aligned(rows);
}

std::string fib_rows(const Json& entries) {
  std::vector<Row> rows = {{"VLAN", "GROUP", "SOURCE", "PORTS", "PACKETS", "BYTES"}};
  for (const Json& e : entries) {
    rows.push_back({plain(e["vlan"]), plain(e["group"]), plain(e["source"]), joined(e["ports"]),
                    plain(e["packets"]), plain(e["bytes"])});
  }
  return aligned(rows);
}

std::string fib(const Json& result) {
  std::string text = fib_rows(result["entries"]);
  if (result["routed"].empty()) return text;
  std::vector<Row> rows = {{"PROXY", "GROUP", "ROUTED-TO", "PACKETS", "BYTES"}};
  for (const Json& e : result["routed"]) {
    rows.push_back({plain(e["proxy"]), plain(e["group"]), joined(e["downstreams"]),
                    plain(e["packets"]), plain(e["bytes"])});
  }
  return text + "\n" + aligned(rows);
}

std::string proxies(const Json& result) {
  std::string text;
  for (const Json& p : result["proxies"]) {
    text += fmt::format("{}proxy {}: IGMPv{}, {} group{}\n", text.empty() ? "" : "\n",
                        plain(p["name"]), plain(p["igmp-version"]), p["groups"].size(),
                        p["groups"].size() == 1 ? "" : "s");
    std::vector<Row> networks = {{"INTERFACE", "ROLE", "VLAN", "LINK", "STATE"}};
    for (const Json& u : p["upstreams"]) {
      std::string state = u["active"] ? "active" : u["link"] == "down" ? "no link" : "standby";
      state += u["querier"].is_null() ? ", no querier heard" : ", querier " + plain(u["querier"]);
      state += ", speaks v" + plain(u["version"]);
      if (!u["group-ranges"].empty()) state += ", for " + joined(u["group-ranges"]);
      networks.push_back(
          {plain(u["interface"]), "upstream", plain(u["vlan"]), plain(u["link"]), state});
    }
    for (const Json& d : p["downstreams"]) {
      const std::string state = d["forwarding"]       ? "forwarding"
                                : d["link"] == "down" ? "no link"
                                                      : "not the querier, not forwarding";
      networks.push_back(
          {plain(d["interface"]), "downstream", plain(d["vlan"]), plain(d["link"]), state});
    }
    text += aligned(networks);
    if (p["groups"].empty()) continue;
    std::vector<Row> rows = {{"GROUP", "MODE", "SOURCES", "UPSTREAM", "UP", "WANTED-BY"}};
    for (const Json& g : p["groups"]) {
      const std::string wanted =
          g["leaving"] ? joined(g["downstreams"]) + " (held)" : joined(g["downstreams"]);
      rows.push_back({plain(g["group"]), plain(g["filter-mode"]),
                      g["sources"].empty() ? "*" : joined(g["sources"]), plain(g["upstream"]),
                      duration(g["up-time"]), wanted});
    }
    text += aligned(rows);
  }
  return text.empty() ? "no proxy is configured\n" : text;
}

std::string mrouters(const Json& result) {
  std::vector<Row> rows = {{"VLAN", "PORT", "TYPE", "LEARNED-FROM", "ADDRESS", "EXPIRE"}};
  for (const Json& m : result["mrouters"]) {
    rows.push_back({plain(m["vlan"]), plain(m["port"]), plain(m["type"]), plain(m["learned-from"]),
                    plain(m["address"]), duration(m["expire"])});
  }
  return aligned(rows);
}

std::string queriers(const Json& result) {
  std::vector<Row> rows = {{"VLAN", "STATE", "ADDRESS", "VER", "EXPIRE", "NEXT-QUERY", "SETTLED"}};
  for (const Json& q : result["queriers"]) {
    rows.push_back({plain(q["vlan"]), plain(q["state"]), plain(q["address"]),
                    "v" + plain(q["version"]), duration(q["expire"]), duration(q["next-query"]),
                    q["settled"].get<bool>() ? "yes" : "no, floods"});
  }
  return aligned(rows);
}

std::string ports(const Json& result) {
  std::vector<Row> rows = {{"PORT", "LINK", "SPEED", "MAC", "RX-PACKETS", "RX-BYTES", "TX-PACKETS",
                            "TX-BYTES", "RX-DROPS", "TX-DROPS"}};
  for (const Json& p : result["ports"]) {
    const Json& rx = p["rx"];
    const Json& tx = p["tx"];
    const std::string speed = p["speed-mbps"] == 0 ? "-" : plain(p["speed-mbps"]) + "M";
    rows.push_back({plain(p["name"]), plain(p["link"]), speed, plain(p["mac"]),
                    plain(rx["packets"]), plain(rx["bytes"]), plain(tx["packets"]),
                    plain(tx["bytes"]), drops(rx["drops"]), drops(tx["drops"])});
  }
  return aligned(rows);
}

std::string macs(const Json& result) {
  std::vector<Row> rows = {{"VLAN", "MAC", "PORT", "AGE"}};
  for (const Json& m : result["macs"]) {
    rows.push_back({plain(m["vlan"]), plain(m["mac"]), plain(m["port"]), duration(m["age"])});
  }
  return aligned(rows);
}

std::string counters(const Json& result) {
  std::vector<Row> rows;
  for (const auto& [name, value] : result.items()) {
    if (value != 0) rows.push_back({name, value.dump()});  // --json shows the zeros too
  }
  return aligned(rows);
}

std::string status(const Json& result) {
  std::vector<Row> rows;
  for (const auto& [name, value] : result.items()) {
    rows.push_back({name, name == "uptime" ? duration(value) : plain(value)});
  }
  return aligned(rows);
}

// A row each, and below it the sentences.
std::string alarms(const Json& result) {
  std::vector<Row> rows = {{"SEVERITY", "SINCE", "NAME", "WHERE"}};
  for (const Json& a : result["alarms"]) {
    std::string where;
    for (const char* const key : {"vlan", "port", "group", "source", "worker"}) {
      if (a[key].is_null()) continue;
      where += (where.empty() ? "" : " ") + std::string(key) + " " + plain(a[key]);
    }
    rows.push_back({plain(a["severity"]), duration(a["since"]), plain(a["name"]),
                    where.empty() ? "-" : where});
  }
  if (rows.size() == 1) return "no alarm is active\n";
  std::string text;
  const std::string lines = aligned(rows);
  std::size_t begin = 0;
  for (std::size_t i = 0; begin < lines.size(); ++i) {
    const std::size_t end = lines.find('\n', begin) + 1;
    text += lines.substr(begin, end - begin);
    begin = end;
    if (i == 0) continue;
    const Json& a = result["alarms"][i - 1];
    text += "    cause:  " + plain(a["cause"]) + "\n    remedy: " + plain(a["remedy"]) + "\n";
  }
  if (result["not-listed"] != 0) text += plain(result["not-listed"]) + " more are not listed\n";
  return text;
}

std::string log_levels(const Json& result) {
  std::vector<Row> rows = {{"SUBSYSTEM", "LEVEL"}};
  for (const Json& row : result["log-levels"]) {
    rows.push_back({plain(row["subsystem"]), plain(row["level"])});
  }
  return aligned(rows);
}

std::string explanation(const Json& result) {
  std::string text = plain(result["verdict"]) + " to " + joined(result["ports"]) + "\n";
  for (const Json& why : result["why"]) text += "  " + plain(why) + "\n";
  if (!result["entry"].is_null()) text += fib_rows(Json::array({result["entry"]}));
  return text;
}

std::string changes(const Json& result) {
  if (result["changes"].empty()) return "The file says what is in force.\n";
  std::vector<Row> rows = {{" ", "SECTION", "KEY", "BEFORE", "AFTER", "APPLIES"}};
  std::size_t refused = 0;
  for (const Json& change : result["changes"]) {
    const std::string kind = change["change"];
    const std::string applies = change["applies"];
    refused += applies == "at-restart" ? 1 : 0;
    rows.push_back({kind == "added"     ? "+"
                    : kind == "removed" ? "-"
                                        : "~",
                    plain(change["section"]), plain(change["key"]), plain(change["before"]),
                    plain(change["after"]), applies});
  }
  std::string text = aligned(rows);
  if (refused > 0) {
    text += "\nA reload would be refused: what applies at-restart needs a restart.\n";
  }
  return text;
}

}  // namespace

std::string to_table(const std::string& command, const Json& result) {
  if (command == "status") return status(result);
  if (command == "show groups") return groups(result);
  if (command == "show fib") return fib(result);
  if (command == "show mrouters") return mrouters(result);
  if (command == "show queriers") return queriers(result);
  if (command == "show ports") return ports(result);
  if (command == "show macs") return macs(result);
  if (command == "show counters") return counters(result);
  if (command == "show proxy") return proxies(result);
  if (command == "show alarms") return alarms(result);
  if (command == "show log-levels") return log_levels(result);
  if (command == "config diff") return changes(result);
  if (command == "explain") return explanation(result);
  return "";
}

std::string to_line(const Json& event) {
  std::string line;
  for (const auto& [name, value] : event.items()) {
    if (name == "time" || name == "event") {
      line += plain(value) + "  ";
    } else {
      line += name + " " + plain(value) + "  ";
    }
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

}  // namespace sluice::control::cli
