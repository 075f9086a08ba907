# shellcheck shell=bash
# What a system call that nobody watches pays for the agent's presence.

rounds=$(pick 1 5)
repeats=3
calls=$(pick 500000 3000000)

# measure ARRAY: appends the CPU time of one getppid, the least of a few runs.
measure() {
	local -n into_=$1
	local -a runs=()
	local i
	for ((i = 0; i < repeats; i++)); do
		runs+=("$(load -n "$calls" getppid | cut -d ' ' -f 2)")
	done
	into_+=("$(printf '%s\n' "${runs[@]}" | sort -g | head -n 1)")
}

# with_agent WITHOUT WITH ARGS...: one pair, appended to these arrays.
with_agent() {
	local without=$1 with=$2
	shift 2
	quiet
	measure "$without"
	agent_start -o json "$@"
	measure "$with"
	agent_stop
}

with_raw() {
	local line
	quiet
	measure raw_base
	coproc raw { exec "$bin/bench/bench-rawtp"; }
	local pid=$raw_PID
	read -r line <&"${raw[0]}" || return 0
	quiet
	measure raw_ours
	kill "$pid"
	wait "$pid" 2>/dev/null || true
}

declare -a base=() ours=() all_base=() all_ours=() raw_base=() raw_ours=()
for ((i = 0; i < rounds; i++)); do
	note "tax: round $((i + 1)) of $rounds"
	with_agent base ours
	with_agent all_base all_ours -k all
	with_raw
done

# row LABEL BASE OURS
row() {
	local -n b_=$2 o_=$3
	local -a extra=()
	local i
	for i in "${!o_[@]}"; do extra+=("$(calc "${o_[i]} - ${b_[i]}")"); done
	printf '%s|%s|%s|%s|%s\n' "$1" "$(span %.1f "${b_[@]}")" "$(span %.1f "${o_[@]}")" \
		"$(span %.1f "${extra[@]}")" "$(span %.2f $(ratios "$2" "$3"))"
	tax=$(median "${extra[@]}")
}

{
	echo 'with|ns without|ns with|more, ns|ratio'
	row '`ringside run`' base ours
	default_tax=$tax
	row '`ringside run -k all`' all_base all_ours
	all_tax=$tax
	row 'an empty program on every system call' raw_base raw_ours
} >"$work/rows"

cat <<'end'
`getppid` in a tight loop, CPU time per call. The agent hooks each system call that it wants by that
call's own tracepoint: the others pay only for the kernel's slow way through entry and exit. The last
row is what the usual design, one program on the exit of every call, pays before it has done anything.

end
table <"$work/rows"

goal 'a system call that no sensor wants' \
	"$(calc "$default_tax" %+.0f) ns (all kinds: $(calc "$all_tax" %+.0f) ns)" \
	'at most 60 ns more' "$default_tax <= 60"
