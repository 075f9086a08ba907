#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `ringside flame`: files in, files out, and what it says when it cannot.
#
# usage: test-flame.sh RINGSIDE
set -u
export LC_ALL=C
unset COLUMNS NO_COLOR
ringside=$(realpath "$1") || exit 1
here=$(cd "$(dirname "$0")" && pwd)
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

# code WANTED NAME ARGUMENT...: ends with this code; what it wrote is in out and err
code() {
	wanted=$1 name=$2
	shift 2
	"$ringside" flame "$@" >out 2>err </dev/null
	[ $? -eq "$wanted" ]
	result $? "$name"
}

says() {
	grep -q -- "$1" "$2"
	result $? "$3"
}

# same_stacks: all but one, whose name is no UTF-8, which JSON cannot say
same_stacks() {
	grep -av '</script>' "$here/all.folded" >wanted
	grep -av '</script>' out | cmp -s - wanted && [ "$(wc -l <out)" -eq 6 ]
}

code 0 'folded text of our own lines' -o folded "$here/all.json"
same_stacks
result $? 'is what it was before'

code 0 'a page by its name' -w page.html "$here/all.json"
says '<!DOCTYPE html>' page.html 'is a page'
code 0 'a picture by its name' -w picture.svg --icicle "$here/all.folded"
says '<svg ' picture.svg 'is a picture'
code 0 'pprof by its name' -w all.pb.gz "$here/all.json"
gzip -dc all.pb.gz >plain.pb
code 0 'packed or not' -o json plain.pb
cmp -s out "$here/all.json"
result $? 'pprof keeps all of it'

"$ringside" flame -o folded - <"$here/all.json" >out 2>err && same_stacks
result $? 'from standard input'

printf 'a;b 5\na;c 1\n' >new
printf 'a;b 1\n' >old
code 0 'a difference' -o table --diff old new
says 'CHANGE' out 'has a column for it'
says '+4' out 'and says how much'

code 0 'a value by name' -o folded --value samples "$here/all.json"
says '^work(int) 1$' out 'is shown'
code 1 'a value that is not there' -o folded --value watts "$here/all.json"
says 'there are: cpu (1), samples (2)' err 'names those that are'

code 0 'a title' -w titled.html --title 'A & <B>' new
says '<title>A &amp; &lt;B&gt;</title>' titled.html 'stands above it'

code 1 'no such file' -o folded missing
says 'missing' err 'is named'
echo 'no profile' >text
code 1 'no profile' -o folded text
says 'line 1' err 'says where'
code 2 'no such form' -o pdf new
code 2 'two files' -o folded new old

echo "1..$count"
