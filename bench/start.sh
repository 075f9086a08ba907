# shellcheck shell=bash
# From the command to the first event that it shows, and from ^C back to the prompt.

runs=$(pick 2 10)
mkdir "$work/busy"

# one LABEL ARGS...: a row; the median is in $first.
one() {
	local label=$1 i row
	local -a firsts=() ends=()
	shift
	note "start: $label"
	for ((i = 0; i < runs; i++)); do
		quiet
		row=$("$bin/bench/bench-start" "$@" 2>"$work/start.err") || {
			note "$(cat "$work/start.err")"
			printf '%s|no event came|\n' "$label"
			return 0
		}
		firsts+=("${row% *}") ends+=("${row#* }")
	done
	printf '%s|%s|%s\n' "$label" "$(span %.0f "${firsts[@]}")" "$(span %.0f "${ends[@]}")"
	first=$(median "${firsts[@]}")
}

# ours LABEL ARGS...
ours() {
	local label=$1
	shift
	first=
	one "$label" "$work/busy" "$bin/ringside" "$@"
	if [ -n "$first" ]; then
		goal "first event of $label" "$(calc "$first" %.0f) ms" 'at most 150 ms' "$first <= 150"
	else
		skipped "first event of $label" 'at most 150 ms' 'no event came'
	fi
}

{
	echo 'command|first event, ms|^C to the prompt, ms'
	ours '`ringside run`' run --root "$work/root" --control none --config none
	ours '`ringside exec`' exec
	ours '`ringside deletes DIR`' deletes "$work/busy"
	if have bpftrace; then
		one 'bpftrace, one tracepoint' -i Attaching "$work/busy" bpftrace -e \
			'tracepoint:syscalls:sys_exit_unlink { printf("%s %d\n", comm, args->ret); }'
	fi
} >"$work/rows"

cat <<'end'
A child makes files, removes them and starts programs all the time; the clock runs from the exec of
the command to the first line of its output that is an event, and from SIGINT to the end of the
command. The kernel takes seconds to close dozens of tracepoints: a child of the agent is left with
that, after the prompt is back.

end
table <"$work/rows"
have bpftrace || printf '\nbpftrace is not installed, so it was not measured.\n'
