#!/usr/bin/env bash
# Prints the path of a kernel's BTF, for a look at its types:
#
#   btf.sh KERNEL              bpftool btf dump file "$(scripts/vm/btf.sh 6.1)" format c
#
# The kernel itself hands it out: it is booted once and sends /sys/kernel/btf/vmlinux over a second
# serial line. That works whatever the kernel image is compressed with. Kept in the cache.
#
# Exit code: 0, 77 if the kernel cannot be had here, 1 if the guest did not deliver, 2 wrong use.

source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$vm_dir/guest.sh"

readonly boot_limit=180

# is_btf FILE: true if it begins with the magic of BTF (struct btf_header, little endian).
is_btf() { [ "$(head -c 2 "$1" 2>/dev/null | od -An -tx1 | tr -d ' ')" = 9feb ]; }

[ $# -eq 1 ] || vm_die "usage: btf.sh KERNEL (one of: $vm_all_kernels)"
vm_is_kernel "$1" || vm_die "unknown kernel \"$1\" (known: $vm_all_kernels)"
vm_need qemu-system-x86_64 busybox cpio gzip timeout flock readelf
"$vm_dir/kernels.sh" "$1"

btf=$vm_cache/$1/vmlinux.btf
if ! is_btf "$btf"; then
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	guest_build "$1" "" "$work"
	guest_boot "$work" "$boot_limit" "$boot_limit" "ringside.mode=btf"
	if ! guest_finished "$work" || ! is_btf "$work/serial"; then
		tail -n 20 "$work/console.log" "$work/qemu.log" >&2
		vm_say "$1: the guest did not deliver its BTF"
		exit 1
	fi
	vm_lock -x "$1"
	cp "$work/serial" "$btf.new" && mv "$btf.new" "$btf"
	vm_unlock
fi
printf '%s\n' "$btf"
