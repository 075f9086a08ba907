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

# Quiet unless it fails: lcov 1.16 warns about its own code.
report() {
	"$@" >"$build/lcov.log" 2>&1 || {
		cat "$build/lcov.log"
		exit 1
	}
}

branches='--rc lcov_branch_coverage=1'
# shellcheck disable=SC2086
report lcov -q $branches --directory "$build" --zerocounters
status=0
meson test -C "$build" --no-rebuild --print-errorlogs --num-processes "${JOBS:-2}" || status=$?
report lcov -q $branches --directory "$build" --base-directory "$root/$build" --capture \
	--output-file "$build/all.info"
report lcov -q $branches --extract "$build/all.info" "$root/src/*" --output-file "$build/src.info"
report lcov -q $branches --remove "$build/src.info" '*/test-*.c' \
	--output-file "$build/cover.info"
report genhtml -q --branch-coverage --prefix "$root" --title ringside \
	--output-directory "$build/report" "$build/cover.info"
lcov $branches --rc lcov_list_full_path=1 --list "$build/cover.info" |
	awk -F '|' -v OFS='|' -v root="$root/" '
		index($1, root) == 1 { $1 = sprintf("%-*s", length($1), substr($1, length(root) + 1)) }
		{ print }'
echo "pages: $build/report/index.html"
exit "$status"
