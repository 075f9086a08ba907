# shellcheck shell=bash
# What each program in the kernel costs, and what the verifier had to walk.

mkdir "$work/mixed"
quiet
(cd "$work" && "$bin/bench/bench-costs" -s "$(pick 1 5)" "$work/mixed") >"$work/costs"

cat <<'end'
A load of everything that the sensors watch, one after the other: files, TCP and UDP on the loopback,
privileges, signals, programs that start and end. Nanoseconds per run as the kernel measures them, the
measuring included; runs that found nothing to tell count too. The verifier's instructions are those
it walked on this kernel when the program was loaded.

end
awk -F '\t' '
	BEGIN { print "program|hook|runs|ns a run|instructions|verified" }
	{ printf "`%s`|%s|%d|%s|%d|%s\n", $1, $2, $3, $3 ? $4 : "-", $5, $6 ? $6 : "?" }
' "$work/costs" >"$work/rows"
table <"$work/rows"
