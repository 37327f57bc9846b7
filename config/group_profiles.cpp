// SPDX-License-Identifier: BSD-3-Clause
// Rules of groups and sources, and [[group-profile]], which is made of them.
#include <algorithm>
#include <string>

#include "config/sections.h"
#include "config/text.h"

namespace sluice::config {
namespace {

constexpr std::size_t kMostProfiles = 64;

}  // namespace

std::vector<const toml::table*> few_tables(SectionReader& section, std::string_view key,
                                           Section below, std::string_view owner) {
  auto tables = section.tables(key, below);
  if (tables.size() <= kMostRules) return tables;
  section.error(place_of(*tables[kMostRules]), "there are ", tables.size(), " ", header(below),
                " in this ", owner, "; at most ", kMostRules, " are allowed");
  return {};
}

std::vector<GroupRule> read_rules(SectionReader& owning_section, std::string_view key,
                                  Section below, std::string_view owner, Diagnostics& diagnostics) {
  std::vector<GroupRule> rules;
  for (const toml::table* table : few_tables(owning_section, key, below, owner)) {
    SectionReader section(below, *table, diagnostics);
    GroupRule& rule = rules.emplace_back();
    read_range(section, "group", RangeOf::kGroups, rule.group);
    read_range(section, "source", RangeOf::kSources, rule.source);
  }
  return rules;
}

void read_group_profiles(SectionReader& file, Reading& reading) {
  Seen<std::string> seen;
  const auto tables = file.tables("group-profile", Section::kGroupProfile);
  if (tables.size() > kMostProfiles) {
    file.error(place_of(*tables[kMostProfiles]), "there are ", tables.size(),
               " [[group-profile]]; at most ", kMostProfiles, " are allowed");
    return;
  }
  for (const toml::table* table : tables) {
    GroupProfile& profile = reading.config.group_profiles.emplace_back();
    SectionReader section(Section::kGroupProfile, *table, reading.diagnostics);
    if (const auto place = section.read("name", profile.name)) {
      if (!is_name(profile.name)) {
        section.error(*place, "name = ", in_quotes(profile.name),
                      " cannot name a profile; use 1 to 32 letters, digits, '.', '_' and '-'");
      } else if (const auto earlier = seen.earlier(profile.name, *place)) {
        section.error(*place, "name = ", in_quotes(profile.name),
                      " is already the profile in line ", earlier->line,
                      "; give each profile its own name");
      }
    }
    profile.allow =
        read_rules(section, "allow", Section::kGroupProfileAllow, "profile", reading.diagnostics);
    profile.deny =
        read_rules(section, "deny", Section::kGroupProfileDeny, "profile", reading.diagnostics);
    section.check_required();
    reading.profiles_sound = reading.profiles_sound && section.sound();
  }
}

std::optional<ProfileIndex> read_profile_name(SectionReader& section, const Reading& reading) {
  std::string name;
  const auto place = section.read("group-profile", name);
  if (!place) return std::nullopt;
  const auto& profiles = reading.config.group_profiles;
  const auto at = std::ranges::find(profiles, name, &GroupProfile::name);
  if (at != profiles.end()) return static_cast<ProfileIndex>(at - profiles.begin());
  if (!reading.profiles_sound) return std::nullopt;
  std::vector<std::string_view> names;
  for (const GroupProfile& profile : profiles) names.push_back(profile.name);
  const auto meant = nearest(name, names);
  section.error(*place, "there is no group profile ", in_quotes(name), "; ",
                meant           ? "did you mean " + in_quotes(*meant) + "?"
                : names.empty() ? "add a [[group-profile]] of this name"
                                : "known are " + listed(names));
  return std::nullopt;
}

}  // namespace sluice::config
