#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bpf-link.sh OUTPUT LLVM_LINK LLC LLVM_STRIP BPFTOOL INPUT...: joins the intermediate files of
# bpf-compile.sh, compiles them and drops the debug sections (BTF stays). bpftool then has each type
# once, not once a file: at load, each costs a walk through all types of the kernel.
set -eu

output=$1
link=$2
llc=$3
strip=$4
bpftool=$5
shift 5
"$link" "$@" -o "$output.bc"
"$llc" -march=bpf -mcpu=v3 -filetype=obj "$output.bc" -o "$output.all"
"$bpftool" gen object "$output" "$output.all"
"$strip" -g "$output"
rm -f "$output.bc" "$output.all"
