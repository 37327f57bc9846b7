// SPDX-License-Identifier: BSD-3-Clause
// Prints the table of docs/metrics.md.
#include <cstdio>

#include "control/metrics/families.h"

int main() {
  std::fputs(sluice::control::metrics::reference_table().c_str(), stdout);
}
