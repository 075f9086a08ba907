# shellcheck shell=bash
# Decoding a record and writing it as a line of JSON.

quiet
cat <<'end'
A record of each kind, made up but plausible, decoded and written as a line of JSON: CPU time, the
best of several rounds. On the host, and for a process in a pod, with its ancestors.

end
"$bin/bench/bench-json" | awk '
	BEGIN { print "kind|ns|bytes|ns in a pod|bytes in a pod" }
	{ print $1 "|" $2 "|" $4 "|" $6 "|" $8 }' >"$work/rows"
table <"$work/rows"
