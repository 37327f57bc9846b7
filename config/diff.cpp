// SPDX-License-Identifier: BSD-3-Clause
#include "config/diff.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include <toml++/toml.h>

#include "config/keys.h"

namespace sluice::config {
namespace {

// A section of a file, its keys as text.
struct Node {
  Section section = Section::kFile;
  std::string identity;  // what tells it from others of its kind
  std::map<std::string_view, std::string> values;
  std::vector<Node> below;
};

bool is_section(const Key& key) {
  return key.type == Type::kTable || key.type == Type::kTables || key.type == Type::kTextsOrTables;
}

const SectionText& text_of(Section section) {
  return *std::ranges::find(all_sections(), section, &SectionText::section);
}

// "[[proxy.allow]]" is "proxy.allow".
std::string path_of(std::string_view header) {
  std::string path(header);
  std::erase_if(path, [](char c) { return c == '[' || c == ']'; });
  return path;
}

const SectionText* section_below(Section parent, std::string_view key) {
  const std::string above = path_of(header(parent));
  const std::string path = above.empty() ? std::string(key) : above + "." + std::string(key);
  const auto sections = all_sections();
  const auto at = std::ranges::find_if(
      sections, [&](const SectionText& text) { return path_of(text.header) == path; });
  return at == sections.end() ? nullptr : &*at;
}

std::string written(const toml::node& node) {
  std::ostringstream text;
  text.precision(15);
  if (const toml::value<std::string>* const words = node.as_string()) {
    text << '"' << words->get() << '"';
  } else if (node.is_floating_point()) {
    text << node.as_floating_point()->get();  // 10.0 is 10
  } else if (const toml::array* const list = node.as_array()) {
    text << '[';
    for (const toml::node& element : *list) {
      text << (text.tellp() > 1 ? ", " : "") << written(element);
    }
    text << ']';
  } else {
    node.visit([&](const auto& value) { text << value; });
  }
  return text.str();
}

std::string value_of(const Node& node, const Key& key) {
  const auto at = node.values.find(key.name);
  return at != node.values.end() ? at->second : std::string(key.default_value);
}

std::string unquoted(std::string text) {
  if (text.size() >= 2 && text.front() == '"') text = text.substr(1, text.size() - 2);
  return text;
}

// The values of the keys that SectionText::identity names; without any, the name, or everything.
std::string identity_of(const Node& node) {
  const std::string_view named = text_of(node.section).identity;
  const bool by_name = named.empty() && find_key(node.section, "name") != nullptr;
  std::string identity;
  for (const Key& key : all_keys()) {
    if (key.section != node.section || is_section(key)) continue;
    const std::string words = " " + std::string(named) + " ";
    const bool counts = by_name ? key.name == "name"
                                : named.empty() || words.find(" " + std::string(key.name) + " ") !=
                                                       std::string::npos;
    if (counts) identity += (identity.empty() ? "" : " ") + unquoted(value_of(node, key));
  }
  return identity;
}

Node read(Section section, const toml::table& table);

void read_below(const Key& key, const toml::node& value, Node& out) {
  const SectionText* const text = section_below(out.section, key.name);
  if (text == nullptr) return;
  const auto add = [&](const toml::node& element) {
    if (const toml::table* const table = element.as_table()) {
      out.below.push_back(read(text->section, *table));
    } else {  // the short form: its identity alone
      Node node{text->section, {}, {{text->identity, written(element)}}, {}};
      node.identity = identity_of(node);
      out.below.push_back(std::move(node));
    }
  };
  if (const toml::array* const list = value.as_array()) {
    for (const toml::node& element : *list) add(element);
  } else {
    add(value);
    out.below.back().identity.clear();  // there is one only
  }
}

Node read(Section section, const toml::table& table) {
  Node node{section, {}, {}, {}};
  for (const Key& key : all_keys()) {
    if (key.section != section) continue;
    static const toml::table kNothing;  // a lone section that is left out has its defaults
    const toml::node* value = table.get(key.name);
    if (value == nullptr && key.type == Type::kTable) value = &kNothing;
    if (value == nullptr) continue;
    if (is_section(key)) {
      read_below(key, *value, node);
    } else {
      node.values[key.name] = written(*value);
    }
  }
  if (section != Section::kFile) node.identity = identity_of(node);
  return node;
}

Node read(std::string_view file) {
  try {
    return read(Section::kFile, toml::parse(file));
  } catch (const toml::parse_error&) {
    return {};
  }
}

std::string title(const std::string& above, const Node& node) {
  std::string text = above + (above.empty() ? "" : " ") + std::string(header(node.section));
  if (!node.identity.empty()) text += " " + node.identity;
  return text;
}

const Node* find(const std::vector<Node>& nodes, const Node& like) {
  const auto at = std::ranges::find_if(nodes, [&](const Node& node) {
    return node.section == like.section && node.identity == like.identity;
  });
  return at == nodes.end() ? nullptr : &*at;
}

bool says_nothing(const Node& node) {
  return node.values.empty() && std::ranges::all_of(node.below, says_nothing);
}

class Comparison {
 public:
  void compare(const std::string& where, const Node& before, const Node& after);
  std::vector<Change> take() { return std::move(changes_); }

