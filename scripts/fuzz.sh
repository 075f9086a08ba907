#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Runs every fuzzer of a fuzz build. What it finds on the way is kept in BUILD_DIR/corpus/<name>;
# inputs worth keeping for good go to tests/fuzz/corpus/<name>/ by hand. A dictionary may stand at
# tests/fuzz/<name>.dict.
#
# usage: fuzz.sh BUILD_DIR SECONDS [FUZZER...]      (fuzzers by name: fuzz-json; default: all)
#
# FUZZ_SEED makes a run that can be made again; without it, each takes other ways. FUZZ_RUNS ends each after so many
# inputs, if the time has not: with both, a fast machine tries what has been tried before, and a slow one a part of it.
#
# The last line is "N passed, N failed, N skipped", a fuzzer counting as one.
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."
build=$1
seconds=$2
shift 2
if [ $# -eq 0 ]; then
	# shellcheck disable=SC2046
	set -- $(scripts/list-sources.sh . | sed -n 's|^fuzz .*/\(.*\)\.c$|\1|p')
fi

logs=$build/fuzz-logs
rm -rf "$logs"
mkdir -p "$logs"
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1:allocator_may_return_null=1
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1

# JOBS at a time; each leaves its exit code in NAME.status.
for name; do
	echo "$name"
done | xargs -r -P "${JOBS:-2}" -I '{}' sh -c '
	name=$1 build=$2 seconds=$3 logs=$4
	short=${name#fuzz-}
	found=$build/corpus/$short
	seeds=tests/fuzz/corpus/$short
	dict=tests/fuzz/$short.dict
	mkdir -p "$found"
	set -- "$found"
	[ -d "$seeds" ] && set -- "$@" "$seeds"
	[ -f "$dict" ] && set -- "-dict=$dict" "$@"
	"$build/tests/fuzz/$name" -max_total_time="$seconds" -seed="${FUZZ_SEED:-0}" \
		-runs="${FUZZ_RUNS:--1}" -timeout=60 -rss_limit_mb=1024 -print_final_stats=1 \
		-artifact_prefix="$build/$name-" "$@" >"$logs/$name.log" 2>&1
	echo $? >"$logs/$name.status"
' sh '{}' "$build" "$seconds" "$logs"

passed=0
failed=0
for name; do
	log=$logs/$name.log
	if [ "$(cat "$logs/$name.status")" -eq 0 ]; then
		passed=$((passed + 1))
		awk -v name="$name" '
			/ cov: / { for (i = 1; i < NF; i++) if ($i == "cov:") cov = $(i + 1) }
			/number_of_executed_units/ { runs = $2 }
			/average_exec_per_sec/ { rate = $2 }
			END { printf "%-24s ok  %d runs, %d/s, %d edges\n", name, runs, rate, cov }
		' "$log"
	else
		failed=$((failed + 1))
		printf '%-24s FAILED\n' "$name"
		grep -v -e ' NEW ' -e ' REDUCE ' -e ' pulse ' "$log" | tail -n 60 | sed 's/^/    /'
	fi
done
echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
