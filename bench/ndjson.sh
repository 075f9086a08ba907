# shellcheck shell=bash
# The whole agent: events written as NDJSON to /dev/null, at rates that rise until something is lost.

seconds=$(pick 1 5)
rates=$(pick '200000' '200000 300000 400000 500000 600000 800000 0')
repeats=$(pick 1 3)
file=$work/some/directory/file
mkdir -p "${file%/*}"
: >"$file"

# one RATE KIND CALL [PATH]: sets reached, events, lost, cpu (ns an event) and peak (KiB).
one() {
	local rate=$1 kind=$2 before ns
	shift 2
	agent_start -o json --store none -k "$kind"
	before=$(agent_cpu)
	ns=$(load -s "$seconds" -r "$rate" "$@")
	reached=$(calc "1e9 / ${ns% *}" %.0f)
	quiet
	cpu=$(($(agent_cpu) - before))
	peak=$(awk '/^VmHWM/ { print $2 }' "/proc/$agent/status")
	agent_stop
	events=$(sed -n 's/^\([0-9]*\) events\{0,1\} in .*/\1/p' <<<"$agent_summary")
	lost=$(agent_lost)
	cpu=$(calc "$cpu / ($events ? $events : 1)" %.0f)
}

# climb LABEL KIND CALL [PATH]: rows, one per rate; sets highest, and at_goal: lost at 200,000/s.
climb() {
	local label=$1 rate i
	shift
	highest=0 at_goal=0
	for rate in $rates; do
		for ((i = 0; i < (rate == 200000 ? repeats : 1); i++)); do
			note "ndjson: $label, $rate/s"
			one "$rate" "$@"
			printf '%s|%s|%s|%s|%s|%s|%.1f\n' "$label" "${rate/#0/no limit}" "$reached" "$events" \
				"$lost" "$cpu" "$(calc "$peak / 1024")"
			if [ "$rate" = 200000 ]; then at_goal=$((at_goal + lost)) goal_reached=$reached; fi
			[ "$lost" -eq 0 ] || return 0
			if [ "$reached" -gt "$highest" ]; then highest=$reached; fi
		done
		# a load that cannot follow will not do so at a higher rate either
		if holds "$rate > 0 && $reached < 0.97 * $rate"; then return 0; fi
	done
}

{
	echo 'event|asked for, /s|made, /s|events|lost|CPU an event, ns|peak memory, MiB'
	climb 'fchmod(-1)' chmod fchmod
	fchmod_best=$highest fchmod_lost=$at_goal fchmod_made=$goal_reached
	climb 'open' open open "$file"
	open_best=$highest open_lost=$at_goal
} >"$work/rows"

cat <<'end'
`ringside run -o json --store none >/dev/null`, and one load on a CPU of its own that makes events at a rate, higher
with each row until the agent loses some or the load can do no more. CPU is all that the agent's
process used.

end
table <"$work/rows"

goal 'events a second written as NDJSON, without loss' \
	"$fchmod_made/s, $fchmod_lost lost (highest: $fchmod_best/s; open: $open_best/s)" \
	'200,000/s' "$fchmod_lost == 0 && $open_lost == 0 && $fchmod_made >= 0.98 * 200000"
