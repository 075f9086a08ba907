# shellcheck shell=bash
# What being timed costs a system call: `ringside latency` against bpftrace's histogram of the same.

rounds=$(pick 1 5)
calls=$(pick 500000 3000000)

# timer_start PROGRAM ARGS...: in the background, until it is at work.
timer_start() {
	"$@" >/dev/null 2>"$work/timer" </dev/null &
	timer=$!
	sleep 2
	quiet
}

timer_stop() {
	kill -INT "$timer"
	wait "$timer" || true
}

# timed LABEL PROGRAM ARGS...: a row, "LABEL|without|with|more". Sets timed_more.
timed() {
	local label=$1 i
	local -a before=() during=() more=()
	shift
	note "latency: $label"
	for ((i = 0; i < rounds; i++)); do
		quiet
		before+=("$(load -n "$calls" getppid | cut -d ' ' -f 2)")
		timer_start "$@"
		during+=("$(load -n "$calls" getppid | cut -d ' ' -f 2)")
		timer_stop
		more+=("$(calc "${during[i]} - ${before[i]}")")
	done
	timed_more=$(median "${more[@]}")
	printf '%s|%s|%s|%s\n' "$label" "$(span %.0f "${before[@]}")" "$(span %.0f "${during[@]}")" \
		"$(span %.0f "${more[@]}")"
}

script='tracepoint:raw_syscalls:sys_enter { @s[tid] = nsecs; }
	tracepoint:raw_syscalls:sys_exit /@s[tid]/ { @[args->id] = hist(nsecs - @s[tid]); delete(@s[tid]); }'
{
	echo 'what runs|ns without|ns with|more, ns'
	timed '`ringside latency`' "$bin/ringside" latency -o json
	ours=$timed_more
	timed 'by system call, file and container' "$bin/ringside" latency -o json --by syscall,file,container
	timed 'with `--outliers 100ms`' "$bin/ringside" latency -o json --outliers 100ms
	timed 'of other system calls' "$bin/ringside" latency -o json --syscall fsync
	if have bpftrace; then
		timed "bpftrace, a histogram of each call" bpftrace -e "$script"
		theirs=$timed_more
	fi
} >"$work/rows"

cat <<'end'
`getppid` in a tight loop, CPU time per call, while every call of the machine is timed. Buckets of ours are
1.6 % wide, those of bpftrace's `hist()` are powers of two.

end
table <"$work/rows"

if have bpftrace; then
	goal 'latency, cost of a timed call' "$(calc "$ours" %.0f) ns; bpftrace: $(calc "$theirs" %.0f) ns" \
		"at most bpftrace's" "$ours <= $theirs"
else
	skipped 'latency, cost of a timed call' "at most bpftrace's" 'bpftrace is not installed'
fi
