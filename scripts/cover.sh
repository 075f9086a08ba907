#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs the unit and golden tests of a build made with -Db_coverage=true and reports what they
# reached: a line per file, and pages in BUILD_DIR/report/.
#
# usage: cover.sh BUILD_DIR
set -eu
cd "$(dirname "$0")/.."
build=$1
root=$PWD

lcov -q --rc lcov_branch_coverage=1 --directory "$build" --zerocounters
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes "${JOBS:-2}"
lcov -q --rc lcov_branch_coverage=1 --directory "$build" --base-directory "$root" --capture \
	--no-external --output-file "$build/all.info"
lcov -q --rc lcov_branch_coverage=1 --extract "$build/all.info" "$root/src/*" \
	--output-file "$build/src.info"
lcov -q --rc lcov_branch_coverage=1 --remove "$build/src.info" '*/test-*.c' \
	--output-file "$build/cover.info"
genhtml -q --branch-coverage --prefix "$root" --title ringside --output-directory "$build/report" \
	"$build/cover.info"
lcov --rc lcov_branch_coverage=1 --rc lcov_list_full_path=1 --list "$build/cover.info" |
	sed "s|$root/||"
echo "pages: $build/report/index.html"
