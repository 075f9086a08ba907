#!/usr/bin/env bash
# Measures what docs/benchmarks.md records, one benchmark after the other, on a machine that has
# nothing else to do. Takes root, and some thirty minutes; --quick a few.
#
#   run.sh [--quick] [--only NAME[,NAME...]] [--bin DIR] [--write]
#
# --quick       short runs, to see that everything works; the numbers mean little
# --only NAMES  of: capture ndjson storms tax idle start json programs identity store query trace profile latency strace memleak
# --bin DIR     holds `ringside` and bench/ (default: build-release)
# --write       renew these sections of docs/benchmarks.md, and its table of goals
#
# A benchmark is one file, NAME.sh: it prints its section of the page, and calls `goal` for what is
# asked of it. Exit code: 0 measured (goals met or not), 1 a benchmark failed, 2 wrong use.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin

root=$(cd "$(dirname "$0")/.." && pwd)
# auditd, in storms, comes last
names='capture ndjson tax idle start json programs identity store query trace profile latency strace memleak storms'
bin=$root/build-release
page=$root/docs/benchmarks.md
quick=false
write=false
only=$names

die() {
	printf 'bench/run.sh: %s\n' "$*" >&2
	exit 2
}

while [ $# -gt 0 ]; do
	case $1 in
	--only | --bin) [ $# -ge 2 ] || die "\"$1\" wants a value" ;;&
	--only) only=${2//,/ }; shift ;;
	--bin) bin=$2; shift ;;
	--quick) quick=true ;;
	--write) write=true ;;
	*) die "unknown argument \"$1\"" ;;
	esac
	shift
done
for name in $only; do
	[[ " $names " = *" $name "* ]] || die "no benchmark \"$name\" (there are: $names)"
done
[ "$(id -u)" -eq 0 ] || die 'loading programs into the kernel takes root'
for program in ringside bench/bench-load bench/bench-quiet; do
	[ -x "$bin/$program" ] || die "no \"$bin/$program\": make bench builds it"
done
bin=$(cd "$bin" && pwd)

source "$root/bench/lib.sh"
top=$(mktemp -d "${TMPDIR:-/tmp}/ringside-bench-XXXXXX")
trap 'rm -rf "$top"' EXIT
trap 'exit 130' INT TERM
patience=$(pick 1 12)

# run_one NAME: its section into $top/NAME.md, its verdicts into $top/NAME.goals.
run_one() {
	local others
	others=$(pgrep -c -x ringside || true)
	(
		work=$top/$1
		goals=$top/$1.goals
		agent=
		mkdir -p "$work/root"
		ln -s /etc "$work/root/etc"
		: >"$goals"
		cleanup() {
			[ -z "$agent" ] || kill "$agent" 2>/dev/null || true
		}
		trap cleanup EXIT
		source "$root/bench/$1.sh" >"$top/$1.md"
	)
	local waits unquiet
	waits=$(wc -l 2>/dev/null <"$top/$1/waits" || echo 0)
	unquiet=$(wc -l 2>/dev/null <"$top/$1/unquiet" || echo 0)
	{
		echo
		[ "$unquiet" = 0 ] || printf '%s\n\n' \
			"Of $waits times that quiet was waited for, $unquiet times other work went on."
		[ "$others" = 0 ] || printf '%s\n\n' \
			"Another agent ran beside: what is said to be without one was with that one."
		printf '%s\n' "_$(date -u +%F): \`bench/run.sh --only $1$($quick && echo ' --quick' || :)\`_"
	} >>"$top/$1.md"
	rm -rf "${top:?}/$1"
}

# What was measured on: no names, only what matters for the numbers.
machine() {
	printf '%s; %s CPUs, %s of memory; Linux %s; %s; ringside %s.\n' \
		"$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)" \
		"$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo)" \
		"$(uname -r | sed 's/^\([0-9.]*\).*/\1/') $(uname -m)" \
		"$(. /etc/os-release && echo "$PRETTY_NAME")" \
		"$("$bin/ringside" --version | awk '{ print $2; exit }')"
	if grep -q '^flags.* hypervisor' /proc/cpuinfo; then echo 'It is a virtual machine.'; fi
}

# replace NAME FILE: what stands between the page's markers of that name.
replace() {
	grep -q "^<!-- bench $1 -->\$" "$page" || die "$page has no markers for \"$1\""
	awk -v begin="<!-- bench $1 -->" -v end="<!-- end $1 -->" -v file="$2" '
		$0 == end { skip = 0 }
		!skip { print }
		$0 == begin { skip = 1; while ((getline line < file) > 0) print line }
	' "$page" >"$top/page"
	cat "$top/page" >"$page"
}

# The verdicts are kept in comments of the sections, so that the table has those of earlier runs too.
write_page() {
	local name
	for name in "$@"; do
		sed 's/.*/<!-- goal &-->/' "$top/$name.goals" >"$top/section"
		cat "$top/$name.md" >>"$top/section"
		replace "$name" "$top/section"
	done
	{ echo 'what|measured|goal|verdict' && sed -n 's/^<!-- goal \(.*\)-->$/\1/p' "$page"; } |
		table >"$top/section"
	replace goals "$top/section"
	machine >"$top/section"
	replace machine "$top/section"
}

failed=''
done_names=''
for name in $only; do
	note "== $name"
	set +e # as part of a condition it would go on after what fails
	(set -e; run_one "$name")
	status=$?
	set -e
	[ "$status" -ne 130 ] || exit 130
	if [ "$status" -ne 0 ]; then
		note "$name FAILED"
		failed+=" $name"
		continue
	fi
	done_names+=" $name"
	printf '\n%s\n\n' "$name"
	cat "$top/$name.md"
done

printf '\n'
{ echo 'what|measured|goal|verdict' && for name in $done_names; do cat "$top/$name.goals"; done; } |
	table
printf '\n'
machine
# shellcheck disable=SC2086
if $write; then write_page $done_names; fi
[ -z "$failed" ] || { note "failed:$failed"; exit 1; }
