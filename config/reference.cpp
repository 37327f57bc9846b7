// SPDX-License-Identifier: BSD-3-Clause
// The reference page, from the same table that the reader uses.
#include <sstream>
#include <string>

#include "config/key_words.h"
#include "config/loader.h"

namespace sluice::config {
namespace {

constexpr std::string_view kHead =
    R"(<!-- Made by `config_reference` from config/keys.cpp; a test compares the two. To change this
     page, change that table and run: ninja -C build config_reference &&
     build/config/config_reference > docs/configuration.md -->

# Configuration

`sluiced --config FILE` reads one [TOML](https://toml.io/en/v1.0.0) file.
`sluiced --config FILE --check` only checks it, touches no device, and exits with 0 when it is
valid and with 2 when it is not.

`sluicectl reload` reads the file again while traffic flows, and `sluicectl config diff` shows what
it would change. What is said of a section below counts for its keys: at once, or after a restart.
A file with an error, or with a change that needs a restart, changes nothing. More:
[restart-and-reload.md](restart-and-reload.md).

The smallest useful file, two ports in one VLAN:

```toml
[[port]]
name        = "p1"
device      = "net_af_packet0,iface=eth1"
access-vlan = 10

[[port]]
name        = "p2"
device      = "net_af_packet1,iface=eth2"
access-vlan = 10

[[vlan]]
id = 10
```

Whole ones are in `config/examples/`: `lab.toml` to try things out, `iptv-access.toml`,
`av-over-ip.toml`, and with a proxy `iptv-proxy.toml` and `two-upstreams.toml`.

All errors of a file are told in one go, one line each, with what would be right:

```
sluice.toml:4:1: error: unknown key "acess-vlan" in [[port]]; did you mean "access-vlan"?
sluice.toml:11:6: error: no port carries VLAN 30; add it to a port's access-vlan or trunk-vlans
```

Names of keys follow RFC 8652, RFC 9166 and RFC 9398 where those have a leaf for the thing. Under
"Default", *required* is a key that must be given, and *none* one that may be left out and then does
nothing.
)";

void print_key(std::ostream& out, const Key& key) {
  const std::string_view tick = has_default(key) ? "`" : "*";
  out << "| `" << key.name << "` | " << type_words(key.type) << " | " << allowed(key) << " | "
      << tick << key.default_value << tick << " | " << key.meaning << (key.rfc.empty() ? "" : " (")
      << key.rfc << (key.rfc.empty() ? "" : ")") << " |\n";
}

void print_applies(std::ostream& out, Section section) {
  const bool at_once = applies_at_once(section);
  out << "A change is in force " << (at_once ? "at once, by a reload" : "after a restart");
  const char* between = "; of ";
  for (const Key& key : all_keys()) {
    if (key.section != section || is_section(key) || applies_at_once(key) == at_once) continue;
    out << between << '`' << key.name << '`';
    between = ", ";
  }
  if (std::string_view(between) == ", ") {
    out << (at_once ? " after a restart" : " at once, by a reload");
  }
  out << ".\n";
}

}  // namespace

std::string reference_page() {
  std::ostringstream out;
  out << kHead;
  for (const SectionText& section : all_sections()) {
    if (section.section == Section::kFile) continue;
    out << "\n## `" << section.header << "`\n\n" << section.about << "\n\n";
    print_applies(out, section.section);
    bool first = true;
    for (const Key& key : all_keys()) {
      if (key.section != section.section || is_section(key)) continue;
      if (first) out << "\n| Key | Type | Allowed | Default | Meaning |\n|---|---|---|---|---|\n";
      first = false;
      print_key(out, key);
    }
  }
  return out.str();
}

}  // namespace sluice::config
