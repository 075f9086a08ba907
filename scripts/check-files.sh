#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# House rules that can be read off the text of a file.
#
# Files of tests/golden/*/ are what tests read, and none of these.
#
# usage: check-files.sh [ROOT]      (default: the tree this script stands in)
#
#   length     a C file, header or script has at most 800 lines
#   licence    a C file's first lines carry SPDX-License-Identifier: Apache-2.0, and in bpf/
#              GPL-2.0-only OR BSD-2-Clause
#   once       a header has #pragma once
#   sleep      a test waits for the event, with a wide deadline; it never sleeps for it.
#              A line that must sleep (the load itself, say) ends with /* sleep: why */
#   shell      every script parses (bash -n, or sh -n)
#
# Exit codes: 0 all hold, 1 at least one does not (each named with its file).
set -eu
export LC_ALL=C
cd "${1:-$(dirname "$0")/..}"

failed=0
broken() {
	printf '%s\n' "$*"
	failed=1
}

existing() {
	for path in "$@"; do
		if [ -e "$path" ]; then
			echo "$path"
		fi
	done
}

# shellcheck disable=SC2046
set -- $(existing src bpf tests bench tools scripts .ci)
[ $# -gt 0 ] || exit 0

c_files=$(find "$@" -type f ! -path 'tests/golden/*/*' \( -name '*.c' -o -name '*.h' \) | sort)
scripts=$(find "$@" -type f ! -name '*.c' ! -name '*.h' -exec awk '
	FNR == 1 { if (/^#!.*[\/ ](ba)?sh( |$)/) print FILENAME; nextfile }' '{}' + | sort)

for file in $c_files $scripts; do
	echo "$file"
done | xargs -r awk '
	function end_of_file() {
		if (name == "")
			return
		if (lines > 800)
			print name ": length: " lines " lines, at most 800"
		if (name ~ /\.[ch]$/ && !licence)
			print name ": licence: no SPDX-License-Identifier: " wanted " at the top"
		if (name ~ /\.h$/ && !once)
			print name ": once: no #pragma once"
	}
	FNR == 1 {
		end_of_file()
		name = FILENAME
		licence = once = 0
		wanted = name ~ /^bpf\// ? "GPL-2.0-only OR BSD-2-Clause" : "Apache-2.0"
		is_test = name ~ /^tests\/.*\.[ch]$/ || name ~ /\/test-[^\/]*\.c$/
	}
	{ lines = FNR }
	FNR <= 3 && index($0, "SPDX-License-Identifier: " wanted) { licence = 1 }
	/^#pragma once/ { once = 1 }
	is_test && /(^|[^A-Za-z0-9_"])(u|nano|clock_nano)?sleep *\(/ && !/\/\* sleep: / {
		print name ":" FNR ": sleep: wait for the event instead"
	}
	END { end_of_file() }' >"${TMPDIR:-/tmp}/check-files.$$"
if [ -s "${TMPDIR:-/tmp}/check-files.$$" ]; then
	cat "${TMPDIR:-/tmp}/check-files.$$"
	failed=1
fi
rm -f "${TMPDIR:-/tmp}/check-files.$$"

for file in $scripts; do
	shell=sh
	case $(head -n 1 "$file") in
	*bash*) shell=bash ;;
	esac
	$shell -n "$file" || broken "$file: shell: does not parse"
done

exit "$failed"
