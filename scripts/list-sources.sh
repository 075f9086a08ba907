#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Tells meson.build which files exist, so that a new file needs no edit there.
#
# usage: list-sources.sh ROOT       prints "kind room path", one a line, sorted
#
# kinds: lib      src/<room>/**/*.c
#        unit     src/<room>/**/test-*.c         one cmocka program each
#        main     src/cmd/main.c
#        bpf      bpf/*.bpf.c                    linked into one object, one skeleton
#        tool     bpf/tools/*.bpf.c              an object and a skeleton each
#        kernel   tests/kernel/test-*.c          one program each, needs root
#        klib     tests/kernel/lib/**/*.c        shared by those
#        golden   tests/golden/test-*.c          one program each
#        script   tests/**/test-*.sh             prints TAP (not in tests/kernel and tests/vm)
#        fuzz     tests/fuzz/fuzz-*.c            one fuzzer each
#        bench    bench/*.c                      one program each
set -eu
export LC_ALL=C
cd "$1"

existing() {
	for dir in "$@"; do
		if [ -d "$dir" ]; then
			echo "$dir"
		fi
	done
}

# shellcheck disable=SC2046
set -- $(existing src bpf tests bench)
[ $# -gt 0 ] || exit 0
find "$@" -type f \( -name '*.c' -o -name 'test-*.sh' \) | sort | awk -F/ '
	function is(prefix) { return index($NF, prefix) == 1 }
	/\.sh$/ { if ($1 == "tests" && $2 != "kernel" && $2 != "vm") print "script", "-", $0; next }
	$1 == "src" && NF == 3 && $NF == "main.c" { print "main", $2, $0; next }
	$1 == "src" && NF >= 3 { print is("test-") ? "unit" : "lib", $2, $0; next }
	$1 == "bpf" { if (/\.bpf\.c$/) print NF == 2 ? "bpf" : "tool", "-", $0; next }
	$1 == "bench" { if (NF == 2 && !/\.bpf\.c$/) print "bench", "-", $0; next }
	$1 != "tests" { next }
	$2 == "kernel" && $3 == "lib" { print "klib", "-", $0; next }
	$2 == "kernel" && NF == 3 && is("test-") { print "kernel", "-", $0; next }
	$2 == "golden" && NF == 3 && is("test-") { print "golden", "-", $0; next }
	$2 == "fuzz" && NF == 3 && is("fuzz-") { print "fuzz", "-", $0; next }
'
