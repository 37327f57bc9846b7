#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Unpacks a Debian package into a folder of its own, for one that cannot be installed beside another
# (smcroute and FRR push each other out). Says so and goes on when it cannot be had.
set -euo pipefail

package=$1
mkdir -p "$2"
cd "$2"
[ -d usr ] && exit 0
if ! apt-get download -qq "$package" 2>/dev/null; then
  echo "$package could not be downloaded: what needs it is left out" >&2
  exit 0
fi
dpkg -x "$package"_*.deb .
rm "$package"_*.deb
