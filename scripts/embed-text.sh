#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# embed-text.sh FILE...: prints a C header with each file as a string, a line of it a line: page.css is
# rs_text_page_css[].
set -eu
export LC_ALL=C

printf '/* SPDX-License-Identifier: Apache-2.0 */\n#pragma once\n'
for file; do
	name=$(basename "$file" | tr -c 'a-z0-9\n' '_')
	printf '\nstatic const char rs_text_%s[] =\n' "$name"
	sed -e 's/[\\"]/\\&/g' -e 's/.*/\t"&\\n"/' "$file"
	printf '\t;\n'
done
