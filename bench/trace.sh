# shellcheck shell=bash
# `ringside trace` against bpftrace: starting and stopping, memory, what an event costs in the kernel, lines printed.

runs=$(pick 3 10)
cost_runs=$(pick 1 3)
bench=$bin/bench/bench-trace
export BPFTRACE_STRLEN=64 BPFTRACE_MAX_STRLEN=64 # the older one's default, for both

# ten tracepoints: eight maps, a string, a field
ten='tracepoint:syscalls:sys_enter_getppid { printf("%d\n", pid); }
tracepoint:syscalls:sys_enter_openat { @o[str(args->filename)] = count(); }
tracepoint:syscalls:sys_exit_openat { @r[comm] = sum(args->ret); }
tracepoint:syscalls:sys_enter_read { @a[comm] = count(); }
tracepoint:syscalls:sys_enter_write { @b[comm] = count(); }
tracepoint:syscalls:sys_enter_close { @c[comm] = count(); }
tracepoint:syscalls:sys_enter_futex { @d[comm] = count(); }
tracepoint:syscalls:sys_enter_mmap { @e[comm] = count(); }
tracepoint:sched:sched_process_fork { @f[comm] = count(); }
tracepoint:sched:sched_process_exit { @g[comm] = count(); }'
one='tracepoint:syscalls:sys_enter_getppid { @[comm] = count(); printf("%d\n", pid); }'
opensnoop='tracepoint:syscalls:sys_enter_openat { @name[tid] = args->filename; }
tracepoint:syscalls:sys_exit_openat /@name[tid]/ {
	printf("%-6d %-16s %4d %s\n", pid, comm, args->ret, str(@name[tid])); delete(@name[tid]);
}'

# columns ARRAY N: column N of rows that are words.
column() {
	printf '%s\n' "$1" | awk -v n="$2" '{ print $n }'
}

# starts LABEL SCRIPT GOAL_FIRST: a row for each tracer, in turns; verdicts for ours.
starts() {
	local label=$1 script=$2 want=$3 i tracer
	local -A rows=()
	note "trace: start: $label"
	for ((i = 0; i < runs; i++)); do
		for tracer in ours theirs; do
			quiet
			if [ $tracer = ours ]; then
				rows[$tracer]+="$("$bench" start "$bin/ringside" trace -e "$script")"$'\n'
			elif have bpftrace; then
				rows[$tracer]+="$("$bench" start bpftrace -e "$script")"$'\n'
			fi
		done
	done
	for tracer in ours theirs; do
		[ -n "${rows[$tracer]:-}" ] || continue
		mapfile -t first < <(column "${rows[$tracer]%$'\n'}" 1)
		mapfile -t end < <(column "${rows[$tracer]%$'\n'}" 2)
		mapfile -t peak < <(column "${rows[$tracer]%$'\n'}" 3)
		printf '%s, %s|%s|%s|%s\n' "$label" "$(name_of $tracer)" "$(span %.1f "${first[@]}")" \
			"$(span %.1f "${end[@]}")" "$(calc "$(median "${peak[@]}") / 1024" %.1f)"
		[ $tracer = ours ] || continue
		goal "trace, $label: first output" "$(calc "$(median "${first[@]}")" %.1f) ms" \
			"at most $want ms" "$(median "${first[@]}") <= $want"
		goal "trace, $label: ^C to the prompt" "$(calc "$(median "${end[@]}")" %.1f) ms" \
			'at most 30 ms' "$(median "${end[@]}") <= 30"
		goal "trace, $label: memory" "$(calc "$(median "${peak[@]}") / 1024" %.1f) MiB" \
			'at most 8 MiB' "$(median "${peak[@]}") <= 8192"
	done
}

name_of() {
	case $1 in
	ours) echo '`ringside trace`' ;;
	theirs) bpftrace --version | tr -d v ;;
	esac
}

whole() {
	local i tracer
	local -A rows=()
	note 'trace: BEGIN { exit(); }'
	for ((i = 0; i < runs; i++)); do
		quiet
		rows[ours]+="$("$bench" whole "$bin/ringside" trace -e 'BEGIN { exit(); }')"$'\n'
		have bpftrace || continue
		rows[theirs]+="$("$bench" whole bpftrace -e 'BEGIN { exit(); }')"$'\n'
	done
	for tracer in ours theirs; do
		[ -n "${rows[$tracer]:-}" ] || continue
		mapfile -t ms < <(column "${rows[$tracer]%$'\n'}" 1)
		mapfile -t peak < <(column "${rows[$tracer]%$'\n'}" 2)
		printf '`BEGIN { exit(); }`, %s|%s, whole||%s\n' "$(name_of $tracer)" "$(span %.1f "${ms[@]}")" \
			"$(calc "$(median "${peak[@]}") / 1024" %.1f)"
		[ $tracer = ours ] || continue
		goal 'trace, `BEGIN { exit(); }`' "$(calc "$(median "${ms[@]}")" %.1f) ms" 'at most 3 ms' \
			"$(median "${ms[@]}") <= 3"
		goal 'trace, `BEGIN { exit(); }`: memory' "$(calc "$(median "${peak[@]}") / 1024" %.1f) MiB" \
			'at most 4 MiB' "$(median "${peak[@]}") <= 4096"
	done
}

# cost_of CALL COMMAND...: once more where it did not end (bpftrace now and then does not).
cost_of() {
	"$bench" cost "$@" | cut -d ' ' -f 1 || "$bench" cost "$@" | cut -d ' ' -f 1
}

