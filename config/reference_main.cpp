// SPDX-License-Identifier: BSD-3-Clause
// Prints docs/configuration.md, or with --man the manual page sluice.toml(5).
#include <iostream>
#include <string_view>

#include "config/loader.h"

int main(int argc, char** argv) {
  const bool manual = argc == 2 && std::string_view(argv[1]) == "--man";
  std::cout << (manual ? sluice::config::manual_page() : sluice::config::reference_page());
}
