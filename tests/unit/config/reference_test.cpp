// SPDX-License-Identifier: BSD-3-Clause
// The key table against the reader, the defaults in config.h, and the committed page.
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <utility>

#include "config/keys.h"
#include "tests/unit/config/files.h"

namespace sluice::config::reference_test {
namespace {

std::string committed_page() {
  std::ifstream file(SLUICE_SOURCE_DIR "/docs/configuration.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(ReferencePage, IsTheCommittedOne) {
  EXPECT_EQ(committed_page(), reference_page())
      << "run: config_reference > docs/configuration.md (in the build folder: config/)";
}

TEST(ReferencePage, HasEveryKeyWithASentence) {
  const std::string page = reference_page();
  std::set<std::pair<Section, std::string_view>> seen;
  for (const Key& key : all_keys()) {
    EXPECT_TRUE(seen.emplace(key.section, key.name).second) << key.name << " stands twice";
    if (key.type == Type::kTable || key.type == Type::kTables) continue;
    EXPECT_NE(page.find("| `" + std::string(key.name) + "` |"), std::string::npos) << key.name;
    EXPECT_TRUE(key.meaning.ends_with('.')) << key.name;
  }
}

TEST(ManualPage, HasEveryKeyAndNoMarkdown) {
  const std::string page = manual_page();
  for (const Key& key : all_keys()) {
    if (key.type == Type::kTable || key.type == Type::kTables) continue;
    const std::string name = std::regex_replace(std::string(key.name), std::regex("-"), "\\-");
    EXPECT_NE(page.find(".TP\n\\fB" + name + "\\fR\n"), std::string::npos) << key.name;
  }
  EXPECT_EQ(page.find('`', page.find('\n')), std::string::npos) << "behind the first line";
  EXPECT_EQ(page.find("]("), std::string::npos);
  EXPECT_NE(page.find("RFC 9776"), std::string::npos);
}

TEST(ReferencePage, SectionsAreInTheirEnumeratorsPlaces) {
  for (std::size_t i = 0; i < all_sections().size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(all_sections()[i].section), i);
  }
}

// A file of every optional key at the page's default loads as if none of them were there.
TEST(ReferencePage, DefaultsAreThoseOfTheDaemon) {
  const auto defaults = [](Section section) {
    std::string text(header(section));
    text += '\n';
    for (const Key& key : all_keys()) {
      const bool literal = key.default_value != kRequired && key.default_value != kNone;
      if (key.section != section || !literal) continue;
      text += std::string(key.name) + " = " + std::string(key.default_value) + '\n';
    }
    return text;
  };
  const std::string text =
      defaults(Section::kSystem) + defaults(Section::kAlarms) + defaults(Section::kDataplane) +
      defaults(Section::kMetrics) + defaults(Section::kPuntQueries) +
      defaults(Section::kPuntReports) + defaults(Section::kPuntPimMrd) +
      defaults(Section::kPuntLocal) + defaults(Section::kDashboard) + defaults(Section::kPort) +
      "name = \"a\"\ndevice = \"net_null0\"\naccess-vlan = 10\n[[vlan]]\nid = 10\n" +
      defaults(Section::kIgmpSnooping) + defaults(Section::kStaticGroup) +
      "group-address = \"239.1.1.1\"\nports = [\"a\"]\n[[port]]\nname = \"b\"\n"
      "device = \"net_null1\"\ntrunk-vlans = [20, 30]\n"
      "[[interface]]\nname = \"up\"\nvlan = 20\naddress = \"10.77.1.1/24\"\n" +
      defaults(Section::kInterface) + "name = \"down\"\nvlan = 30\naddress = \"10.77.2.1/24\"\n" +
      defaults(Section::kProxy) + "name = \"edge\"\ndownstream = [\"down\"]\n" +
      defaults(Section::kProxyUpstream) + "interface = \"up\"\n" + defaults(Section::kProxyAllow) +
      defaults(Section::kProxyDeny);
  const LoadResult result = load(text, "defaults.toml");
  ASSERT_TRUE(result.ok()) << all_of(result.errors) << text;

  const Config& config = result.config;
  EXPECT_EQ(config.system.socket, System{}.socket);
  EXPECT_EQ(config.system.log_level, System{}.log_level);
  const Dataplane dataplane;
  EXPECT_EQ(config.dataplane.main_core, dataplane.main_core);
  EXPECT_EQ(config.dataplane.worker_cores, dataplane.worker_cores);
  EXPECT_EQ(config.dataplane.huge_pages, dataplane.huge_pages);
  EXPECT_EQ(config.dataplane.mbufs, dataplane.mbufs);
  EXPECT_EQ(config.dataplane.group_entries, dataplane.group_entries);
  EXPECT_EQ(config.dataplane.mac_entries, dataplane.mac_entries);
  EXPECT_EQ(config.dataplane.mac_ageing_time, dataplane.mac_ageing_time);
  EXPECT_EQ(config.dataplane.idle_sleep_us, dataplane.idle_sleep_us);
  EXPECT_EQ(config.dataplane.eal_args, dataplane.eal_args);
  EXPECT_EQ(config.metrics.listen, std::nullopt);
  EXPECT_EQ(config.dashboard.listen, std::nullopt);
  EXPECT_EQ(config.metrics.top_groups, Metrics{}.top_groups);
  EXPECT_EQ(config.punt_limits, kDefaultPuntLimits);
  EXPECT_EQ(config.ports[0].mtu, Port{}.mtu);
  EXPECT_EQ(config.ports[0].trunk_vlans, Port{}.trunk_vlans);
  IgmpSnooping snooping = config.vlans[0].igmp_snooping;
  ASSERT_EQ(snooping.static_groups.size(), 1u);
  EXPECT_EQ(snooping.static_groups[0].source, StaticGroup{}.source);
  snooping.static_groups.clear();
  EXPECT_EQ(snooping, IgmpSnooping{});
  ASSERT_EQ(config.interfaces.size(), 2u);
  EXPECT_EQ(config.interfaces[1].source_networks, Interface{}.source_networks);
  ASSERT_EQ(config.proxies.size(), 1u);
  Proxy expected;
  expected.name = "edge";
  expected.upstreams = {{0, {}}};
  expected.downstreams = {1};
  expected.allow = {GroupRule{}};
  expected.deny = {GroupRule{}};
  EXPECT_EQ(config.proxies[0], expected);
}

}  // namespace
}  // namespace sluice::config::reference_test
