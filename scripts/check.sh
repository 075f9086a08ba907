#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What `make check` does once the debug build stands: every check runs, whatever the ones before
# it said; what failed is shown. A check counts as one test.
#
# usage: check.sh BUILD_DIR
#
# The last line is "N passed, N failed, N skipped". Exit codes: 0 all passed, 1 not.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
build=$1

passed=0
failed=0
skipped=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
trap 'exit 130' INT TERM

report() {
	printf '%-8s %s\n' "$1" "$2"
}

# check NAME COMMAND...: one test.
check() {
	name=$1
	shift
	if "$@" >"$out" 2>&1; then
		passed=$((passed + 1))
		report "$name" 'ok'
	else
		failed=$((failed + 1))
		report "$name" 'FAILED'
		sed 's/^/    /' "$out"
	fi
}

# The programs that meson knows, each with many tests.
tests() {
	rm -f "$build"/meson-logs/testlog.*
	meson test -C "$build" --no-rebuild --print-errorlogs --num-processes "${JOBS:-2}" \
		>"$out" 2>&1
	status=$?
	read -r p f s <<-end
		$(scripts/count-tests.py "$build")
	end
	if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then
		f=1
	fi
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
	if [ "$f" -ne 0 ]; then
		report tests "FAILED ($p passed, $f failed, $s skipped)"
		sed 's/^/    /' "$out"
	else
		report tests "ok ($p passed, $s skipped)"
	fi
}

check format scripts/check-format.sh
check floors scripts/check-floors.sh
check files scripts/check-files.sh
check arm64 scripts/check-arm64.sh
check lint scripts/check-lint.py --brief "$build"
tests

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