 private:
  void compare_keys(const std::string& where, const Node& before, const Node& after);
  void compare_order(const std::string& where, const Node& before, const Node& after);
  void whole(Change::Kind kind, const std::string& where, const Node& node);

  std::vector<Change> changes_;
};

void Comparison::compare_keys(const std::string& where, const Node& before, const Node& after) {
  for (const Key& key : all_keys()) {
    if (key.section != before.section || is_section(key)) continue;
    std::string was = value_of(before, key), is = value_of(after, key);
    if (was == is) continue;
    const Change::Kind kind = was == kNone  ? Change::Kind::kAdded
                              : is == kNone ? Change::Kind::kRemoved
                                            : Change::Kind::kChanged;
    changes_.push_back(
        {kind, where, std::string(key.name), std::move(was), std::move(is), applies_at_once(key)});
  }
}

// Of those that are in both.
void Comparison::compare_order(const std::string& where, const Node& before, const Node& after) {
  for (const SectionText& text : all_sections()) {
    if (!text.ordered) continue;
    const auto order = [&](const Node& in, const Node& other) {
      std::string names;
      for (const Node& node : in.below) {
        if (node.section != text.section || find(other.below, node) == nullptr) continue;
        names += (names.empty() ? "" : ", ") + node.identity;
      }
      return names;
    };
    std::string was = order(before, after), is = order(after, before);
    if (was == is) continue;
    const std::string at = where + (where.empty() ? "" : " ") + std::string(text.header);
    changes_.push_back({Change::Kind::kChanged, at, "order", std::move(was), std::move(is),
                        applies_at_once(text.section)});
  }
}

// A section that comes or goes, and what is said in it.
void Comparison::whole(Change::Kind kind, const std::string& where, const Node& node) {
  changes_.push_back({kind, where, "", "", "", applies_at_once(node.section)});
  for (const Key& key : all_keys()) {
    const auto value = node.values.find(key.name);
    if (key.section != node.section || value == node.values.end()) continue;
    if (node.identity == unquoted(value->second)) continue;  // has been said
    const bool added = kind == Change::Kind::kAdded;
    changes_.push_back({kind, where, std::string(key.name), added ? "" : value->second,
                        added ? value->second : "", applies_at_once(key)});
  }
  for (const Node& child : node.below) {
    if (!says_nothing(child)) whole(kind, title(where, child), child);
  }
}

void Comparison::compare(const std::string& where, const Node& before, const Node& after) {
  compare_keys(where, before, after);
  compare_order(where, before, after);
  for (const Node& was : before.below) {
    const std::string name = title(where, was);
    if (const Node* const is = find(after.below, was)) {
      compare(name, was, *is);
    } else {
      whole(Change::Kind::kRemoved, name, was);
    }
  }
  for (const Node& is : after.below) {
    if (find(before.below, is) == nullptr) whole(Change::Kind::kAdded, title(where, is), is);
  }
}

}  // namespace

std::vector<Change> compare(std::string_view before, std::string_view after) {
  Comparison comparison;
  comparison.compare("", read(before), read(after));
  return comparison.take();
}

}  // namespace sluice::config
