# shellcheck shell=bash
# Whose event it is, on a node with many processes in many containers: per event, for the whole
# agent under load, and at the start.

containers=500 processes=5000 rate=100000
seconds=$(pick 2 20)
runs=$(pick 2 10)
mkdir "$work/busy"

# --- the agent -----------------------------------------------------------------------------------

# one LABEL LOAD ARGS...: a row; sets cpu (ns an event), percent, lost, kept_not, unnamed, peak (MiB).
# LOAD: "node" for all its processes, "load" for one process elsewhere.
one() {
	local label=$1 from=$2 before made events bytes rss
	shift 2
	note "identity: $label"
	rm -rf "$work/kept"
	agent_start -o none -k open --host-root "$work/node" "$@"
	before=$(agent_cpu)
	if [ "$from" = node ]; then
		made=$(node_load "$rate" "$seconds")
	else
		made=$(load -s "$seconds" -r "$rate" open "$work/node/srv/app-0/file-0.log")
		made="$(calc "$seconds * 1e9 / ${made% *}" %.0f) $((seconds * 1000000000))"
	fi
	quiet
	cpu=$(($(agent_cpu) - before))
	read -r rss peak <<<"$(agent_memory)"
	agent_stop
	events=$(agent_events)
	lost=$(agent_lost) kept_not=$(agent_count 'not kept') unnamed=$(agent_count unnamed)
	percent=$(calc "$cpu / ${made#* } * 100" %.1f)
	cpu=$(calc "$cpu / ($events ? $events : 1)" %.0f)
	bytes=-
	if [ -d "$work/kept" ]; then
		bytes=$(calc "$(du -sb "$work/kept" | cut -f 1) / ($events ? $events : 1)" %.1f)
	fi
	printf '%s|%s|%s|%s|%s|%s|%s|%s %%|%s|%s|%s\n' "$label" \
		"$(calc "${made% *} / ${made#* } * 1e9" %.0f)" "$events" "$lost" "$kept_not" "$unnamed" \
		"$cpu" "$percent" "$bytes" "$rss" "$peak"
}

# --- the start -----------------------------------------------------------------------------------

# first ARRAY ARGS...: times to the first event, ms, added to the array.
first() {
	local -n into=$1
	local i row
	shift
	for ((i = 0; i < runs; i++)); do
		quiet
		row=$("$bin/bench/bench-start" "$work/busy" "$bin/ringside" run --root "$work/root" \
			--store "$work/start" --control none --config none -o json "$@")
		into+=("${row% *}")
	done
}

note 'identity: start'
empty=() full=()
first empty
node_start "$containers" "$processes"
first full --host-root "$work/node"

note "identity: $node_words"
quiet
"$bin/bench/bench-identity" "$work/node" >"$work/alone"
"$bin/bench/bench-enrich" "$processes" >"$work/table"
{
	printf '%s|' load 'made, /s' events lost 'not kept' unnamed 'CPU an event, ns' 'of a core' \
		'bytes an event' 'RSS, MiB'
	echo 'most, MiB'
	one 'one process in no container, nothing kept' load --store none
	plain=$cpu
	one 'all processes, nothing kept' node --store none
	among=$cpu
	one 'all processes, kept' node --store "$work/kept"
} >"$work/rows"
node_stop
first empty

# of NAME FIELD: from what bench-identity printed.
of() {
	awk -v name="$1" -v field="$2" '$1 == name { print $field }' "$work/alone"
}

cat <<end
A node of our own: $processes processes in $containers containers, two to a pod; control groups as the
kubelet makes them (${node_words##* }), bundles as containerd leaves them. The agent's code that tells
whose an event is, by itself: CPU time an event, the median of several rounds (least to most). Mixed:
for each 16 events of files a process that is forked, runs something and ends.

end
{
	echo 'events|ns an event'
	for name in one all mixed; do
		case $name in
		one) label='all of one process' ;;
		all) label='of all processes, in no order' ;;
		mixed) label='mixed' ;;
		esac
		echo "$label|$(of $name 2) ($(of $name 3) to $(of $name 4))"
	done
	awk '$1 == "enrich" { print "the table of processes alone, made up, best|" $2 }
		$1 == "short-lived" { print "the same, mixed|" $2 }' "$work/table"
} | table
cat <<end

To learn from /proc what runs takes $(of seed 2) ms ($(of seed 3) of CPU); to read the names of all
containers from disk $(of names 2) ms more, in a thread. What is known takes $(calc "$(of memory 2) / 1e6" %.1f) MB.

The whole agent, \`ringside run -o none -k open\`: all processes open and close files, $rate a second
together, each of them $((rate / processes)) in a row once a second. CPU and memory are all that the agent's process
used, the store's thread included; RSS counts the ring buffer (8 MiB) twice. Per event of a process
among $processes it is $((among - plain)) ns more than per event of one alone, which is in the CPU's caches.

end
table <"$work/rows"
cat <<end

From the exec of \`ringside run\` to the first event that it shows: $(span %.0f "${full[@]}") ms with those
processes and containers, $(span %.0f "${empty[@]}") ms without them.
end

goal "enrichment, $processes processes, $containers containers" \
	"$(of mixed 2) ns an event (files alone: $(of all 2))" 'below 1 us' \
	"$(of mixed 2) < 1000 && $(of all 2) < 1000"
goal 'memory of the agent in that state, storing' "$peak MiB at most" 'below 60 MB' \
	"$peak * 1.048576 < 60"
goal 'their events, stored' \
	"$rate/s: $lost lost, $kept_not not kept, $unnamed unnamed; $percent % of a core" \
	'none lost, below 60 % of a core' \
	"$lost == 0 && $kept_not == 0 && $unnamed == 0 && $percent < 60"
