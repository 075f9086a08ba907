#!/usr/bin/env bash
# Runs the release binary's tests on Debian's kernels, each in a virtual machine without KVM:
#
#   run.sh [--kernels "5.10 6.1 6.12 7.2"] [--bin DIR] [--timeout S] [--keep]
#
# --bin DIR     holds `ringside` and tests/, whose executables are run in the order of their names;
#               all static (default: build-release)
# --timeout S   limit for each test program in seconds (default: 600: twenty times what it takes on a quiet machine)
# --keep        keep kernel and initramfs of each guest in DIR/vm/KERNEL
#
# A test program prints TAP and gets $RINGSIDE (the binary's path) and a fresh machine shared with
# the programs before it: /proc, /sys, tracefs, bpffs, securityfs and cgroup v2 mounted, lo up,
# whatever its predecessor left running killed. results.awk says what counts as what. Consoles are
# kept in DIR/vm/KERNEL.log.
#
# Exit code: 0 nothing failed, 77 not one kernel could be had, 1 failures, 2 wrong use.

source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$vm_dir/guest.sh"

readonly boot_seconds=180
readonly guests_at_once=$(nproc) # each is one thread

kernels=$vm_all_kernels
bin=$(cd "$vm_dir/../.." && pwd)/build-release
limit=600
keep=false
while [ $# -gt 0 ]; do
	case $1 in
	--kernels | --bin | --timeout) [ $# -ge 2 ] || vm_die "\"$1\" wants a value" ;;&
	--kernels) kernels=$2; shift ;;
	--bin) bin=$2; shift ;;
	--timeout) limit=$2; shift ;;
	--keep) keep=true ;;
	*) vm_die "unknown argument \"$1\"" ;;
	esac
	shift
done

# check_use: everything that can be wrong before the first guest.
check_use() {
	local kernel
	for kernel in $kernels; do
		vm_is_kernel "$kernel" || vm_die "unknown kernel \"$kernel\" (known: $vm_all_kernels)"
	done
	[[ $limit =~ ^[1-9][0-9]*$ ]] || vm_die "\"$limit\" is not a number of seconds"
	vm_need qemu-system-x86_64 busybox cpio gzip timeout flock readelf awk find
	vm_busybox >/dev/null
	[ -x "$bin/ringside" ] || vm_die "no \"$bin/ringside\": build it first (make release)"
	bin=$(cd "$bin" && pwd)
	vm_is_static "$bin/ringside" || vm_die "\"$bin/ringside\" is not static"
}

# find_programs: prints the names of the test programs in the order the guest runs them.
find_programs() {
	local file
	for file in "$bin"/tests/*; do
		if [ ! -f "$file" ] || [ ! -x "$file" ]; then
			continue
		fi
		vm_is_static "$file" || vm_die "\"$file\" is not static"
		basename "$file"
	done
}

# programs_for KERNEL: those of $programs that run there; see the file `once`.
programs_for() {
	awk -v kernel="$1" -v kernels="$kernels" '
		BEGIN { last = kernels; sub(/ *$/, "", last); sub(/.* /, "", last) }
		FNR == NR && /^test-/ { place[$1] = index(" " kernels " ", " " $2 " ") ? $2 : last }
		FNR == NR { next }
		!($1 in place) || place[$1] == kernel
	' "$vm_dir/once" - <<<"$programs"
}

# run_guest KERNEL: boots one guest; leaves KERNEL.log, KERNEL.results and KERNEL.details.
run_guest() {
	local work=$out/$1 state=finished here
	here=$(programs_for "$1")
	mkdir -p "$work"
	guest_build "$1" "$bin" "$work" "$here"
	guest_boot "$work" $((limit + boot_seconds)) $((boot_seconds + count * (limit + 10))) \
		"ringside.mode=test ringside.limit=$limit"
	cat "$work/console.log" "$work/qemu.log" >"$out/$1.log"
	guest_finished "$work" || state="it died, hung or panicked; see $out/$1.log"
	awk -v kernel="$1" -v details="$out/$1.details" -v programs="${here//$'\n'/ }" \
		-v state="$state" -f "$vm_dir/results.awk" "$out/$1.log" >"$out/$1.results"
	$keep || rm -rf "$work"
}

# run_all KERNEL...: all guests, a few at once. The last one takes longest and begins, so that it is not waited for at
# the end. What their shells say goes to this script's stderr.
run_all() {
	local kernel
	for kernel in "${@: -1}" "${@:1:$#-1}"; do
		while [ "$(jobs -rp | wc -l)" -ge $guests_at_once ]; do
			wait -n || true
		done
		vm_say "$kernel: booting $(cat "$vm_cache/$kernel/release")"
		run_guest "$kernel" &
	done
	wait
}

# collect: all results with their kernel in front, in the order of the kernels asked for.
collect() {
	local kernel
	for kernel in $kernels; do
		if [ -s "$out/$kernel.results" ]; then
			sed "s/^/$kernel\t/" "$out/$kernel.results"
		elif [[ " ${ready[*]} " == *" $kernel "* ]]; then
			printf '%s\tFAIL\tguest boots, runs all, powers off\tit could not be started\n' "$kernel"
		else
			printf '%s\tskip\tguest boots, runs all, powers off\t%s\n' "$kernel" \
				"neither a mirror nor the cache has this kernel"
		fi
	done
}

# tell_times: how long each guest's programs took, and the longest of them.
tell_times() {
	local kernel
	for kernel in $kernels; do
		[ ! -s "$out/$kernel.log" ] ||
			awk -v kernel="$kernel" -f "$vm_dir/times.awk" "$out/$kernel.log"
	done
}

check_use
programs=$(find_programs)
[ -n "$programs" ] || vm_die "no test programs in \"$bin/tests\""
count=$(wc -l <<<"$programs")
out=$bin/vm
mkdir -p "$out"
exec 8>"$out/lock"
flock -n 8 || vm_die "another run is using \"$out\""
for kernel in $vm_all_kernels; do
	rm -rf "${out:?}/$kernel" "$out/$kernel".{log,results,details}
done

ready=()
for kernel in $kernels; do
	"$vm_dir/kernels.sh" "$kernel" && ready+=("$kernel")
done
trap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT
trap 'exit 130' INT TERM
[ ${#ready[@]} -eq 0 ] || run_all "${ready[@]}"

collect >"$out/results"
for kernel in $kernels; do
	[ ! -s "$out/$kernel.details" ] || cat "$out/$kernel.details"
done
tell_times
awk -v kernels="$kernels" -f "$vm_dir/table.awk" "$out/results"
! grep -q $'\tFAIL\t' "$out/results" || exit 1
[ ${#ready[@]} -gt 0 ] || exit "$vm_exit_skip"
