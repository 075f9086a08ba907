#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# bpf-compile.sh NAME OUTPUT CLANG ARGUMENT...: one BPF source file to LLVM's intermediate form.
#
# The files are joined in that form and compiled as one, for bpftool's linker (7.1) does not take
# kernel functions that several objects call. The compiler numbers its notes on kernel types in
# each file from zero; the file's name is put in front of the number, so that they stay apart.
set -eu

name=$1
output=$2
shift 2
"$@" -S -emit-llvm -o "$output.raw"
sed -E "s/llvm\.btf_type_id\.([0-9]+)/llvm.btf_type_id.$name\1/g" "$output.raw" >"$output"
rm -f "$output.raw"
