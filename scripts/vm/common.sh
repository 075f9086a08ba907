# shellcheck shell=bash disable=SC2034
# What the scripts of this folder share: the cache, the locks, messages. Sourced, never run.

set -euo pipefail
export LC_ALL=C

# Exit code of "could not be tried here", as automake and meson understand it.
readonly vm_exit_skip=77

# Every kernel this project is tested on, oldest first.
readonly vm_all_kernels="5.10 6.1 6.12 7.2"

# This folder.
vm_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly vm_dir

# The cache lives outside the source tree so that a clean clone does not download again.
# One folder per kernel: vmlinuz, modules/, release, package, stamp, vmlinux.btf.
# Where HOME is not set, ~ is what the list of users says.
vm_cache=${XDG_CACHE_HOME:-${HOME:-~}/.cache}/ringside/kernels
readonly vm_cache

vm_say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

vm_die() {
	vm_say "$@"
	exit 2
}

# vm_need TOOL...: ends the script, naming every tool that is missing.
vm_need() {
	local tool missing=()
	for tool in "$@"; do
		command -v "$tool" >/dev/null || missing+=("$tool")
	done
	[ ${#missing[@]} -eq 0 ] || vm_die "missing: ${missing[*]} (scripts/setup installs what is needed)"
}

# vm_busybox: prints the path of the busybox that goes into the guest. It must be static.
vm_busybox() {
	local path
	path=$(command -v busybox) || vm_die "missing: busybox (scripts/setup installs what is needed)"
	vm_is_static "$path" || vm_die "\"$path\" is not static: the package busybox-static is needed"
	printf '%s\n' "$path"
}

# vm_is_static FILE: true for a static executable and for anything that is no ELF file.
vm_is_static() {
	! readelf -lW "$1" 2>/dev/null | grep -q INTERP
}

# vm_lock -s|-x KERNEL: holds the kernel's cache entry (shared or exclusive) on fd 9 until vm_unlock.
vm_lock() {
	mkdir -p "$vm_cache"
	exec 9>"$vm_cache/$2.lock"
	flock "$1" 9
}

vm_unlock() { exec 9>&-; }

# vm_is_kernel NAME: true if NAME is one of the kernels we know.
vm_is_kernel() {
	case " $vm_all_kernels " in
	*" $1 "*) return 0 ;;
	*) return 1 ;;
	esac
}

# vm_has_kernel KERNEL: true if the cache holds a complete copy.
vm_has_kernel() {
	[ -s "$vm_cache/$1/stamp" ] && [ -s "$vm_cache/$1/vmlinuz" ] && [ -d "$vm_cache/$1/modules" ]
}
