#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# program-counts.sh LOG...: the table of docs/programs.md from the output of test-programs and
# test-tool-programs, one log a kernel: instructions of each program, and how many the verifier walked.
#
#	make check-vm && scripts/program-counts.sh build-release/vm/*.log >docs/programs.md
set -euo pipefail

(($# > 0)) || { echo "usage: program-counts.sh LOG..." >&2; exit 2; }

cat <<'END'
# The programs in the kernel

Instructions of each program (as compiled for the last kernel of the table), and how many the verifier
walked on each kernel (`-`: the kernel does not say, as 5.10, or does not take the program). A rise is
explained in the commit that causes it. Those with a tool's name before them are of the command that it
names, in its largest use; the others are the agent's.

Made by `make check-vm` and `scripts/program-counts.sh build-release/vm/*.log`.

END
cat "$@" | tr -d '\r' | awk '
	/^# kernel / && NF == 3 {
		kernel = $3
		if (!(kernel in known)) { known[kernel] = 1; kernels[++nk] = kernel }
	}
	/^# program / {
		if (!($3 in seen)) { seen[$3] = 1; names[++np] = $3 }
		insns[$3] = $5
		verified[$3, kernel] = $7
	}
	END {
		printf "| program | instructions |"
		for (k = 1; k <= nk; k++) printf " %s |", kernels[k]
		printf "\n|---|---:|"
		for (k = 1; k <= nk; k++) printf "---:|"
		printf "\n"
		for (p = 1; p <= np; p++) {
			printf "| %s | %d |", names[p], insns[names[p]]
			for (k = 1; k <= nk; k++) {
				v = verified[names[p], kernels[k]]
				printf " %s |", (v > 0 ? v : "-")
			}
			printf "\n"
		}
	}'
