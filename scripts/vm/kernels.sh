#!/usr/bin/env bash
# Puts Debian's kernel packages into the cache, for the virtual machines of run.sh.
#
#   kernels.sh [--print] [--refresh] [KERNEL...]      default: every kernel we know
#
# --print     one line per kernel on stdout: its name, its release, its folder
# --refresh   look for a newer package even if the last look was recent
#
# Packages come from the mirrors this machine's own apt uses (or from the URIs in
# RINGSIDE_DEBIAN_MIRRORS), through an apt configuration of our own: the machine's lists, cache and
# package state are neither read nor changed, no root is needed, and apt checks the signature of
# the Debian archive all the way down to the package. Which package is the newest one is asked of
# the package list each time; this file names a suite and a pattern only.
#
# Exit code: 0 all there, 77 at least one can be had neither from a mirror nor from the cache
# (which one and why goes to stderr), 2 wrong use.

source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

readonly keyring=/usr/share/keyrings/debian-archive-keyring.gpg
readonly max_age_days=7

# The table of kernels: suite, pattern of the package with the kernel's image (an awk expression
# for the whole name; the patterns leave out the -dbg and -unsigned variants), and as a sed
# command how the package with its modules is called, where there is a second one.
kernel_suite() {
	case $1 in
	5.10) echo bullseye ;;
	6.1) echo bookworm ;;
	6.12) echo trixie ;;
	7.2) echo sid ;;
	esac
}

kernel_pattern() {
	case $1 in
	5.10) echo '^linux-image-5[.]10[.]0-[0-9.]+-cloud-amd64$' ;;
	6.1) echo '^linux-image-6[.]1[.]0-[0-9.]+-cloud-amd64$' ;;
	6.12) echo '^linux-image-6[.]12[.][0-9][^-]*-cloud-amd64$' ;;
	7.2) echo '^linux-binary-7[.]2[.][0-9][^-]*-cloud-amd64$' ;;
	esac
}

kernel_second() {
	case $1 in
	7.2) echo 's/^linux-binary-/linux-modules-/' ;;
	esac
}

# The Debian mirrors this machine uses, one URI a line. Asked of apt itself, which knows both
# formats of its source files. Without downloaded lists the origin is unknown: go by the path.
machine_mirrors() {
	if [ -n "${RINGSIDE_DEBIAN_MIRRORS:-}" ]; then
		tr ' ' '\n' <<<"$RINGSIDE_DEBIAN_MIRRORS"
		return
	fi
	local found
	# shellcheck disable=SC2016
	found=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 2>/dev/null |
		awk '$2 == "Debian" { print $1 }' | sort -u)
	# shellcheck disable=SC2016
	[ -n "$found" ] || found=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' \
		2>/dev/null | grep -E '/debian(-security)?/?$' | sort -u) || true
	[ -z "$found" ] || printf '%s\n' "$found"
}

