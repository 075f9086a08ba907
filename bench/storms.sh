# shellcheck shell=bash
# How much slower a storm of programs, or of opened files, gets: with us, with auditd, with strace.

source "$root/bench/lib-auditd.sh"
trap auditd_stop EXIT

rounds=$(pick 1 7)
spawns=$(pick 500 4000)
opens=$(pick 50000 300000)
mkdir "$work/files"
file=$work/files/file
: >"$file"
declare -A slower # in %, by "storm peer"

# The storms, as arguments of `load`.
static_storm() { load -n "$spawns" spawn "$bin/bench/bench-true"; }
dynamic_storm() { load -n "$spawns" spawn /bin/true; }
open_storm() { load -n "$opens" open "$file"; }

# measure ARRAY STORM: appends its wall time per turn.
measure() {
	local -n into_=$1
	local ns
	ns=$("$2_storm")
	into_+=("${ns% *}")
}

# row STORM PEER LABEL BASE OURS EXTRA
row() {
	local -n b_=$4 o_=$5
	local -a r
	mapfile -t r < <(ratios "$4" "$5")
	slower["$1 $2"]=$(calc "($(median "${r[@]}") - 1) * 100" %.1f)
	printf '%s|%s|%s|%s|%s|%s\n' "$3" "$2" "$(span %.1f $(us "${b_[@]}"))" \
		"$(span %.1f $(us "${o_[@]}"))" "$(span %.3f "${r[@]}")" "$6"
}

us() {
	local ns
	for ns; do calc "$ns / 1000" '%.2f '; done
}

# with_us STORM LABEL ARGS...
with_us() {
	local storm=$1 label=$2 i lost=0
	local -a base=() ours=()
	shift 2
	for ((i = 0; i < rounds; i++)); do
		note "storms: $label with ringside, round $((i + 1)) of $rounds"
		quiet
		measure base "$storm"
		agent_start -o json "$@"
		measure ours "$storm"
		agent_stop
		lost=$((lost + $(agent_lost)))
	done
	row "$storm" "\`ringside run${*:+ $*}\`" "$label" base ours "$lost"
	ratio=${slower["$storm \`ringside run${*:+ $*}\`"]}
}

# with_auditd STORM LABEL RULE...
with_auditd() {
	local storm=$1 label=$2 i before
	local -a base=() ours=()
	shift 2
	before=$(audit_field lost)
	for ((i = 0; i < rounds; i++)); do
		note "storms: $label with auditd, round $((i + 1)) of $rounds"
		auditd_off
		quiet
		measure base "$storm"
		auditd_on "$@" -k bench
		measure ours "$storm"
	done
	auditd_off
	auditd_wrote bench || return 1
	row "$storm" auditd "$label" base ours "$(($(audit_field lost) - before))"
}

# strace is slow enough for one round of a shorter storm.
with_strace() {
	local -a base=() ours=()
	note 'storms: open and close with strace'
	quiet
	measure base open
	ours=("$(strace -f -e trace=openat -o /dev/null "$bin/bench/bench-load" -c "$load_cpu" \
		-n $((opens / 20)) open "$file" | cut -d ' ' -f 2)")
	row open strace 'open, close' base ours 0
}

spawn_label='fork+exec, static'
true_label='fork+exec, /bin/true'
refusal=$(auditd_refusal)
{
	echo 'storm|with|us a turn without|us a turn with|ratio|lost'
	with_us static "$spawn_label"
	static_slower=$ratio
	with_us static "$spawn_label" -k exec
	exec_slower=$ratio
	with_us dynamic "$true_label"
	dynamic_slower=$ratio
	with_us open 'open, close' -k open
	open_slower=$ratio
	if have strace; then with_strace; fi
	if [ -z "$refusal" ] && ! auditd_start; then refusal='auditd does not start here'; fi
	if [ -z "$refusal" ]; then
		with_auditd static "$spawn_label" -a always,exit -F arch=b64 -S execve
		with_auditd dynamic "$true_label" -a always,exit -F arch=b64 -S execve
		with_auditd open 'open, close' -a always,exit -F arch=b64 -S open,openat \
			-F dir="$work/files"
		auditd_stop
	fi
} >"$work/rows"

cat <<'end'
One load on a CPU of its own, wall time per turn, pairs without and with. Ours watches fork, exec, exit
and all other kinds of the default, or with `-k open` every opened file, and writes JSON; auditd has
Debian's settings and one rule, on `execve` or on opens below one directory. The program that is
started does nothing and is linked statically, so that nothing hides what the agent costs. Lost: of
auditd these are records, of which an event has four to six.

end
table <"$work/rows"
if [ -n "$refusal" ]; then printf '\nauditd was not measured: %s.\n' "$refusal"; fi

goal 'fork+exec of a static program slowed' "$static_slower %" 'at most 5 %' "$static_slower <= 5"
goal 'fork+exec of /bin/true slowed' "$dynamic_slower %" 'at most 5 %' "$dynamic_slower <= 5"

# against WHAT STORM OURS MEASURED
against() {
	local theirs=${slower["$2 auditd"]-}
	if [ -n "$refusal" ]; then
		skipped "$1, against auditd" "at most half of auditd's cost" "$refusal"
	else
		goal "$1, against auditd" "$4; auditd: $theirs %" "at most half of auditd's cost" \
			"$3 <= 0.5 * $theirs"
	fi
}
against fork+exec static "$exec_slower" "$exec_slower % for exec only, $static_slower % for all"
against 'open and close' open "$open_slower" "$open_slower %"
