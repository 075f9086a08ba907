# shellcheck shell=bash
# What being profiled costs: CPU time by sampling, waits by timing every switch; and what the profiler itself uses.

rounds=$(pick 1 5)
calls=$(pick 1000000 5000000)
switches=$(pick 50000 300000)
profiler_error=$work/profiler

# profiler_start PROGRAM ARGS...: in the background, until it is at work.
profiler_start() {
	"$@" >/dev/null 2>"$profiler_error" </dev/null &
	profiler=$!
	sleep 2
	quiet
}

# profiler_stop: ^C. Sets profiler_cpu: seconds of CPU time that it used so far.
profiler_stop() {
	profiler_cpu=$(awk -v hz="$(getconf CLK_TCK)" '{ printf "%.2f\n", ($14 + $15) / hz }' "/proc/$profiler/stat")
	kill -INT "$profiler"
	wait "$profiler" || true
}

# profiled LABEL LOAD COUNT PROGRAM ARGS...: a row, "LABEL|without|with|ratio|CPU". Sets profiled_ratio.
profiled() {
	local label=$1 what=$2 count=$3 i
	local -a before=() during=() cpu=()
	shift 3
	for ((i = 0; i < rounds; i++)); do
		quiet
		before+=("$(load -n "$count" "$what" | cut -d ' ' -f 1)")
		profiler_start "$@"
		during+=("$(load -n "$count" "$what" | cut -d ' ' -f 1)")
		profiler_stop
		cpu+=("$profiler_cpu")
	done
	profiled_ratio=$(median $(ratios before during))
	printf '%s|%s|%s|%s|%s\n' "$label" "$(span %.0f "${before[@]}")" "$(span %.0f "${during[@]}")" \
		"$(calc "$profiled_ratio" %.3f)" "$(span %.2f "${cpu[@]}")"
}

note 'profile: sampling'
{
	echo 'sampled 99 times a second|ns without|ns with|ratio|CPU s'
	profiled '`ringside profile`' getppid "$calls" "$bin/ringside" profile -o none
	sampling=$profiled_ratio
	if have perf; then
		profiled '`perf record -F 99 -a -g`' getppid "$calls" \
			perf record -q -F 99 -e cpu-clock -a -g -o "$work/perf.data"
	fi
	if have bpftrace; then
		profiled 'bpftrace, `profile:hz:99`' getppid "$calls" \
			bpftrace -e 'profile:hz:99 { @[kstack, ustack, comm] = count(); }'
	fi
} >"$work/sampling"

note 'profile: waits'
{
	echo 'every switch timed|ns without|ns with|ratio|CPU s'
	profiled '`ringside offcpu`' switch "$switches" "$bin/ringside" offcpu -o none
	timing=$profiled_ratio
	profiled '`ringside offcpu --wakers --runq`' switch "$switches" \
		"$bin/ringside" offcpu --wakers --runq -o none
	if have bpftrace; then
		profiled 'bpftrace, the same by a script' switch "$switches" bpftrace -e '
			tracepoint:sched:sched_switch {
				@start[args->prev_pid] = nsecs; @k[args->prev_pid] = kstack; @u[args->prev_pid] = ustack;
				if (@start[args->next_pid]) {
					@[@k[args->next_pid], @u[args->next_pid]] = sum(nsecs - @start[args->next_pid]);
					delete(@start[args->next_pid]);
				}
			}'
	fi
	if have perf; then
		profiled '`perf record -e sched:sched_switch -a -g`' switch "$switches" \
			perf record -q -e sched:sched_switch -a -g -o "$work/perf.data"
	fi
} >"$work/timing"

cat <<'end'
The whole machine is profiled while one CPU makes `getppid` calls as fast as it can.

end
table <"$work/sampling"
cat <<'end'

Two processes on one CPU pass a byte to and fro: each round is two switches, which is the worst there
is for whoever looks at all of them.

end
table <"$work/timing"

goal 'profiling at 99 Hz' "$(calc "$sampling" %.3f)" 'at most 1.02 of the time without' "$sampling <= 1.02"
goal 'timing every wait, at most switches' "$(calc "$timing" %.2f)" 'at most 2 of the time without' \
	"$timing <= 2"
