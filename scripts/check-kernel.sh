#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds and runs the kernel tests on this machine's kernel. Needs root.
#
# usage: check-kernel.sh BUILD_DIR [TEST...]      (tests by name: test-exec; default: all)
set -eu
cd "$(dirname "$0")/.."
build=$1
shift

if ! scripts/list-sources.sh . | grep -q '^kernel '; then
	echo 'there are no kernel tests'
	echo '0 passed, 0 failed, 0 skipped'
	exit 0
fi
ninja -j "${JOBS:-2}" -C "$build" ringside kernel-tests
if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046
	set -- $(cat "$build/tests/kernel-tests.list")
fi
for name; do
	shift
	set -- "$@" "$build/tests/$name"
done

export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
# A log that nobody watches has what failed and no more.
verbose=
[ -n "${CI:-}" ] || verbose=-v
# shellcheck disable=SC2086
exec scripts/run-tap.sh -t 900 $verbose -d "$PWD/$build" "$@"
