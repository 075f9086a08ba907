#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# run-tap.sh must count what programs print, and take for a failure whatever is not a clean end.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")/../.." && pwd)
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

count=0
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$dir/out"
	fi
}

# sums NAME SUMMARY BODY [LIMIT]: a program of these lines gives this last line.
sums() {
	printf '#!/bin/sh\n%s\n' "$3" >"$dir/program"
	chmod +x "$dir/program"
	"$here/scripts/run-tap.sh" -t "${4:-60}" "$dir/program" >"$dir/out" 2>&1
	status=$?
	[ "$(tail -n 1 "$dir/out")" = "$2" ] &&
		case $2 in *" 0 failed"*) [ $status -eq 0 ] ;; *) [ $status -eq 1 ] ;; esac
	result $? "$1"
}

sums 'all pass' '2 passed, 0 failed, 0 skipped' 'echo ok 1 - a; echo ok 2 - b; echo 1..2'
sums 'one fails' '1 passed, 1 failed, 0 skipped' 'echo 1..2; echo ok 1; echo not ok 2; exit 1'
sums 'a skip is no pass' '1 passed, 0 failed, 1 skipped' \
	'echo 1..2; echo ok 1; echo "ok 2 - x # SKIP no such hook"'
sums 'a skip as cmocka writes it' '0 passed, 0 failed, 1 skipped' 'echo 1..1; echo "not ok 1 # SKIP a"'
sums 'all skipped' '0 passed, 0 failed, 1 skipped' 'echo "1..0 # SKIP not root"'
sums 'no TAP' '0 passed, 1 failed, 0 skipped' 'echo hello'
sums 'no plan' '1 passed, 1 failed, 0 skipped' 'echo ok 1'
sums 'fewer than planned' '1 passed, 1 failed, 0 skipped' 'echo 1..2; echo ok 1'
sums 'a bad exit code' '1 passed, 1 failed, 0 skipped' 'echo 1..1; echo ok 1; exit 3'
sums 'a signal' '1 passed, 1 failed, 0 skipped' 'echo 1..1; echo ok 1; kill -ABRT $$'
sums 'late' '1 passed, 1 failed, 0 skipped' 'echo 1..2; echo ok 1; exec tail -f /dev/null' 3

echo "1..$count"
