// SPDX-License-Identifier: BSD-3-Clause
// sluice.toml(5), from the same table as the reference page. Its texts are Markdown, of which the
// page needs backquotes, links and escaped asterisks only.
#include <sstream>
#include <string>

#include "config/key_words.h"
#include "config/loader.h"

namespace sluice::config {
namespace {

constexpr std::string_view kHead = R"(.\" Made by `config_reference --man` from config/keys.cpp.
.TH SLUICE.TOML 5 "" "Sluice" "File Formats"
.ad l
.nh
.SH NAME
sluice.toml \- configuration of sluiced
.SH DESCRIPTION
.BR sluiced (8)
reads one TOML file.
.B sluiced \-\-check
says what is wrong with it, each error on a line of its own, and touches no device.
.B sluicectl reload
reads it again while traffic flows; a file with an error, or with a change that wants a restart,
changes nothing.
.PP
Two ports in one VLAN:
.PP
.EX
[[port]]
name        = "p1"
device      = "net_af_packet0,iface=eth1"
access\-vlan = 10

[[port]]
name        = "p2"
device      = "net_af_packet1,iface=eth2"
access\-vlan = 10

[[vlan]]
id = 10
.EE
.PP
Times are seconds. Behind each key stand its type, what is allowed, and its default.
)";

constexpr std::string_view kTail = R"(.SH FILES
.I /etc/sluice/sluice.toml
.br
.I /usr/share/doc/sluice/examples
.SH SEE ALSO
.BR sluicectl (1),
.BR sluiced (8)
)";

// Markdown in, roff out.
std::string roff(std::string_view text) {
  std::string out;
  bool literal = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '`') {
      literal = !literal;
      out += literal ? "\\fB" : "\\fR";
    } else if (c == '\\' && i + 1 < text.size() && text[i + 1] == '*') {
      // escaped for Markdown only
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '-' && literal) {
      out += "\\-";
    } else if (c == ']' && !literal && text.substr(i).starts_with("](")) {
      i = text.find(')', i);  // of a link only its text
    } else if (c == '[' && !literal && text.find("](", i) < text.find_first_of("]`", i) + 1) {
      // where a link begins
    } else if (c == '\n' && text.substr(i).starts_with("\n\n")) {
      out += "\n.PP\n";
      ++i;
    } else {
      if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
      out += c;
    }
  }
  return out;
}

void print_key(std::ostream& out, const Key& key) {
  out << ".TP\n" << roff("`" + std::string(key.name) + "`") << "\n(" << type_words(key.type);
  if (const std::string range = allowed(key); !range.empty()) out << ": " << roff(range);
  out << "; " << (has_default(key) ? "default " : "")
      << (key.default_value == kNone ? "no default" : roff(key.default_value)) << ")\n.br\n"
      << roff(key.meaning);
  if (!key.rfc.empty()) out << " (" << roff(key.rfc) << ')';
  out << '\n';
}

}  // namespace

std::string manual_page() {
  std::ostringstream out;
  out << kHead;
  for (const SectionText& section : all_sections()) {
    if (section.section == Section::kFile) continue;
    out << ".SH \"" << roff(section.header) << "\"\n" << roff(section.about) << '\n';
    for (const Key& key : all_keys()) {
      if (key.section == section.section && !is_section(key)) print_key(out, key);
    }
  }
  out << kTail;
  return out.str();
}

}  // namespace sluice::config
