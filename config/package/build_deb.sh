#!/bin/bash
# SPDX-License-Identifier: BSD-3-Clause
# Builds the Debian package from a copy of the tree, since its top level has no debian/.
#
#   config/package/build_deb.sh FOLDER     the .deb ends there
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
tree=$folder/tree

rm -rf "$tree" "$folder"/*.deb "$folder"/*.changes "$folder"/*.buildinfo
mkdir "$tree"
tar -C "$root" -c --exclude=./.git --exclude='./build*' --exclude=__pycache__ . | tar -C "$tree" -x
cp -r "$tree/config/package/debian" "$tree/debian"
cd "$tree"
export DEB_BUILD_OPTIONS="terse ${DEB_BUILD_OPTIONS:-}"
# The log is long, and of interest only when something is wrong.
if ! dpkg-buildpackage --build=binary --unsigned-changes --unsigned-buildinfo >"$folder/log" 2>&1; then
  tail -n 60 "$folder/log"
  exit 1
fi
rm -rf "$tree"
ls "$folder"/*.deb
