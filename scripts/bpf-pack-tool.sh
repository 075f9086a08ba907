#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bpf-pack-tool.sh BPFTOOL NAME OBJECT OBJECT OBJECT: prints the C header of BPF programs in three variants (src/kern/tool.h):
# the skeleton of the first, the bytes of all three, and NAME_type. The bytes are compressed, each variant as what is different
# from the one before, for most of it is not.
set -eu

bpftool=$1
name=$2
shift 2
# The skeleton's own copy of the bytes is left out.
"$bpftool" gen skeleton "$1" name "$name" | awk '
	/^\treturn \(const void \*\)"/ { print "\t*sz = 0;\n\treturn NULL;"; skipping = 1 }
	!skipping { print }
	skipping && /";$/ { skipping = 0 }'

packed=$(mktemp)
trap 'rm -f "$packed"' EXIT
number=0
base=
sizes=
for object; do
	# On success it has advice, and no more, to tell.
	zstd -19 -q -f -o "$packed" ${base:+"--patch-from=$base"} "$object" 2>"$packed.log" || {
		cat "$packed.log" >&2
		exit 1
	}
	rm -f "$packed.log"
	printf 'static const unsigned char %s_packed%d[] = {\n' "$name" "$number"
	od -An -v -tx1 "$packed" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	printf '};\n'
	sizes="$sizes $(wc -c <"$object")"
	base=$object
	number=$((number + 1))
done

cat <<EOF
static inline int ${name}_create(void *tool)
{
	return ${name}__create_skeleton(tool);
}
static const struct rs_tool_type ${name}_type = {
	.name = "$name",
	.size = sizeof(struct $name),
	.create = ${name}_create,
	.variants = {
EOF
number=0
for size in $sizes; do
	printf '\t\t{ %s_packed%d, sizeof(%s_packed%d), %s },\n' "$name" "$number" "$name" "$number" "$size"
	number=$((number + 1))
done
printf '\t},\n};\n'
