# shellcheck shell=bash
# The capture path: events a second from the kernel to decoded records.

seconds=$(pick 0.5 2)
rounds=$(pick 1 5)
file=$work/a/directory/that/has/some/depth/file
mkdir -p "${file%/*}"
: >"$file"

# captured [-m] CALL [PATH]: $loads of them at once, events of $kind: what bench-capture prints.
captured() {
	local measure=()
	if [ "$1" = -m ]; then
		measure=(-m)
		shift
	fi
	"$bin/bench/bench-capture" "${measure[@]}" -q "$patience" -s "$seconds" "$loads" "$kind" "$@"
}

# one LABEL LOADS KIND CALL [PATH]: a row of the table; the last rates are in $rates.
one() {
	local label=$1 loads=$2 kind=$3 i row
	local -a base=() ours=() lost=() cpu=()
	shift 3
	rates=()
	for ((i = 0; i < rounds; i++)); do
		note "capture: $label, round $((i + 1)) of $rounds"
		quiet
		base+=("$(load -s "$seconds" "$@" | cut -d ' ' -f 2)")
		read -r -a row <<<"$(captured "$@")"
		rates+=("${row[0]}") ours+=("${row[1]}") lost+=("${row[2]}") cpu+=("${row[4]}")
		bytes=${row[3]}
	done
	quiet
	read -r -a row <<<"$(captured -m "$@")"
	losses=$(calc "$(IFS=+; echo "${lost[*]}")" %d)
	printf '%s|%s|%s|%s|%s|%.0f|%s|%s\n' "$label" "$(span %.0f "${rates[@]}")" "$losses" \
		"$(span %.0f "${base[@]}")" "$(span %.0f "${ours[@]}")" "${row[5]}" "$bytes" \
		"$(span %.0f "${cpu[@]}")"
}

{
	echo 'load|events/s|lost|call, ns|call with us, ns|ns in BPF|bytes an event|ns to read an event'
	one 'fchmod(-1), one CPU' 1 chmod fchmod
	one_rates=("${rates[@]}") one_losses=$losses
	one 'fchmod(-1), two CPUs' 2 chmod fchmod
	two_rates=("${rates[@]}") two_losses=$losses
	one 'open and close, one CPU' 1 open open "$file"
} >"$work/rows"

cat <<'end'
Loads on CPUs of their own make one watched system call in a tight loop; a consumer linked with the
agent's own code reads the ring buffer and decodes each record. `fchmod` of no descriptor fails at
once and makes the smallest record that a system call can; `open` makes one with an absolute path,
resolved in the kernel. With two loads on two CPUs the consumer has none left for itself. Calls are
in CPU time; the time in BPF is taken in a run of its own, because taking it costs some.

end
table <"$work/rows"

best=$(median "${one_rates[@]}")
what='fchmod, one CPU'
if [ "$two_losses" -eq 0 ] && holds "$(median "${two_rates[@]}") > $best"; then
	best=$(median "${two_rates[@]}") what='fchmod, two CPUs' one_losses=0
fi
goal 'system calls captured and decoded, without loss' \
	"$(calc "$best" %.0f) events/s ($what), $one_losses lost" 'at least 1,000,000 events/s' \
	"$best >= 1000000 && $one_losses == 0"
