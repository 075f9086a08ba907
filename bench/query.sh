# shellcheck shell=bash
# Asking for events among millions, from the command to its end, against rows in SQLite.

millions=$(pick 0.5 10)
repeats=$(pick 2 5)
ours=$work/ours theirs=$work/theirs
mkdir "$theirs"

note "query: making $millions million events"
# what it asks itself afterwards is not looked at
"$bin/bench/bench-store" "$ours" "$millions" >"$work/made"
note 'query: the same as rows'
"$bin/bench/bench-rows" "$theirs" "$millions" >"$work/made-rows"
for column in pid path container; do
	"$bin/bench/bench-rows" --index "$theirs" "$column"
done

# took FILE COMMAND...: milliseconds; what it says into the file.
took() {
	local out=$1 before=$EPOCHREALTIME
	shift
	"$@" >"$out"
	calc "(${EPOCHREALTIME/./} - ${before/./}) / 1000"
}

# one LABEL SQL ARGS...: a row, in turns; sets ms (median of ours).
one() {
	local label=$1 sql=$2 i
	local -a ours_ms=() theirs_ms=() quotients=()
	shift 2
	note "query: $label"
	quiet
	for ((i = 0; i < repeats; i++)); do
		ours_ms+=("$(took "$work/a" "$bin/ringside" events --store "$ours" -q "$@")")
		theirs_ms+=("$(took "$work/b" "$bin/bench/bench-rows" --ask "$theirs" "$sql")")
	done
	mapfile -t quotients < <(ratios theirs_ms ours_ms)
	ms=$(median "${ours_ms[@]}")
	printf '%s|%s|%s|%s|%s\n' "$label" "$(wc -l <"$work/a")" "$(span %.0f "${ours_ms[@]}")" \
		"$(span %.0f "${theirs_ms[@]}")" "$(span %.1f "${quotients[@]}")"
}

{
	echo 'asked for|lines|ours, ms|rows in SQLite, ms|ours to theirs'
	one '`--pid 2345 -o json`' 'SELECT * FROM events WHERE pid = 2345' --pid 2345 -o json
	pid_ms=$ms
	one '`--path /srv/app77 -o json`' \
		"SELECT * FROM events WHERE path >= '/srv/app77/' AND path < '/srv/app770'" \
		--path /srv/app77 -o json
	path_ms=$ms
	one '`--container app-123 -o json`' "SELECT * FROM events WHERE container = 'app-123'" \
		--container app-123 -o json
	container_ms=$ms
	one 'the same, theirs without that index' \
		"SELECT * FROM events NOT INDEXED WHERE container = 'app-123'" --container app-123 -o json
	one '`--container app-123 --count-by ringside.kind`' \
		"SELECT kind, count(*) FROM events WHERE container = 'app-123' GROUP BY 1 ORDER BY 2 DESC" \
		--container app-123 --count-by ringside.kind
	one '`--pid 999999` (nobody)' 'SELECT * FROM events WHERE pid = 999999' --pid 999999 -o json
	one '`-n 100 -o json` (the last)' 'SELECT * FROM events ORDER BY rowid DESC LIMIT 100' \
		-n 100 -o json
	one '`--count-by container.name` (all)' \
		'SELECT container, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC' \
		--count-by container.name
} >"$work/rows"

cat <<end
$millions million events of 5,000 processes in 500 containers, $(du -sm "$ours" | cut -f 1) MiB in the store; what is asked
for is spread evenly over them, so that hardly a block can be left out. The files are in the page cache.
From the start of the command to its end, output to a file. The same events as plain rows in SQLite
take $(du -sm "$theirs" | cut -f 1) MiB, with an index for each question (pid, path, container) made after the rows: it
answers at once what an index fits, and shows fifteen columns where ours makes the whole JSON. The price
of indexes is paid when writing, see above.

end
table <"$work/rows"

# asked WHAT MS
asked() {
	goal "asking $millions million events $1" "$(calc "$2" %.0f) ms" 'below 1 s' "$2 < 1000"
}
asked 'by pid' "$pid_ms"
asked 'by path prefix' "$path_ms"
asked 'by container' "$container_ms"
