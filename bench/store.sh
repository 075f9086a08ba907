# shellcheck shell=bash
# Keeping events: the whole agent at a steady rate, and the store by itself against rows in SQLite.

rate=100000
seconds=$(pick 2 30)
millions=$(pick 0.3 3)
repeats=$(pick 1 3)
file=$work/some/directory/file
mkdir -p "${file%/*}"
: >"$file"

# one LABEL KIND CALL [PATH]: a row; sets percent, lost and kept_not.
one() {
	local label=$1 kind=$2 before ns cpu events bytes
	shift 2
	note "store: $label"
	rm -rf "$work/kept"
	agent_start -o none --store "$work/kept" -k "$kind"
	before=$(agent_cpu)
	ns=$(load -s "$seconds" -r "$rate" "$@")
	quiet
	cpu=$(($(agent_cpu) - before))
	read -r _ peak <<<"$(agent_memory)"
	agent_stop
	events=$(agent_events) lost=$(agent_lost) kept_not=$(agent_count 'not kept')
	bytes=$(du -sb "$work/kept" | cut -f 1)
	percent=$(calc "$cpu / ($seconds * 1e7)" %.1f)
	printf '%s|%s|%s|%s|%s|%s|%s %%|%.1f|%s\n' "$label" "$(calc "1e9 / ${ns% *}" %.0f)" "$events" \
		"$lost" "$kept_not" "$(calc "$cpu / ($events ? $events : 1)" %.0f)" "$percent" \
		"$(calc "$bytes / ($events ? $events : 1)")" "$peak"
}

{
	printf '%s|' event 'made, /s' events lost 'not kept' 'CPU an event, ns' 'of a core'
	echo 'bytes an event|peak memory, MiB'
	one 'fchmod(-1)' chmod fchmod
	chmod_percent=$percent chmod_lost=$((lost + kept_not))
	one 'open' open open "$file"
} >"$work/rows"

# ours: sets cpu (both threads), bytes. theirs: the same.
ours() {
	local words
	rm -rf "$work/ours"
	words=$("$bin/bench/bench-store" "$work/ours" "$millions")
	caller=$(sed -n 's/^caller \([0-9.]*\) us .*/\1/p' <<<"$words")
	writer=$(sed -n 's/^writer \([0-9.]*\) us .*/\1/p' <<<"$words")
	bytes=$(sed -n 's/.* \([0-9.]*\) bytes an event.*/\1/p' <<<"$words")
	cpu=$(calc "$caller + $writer")
	rm -rf "$work/ours"
}

theirs() {
	rm -rf "$work/theirs"
	mkdir "$work/theirs"
	read -r _ cpu _ bytes <<<"$("$bin/bench/bench-rows" "$work/theirs" "$millions" pid path)"
	rm -rf "$work/theirs"
}

callers=() writers=() ours_cpu=() theirs_cpu=()
for ((i = 0; i < repeats; i++)); do
	note "store: by itself, $((i + 1)) of $repeats"
	quiet
	ours
	callers+=("$caller") writers+=("$writer") ours_cpu+=("$cpu") ours_bytes=$bytes
	quiet
	theirs
	theirs_cpu+=("$cpu") theirs_bytes=$bytes
done
mapfile -t times < <(ratios ours_cpu theirs_cpu)

cat <<end
\`ringside run -o none\`, and one load on a CPU of its own that makes $rate events a second for
$seconds seconds. CPU is all that the agent's process used, the writer's thread included, and so is memory.

end
table <"$work/rows"
cat <<end

The store by itself, with made-up events of 5,000 processes in 500 containers and all that is known of
them ($millions million; us of CPU an event). The same events as plain rows in SQLite: one table, two
indexes (pid, path), WAL, 8192 rows to a transaction, and about half of what the store keeps of an event.

end
{
	echo 'where|caller|writer|both|bytes an event|CPU, theirs to ours'
	printf '%s|' 'the store' "$(span %.2f "${callers[@]}")" "$(span %.2f "${writers[@]}")" \
		"$(span %.2f "${ours_cpu[@]}")"
	echo "$ours_bytes|"
	printf '%s|' 'rows in SQLite' '' '' "$(span %.2f "${theirs_cpu[@]}")" "$theirs_bytes"
	span %.1f "${times[@]}"
} | table

all_lost=$((lost + kept_not + chmod_lost))
goal 'events stored, the whole agent' \
	"$rate/s for $seconds s: $all_lost lost, $percent % of a core (open; fchmod: $chmod_percent %)" \
	"$rate/s, none lost, below 60 % of a core" \
	"$all_lost == 0 && $percent < 60 && $chmod_percent < 60"
goal 'CPU of storing, against rows in SQLite' \
	"$(span %.2f "${ours_cpu[@]}") us an event; SQLite: $(span %.2f "${theirs_cpu[@]}")" \
	'less' "$(median "${times[@]}") > 1"
