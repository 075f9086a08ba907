# shellcheck shell=bash disable=SC2154
# The guest: builds its initramfs and boots it. Sourced after common.sh, never run.
#
# An initramfs is busybox, the kernel modules tests may ask for, `init` of this folder and, for a test
# run, the release binary with its test programs, all static; and, where this machine has them, with the
# libraries they need: runc, the scripts of the bpftrace package (in /bt) and what those watch.

# Modules a test may need where the kernel does not have them built in: loaded before the first test ...
readonly guest_preload="overlay veth loop fuse dm-mod dm-delay xfs raid0 sch_ingress cls_bpf act_bpf inet_diag tcp_diag udp_diag unix_diag"
# ... or only there, to be loaded on demand (and so that a test has a module to load).
readonly guest_available="dummy bridge tun ifb squashfs"

# module_file MODULES NAME: prints the path of a module's file; nothing if there is none.
module_file() {
	find "$1" -name "$2.ko*" -o -name "${2//_/-}.ko*" | head -n 1
}

# module_needs FILE: the modules FILE says it depends on. Asked of the file, since Debian ships no
# modules.dep: it is made at installation.
module_needs() {
	tr '\0' '\n' <"$1" | sed -n -e 's/^depends=//p' -e 's/^softdep=pre: //p' | tr -s ', ' '\n' |
		sed '/^$/d'
}

# add_module MODULES NAME TARGET: unpacks a module and what it needs. Returns 1 if there is none
# (it is built in, or this kernel does not have it).
add_module() {
	local file base need
	file=$(module_file "$1" "$2")
	[ -n "$file" ] || return 1
	base=$(basename "$file")
	case $base in
	*.ko.xz) base=${base%.xz} ;;
	*.ko) ;;
	*) vm_die "\"$file\": unknown compression of a kernel module" ;;
	esac
	[ ! -e "$3/$base" ] || return 0
	case $file in
	*.xz) "$guest_busybox" xz -dc <"$file" >"$3/$base" ;;
	*) cp "$file" "$3/$base" ;;
	esac
	for need in $(module_needs "$3/$base"); do
		add_module "$1" "$need" "$3" || true
	done
}

# add_modules KERNEL ROOT: all of them, with the tables modprobe reads.
add_modules() {
	local release target name
	release=$(cat "$vm_cache/$1/release")
	target=$2/lib/modules/$release
	mkdir -p "$target" "$2/etc"
	for name in $guest_preload $guest_available; do
		add_module "$vm_cache/$1/modules" "$name" "$target" || continue
		[[ " $guest_available " == *" $name "* ]] || echo "$name"
	done >"$2/etc/preload"
	"$guest_busybox" depmod -b "$2" "$release"
}

# add_system ROOT: busybox, init and the few files programs expect.
add_system() {
	mkdir -p "$1"/{bin,sbin,usr/bin,usr/sbin,etc,proc,sys,dev,tests}
	cp "$guest_busybox" "$1/bin/busybox"
	cp "$vm_dir/init" "$1/init"
	chmod 755 "$1/init" "$1/bin/busybox"
	ln -s busybox "$1/bin/sh"
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' \
		>"$1/etc/passwd"
	printf 'root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n' >"$1/etc/group"
	printf '127.0.0.1 localhost ringside-vm\n::1 localhost\n' >"$1/etc/hosts"
}

# add_program ROOT NAME FOLDER: a program of this machine with the libraries it needs. Returns 1 if this
# machine does not have it.
add_program() {
	local program library
	program=$(PATH=$PATH:/usr/sbin command -v "$2") || return 1
	cp -L --remove-destination "$program" "$1$3/$2"
	ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' |
		while read -r library; do
			mkdir -p "$1$(dirname "$library")"
			cp -L "$library" "$1$library"
		done
}

# add_scripts ROOT: the *.bt of this machine's bpftrace package, and programs that some of them watch.
add_scripts() {
	local name
	compgen -G '/usr/sbin/*.bt' >/dev/null || return 0
	mkdir -p "$1/bt"
	cp -L /usr/sbin/*.bt "$1/bt/"
	for name in bash getent openssl; do
		add_program "$1" "$name" /bin || true
	done
	! PATH=$PATH:/sbin:/usr/sbin command -v ldconfig >/dev/null || PATH=$PATH:/sbin:/usr/sbin ldconfig -r "$1"
}

# guest_build KERNEL BIN TO PROGRAMS: writes TO/vmlinuz and TO/initramfs, with these test programs of BIN/tests. BIN may
# be empty: no tests.
# The kernel's cache entry must be there; it is not needed any more afterwards.
guest_build() {
	local root=$3/root
	guest_busybox=$(vm_busybox)
	rm -rf "$root"
	add_system "$root"
	vm_lock -s "$1"
	add_modules "$1" "$root"
	cp "$vm_cache/$1/vmlinuz" "$3/vmlinuz"
	vm_unlock
	if [ -n "$2" ]; then
		cp "$2/ringside" "$root/usr/bin/ringside"
		local name
		for name in $4; do
			cp -L "$2/tests/$name" "$root/tests/"
		done
		add_program "$root" runc /usr/sbin || true # for tests of containers
		add_scripts "$root"
	fi
	(cd "$root" && find . | cpio -o -H newc -R 0:0 --quiet) | gzip -1 >"$3/initramfs"
	rm -rf "$root"
}

# guest_boot DIR SILENCE LIMIT APPEND: boots DIR/vmlinuz with DIR/initramfs until it powers off. It is
# stopped when its console says nothing for SILENCE seconds, and after LIMIT seconds in any case.
# The console goes to DIR/console.log, the second serial line to DIR/serial. Never with KVM: test
# machines are often guests themselves. A panic makes QEMU exit (-no-reboot, panic=-1).
# Two CPUs emulated by one thread: with a thread each, one now and then runs a stale breakpoint of the
# kernel's own patching (switching statistics on, attaching to a function), and the guest dies of it.
guest_boot() {
	local line console pid
	exec {console}< <(exec timeout --foreground -k 10 "$3" \
		qemu-system-x86_64 -accel tcg,thread=single -cpu max -smp 2 -m 1024 \
		-nographic -no-reboot -nic none -monitor none -serial stdio -serial "file:$1/serial" \
		-kernel "$1/vmlinuz" -initrd "$1/initramfs" \
		-append "console=ttyS0 quiet no_timer_check panic=-1 oops=panic lsm=landlock,lockdown,yama,apparmor,bpf $4" \
		</dev/null 2>"$1/qemu.log")
	pid=$!
	# shellcheck disable=SC2064
	trap "kill $pid 2>/dev/null; wait $pid; exit 130" INT TERM
	while IFS= read -r -t "$2" line <&"$console"; do
		printf '%s\n' "${line%$'\r'}"
	done >"$1/console.log"
	# Here it has ended, or it is silent: both want the same.
	kill "$pid" 2>/dev/null || true
	wait "$pid" || true
	trap - INT TERM
	exec {console}<&-
}

# guest_finished DIR: true if the guest did everything it had to.
guest_finished() {
	grep -q '^@@ done$' "$1/console.log"
}
