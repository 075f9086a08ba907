#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check-files.sh must pass a tree that keeps the rules and name each file that breaks one.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT

count=0
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$tree/out"
	fi
}

put() {
	file=$tree/$1
	shift
	mkdir -p "${file%/*}"
	printf '%s\n' "$@" >"$file"
}

apache='/* SPDX-License-Identifier: Apache-2.0 */'
dual='/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */'

fresh() {
	rm -rf "$tree/src" "$tree/bpf" "$tree/tests" "$tree/scripts"
	put src/base/a.h "$apache" '#pragma once'
	put src/base/a.c "$apache" 'usleep(1); /* not a test */'
	put src/base/test-a.c "$apache" 'sleep(1); /* sleep: the load itself */' 'puts("sleep (1)");'
	put bpf/exec.bpf.c "$dual"
	put bpf/abi/exec.h "$dual" '#pragma once'
	put scripts/good '#!/usr/bin/env bash' 'if [[ a =~ (b) ]]; then :; fi'
}

# breaks PLACE RULE FILE LINE...
breaks() {
	place=$1
	rule=$2
	shift 2
	fresh
	put "$@"
	if "$here/scripts/check-files.sh" "$tree" >"$tree/out" 2>&1; then
		result 1 "$rule: $place is named"
	else
		grep -q "^$place: $rule: " "$tree/out"
		result $? "$rule: $place is named"
	fi
}

fresh
"$here/scripts/check-files.sh" "$tree" >"$tree/out" 2>&1
result $? 'a tree that keeps the rules passes'

breaks src/base/b.c licence src/base/b.c "$dual"
breaks bpf/b.bpf.c licence bpf/b.bpf.c "$apache"
breaks src/base/b.h once src/base/b.h "$apache"
breaks src/base/test-b.c:2 sleep src/base/test-b.c "$apache" '	usleep(1000);'
breaks tests/kernel/b.c:3 sleep tests/kernel/b.c "$apache" '' 'if (x) sleep (1);'
# shellcheck disable=SC2046
breaks src/base/b.c length src/base/b.c "$apache" $(seq 800)
breaks scripts/bad shell scripts/bad '#!/bin/sh' 'if true; then'

echo "1..$count"
