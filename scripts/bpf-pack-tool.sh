#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bpf-pack-tool.sh BPFTOOL NAME OBJECT OBJECT OBJECT: prints the C header of a tool's object (src/kern/tool.h): the
# skeleton of the first, the bytes of all three, and NAME_type.
set -eu

bpftool=$1
name=$2
pack=$(dirname "$0")/bpf-pack.sh
"$pack" "$3" "$name" "$bpftool"
"$pack" "$4" "${name}_slow"
"$pack" "$5" "${name}_old"
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
		{ ${name}_packed, sizeof(${name}_packed), ${name}_size },
		{ ${name}_slow_packed, sizeof(${name}_slow_packed), ${name}_slow_size },
		{ ${name}_old_packed, sizeof(${name}_old_packed), ${name}_old_size },
	},
};
EOF
