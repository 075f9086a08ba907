# shellcheck shell=bash
# What the benchmarks share. run.sh sets: bin (build folder), quick (true or false), work (an empty
# directory), goals (a file for results), patience (seconds to wait for quiet).

load_cpu=$(($(nproc) - 1)) # the loads' CPU; the agent stays where it is let

# pick QUICK FULL: one of the two.
pick() {
	if $quick; then echo "$1"; else echo "$2"; fi
}

# have PROGRAM...: whether all are installed.
have() {
	command -v "$@" >/dev/null
}

# note TEXT...: progress, on standard error.
note() {
	printf '%s\n' "$*" >&2
}

# quiet: waits for it; what could not be had is counted, and said in the report.
quiet() {
	echo >>"$work/waits"
	"$bin/bench/bench-quiet" "$patience" || echo >>"$work/unquiet"
}

# load ARGS...: wall and CPU nanoseconds per call.
load() {
	"$bin/bench/bench-load" -c "$load_cpu" "$@" | cut -d ' ' -f 2-
}

# --- the agent -----------------------------------------------------------------------------------

# agent_start ARGS...: `ringside run ARGS...`, until it watches and the machine is quiet again. Its
# own /run, so that an agent that serves this machine is not in the way.
agent_start() {
	local line
	exec {agent_words}< <(exec "$bin/ringside" run --root "$work/root" --control none \
		--config none "$@" 2>&1 >/dev/null </dev/null)
	agent=$!
	while IFS= read -r -t 60 line <&"$agent_words"; do
		case $line in *watching*) quiet && return ;; esac
		note "$line"
	done
	note "the agent did not start: ringside run $*"
	return 1
}

# agent_stop: ^C; its summary is in agent_summary. Returns when its hooks are gone.
agent_stop() {
	kill -INT "$agent"
	agent_summary=$(cat <&"$agent_words")
	wait "$agent" || true
	exec {agent_words}<&-
	agent=
	quiet
}

# agent_cpu: nanoseconds that its threads have run. agent_lost: what the summary counts as lost.
# agent_count WORD: what it counts under this word, "not kept" or "unnamed".
agent_cpu() {
	cat /proc/"$agent"/task/*/schedstat | awk '{ ns += $1 } END { printf "%.0f\n", ns }'
}

agent_count() {
	awk -v word="$1" 'index($0, "  " word " ") == 1 { n += substr($0, length(word) + 3) + 0 }
		END { printf "%.0f\n", n }' <<<"$agent_summary"
}

# agent_memory: MiB, as /proc/PID/status has it: now, and at most.
agent_memory() {
	awk '/^VmRSS/ { now = $2 } /^VmHWM/ { most = $2 }
		END { printf "%.1f %.1f\n", now / 1024, most / 1024 }' "/proc/$agent/status"
}

agent_events() {
	sed -n 's/^\([0-9]*\) events\{0,1\} in .*/\1/p' <<<"$agent_summary"
}

agent_lost() {
	sed -n 's/^[0-9]* events\{0,1\} in .*, \([0-9]*\|none\) lost$/\1/p' <<<"$agent_summary" |
		sed 's/none/0/'
}

# --- a busy node ---------------------------------------------------------------------------------

# node_start CONTAINERS PROCESSES: control groups, processes in them, and what a runtime leaves on disk
# about them below $work/node. Sets node_words: "PROCESSES CONTAINERS HIERARCHY".
node_start() {
	mkdir -p "$work/node"
	coproc node_job {
		exec "$bin/bench/bench-node" -c "$load_cpu" -n "$1" -p "$2" "$work/node"
	}
	node=$node_job_PID node_out=${node_job[0]} node_in=${node_job[1]}
	read -r -t 120 ready node_words <&"$node_out" && [ "$ready" = ready ]
}

# node_load RATE SECONDS: opened and closed files; "EVENTS NANOSECONDS".
node_load() {
	echo "$1 $2" >&"$node_in"
	local line
	read -r -t $(($2 + 120)) line <&"$node_out"
	echo "$line"
}

node_stop() {
	eval "exec $node_in>&-"
	wait "$node" || true
	rm -rf "$work/node"
}

# --- numbers -------------------------------------------------------------------------------------

# calc EXPRESSION [FORMAT]
calc() {
	awk "BEGIN { printf \"${2:-%.6g}\", $1 }"
}

# holds CONDITION: whether awk finds it true.
holds() {
	awk "BEGIN { exit !($1) }"
}

# median NUMBER...
median() {
	printf '%s\n' "$@" | sort -g | awk '{ v[NR] = $1 }
		END { printf "%.12g\n", NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'
}

# span FORMAT NUMBER...: "median (least-most)"; just the number where there is one.
span() {
	local format=$1
	shift
	printf '%s\n' "$@" | sort -g | awk -v f="$format" '{ v[NR] = $1 }
		END {
			m = NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2
			if (NR == 1) printf f "\n", m
			else printf f " (" f " to " f ")\n", m, v[1], v[NR]
		}'
}

# ratios BASE OURS: names of two arrays of pairs; prints ours/base of each pair.
ratios() {
	local -n base_=$1 ours_=$2
	local i
	for i in "${!ours_[@]}"; do
		calc "${ours_[i]} / ${base_[i]}"
		echo
	done
}

# --- results -------------------------------------------------------------------------------------

# goal WHAT MEASURED GOAL CONDITION: one row of the verdicts; the condition is awk's.
goal() {
	local verdict=missed
	if holds "$4"; then verdict=met; fi
	printf '%s|%s|%s|%s\n' "$1" "$2" "$3" "$verdict" >>"$goals"
}

# skipped WHAT GOAL WHY
skipped() {
	printf '%s|-|%s|skipped: %s\n' "$1" "$2" "$3" >>"$goals"
}

# table: rows of cells between "|" on standard input, the first being the heads; as Markdown,
# aligned so that it can be read as it is.
table() {
	awk -F '|' '{
		for (i = 1; i <= NF; i++) {
			cell[NR, i] = $i
			if (length($i) > width[i]) width[i] = length($i)
		}
		if (NF > n) n = NF
	}
	END {
		for (r = 1; r <= NR; r++) {
			for (i = 1; i <= n; i++) printf "| %-" width[i] "s ", cell[r, i]
			print "|"
			if (r > 1) continue
			for (i = 1; i <= n; i++) {
				dashes = sprintf("%" (width[i] + 2) "s", "")
				gsub(/ /, "-", dashes)
				printf "|%s", dashes
			}
			print "|"
		}
	}'
}
