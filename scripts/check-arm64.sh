#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Compiles the BPF programs as for arm64, so that nothing x86-only slips in unseen. The objects
# are thrown away: whether they load can only be tried on such a machine.
#
# usage: check-arm64.sh
set -eu
cd "$(dirname "$0")/.."

multiarch=/usr/include/$(gcc -print-multiarch)
find bpf -name '*.bpf.c' | sort |
	xargs -r -P "${JOBS:-2}" -I '{}' clang-14 -target bpf -mcpu=v3 -g -O2 -std=gnu11 \
		-D__TARGET_ARCH_arm64 -Wall -Wextra -Werror -Wno-unused-parameter \
		-Wno-address-of-packed-member -I. -Ibpf -idirafter "$multiarch" -c '{}' -o /dev/null