worst=0
# costs LABEL CALL SCRIPT: ns a run of the program(s), in turns.
costs() {
	local label=$1 call=$2 script=$3 i
	local -a ours=() theirs=() quotients=()
	note "trace: cost: $label"
	for ((i = 0; i < cost_runs; i++)); do
		quiet
		ours+=("$(cost_of "$call" "$bin/ringside" trace -e "$script")")
		have bpftrace || continue
		quiet
		theirs+=("$(cost_of "$call" bpftrace -e "$script")")
	done
	if [ ${#theirs[@]} -eq 0 ]; then
		printf '%s|%s|-|-\n' "$label" "$(span %.0f "${ours[@]}")"
		return
	fi
	mapfile -t quotients < <(ratios theirs ours)
	worst=$(printf '%s\n' "$worst" "$(median "${quotients[@]}")" | sort -g | tail -n 1)
	printf '%s|%s|%s|%s\n' "$label" "$(span %.0f "${ours[@]}")" "$(span %.0f "${theirs[@]}")" \
		"$(span %.2f "${quotients[@]}")"
}

# highest COMMAND...: the highest rate at which each line comes out, by doubling; "RATE CPU-NS-A-LINE".
highest() {
	local rate out best='0 0'
	for rate in $(pick '25000 100000' '12500 25000 50000 100000 200000 400000'); do
		quiet
		out=$("$bench" printed "$rate" 2 "$@" 2>/dev/null) || break
		# shellcheck disable=SC2086
		set -- $out "$@"
		# what was asked for came out, and the load could ask at that rate
		if holds "$1 >= $2 && $2 >= $rate * 1.9"; then
			best="$rate $(calc "$3 / $1" %.0f)"
			shift 3
		elif holds "$1 >= $2"; then
			best="$(calc "$2 / 2" %.0f) $(calc "$3 / $1" %.0f)"
			break
		else
			break
		fi
	done
	echo "$best"
}

{
	echo 'script|first output, ms|^C to the prompt, ms|peak memory, MiB'
	whole
	starts 'one tracepoint' "$one" 5
	starts 'opensnoop' "$opensnoop" 15
	starts 'ten tracepoints' "$ten" 10
} >"$work/starts"

enter='tracepoint:raw_syscalls:sys_enter'
ppid='tracepoint:syscalls:sys_enter_getppid'
openat='tracepoint:syscalls:sys_enter_openat'
{
	echo 'script|ringside, ns|bpftrace, ns|ours to theirs'
	costs 'count by name of the process' getppid "$enter { @[comm] = count(); }"
	costs 'count' getppid "$ppid { @ = count(); }"
	costs 'histogram of latency' getppid "$enter { @s[tid] = nsecs; }
		tracepoint:raw_syscalls:sys_exit /@s[tid]/ { @ = hist(nsecs - @s[tid]); delete(@s[tid]); }"
	costs 'printf with a string' open "$openat /comm == \"bench-trace\"/ { printf(\"%s %s\n\", comm, str(args->filename)); }"
	costs 'count of kernel stacks' getppid "$ppid { @[kstack] = count(); }"
	costs 'two keys' getppid "$enter { @[comm, args->id] = count(); }"
	costs 'string as a key' open "$openat { @[str(args->filename)] = count(); }"
	costs 'filter by name, counter by pid' getppid "$enter /comm == \"bench-trace\"/ { @x[pid]++; }"
	costs 'fields of the kernel'\''s structs' getppid "$ppid { @[curtask->real_parent->tgid] = sum(curtask->flags); }"
	costs 'average, linear histogram, maximum' getppid "$ppid { @a = avg(tid); @l = lhist(cpu, 0, 16, 1); @m = max(nsecs); }"
} >"$work/costs"

note 'trace: lines printed'
print_script="$openat /comm == \"bench-trace\"/ { printf(\"%s %s\n\", comm, str(args->filename)); }"
read -r our_rate our_ns < <(highest "$bin/ringside" trace -e "$print_script")
their_rate=0
if have bpftrace; then
	read -r their_rate their_ns < <(highest bpftrace -e "$print_script")
fi

cat <<'end'
From the exec of the command to its first line of output while the system calls that it traces are made all
the time, so after everything is attached; from SIGINT to its end; and its peak memory.

end
table <"$work/starts"
cat <<end

On disk: ringside, all of it, $(calc "$(stat -c %s "$bin/ringside") / 1e6" %.1f) MB, static$(
	have bpftrace && printf '; bpftrace %.1f MB with the libraries it loads' "$(ldd "$(command -v bpftrace)" |
		awk '/=> \// { print $3 } /^\t\// { print $1 }' | xargs -r readlink -f | sort -u |
		xargs -r stat -c %s | awk -v own="$(stat -Lc %s "$(command -v bpftrace)")" '{ n += $1 } END { print (n + own) / 1e6 }')"
).

What an event costs in the kernel, by the kernel's own account of the programs' run time, the same script in turns;
the kernel's clock readings, some 30 ns, are in both. Strings have 64 bytes in both.

end
table <"$work/costs"
cat <<end

Printing a line for each open of a file, output to a pipe that is read: the highest rate at which not one line is
missing is $our_rate/s with $our_ns ns of CPU time a line$(
	((their_rate == 0)) || printf '; bpftrace: %s/s with %s ns' "$their_rate" "$their_ns"
).
end
if have bpftrace; then
	goal 'trace, cost of an event in the kernel' "$(calc "$worst" %.2f) of bpftrace's in the worst of ten scripts" \
		'at most 1.0' "$worst <= 1"
	goal 'trace, lines printed without loss' "$our_rate/s; bpftrace: $their_rate/s" 'at least 3 times bpftrace' \
		"$our_rate >= 3 * $their_rate"
else
	skipped 'trace, against bpftrace' 'at most 1.0 of its cost' 'bpftrace is not installed'
	printf '\nbpftrace is not installed, so it was not measured.\n'
fi
