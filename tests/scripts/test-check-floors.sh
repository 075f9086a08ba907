#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# check-floors.sh must pass a tree that keeps the rules and name each include that breaks one.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")/../.." && pwd)
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT

count=0
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$tree/out"
	fi
}

# put FILE LINE...: a file of the tree with these lines.
put() {
	file=$tree/$1
	shift
	mkdir -p "${file%/*}"
	printf '%s\n' "$@" >"$file"
}

fresh() {
	rm -rf "$tree/src" "$tree/bpf"
	put scripts/floors '# a comment' '0 base' '1 ir pure' '1 event' '1 kern bpf' '2 lang pure' '6 cmd'
	put src/base/error.h '#pragma once' '#include <errno.h>' '#include <sys/types.h>'
	put src/ir/insn.c '#include "ir/insn.h"' '#include "base/error.h"' '#include <string.h>'
	put src/ir/test-insn.c '#include <unistd.h>' '#include "ir/insn.h"'
	put src/event/decode.c '#include "bpf/abi/event.h"' '#include "base/error.h"'
	put src/kern/sensors.c '#include <bpf/libbpf.h>' '#include "rs_bpf.skel.h"' \
		'#include "base/error.h"' '  #  include "kern/ring.h" /* "event/no.h" */'
	put src/cmd/main.c '#include "lang/parse.h"' '#include "kern/ring.h"' '#include "event/decode.h"'
	put bpf/exec.bpf.c '#include <bpf/bpf_helpers.h>' '#include "bpf/lib/core.h"' \
		'#include "abi/event.h"'
	put bpf/lib/core.h '#include "bpf/abi/event.h"' '#include "lib/maps.h"' '#include "maps.h"'
	put bpf/abi/event.h '#include <linux/types.h>' '#include "bpf/abi/kinds.h"'
}

# breaks PLACE RULE FILE LINE...: with this file, the checker fails and names the place and rule.
breaks() {
	place=$1
	rule=$2
	shift 2
	fresh
	put "$@"
	if "$here/scripts/check-floors.sh" "$tree" >"$tree/out" 2>&1; then
		result 1 "$rule: $place is named"
	else
		grep -q "^$place: $rule: " "$tree/out" && grep -q '^1 broken' "$tree/out"
		result $? "$rule: $place is named"
	fi
}

fresh
"$here/scripts/check-floors.sh" "$tree" >"$tree/out" 2>&1
result $? 'a tree that keeps the rules passes'

breaks src/base/a.c:2 floor src/base/a.c '#include <errno.h>' '#include "kern/ring.h"'
breaks src/event/a.c:1 floor src/event/a.c '#include "kern/ring.h"'
breaks src/event/a.h:1 floor src/event/a.h '#include <kern/ring.h>'
breaks src/event/test-a.c:1 floor src/event/test-a.c '#include "cmd/main.h"'
breaks src/stray/a.c:1 floor src/stray/a.c '#include <errno.h>'
breaks src/kern/deep/a.c:1 floor src/kern/deep/a.c '#include "event/decode.h"'
breaks src/event/a.c:1 path src/event/a.c '#include "decode.h"'
breaks src/event/a.c:1 path src/event/a.c '#include "../base/error.h"'
breaks src/event/a.c:3 path src/event/a.c '' '' '#include "elsewhere/x.h"'
breaks src/event/a.c:1 abi src/event/a.c '#include "bpf/lib/core.h"'
breaks src/lang/a.c:1 pure src/lang/a.c '#include <unistd.h>'
breaks src/ir/a.h:1 pure src/ir/a.h '#include <sys/mman.h>'
breaks src/ir/a.c:1 pure src/ir/a.c '#include <linux/bpf.h>'
breaks src/event/a.c:1 skeleton src/event/a.c '#include "rs_bpf.skel.h"'
breaks bpf/abi/a.h:1 bpf bpf/abi/a.h '#include "bpf/lib/core.h"'
breaks bpf/a.bpf.c:1 bpf bpf/a.bpf.c '#include "exec.bpf.c"'
breaks bpf/a.bpf.c:1 abi bpf/a.bpf.c '#include "base/error.h"'

fresh
rm "$tree/scripts/floors"
! "$here/scripts/check-floors.sh" "$tree" >"$tree/out" 2>&1
result $? 'a tree without scripts/floors fails'

echo "1..$count"
