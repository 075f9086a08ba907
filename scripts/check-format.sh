#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# usage: check-format.sh            names the C files that clang-format 14 would change
#        check-format.sh --write    changes them
#
# Exit codes: 0 all in the house style, 1 some are not (the first differences are shown).
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."

files() {
	for dir in src bpf tests bench scripts; do
		[ -d "$dir" ] && find "$dir" -type f \( -name '*.c' -o -name '*.h' \)
	done | sort
}

if [ "${1:-}" = --write ]; then
	files | xargs -r clang-format-14 -i
	exit 0
fi

files | xargs -r -P "${JOBS:-2}" -n 16 sh -c '
	status=0
	for file; do
		clang-format-14 "$file" | diff -u --label "$file" --label "$file, formatted" "$file" - |
			head -n 30 | grep . && status=1
	done
	exit $status' sh || {
	echo 'run `make format`'
	exit 1
}
