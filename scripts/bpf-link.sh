#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bpf-link.sh OUTPUT LLVM_LINK LLC LLVM_STRIP INPUT...: joins the intermediate files of
# bpf-compile.sh, compiles them and drops the debug sections (BTF stays).
set -eu

output=$1
link=$2
llc=$3
strip=$4
shift 4
"$link" "$@" -o "$output.bc"
"$llc" -march=bpf -mcpu=v3 -filetype=obj "$output.bc" -o "$output"
"$strip" -g "$output"
rm -f "$output.bc"
