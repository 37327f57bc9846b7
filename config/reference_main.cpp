// SPDX-License-Identifier: BSD-3-Clause
// Prints docs/configuration.md.
#include <iostream>

#include "config/loader.h"

int main() {
  std::cout << sluice::config::reference_page();
}
