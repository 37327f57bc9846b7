#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Builds the fuzz targets with clang and runs each for FUZZ_SECONDS (60). One line per target;
# exits 1 when one has found something, which is then in BUILD/fuzz/TARGET/.
#
#   tests/fuzz/run.sh [BUILD_DIR]     # default: build-fuzz
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${1:-$root/build-fuzz}
seconds=${FUZZ_SECONDS:-60}

if [ ! -f "$build/build.ninja" ]; then
  CC=clang-14 CXX=clang++-14 meson setup "$build" "$root" -Dfuzz=true -Db_lundef=false \
    -Db_sanitize=address,undefined -Dbuildtype=debugoptimized >"$root/.fuzz-setup.log" 2>&1 || {
      cat "$root/.fuzz-setup.log" >&2
      rm -f "$root/.fuzz-setup.log"
      exit 1
    }
  rm -f "$root/.fuzz-setup.log"
fi
targets=$(sed -n "s/^  '\([a-z_]*_fuzz\)':.*/\1/p" "$root/tests/fuzz/meson.build")
names=''
for target in $targets; do names="$names tests/fuzz/$target"; done
# shellcheck disable=SC2086
ninja -C "$build" tests/fuzz/make_seeds $names >"$build/fuzz-build.log" 2>&1 || {
  cat "$build/fuzz-build.log" >&2
  exit 1
}

failed=0
for target in $targets; do
  at="$build/fuzz/$target"
  mkdir -p "$at/corpus" "$at/findings"
  "$build/tests/fuzz/make_seeds" "$target" "$at/seeds"
  if "$build/tests/fuzz/$target" -max_total_time="$seconds" -max_len=2048 -print_final_stats=1 \
      -artifact_prefix="$at/findings/" "$at/corpus" "$at/seeds" >"$at/log" 2>&1; then
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$at/log")
    echo "$target: clean, $runs runs in $seconds s"
  else
    echo "$target: FOUND something, see $at/log and $at/findings/"
    failed=1
  fi
done
exit $failed
