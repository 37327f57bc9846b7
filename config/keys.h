// SPDX-License-Identifier: BSD-3-Clause
// Every key of the file in one table: what the reader accepts, what unknown keys are compared with,
// and what docs/configuration.md prints. Constant data; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::config {

enum class Section : std::uint8_t {
  kFile,  // the top level: its keys are the sections
  kSystem,
  kLogLevels,
  kDataplane,
  kMetrics,
  kPuntLimit,
  kPuntQueries,  // in the order of PuntClass
  kPuntReports,
  kPuntPimMrd,
  kPuntLocal,
  kDashboard,
  kPort,
  kVlan,
  kIgmpSnooping,
  kStaticGroup,
  kInterface,
  kProxy,
  kProxyUpstream,
  kSsmMapping,
  kProxyAllow,
  kProxyDeny,
  kAlarms,
  kGroupProfile,
  kGroupProfileAllow,
  kGroupProfileDeny,
};

enum class Type : std::uint8_t {
  kBoolean,
  kInteger,
  kSeconds,  // an integer or a decimal, in steps of 0.1
  kText,
  kChoice,
  kIntegers,
  kTexts,
  kTable,
  kTables,
  kTextsOrTables,
};

// What is allowed for numbers, and for each number of a list.
struct Range {
  double min = 0;
  double max = 0;
  bool or_zero = false;  // 0 is allowed besides, as "none" or "automatic"

  bool contains(double value) const {
    return (value >= min && value <= max) || (or_zero && value == 0);
  }
};

inline constexpr std::string_view kRequired = "required";
inline constexpr std::string_view kNone = "none";

// What it takes for a change to be in force: a reload, or a restart.
enum class Applies : std::uint8_t { kAtRestart, kAtOnce, kAsItsSection };

struct Key {
  Section section;
  std::string_view name;
  Type type;
  Range range;
  std::string_view values;         // kChoice: the words, by blanks; kText: the form, for the page
  std::string_view default_value;  // as it would stand in the file, or kRequired, or kNone
  std::string_view rfc;            // where the key, its range or its default comes from
  std::string_view meaning;        // one sentence
  Applies applies = Applies::kAsItsSection;
};

struct SectionText {
  Section section;
  std::string_view header;  // as it stands in the file: "[[port]]"
  std::string_view about;
  Applies applies = Applies::kAtRestart;  // its keys, unless they say otherwise
  // The keys, by blanks, that tell one section of its kind from the others: by these a section of
  // one file is found in another. Without any, its name; without that, all that it says.
  std::string_view identity = "";
  bool ordered = false;  // which of them comes first means something
};

std::span<const Key> all_keys();
std::span<const SectionText> all_sections();

std::string_view header(Section section);
bool applies_at_once(Section section);
bool applies_at_once(const Key& key);
// nullptr when the section has no such key.
const Key* find_key(Section section, std::string_view name);
std::vector<std::string_view> key_names(Section section);
// The words of a kChoice key, in the order of their enumerators.
std::vector<std::string_view> choices(const Key& key);

}  // namespace sluice::config
