#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Reads every #include of src/ and bpf/ and names those that break a floor.
#
# usage: check-floors.sh [ROOT]      (default: the tree this script stands in)
#
# The rules, with the names used in the messages:
#   floor      a room includes itself and lower floors: never a neighbour, never upwards
#   path       own headers are written "room/file.h" or "bpf/abi/file.h", from the root of src/
#   abi        bpf/abi is all that src/ and bpf/ share, and it includes nothing but itself
#   pure       rooms marked pure in scripts/floors make no system calls (their tests may)
#   skeleton   only rooms marked bpf include skeletons: "rs_bpf.skel.h", "rs_tool_x.skel.h"
#   bpf        in bpf/: abi < lib < *.bpf.c, and no program includes another; parts of a tool stand in bpf/tools
#   made       headers that the build makes are called rs_x.inc.h
#
# Exit codes: 0 the floors stand, 1 at least one is broken (each named with file and line).
set -eu
export LC_ALL=C
root=${1:-$(dirname "$0")/..}
cd "$root"

set --
for dir in src bpf; do
	if [ -d "$dir" ]; then
		set -- "$@" "$dir"
	fi
done
[ $# -gt 0 ] || exit 0

find "$@" -type f \( -name '*.c' -o -name '*.h' \) | sort |
	xargs -r grep -nE '^[[:space:]]*#[[:space:]]*include(_next)?[[:space:]]*["<]' /dev/null |
	awk '
	function broken(rule, text) {
		printf "%s: %s: %s\n", place, rule, text
		failures++
	}

	# Own headers, included from src/<room>.
	function check_user(   target, part) {
		room = path[2]
		if (n_path < 3 || !(room in floor)) {
			broken("floor", "\"" file "\" is in no room that scripts/floors names")
			return
		}
		if (header ~ /^rs_(bpf|tool)[a-z_]*\.skel\.h$/) {
			if (!has_skeleton[room])
				broken("skeleton", "src/" room " is not marked bpf in scripts/floors")
			return
		}
		if (header ~ /^rs_[a-z_]*\.inc\.h$/)
			return
		if (quoted && header ~ /^\.\.?\//) {
			broken("path", "\"" header "\": write it from the root of src/")
			return
		}
		split(header, part, "/")
		target = part[1]
		if (quoted && target == "bpf") {
			if (part[2] != "abi")
				broken("abi", "\"" header "\": of bpf/, only bpf/abi is shared with src/")
			return
		}
		if (quoted && header !~ /\//) {
			broken("path", "\"" header "\": write \"" room "/" header "\"")
			return
		}
		if (target in floor && (quoted || header ~ /\//)) {
			check_floor(target)
			return
		}
		if (quoted)
			broken("path", "\"" header "\": \"" target "\" is no room of scripts/floors")
		else if (is_pure[room] && path[n_path] !~ /^test-/ && header ~ system_header)
			broken("pure", "<" header ">: src/" room " makes no system calls")
	}

	function check_floor(target) {
		if (target == room)
			return
		if (floor[target] == floor[room])
			broken("floor", "src/" room " includes its neighbour on floor " floor[room] \
			       ", \"" header "\"")
		else if (floor[target] > floor[room])
			broken("floor", "src/" room " (floor " floor[room] ") includes upwards, \"" \
			       header "\" (floor " floor[target] ")")
	}

	# Includes from bpf/: level 0 abi, 1 lib, 2 programs. <bpf/...> are the headers of libbpf.
	function check_bpf(   own, level, target) {
		if (!quoted)
			return
		level = path[2] == "abi" ? 0 : path[2] == "lib" ? 1 : 2
		own = header
		sub(/^bpf\//, "", own)
		if (own ~ /\.bpf\.c$/) {
			broken("bpf", "\"" header "\": a program includes another")
			return
		}
		if (own ~ /^abi\//)
			target = 0
		else if (own ~ /^lib\//)
			target = 1
		else if (own !~ /\// && n_path > 2)
			target = level
		else if (own ~ /^tools\// && path[2] == "tools")
			target = level
		else {
			broken("abi", "\"" header "\": bpf/ includes only bpf/abi and bpf/lib")
			return
		}
		if (target > level)
			broken("bpf", "bpf/" path[2] " includes upwards, \"" header "\"")
	}

	BEGIN {
		system_header = "^(unistd|fcntl|sched|signal|poll|pthread|spawn|dirent|termios)\\.h$" \
				"|^(sys|linux|asm|net|netinet|arpa)/"
		while ((getline line < "scripts/floors") > 0) {
			n = split(line, field, " ")
			if (n < 2 || line ~ /^#/)
				continue
			floor[field[2]] = field[1] + 0
			is_pure[field[2]] = field[3] == "pure"
			has_skeleton[field[2]] = field[3] == "bpf"
			rooms++
		}
		if (!rooms) {
			print "scripts/floors: names no room"
			failures++
		}
	}

	{
		file = $0
		sub(/:.*/, "", file)
		place = file ":" substr($0, length(file) + 2)
		sub(/:[^:]*#.*/, "", place)
		header = $0
		sub(/^[^#]*#[^"<]*/, "", header)
		quoted = header ~ /^"/
		header = substr(header, 2)
		sub(/[">].*/, "", header)
		n_path = split(file, path, "/")
		if (path[1] == "src")
			check_user()
		else
			check_bpf()
	}

	END {
		if (failures) {
			printf "%d broken; the floors stand in scripts/floors\n", failures
			exit 1
		}
	}'
