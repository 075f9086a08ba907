# shellcheck shell=bash
# What being watched costs a process: its system calls counted, or written one by one. Against strace, strace with
# --seccomp-bpf, and perf trace.

rounds=$(pick 1 5)
calls=$(pick 300000 3000000)   # getppid
slow_calls=$(pick 20000 100000) # the same under tracers that stop the process
blocks=$(pick 200000 2000000)  # of 512 bytes, for dd
slow_blocks=$(pick 10000 50000)
sources=$(pick 4 24)           # files to compile

# --- what is watched: each writes the nanoseconds that it took, of one call where there are many --------------------

cat >"$work/loop" <<end
#!/bin/sh
exec "$bin/bench/bench-load" -c $load_cpu -n "\$1" getppid >"$work/ns.all"
end
cat >"$work/dd" <<end
#!/bin/sh
dd if=/dev/zero of=/dev/null bs=512 count="\$1" 2>"$work/dd.out"
end
cat >"$work/build" <<end
#!/bin/sh
cd "$work/src" || exit 1
rm -f ./*.o
begin=\$(date +%s%N)
for file in *.c; do cc -O1 -c "\$file" || exit 1; done
echo \$((\$(date +%s%N) - begin)) >"$work/ns.build"
end
chmod +x "$work/loop" "$work/dd" "$work/build"
mkdir -p "$work/src"
for ((i = 0; i < sources; i++)); do
	{
		printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n'
		for ((k = 0; k < 60; k++)); do
			printf 'int f%d_%d(const char *s) { char b[64]; snprintf(b, sizeof(b), "%%s", s); return (int)strlen(b) * %d; }\n' \
				"$i" "$k" "$k"
		done
	} >"$work/src/file$i.c"
done

took_loop() { cut -d ' ' -f 2 "$work/ns.all"; }
took_dd() {
	awk -v n="$1" '{ for (i = 1; i < NF; i++) if ($(i + 1) ~ /^s,?$/) { sub(",", "", $i); print $i * 1e9 / n; exit } }' \
		<(grep copied "$work/dd.out")
}
took_build() { cat "$work/ns.build"; }

# --- who watches ---------------------------------------------------------------------------------------------------

# A program, and how slow it is: where it stops the process at each call, fewer calls are enough.
declare -A tracer=(
	[count]="$bin/ringside syscalls --no-time --by syscall -i 0 -f -o json -c"
	[timed]="$bin/ringside strace -c -f -o /dev/null"
	[lines]="$bin/ringside strace -f -o /dev/null"
	[one]="$bin/ringside strace -f -e trace=execve -o /dev/null"
	[strace_count]='strace -c -f -o /dev/null'
	[strace_lines]='strace -f -o /dev/null'
	[strace_one]='strace -f --seccomp-bpf -e trace=execve -o /dev/null'
	[perf_lines]="perf trace -o $work/perf.out"
	[perf_count]="perf trace -s -o $work/perf.out"
)
declare -A label=(
	[count]='`ringside syscalls --no-time`' [timed]='`ringside strace -c`' [lines]='`ringside strace`'
	[one]='`ringside strace -e execve`' [strace_count]='`strace -c`' [strace_lines]='`strace`'
	[strace_one]='`strace --seccomp-bpf -e execve`' [perf_lines]='`perf trace`' [perf_count]='`perf trace -s`'
)
order='count timed strace_count perf_count lines strace_lines perf_lines one strace_one'

# watched TRACER WORK ARGUMENT: runs it once.
watched() {
	local who=$1 what=$2 argument=$3
	case $who in
	none) "$work/$what" "$argument" ;;
	# its words in one, as the option has them
	count) ${tracer[count]} "$work/$what $argument" ;;
	*) ${tracer[$who]} "$work/$what" "$argument" ;;
	esac >/dev/null 2>&1 </dev/null
}

slow() {
	case $1 in strace_count | strace_lines) return 0 ;; *) return 1 ;; esac
}

# argument WHO WORK
argument() {
	case $2 in
	loop) if slow "$1"; then echo "$slow_calls"; else echo "$calls"; fi ;;
	dd) if slow "$1"; then echo "$slow_blocks"; else echo "$blocks"; fi ;;
	build) echo 0 ;;
	esac
}

declare -A ratio=()
# compare WORK UNIT DIVISOR: a row for each tracer, in turns with a run that nobody watches.
compare() {
	local what=$1 unit=$2 divisor=$3 who i n
	echo "$what|$unit without|$unit with|ratio"
	for who in $order; do
		local -a before=() during=()
		# shellcheck disable=SC2086
		set -- ${tracer[$who]}
		have "$1" || continue
		note "strace: $what: ${label[$who]}"
		n=$(argument "$who" "$what")
		for ((i = 0; i < rounds; i++)); do
			quiet
			watched none "$what" "$n"
			before+=("$(calc "$("took_$what" "$n") / $divisor")")
			watched "$who" "$what" "$n" || true
			during+=("$(calc "$("took_$what" "$n") / $divisor")")
		done
		ratio[$what.$who]=$(median $(ratios before during))
		printf '%s|%s|%s|%s\n' "${label[$who]}" "$(span %.4g "${before[@]}")" \
			"$(span %.4g "${during[@]}")" "$(calc "${ratio[$what.$who]}" %.3g)"
	done
}

compare loop ns 1 >"$work/loop.table"
compare dd ns 1 >"$work/dd.table"
if have cc; then compare build ms 1e6 >"$work/build.table"; fi

cat <<'end'
What is watched is started by the tracer; its start is not part of the times. First the tightest loop of system calls
that there is, nanoseconds a call.

end
table <"$work/loop.table"
cat <<'end'

`dd` of blocks of 512 bytes from /dev/zero to /dev/null, nanoseconds a block (two calls).

end
table <"$work/dd.table"
if [ -e "$work/build.table" ]; then
	cat <<'end'

Small C files compiled one after the other, with all processes that this takes.

end
	table <"$work/build.table"
fi

goal 'counting calls, getppid loop' "$(calc "${ratio[loop.count]}" %.2f)" 'at most 2.0 of the time without' \
	"${ratio[loop.count]} <= 2"
goal 'counting and timing calls, getppid loop' "$(calc "${ratio[loop.timed]}" %.2f)" \
	'at most 4.0 of the time without' "${ratio[loop.timed]} <= 4"
if [ -n "${ratio[build.count]:-}" ]; then
	goal 'counting calls, a build' "$(calc "${ratio[build.count]}" %.3f)" 'at most 1.03 of the time without' \
		"${ratio[build.count]} <= 1.03"
fi
