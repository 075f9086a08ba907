# shellcheck shell=bash
# What a pair of malloc and free costs while somebody looks for leaks: nobody, `ringside memleak`, BCC's memleak where it
# works (it compiles against the kernel's headers), and what BCC's does as a bpftrace script.

rounds=$(pick 1 5)
pairs=$(pick 50000 300000)
libc=$(ldd "$bin/bench/bench-malloc" 2>/dev/null | awk '$1 ~ /^libc\./ { print $3 }')
[ -n "$libc" ] || libc=$bin/bench/bench-malloc # it is linked statically
mkfifo "$work/orders"

# The same maps as BCC's: sizes of threads, blocks, and sums by stack.
cat >"$work/like-bcc.bt" <<end
uprobe:$libc:malloc /pid == \$1/ { @size[tid] = arg0; }
uretprobe:$libc:malloc /@size[tid]/ {
	@block[retval] = (@size[tid], nsecs, ustack);
	@sum[ustack] = sum(@size[tid]);
	delete(@size[tid]);
}
uprobe:$libc:free /pid == \$1 && @block[arg0].1/ {
	@freed[@block[arg0].2] = sum(@block[arg0].0);
	delete(@block[arg0]);
}
end

# pair ARRAY PROGRAM ARGS...: nanoseconds of a pair while the program (none: nobody) watches; PID in its arguments is the
# process. Fails where the program does not live for so long.
pair() {
	local -n into_=$1
	local watcher='' loader ok=0
	shift
	quiet
	"$bin/bench/bench-malloc" "$pairs" 10 <"$work/orders" >"$work/pair" &
	loader=$!
	exec {orders}>"$work/orders"
	if [ $# -gt 0 ]; then
		"${@//PID/$loader}" >/dev/null 2>"$work/watcher" </dev/null &
		watcher=$!
		sleep 6
		quiet
	fi
	echo >&"$orders"
	while [ ! -s "$work/pair" ]; do sleep 0.1; done
	if [ -n "$watcher" ]; then
		kill -TERM "$watcher" 2>/dev/null || ok=1
		wait "$watcher" || true
	fi
	exec {orders}>&-
	wait "$loader"
	[ $ok = 0 ] || return 1
	into_+=("$(cut -d ' ' -f 1 "$work/pair")")
}

# row LABEL PROGRAM ARGS...: as `pair`, so many rounds. Sets extra: what a pair costs more than without.
row() {
	local label=$1 i
	local -a ns=()
	shift
	note "memleak: $label"
	for ((i = 0; i < rounds; i++)); do
		pair ns "$@" || { note "$(head -n 3 "$work/watcher")"; return 1; }
	done
	extra=$(calc "$(median "${ns[@]}") - ${base:-0}")
	printf '%s|%s|%s\n' "$label" "$(span %.0f "${ns[@]}")" "$([ "$base" = 0 ] || calc "$extra" %.0f)"
}

{
	echo 'who watches|CPU ns a pair|more than without'
	base=0
	row nobody
	base=$extra
	row '`ringside memleak`' "$bin/ringside" memleak -q -o none -p PID
	ours=$extra
	row '`ringside memleak --sample 512K`' "$bin/ringside" memleak -q -o none --sample 512K -p PID
	sampled=$extra
	theirs=''
	if have memleak-bpfcc && row 'memleak of BCC' memleak-bpfcc -p PID 3600; then
		theirs=$extra
	fi
	if have bpftrace && row 'its work as a bpftrace script' bpftrace "$work/like-bcc.bt" PID; then
		theirs=${theirs:-$extra}
	fi
} >"$work/table"

cat <<'end'
A process allocates and frees blocks of 16 to 2015 bytes, six calls below `main`, and keeps every tenth.
Each probe in a process is a trap into the kernel: an entry and a return of malloc, an entry of free.

end
table <"$work/table"

if [ -n "$theirs" ]; then
	goal 'a pair of malloc and free' "$(calc "$ours / $theirs" %.2f) of BCC's cost" "at most 0.5 of BCC's" \
		"$ours <= 0.5 * $theirs"
	goal 'the same, sampled' "$(calc "$sampled / $theirs" %.2f) of BCC's cost" "at most 0.1 of BCC's" \
		"$sampled <= 0.1 * $theirs"
else
	skipped "a pair of malloc and free" 'neither memleak-bpfcc nor bpftrace works here'
fi