# Mirrors usually carry the main archive, the security archive and the archive of old releases
# side by side; which of them holds a suite changes over a release's life. Ask all.
candidate_mirrors() {
	awk '
	/^cdrom:/ { next }
	{ sub(/\/*$/, ""); print }
	/\/debian-security$/ { sub(/-security$/, ""); print }
	/\/debian$/ {
		print $0 "-security"
		print $0 "-archive/debian"
		print $0 "-archive/debian-security"
	}' | sort -u
}

# write_apt_conf KERNEL MIRRORS: an apt root below the cache that knows one release only.
write_apt_conf() {
	local root=$vm_cache/$1.apt suite uri name
	suite=$(kernel_suite "$1")
	mkdir -p "$root/lists/partial" "$root/archives/partial" "$root/empty"
	: >"$root/status"
	# apt reads this file last, so nothing of the machine's own configuration wins over it.
	cat >"$root/apt.conf" <<-EOF
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
		Dir::State "$root";
		Dir::State::lists "$root/lists";
		Dir::State::status "$root/status";
		Dir::Cache "$root";
		Dir::Cache::archives "$root/archives";
		Dir::Etc::SourceList "$root/sources.list";
		Dir::Etc::SourceParts "$root/empty";
		Dir::Etc::Preferences "$root/empty/none";
		Dir::Etc::PreferencesParts "$root/empty";
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Sandbox::User "";
		APT::Get::AllowUnauthenticated "false";
		Acquire::AllowInsecureRepositories "false";
		Acquire::AllowWeakRepositories "false";
		Acquire::Languages "none";
		Acquire::GzipIndexes "true";
		Acquire::Retries "2";
		Acquire::http::Timeout "20";
		Acquire::https::Timeout "20";
	EOF
	while read -r uri; do
		for name in "$suite" "$suite-security"; do
			[ "$name" != sid-security ] || continue
			printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$name"
		done
	done <<<"$2" >"$root/sources.list"
}

# newest_package KERNEL: prints "name version" of the newest package that fits; nothing if none.
newest_package() {
	apt-cache -c "$vm_cache/$1.apt/apt.conf" dumpavail 2>/dev/null |
		awk -v pattern="$(kernel_pattern "$1")" '
			/^Package: / { name = $2 }
			/^Version: / && name ~ pattern { print $2, name }' |
		sort -V | awk 'END { if (NF == 2) print $2, $1 }'
}

# arrange FOLDER: brings unpacked packages into the form of a cache entry. Debian's folders differ
# between releases: find what is wanted wherever it is.
arrange() {
	local image modules
	image=$(find "$1/unpacked" -type f -name 'vmlinuz*' | head -n 1)
	modules=$(find "$1/unpacked" -type d -path '*/lib/modules/*/kernel' | head -n 1)
	[ -n "$image" ] && [ -n "$modules" ] || return 1
	modules=$(dirname "$modules")
	mv "$image" "$1/vmlinuz" &&
		basename "$modules" >"$1/release" &&
		mv "$modules" "$1/modules" &&
		rm -rf "$1/unpacked"
}

# download KERNEL PACKAGE VERSION: fetches and unpacks into KERNEL.new, then puts it in place.
download() {
	local new=$vm_cache/$1.new second names=("$2=$3") deb
	second=$(kernel_second "$1")
	[ -z "$second" ] || names+=("$(sed "$second" <<<"$2")=$3")
	rm -rf "$new"
	mkdir -p "$new/unpacked" || return 1
	(cd "$new" && apt-get -q -c "$vm_cache/$1.apt/apt.conf" download "${names[@]}") \
		>>"$vm_cache/$1.log" 2>&1 || return 1
	for deb in "$new"/*.deb; do
		dpkg-deb -x "$deb" "$new/unpacked" && rm "$deb" || return 1
	done
	arrange "$new" &&
		printf '%s %s\n' "$2" "$3" >"$new/package" &&
		date -u +%Y-%m-%dT%H:%M:%SZ >"$new/stamp" &&
		rm -rf "${vm_cache:?}/$1" &&
		mv "$new" "$vm_cache/$1"
}

# is_fresh KERNEL: true if the cache holds it and the last look at the mirrors was recent.
is_fresh() {
	vm_has_kernel "$1" &&
		[ -n "$(find "$vm_cache/$1/stamp" -mtime "-$max_age_days" 2>/dev/null)" ]
}

# refresh KERNEL: brings the entry up to date. On failure prints why, leaves the entry as it was.
refresh() {
	local mirrors package version
	local tool
	for tool in apt-get apt-cache dpkg-deb; do
		command -v "$tool" >/dev/null || { echo "no $tool here"; return 1; }
	done
	[ -r "$keyring" ] || { echo "no keyring of the Debian archive here"; return 1; }
	mirrors=$(machine_mirrors | candidate_mirrors)
	[ -n "$mirrors" ] || { echo "apt knows no Debian mirror here"; return 1; }
	write_apt_conf "$1" "$mirrors"
	# Fails for each mirror without this suite; what counts is whether a package is found.
	apt-get -q -c "$vm_cache/$1.apt/apt.conf" update >"$vm_cache/$1.log" 2>&1 || true
	read -r package version < <(newest_package "$1") ||
		{ echo "no mirror of this machine could be asked, or none has it"; return 1; }
	if vm_has_kernel "$1" && [ "$(cat "$vm_cache/$1/package")" = "$package $version" ]; then
		touch "$vm_cache/$1/stamp"
		return 0
	fi
	vm_say "$1: fetching $package $version"
	download "$1" "$package" "$version" || { echo "the download of $package failed"; return 1; }
}

# have KERNEL: 0 if the cache holds it afterwards.
have() {
	local why
	vm_lock -x "$1"
	if ! $force && is_fresh "$1"; then
		vm_unlock
		return 0
	fi
	if why=$(refresh "$1"); then
		vm_unlock
		return 0
	fi
	vm_unlock
	if vm_has_kernel "$1"; then
		vm_say "$1: $why; using the copy of $(cat "$vm_cache/$1/stamp")"
		return 0
	fi
	vm_say "$1: SKIP: $why, and there is no copy in the cache"
	return 1
}

print=false
force=false
kernels=()
while [ $# -gt 0 ]; do
	case $1 in
	--print) print=true ;;
	--refresh) force=true ;;
	-*) vm_die "unknown option \"$1\"" ;;
	*) vm_is_kernel "$1" || vm_die "unknown kernel \"$1\" (known: $vm_all_kernels)"
		kernels+=("$1") ;;
	esac
	shift
done
[ ${#kernels[@]} -gt 0 ] || read -ra kernels <<<"$vm_all_kernels"
vm_need flock awk find

status=0
for kernel in "${kernels[@]}"; do
	if ! have "$kernel"; then
		status=$vm_exit_skip
	elif $print; then
		printf '%s %s %s\n' "$kernel" "$(cat "$vm_cache/$kernel/release")" "$vm_cache/$kernel"
	fi
done
exit "$status"
