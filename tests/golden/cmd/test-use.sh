#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What every command says when it is used in a wrong way, or cannot write: one message, and its code.
#
# usage: test-use.sh RINGSIDE
set -u
export LC_ALL=C
unset COLUMNS NO_COLOR
ringside=$(realpath "$1") || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

count=0
result() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' out err
	fi
}

# is CODE OUT ERR: how the last one ended, and how many lines it may have written: "0", "1-", "1-3".
is() {
	[ "$status" -eq "$1" ] && lines out "$2" && lines err "$3" && ! grep -q 'Sanitizer\|runtime error' err
}

lines() {
	least=${2%-*} most=${2#*-} n=$(wc -l <"$1")
	[ "$n" -ge "$least" ] && [ "$n" -le "${most:-1000000}" ]
}

run() {
	: >out
	"$ringside" "$@" >out 2>err </dev/null
	status=$?
}

commands=$("$ringside" help | sed -n 's/^  \([a-z]*\) .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 20 ]
result $? 'the list has commands'

for name in $commands; do
	run "$name" --help
	is 0 5- 0
	result $? "$name --help"
	run "$name" --no-such-option
	is 2 0 1-2 && grep -q -e '"--no-such-option"' err
	result $? "$name: an option that is not there"
	: >out
	"$ringside" "$name" --no-such-option >&- 2>err <&-
	status=$?
	is 2 0 1-2
	result $? "$name: without standard input and output"
	"$ringside" "$name" --no-such-option >out 2>&- </dev/null
	[ $? -eq 2 ]
	result $? "$name: without standard error"
done

# cannot_write WHAT ARGUMENT...: each of the ways in which standard output takes nothing.
cannot_write() {
	what=$1
	shift
	: >out
	"$ringside" "$@" >/dev/full 2>err
	status=$?
	is 1 0 1 && grep -q 'standard output.*No space left' err
	result $? "$what: to a full disk"
	"$ringside" "$@" >&- 2>err
	status=$?
	is 1 0 1 && grep -q 'standard output' err
	result $? "$what: to nowhere"
	{ "$ringside" "$@" 2>err || echo failed >err; } | :
	[ ! -s err ]
	result $? "$what: to a reader that is gone"
}
cannot_write 'the list'
cannot_write 'the version' --version
cannot_write 'help' run --help
cannot_write 'the manual page' help --man
cannot_write 'the version of the language' trace --version
cannot_write 'no mistakes' run --config none --check

for width in 0 1 20 99999999999999999999 -5 x ''; do
	COLUMNS=$width TERM=dumb "$ringside" run --help >out 2>err
	status=$?
	is 0 5- 0
	result $? "COLUMNS=$width"
done

run ''
is 2 0 1-2
result $? 'an empty command'
run "$(printf '\033[31m\377')"
is 2 0 1-2
result $? 'a command of no letters'
run exce
is 2 0 1-2 && grep -q '"exec"' err
result $? 'a command that is nearly right'

echo "1..$count"
