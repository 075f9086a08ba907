#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Run by meson after it wrote build.ninja: makes build.ninja depend on the folders that
# list-sources.sh reads, so that ninja runs meson again when a file comes or goes. Meson itself
# accepts only files there. A folder that was removed counts as changed (the phony rules).
set -eu
export LC_ALL=C
cd "$MESON_SOURCE_ROOT"
ninja=$MESON_BUILD_ROOT/build.ninja

folders=
for dir in src bpf tests bench docs/man; do
	if [ -d "$dir" ]; then
		folders="$folders $(find "$dir" -type d ! -path '*/corpus/*' | sort | tr '\n' ' ')"
	fi
done

awk -v root="$MESON_SOURCE_ROOT" -v folders="$folders" '
	BEGIN { n = split(folders, folder, " ") }
	/^build build\.ninja: REGENERATE_BUILD / && !done {
		for (i = 1; i <= n; i++)
			$0 = $0 " " root "/" folder[i]
		done = 1
	}
	{ print }
	END {
		for (i = 1; i <= n; i++)
			printf "build %s/%s: phony\n\n", root, folder[i]
		if (!done)
			print "note: run `ninja reconfigure` by hand after adding a file" >"/dev/stderr"
	}' "$ninja" >"$ninja.new"
mv "$ninja.new" "$ninja"
