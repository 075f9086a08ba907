#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs TAP programs one after the other, shows what failed with its diagnostics, sums up.
#
# usage: run-tap.sh [-v] [-t SECONDS] [-d DIR] PROGRAM...
#
#   -v    show the whole output of every program, not only failures and reasons of skips
#   -t    limit for each program (default 120)
#   -d    folder that holds `ringside`; given to the programs as $RINGSIDE
#
# A program counts one result per "ok" and "not ok" line. A program that dies, is late, breaks
# its plan or prints no TAP at all is one failure more. The last line is
# "N passed, N failed, N skipped". Exit codes: 0 nothing failed, 1 something did, 2 wrong use.
set -u
export LC_ALL=C

verbose=0
limit=120
dir=
while getopts vt:d: option; do
	case $option in
	v) verbose=1 ;;
	t) limit=$OPTARG ;;
	d) dir=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
if [ -n "$dir" ]; then
	RINGSIDE=$dir/ringside
	export RINGSIDE
fi

export CMOCKA_MESSAGE_OUTPUT=TAP
out=$(mktemp) || exit 2
trap 'rm -f "$out"' EXIT
trap 'exit 130' INT TERM

passed=0
failed=0
skipped=0
for program in "$@"; do
	name=${program##*/}
	begin=$(date +%s)
	timeout -k 5 "$limit" "$program" >"$out" 2>&1 </dev/null
	status=$?
	seconds=$(($(date +%s) - begin))
	counts=$(awk -v name="$name" -v status="$status" -v verbose="$verbose" -v limit="$limit" '
		function say(text) { print text >"/dev/stderr" }
		function fail(text) {
			failed++
			say(name ": " text)
			show_all = 1
		}
		# Diagnostics may stand before or after the line they explain.
		function show_notes(   i) {
			for (i = 1; i <= notes; i++)
				say(name ":   " note[i])
		}
		{ line[NR] = $0 }
		/^1\.\.[0-9]+/ {
			plan = substr($0, 4) + 0
			planned = 1
			if (plan == 0) {
				skipped++
				say(name ": skipped" (match($0, /#/) ? ":" substr($0, RSTART + 1) : ""))
			}
			next
		}
		/^(not )?ok( |$)/ {
			results++
			if (diagnosing)
				diagnosing = notes = 0
			if (toupper($0) ~ /# *SKIP/) {
				skipped++
				if (!verbose)
					say(name ": " $0)
			} else if (/^not/ && toupper($0) !~ /# *TODO/) {
				failed++
				bad++
				say(name ": " $0)
				diagnosing = !verbose
				if (diagnosing)
					show_notes()
			} else {
				passed++
			}
			notes = 0
			next
		}
		/^Bail out!/ { fail($0) }
		diagnosing { say(name ":   " $0) }
		!diagnosing { note[++notes] = $0 }
		END {
			if (status == 124 || status == 137)
				fail("not done after " limit " s")
			else if (status > 128)
				fail("killed by signal " (status - 128))
			else if (status && !bad && !(status == 77 && planned))
				fail("exit code " status " though no test failed")
			else if (planned && plan != results)
				fail("planned " plan " tests, ran " results + 0)
			else if (!planned)
				fail(results ? "printed no plan" : "printed no TAP")
			if (show_all || verbose)
				for (i = 1; i <= NR; i++)
					say(name ": | " line[i])
			print passed + 0, failed + 0, skipped + 0
		}' "$out")
	read -r p f s <<-end
		$counts
	end
	printf '%-32s %s passed, %s failed, %s skipped %6d s\n' "$name" "$p" "$f" "$s" "$seconds" >&2
	passed=$((passed + p))
	failed=$((failed + f))
	skipped=$((skipped + s))
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
