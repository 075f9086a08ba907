#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bpf-pack.sh OBJECT NAME [BPFTOOL]: prints a C header with the object in it, compressed, as NAME_packed[] and its
# size as NAME_size; with BPFTOOL its skeleton too, whose own copy of the bytes is left out.
set -eu

object=$1
name=$2
if [ $# -gt 2 ]; then
	"$3" gen skeleton "$object" name "$name" | awk '
		/^\treturn \(const void \*\)"/ { print "\t*sz = 0;\n\treturn NULL;"; skipping = 1 }
		!skipping { print }
		skipping && /";$/ { skipping = 0 }'
fi
printf 'static const unsigned int %s_size = %s;\n' "$name" "$(wc -c <"$object")"
printf 'static const unsigned char %s_packed[] = {\n' "$name"
zstd -19 -q -c "$object" | od -An -v -tx1 | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
printf '};\n'
